"""Everything about a model's answers, against figures made by hand from the same frame."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from ser_core.emotions import EMOTIONS
from ser_core.errors import TrainingError
from ser_core.evaluation.details import EvaluationDetails, evaluate_details
from ser_core.evaluation.report import evaluate_predictions
from ser_core.training.runs import LOGIT_COLUMNS
from tests.evaluation.simulated import answers

NO_TABLE = pd.DataFrame(columns=["corpus", "clip", "age", "intensity", "sentence", "path"])


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return answers()


@pytest.fixture(scope="module")
def table(frame: pd.DataFrame) -> pd.DataFrame:
    known = frame[["corpus", "clip"]].iloc[:240]
    return known.assign(
        age=np.repeat([21, 29, 34], 80), intensity="strong", sentence=["01", "02"] * 120, path="/clips/" + known["clip"]
    )


@pytest.fixture(scope="module")
def details(frame: pd.DataFrame, table: pd.DataFrame) -> EvaluationDetails:
    return evaluate_details(frame, "ravdess-emobox", table=table)


def test_figures_are_those_of_the_report_and_of_scikit_learn(frame: pd.DataFrame, details: EvaluationDetails) -> None:
    report = evaluate_predictions("ravdess-emobox", [frame])
    for name in ("uar", "wa", "macro_f1", "ece"):
        assert details.metrics[name].value == pytest.approx(report[name])
    for name in ("uar", "wa"):
        assert (details.metrics[name].low, details.metrics[name].high) == pytest.approx(report[f"{name}_ci95"])
    assert details.confusion == report["confusion"]
    np.testing.assert_allclose(np.sum(details.confusion_share, axis=1), 1)
    logits = frame[LOGIT_COLUMNS].to_numpy(float)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([EMOTIONS.index(emotion) for emotion in frame["emotion"]])
    area = reference.roc_auc_score(truth, probabilities, multi_class="ovr", average="macro")
    assert details.metrics["roc_auc"].value == pytest.approx(area)
    average = reference.average_precision_score(np.eye(8)[truth], probabilities, average="macro")
    assert details.metrics["average_precision"].value == pytest.approx(average)
    precision = reference.precision_score(truth, probabilities.argmax(axis=1), average="macro")
    assert details.metrics["macro_precision"].value == pytest.approx(precision)
    assert details.metrics["brier"].value == pytest.approx(((probabilities - np.eye(8)[truth]) ** 2).sum(axis=1).mean())
    for label, scores in details.classes.items():
        positive = truth == EMOTIONS.index(label)
        assert scores.clips == positive.sum()
        assert scores.roc_auc.value == pytest.approx(
            reference.roc_auc_score(positive, probabilities[:, EMOTIONS.index(label)])
        )
    assert all(entry.low < entry.value < entry.high for name, entry in details.metrics.items() if name != "ece")


def test_chance_and_listeners(details: EvaluationDetails) -> None:
    assert details.chance == 1 / 8
    assert details.human is not None
    assert details.human.accuracy == 0.60
    assert not details.human.verified
    human = evaluate_details(answers("cremad", 10), "cremad-evar", table=NO_TABLE, draws=10).human
    assert human is not None
    assert human.accuracy == 0.409
    assert human.verified
    both = pd.concat([answers("savee", 4), answers("cremad", 4)])
    assert evaluate_details(both, "speaker-5fold", table=NO_TABLE, draws=10).human is None


def test_groups_hold_the_clips_they_name(frame: pd.DataFrame, details: EvaluationDetails) -> None:
    groups = {name: {group.value: group for group in entries} for name, entries in details.groups.items()}
    assert set(groups["sex"]) == {"female", "male"}
    right = frame[LOGIT_COLUMNS].to_numpy().argmax(axis=1) == [EMOTIONS.index(e) for e in frame["emotion"]]
    for sex, group in groups["sex"].items():
        assert group.wa.value == pytest.approx(right[frame["sex"] == sex].mean())
        assert group.speakers == 12
        assert group.wa.low is not None
    assert len(groups["speaker"]) == 24
    assert groups["speaker"]["ravdess/01"].uar.low is None  # one voice has no interval
    assert {name: group.clips for name, group in groups["age"].items()} == {"20 to 29 years": 160, "30 to 39 years": 80}
    assert groups["sentence"]["Kids are talking by the door."].clips == 120
    assert groups["intensity"]["strong"].clips == 240


def test_groups_show_who_is_harder() -> None:
    skill = np.where(np.arange(1, 25) % 2, 0.3, 0.9)  # men are the odd ones
    details = evaluate_details(answers(skill=skill), "ravdess-emobox", table=NO_TABLE)
    women, men = details.groups["sex"]
    assert (women.value, men.value) == ("female", "male")
    assert men.uar.high < women.uar.low
    assert details.groups["age"] == details.groups["sentence"] == []


def test_mistakes_are_wrong_and_the_surest_come_first(frame: pd.DataFrame, details: EvaluationDetails) -> None:
    confidence = [mistake.confidence for mistake in details.mistakes]
    assert confidence == sorted(confidence, reverse=True)
    assert len(details.mistakes) == 50
    truth = dict(zip(frame["clip"], frame["emotion"], strict=True))
    for mistake in details.mistakes:
        assert mistake.answer != mistake.truth == truth[mistake.clip]
        assert mistake.path == (f"/clips/{mistake.clip}" if mistake.clip < "c00240" else None)


def test_abstaining_gains_accuracy_when_confidence_means_something(frame: pd.DataFrame) -> None:
    quiet = frame.copy()
    wrong = quiet[LOGIT_COLUMNS].to_numpy().argmax(axis=1) != [EMOTIONS.index(e) for e in quiet["emotion"]]
    quiet.loc[wrong, LOGIT_COLUMNS] *= 0.3  # less sure when wrong
    curve = evaluate_details(quiet, "ravdess-emobox", table=NO_TABLE, draws=10).abstaining
    assert curve.accuracy[0] > curve.accuracy[-1] + 0.2
    assert curve.coverage == sorted(curve.coverage)
    assert curve.coverage[-1] == 1
    assert curve.chosen_coverage < 1
    assert curve.chosen_accuracy > curve.accuracy[-1]


def test_it_is_json(details: EvaluationDetails) -> None:
    text = details.model_dump_json()
    assert "NaN" not in text
    assert EvaluationDetails.model_validate(json.loads(text)) == details


def test_a_leaky_protocol_is_marked() -> None:
    found = evaluate_details(answers(), "random-leaky", table=NO_TABLE, draws=10)
    assert found.leaky
    assert found.kind.startswith("leaky")
    assert evaluate_predictions("random-leaky", [answers()])["leaky"] is True
    assert "leaky" not in evaluate_predictions("ravdess-emobox", [answers()])


def test_nobody_is_held_out_of_everything() -> None:
    with pytest.raises(TrainingError, match="holds nobody out"):
        evaluate_details(answers(), "all", table=NO_TABLE)
