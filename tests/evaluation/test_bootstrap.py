"""Sums over draws are those of the drawn clips, and intervals hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.evaluation import metrics
from ser_core.evaluation.bootstrap import SpeakerBootstrap, interval
from ser_core.evaluation.scores import area_draws, calibration_interval


def test_a_draw_counts_the_clips_of_the_speakers_drawn() -> None:
    rng = np.random.default_rng(0)
    speakers = rng.integers(0, 7, 200)
    kinds, values = rng.integers(0, 3, 200), rng.normal(size=200)
    bootstrap = SpeakerBootstrap(speakers, draws=20, seed=5)
    chosen = np.random.default_rng(5).integers(7, size=(20, 7))
    for draw, people in enumerate(chosen):
        rows = np.concatenate([np.flatnonzero(speakers == person) for person in people])
        np.testing.assert_array_equal(bootstrap.tally(kinds, 3)[draw], np.bincount(kinds[rows], minlength=3))
        assert bootstrap.sums(values)[draw, 0] == pytest.approx(values[rows].sum())
        by_kind = np.bincount(kinds[rows], weights=values[rows], minlength=3)
        np.testing.assert_allclose(bootstrap.sums(values, kinds, 3)[draw], by_kind, atol=1e-9)
        answer = (kinds + speakers) % 3
        expected = metrics.confusion_matrix(kinds[rows], answer[rows], 3)
        np.testing.assert_array_equal(bootstrap.confusions(kinds, answer, 3)[draw], expected)


def test_an_interval_leaves_out_what_is_not_defined() -> None:
    values = np.concatenate([np.linspace(0, 1, 1001), [np.nan, np.nan]])
    assert interval(values) == pytest.approx((0.025, 0.975))
    assert all(np.isnan(interval(np.array([np.nan]))))


@pytest.mark.parametrize("name", ["uar", "precision", "brier", "roc_auc", "ece"])
def test_the_interval_holds_the_truth_as_often_as_it_says(name: str) -> None:
    """200 experiments with 25 voices of different difficulty; the truth is that of very many voices."""

    def experiment(rng: np.random.Generator, voices: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ease = rng.normal(1.0, 0.4, voices).repeat(30)
        target = np.tile(np.arange(3), voices * 10)
        logits = rng.normal(size=(len(target), 3))
        logits[np.arange(len(target)), target] += ease
        weight = np.exp(1.5 * logits)  # too sure of itself, so that its calibration error is far from zero
        return weight / weight.sum(axis=1, keepdims=True), target, np.arange(voices).repeat(30)

    def values(probabilities: np.ndarray, target: np.ndarray, speakers: np.ndarray, draws: int) -> tuple[float, tuple]:
        bootstrap = SpeakerBootstrap(speakers, draws=draws)
        answer = probabilities.argmax(axis=1)
        counts, drawn = metrics.confusion_matrix(target, answer, 3), bootstrap.confusions(target, answer, 3)
        if name == "uar":
            return float(metrics.uar(counts)), interval(metrics.uar(drawn))
        if name == "precision":
            return float(metrics.precision(counts)[1]), interval(metrics.precision(drawn)[:, 1])
        if name == "brier":
            each = ((probabilities - np.eye(3)[target]) ** 2).sum(axis=1)
            return float(each.mean()), interval(bootstrap.sums(each)[:, 0] / bootstrap.sums(np.ones(len(each)))[:, 0])
        if name == "ece":
            error = metrics.expected_calibration_error(probabilities, target)
            return error, calibration_interval(probabilities, target, bootstrap)
        from sklearn.metrics import roc_auc_score

        area = area_draws(probabilities[:, 0], target == 0, bootstrap)[0]
        return float(roc_auc_score(target == 0, probabilities[:, 0])), interval(area)

    rng = np.random.default_rng(3)
    truth, _ = values(*experiment(rng, 3000), draws=2)
    hits = 0
    for _ in range(200):
        low, high = values(*experiment(rng, 25), draws=200)[1]
        hits += low <= truth <= high
    assert (0.80 if name == "ece" else 0.88) <= hits / 200 <= 0.99  # the calibration error is biased upwards
