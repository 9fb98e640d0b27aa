"""Curves and calibration against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from ser_core.evaluation import scores
from ser_core.evaluation.bootstrap import SpeakerBootstrap


@pytest.fixture(params=[60, 3000])
def sample(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    positive = rng.random(request.param) < 0.2
    score = np.round(rng.normal(size=request.param) + positive, 2)  # with ties
    return score, positive, rng.integers(0, 12, request.param)


def test_areas_and_curves_are_scikit_learns(sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    score, positive, _ = sample
    false, true, area = scores.roc(score, positive)
    assert area == pytest.approx(reference.roc_auc_score(positive, score))
    assert len(false) <= 200
    assert reference.auc(false, true) == pytest.approx(area, abs=2e-3)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    recall, precision, average = scores.precision_recall(score, positive)
    assert average == pytest.approx(reference.average_precision_score(positive, score))
    assert len(recall) <= 200
    assert recall[0] == 0
    assert recall[-1] == 1
    assert precision[-1] == pytest.approx(positive.mean())


def test_the_areas_of_a_draw_are_those_of_its_clips(sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    score, positive, speakers = sample
    areas, averages = scores.area_draws(score, positive, SpeakerBootstrap(speakers, draws=30, seed=2))
    people = np.unique(speakers)
    chosen = np.random.default_rng(2).integers(len(people), size=(30, len(people)))
    for draw, places in enumerate(chosen):
        rows = np.concatenate([np.flatnonzero(speakers == people[place]) for place in places])
        assert areas[draw] == pytest.approx(reference.roc_auc_score(positive[rows], score[rows]), abs=1e-3)
        assert averages[draw] == pytest.approx(reference.average_precision_score(positive[rows], score[rows]), abs=2e-3)


def test_one_sided_classes_have_no_area() -> None:
    score, everybody = np.arange(5.0), np.ones(5, bool)
    for positive in (everybody, ~everybody):
        assert np.isnan(scores.roc(score, positive)[2])
        assert np.isnan(scores.precision_recall(score, positive)[2])
        assert np.isnan(scores.area_draws(score, positive, SpeakerBootstrap(np.arange(5), draws=3))).all()


def test_brier_is_scikit_learns_on_two_classes() -> None:
    rng = np.random.default_rng(0)
    share, target = rng.random(200), rng.integers(0, 2, 200)
    probabilities = np.stack([1 - share, share], axis=1)
    half = reference.brier_score_loss(target, share)  # counts one of the two equal terms
    assert scores.brier(probabilities, target).mean() == pytest.approx(2 * half)
    np.testing.assert_allclose(scores.brier(np.eye(3), np.array([0, 1, 0])), [0, 0, 2])


def test_reliability_bins() -> None:
    probabilities = np.array([[0.9, 0.1], [0.92, 0.08], [0.4, 0.6], [0.35, 0.65]])
    confidence, accuracy, clips = scores.reliability(probabilities, np.array([0, 1, 1, 1]), bins=10)
    np.testing.assert_allclose(confidence, [0.625, 0.91])
    np.testing.assert_allclose(accuracy, [1.0, 0.5])
    np.testing.assert_array_equal(clips, [2, 2])


def test_accuracy_against_coverage() -> None:
    confidence, right = np.array([0.9, 0.5, 0.7, 0.7, 0.2]), np.array([True, False, True, False, False])
    coverage, accuracy, least = scores.risk_coverage(confidence, right)
    np.testing.assert_allclose(coverage, [0.2, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(accuracy, [1.0, 2 / 3, 0.5, 0.4])
    np.testing.assert_allclose(least, [0.9, 0.7, 0.5, 0.2])


def test_accuracy_of_the_surest() -> None:
    confidence = np.array([0.9, 0.5, 0.8, 0.3, 0.7])
    right = np.array([True, True, False, False, True])
    assert scores.accuracy_at(0.8, confidence, right) == 0.75
    assert scores.accuracy_at(0.2, confidence, right) == 1.0
    assert scores.accuracy_at(0.2, np.full(5, 0.5), right) == 0.6  # equal ones are answered together
