"""Figures of evaluations draw the numbers they are given, and nothing where there is none."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from ser_core.charts import evaluation as charts
from ser_core.charts.common import standalone_html
from ser_core.evaluation.details import Abstaining, ClassDetails, Curve, Estimate, ReliabilityBin

NOTHING = Estimate(value=None)


def emotion(points: int = 3, area: float | None = 0.75) -> ClassDetails:
    curve = Curve(x=np.linspace(0, 1, points).tolist(), y=np.linspace(0, 1, points).tolist())
    half = Estimate(value=0.5, low=0.4, high=0.6)
    return ClassDetails(
        clips=9, precision=half, recall=half, f1=half, roc_auc=Estimate(value=area),
        average_precision=Estimate(value=area), roc=curve, precision_recall=curve,
    )  # fmt: skip


def test_estimates_that_are_not_defined_are_left_out() -> None:
    rows = charts.estimate_rows(
        {"UAR": Estimate(value=0.5, low=0.4, high=0.7), "none": NOTHING, "F1": Estimate(value=1)}
    )
    assert rows["name"].tolist() == ["UAR", "F1"]
    assert rows.loc[0, ["value", "low", "high"]].tolist() == [0.5, 0.4, 0.7]
    assert math.isnan(rows.loc[1, "low"])
    assert charts.estimate_rows({}).empty


def test_scores_stand_at_their_place_with_their_interval() -> None:
    rows = pd.DataFrame(
        {
            "name": ["lite", "a very long name of a published system"],
            "value": [0.6, 0.72],
            "low": [0.5, math.nan],
            "high": [0.65, math.nan],
            "kind": ["model", "published"],
            "guessing": [0.125, 0.125],
            "people": [math.nan, 0.6],
        }
    )
    figure = charts.intervals_figure(rows, "UAR (%)")
    model, published, guessing, people = figure.data
    assert list(model.x) == [60]
    assert list(model.y) == [0]
    assert list(model.error_x.array) == pytest.approx([5])
    assert list(model.error_x.arrayminus) == pytest.approx([10])
    assert list(published.error_x.array) == [0]  # no interval, and none is drawn
    assert (model.marker.symbol, published.marker.symbol) == ("circle", "diamond")  # colour is never alone
    assert "50.0 to 65.0" in model.customdata[0]
    assert "95 %" not in published.customdata[0]
    assert list(guessing.x) == [12.5, 12.5]
    assert list(people.x) == [60]
    assert list(people.y) == [1]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first row on top
    assert figure.layout.yaxis.ticktext[1].count("<br>") == 1
    assert "a very long name" in standalone_html(figure, "board")


def test_shares_are_drawn_in_percent_of_a_row() -> None:
    figure = charts.share_figure([[0.25, 0.75], [0.0, 1.0]], ["happy", "sad"])
    np.testing.assert_array_equal(figure.data[0].customdata, [[25, 75], [0, 100]])
    assert figure.data[0].zmax == 100
    assert sorted(note.text for note in figure.layout.annotations) == ["0", "100", "25", "75"]


@pytest.mark.parametrize(("which", "guessing"), [("roc", 1), ("precision_recall", 0)])
def test_a_curve_for_each_emotion_that_has_one(which: str, guessing: int) -> None:
    classes = {"happy": emotion(), "sad": emotion(0, None), "angry": emotion(200, 0.9)}
    figure = charts.curves_figure(classes, which)
    lines = [line for line in figure.data if not line.name.startswith("guessing")]
    assert [line.name for line in lines] == ["happy 😄 0.75", "angry 😠 0.90"]
    assert list(lines[0].x) == [0, 50, 100]
    assert lines[0].line.dash != lines[1].line.dash
    assert len(figure.data) == 2 + guessing


def test_reliability_and_coverage_show_numbers_of_clips() -> None:
    bins = [
        ReliabilityBin(confidence=0.3, accuracy=0.2, clips=4),
        ReliabilityBin(confidence=0.9, accuracy=0.95, clips=400),
    ]
    diagonal, model = charts.reliability_figure(bins).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 100]
    np.testing.assert_allclose(model.x, [30, 90])
    np.testing.assert_allclose(model.y, [20, 95])
    assert model.marker.size[0] < model.marker.size[1]
    part = Abstaining(
        coverage=[0.001, 0.5, 1.0], accuracy=[0.0, 0.9, 0.6], confidence=[0.99, 0.7, 0.2], chosen_coverage=0.5,
        chosen_accuracy=0.9,
    )  # fmt: skip
    curve, chosen = charts.coverage_figure(part).data
    np.testing.assert_allclose(curve.x, [50, 100])  # a single answer is no accuracy
    np.testing.assert_allclose(curve.customdata, [70, 20])
    assert (chosen.x[0], chosen.y[0]) == (50, 90)
    silent = part.model_copy(update={"chosen_coverage": 0.0, "chosen_accuracy": None})
    assert len(charts.coverage_figure(silent).data) == 1


def test_corpora_against_corpora() -> None:
    folds = [
        {"train_corpus": "cremad", "test_corpus": "tess", "uar": 0.31},
        {"train_corpus": "tess", "test_corpus": "cremad", "uar": 0.2049},
    ]
    table = charts.pairs_table(folds)
    assert table.loc["CREMA-D", "TESS"] == 31
    assert table.loc["TESS", "CREMA-D"] == 20.5
    assert table.loc["TESS", "TESS"] == 0
    assert list(charts.pairs_figure(folds).data[0].y) == ["CREMA-D", "TESS"]


def test_two_models_agree_or_differ() -> None:
    figure = charts.agreement_figure(40, 3, 9, 5)
    np.testing.assert_array_equal(figure.data[0].customdata, [[40, 3], [9, 5]])
    rows = pd.DataFrame({"name": ["UAR", "Accuracy"], "value": [0.05, -0.2], "low": [-0.01, -0.3], "high": [0.1, -0.1]})
    line = charts.difference_figure(rows)
    assert list(line.data[0].text) == ["-20.0", "+5.0"]
    low, high = line.layout.xaxis.range
    assert low == -high <= -30
    json.loads(line.to_json())
