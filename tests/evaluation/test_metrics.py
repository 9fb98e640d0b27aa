"""Metrics against scikit-learn's, and intervals on data whose spread is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from ser_core.evaluation.metrics import (
    accuracy,
    calibration_error_by_luck,
    confusion_matrix,
    expected_calibration_error,
    f1,
    macro_f1,
    precision,
    recall,
    speaker_interval,
    uar,
)


@pytest.fixture(params=range(5))
def answers(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    target = rng.integers(0, 6, 300)
    return target, np.where(rng.random(300) < 0.6, target, rng.integers(0, 6, 300))


def test_equal_scikit_learn(answers: tuple[np.ndarray, np.ndarray]) -> None:
    target, answer = answers
    counts = confusion_matrix(target, answer, 6)
    np.testing.assert_array_equal(counts, reference.confusion_matrix(target, answer))
    assert uar(counts) == pytest.approx(reference.balanced_accuracy_score(target, answer))
    assert accuracy(counts) == pytest.approx(reference.accuracy_score(target, answer))
    assert macro_f1(counts) == pytest.approx(reference.f1_score(target, answer, average="macro"))
    np.testing.assert_allclose(precision(counts), reference.precision_score(target, answer, average=None))
    np.testing.assert_allclose(recall(counts), reference.recall_score(target, answer, average=None))
    np.testing.assert_allclose(f1(counts), reference.f1_score(target, answer, average=None))


def test_classes_that_do_not_occur_are_left_out() -> None:
    counts = confusion_matrix(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]), 4)
    assert uar(counts) == pytest.approx(0.75)
    assert precision(counts)[3] == 0


def test_calibration_error_of_a_calibrated_and_of_a_boasting_model() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1.0, 50_000)
    target = (rng.random(50_000) > confidence).astype(int)
    honest = np.stack([confidence, 1 - confidence], axis=1)
    assert expected_calibration_error(honest, target) < 0.01
    boasting = np.tile([0.999, 0.001], (50_000, 1))
    assert expected_calibration_error(boasting, target) == pytest.approx(0.249, abs=0.01)


def test_luck_alone_makes_a_calibration_error_with_few_clips() -> None:
    rng = np.random.default_rng(3)
    few, many = rng.dirichlet((0.5, 0.5, 0.5), 200), rng.dirichlet((0.5, 0.5, 0.5), 20000)
    errors = []
    for _ in range(100):
        target = (rng.random(len(few))[:, None] > few.cumsum(axis=1)).sum(axis=1)
        errors.append(expected_calibration_error(few, target))
    assert calibration_error_by_luck(few) == pytest.approx(np.mean(errors), rel=0.05)
    assert calibration_error_by_luck(many) < calibration_error_by_luck(few) / 5
    assert calibration_error_by_luck(np.array([[1.0, 0.0]])) == 0


def test_interval_over_speakers_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(200):
        skill = rng.normal(0.6, 0.1, 24).clip(0, 1)
        target = np.tile(np.arange(4), 24 * 10)
        speakers = np.repeat(np.arange(24), 40)
        right = rng.random(len(target)) < skill[speakers]
        answer = np.where(right, target, (target + 1) % 4)
        low, high = speaker_interval(target, answer, speakers, 4, accuracy, draws=300, seed=trial)
        hits += low <= 0.6 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_interval_over_speakers_is_wider_than_over_clips() -> None:
    target = np.zeros(400, int)
    answer = np.repeat([0, 1], 200)
    by_speaker = speaker_interval(target, answer, np.repeat([0, 1], 200), 2, accuracy)
    by_clip = speaker_interval(target, answer, np.arange(400), 2, accuracy)
    assert by_speaker == (0.0, 1.0)
    assert by_clip[1] - by_clip[0] < 0.2


def test_interval_repeats() -> None:
    target, speakers = np.tile([0, 1], 50), np.repeat(np.arange(10), 10)
    answer = np.roll(target, 1) * (speakers > 4) + target * (speakers <= 4)
    assert speaker_interval(target, answer, speakers, 2, uar) == speaker_interval(target, answer, speakers, 2, uar)
