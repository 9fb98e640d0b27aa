"""Temperature and threshold on data whose right values are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from ser_core.calibration import fit_temperature, fit_threshold, probabilities


def test_the_temperature_that_was_put_in_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 8))
    target = np.array([rng.choice(8, p=row) for row in softmax(logits, axis=1)])
    every = np.ones_like(logits, dtype=bool)
    assert fit_temperature(logits, target, every) == pytest.approx(1.0, abs=0.05)
    assert fit_temperature(3 * logits, target, every) == pytest.approx(3.0, abs=0.15)


def test_impossible_classes_do_not_count() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (5_000, 8))
    possible = np.ones_like(logits, dtype=bool)
    possible[:, [1, 7]] = False
    masked = softmax(np.where(possible, logits, -np.inf), axis=1)
    target = np.array([rng.choice(8, p=row) for row in masked])
    logits[:, [1, 7]] = 50.0
    assert fit_temperature(logits, target, possible) == pytest.approx(1.0, abs=0.08)


def test_no_clips_give_one() -> None:
    assert fit_temperature(np.zeros((0, 8)), np.zeros(0, int), np.zeros((0, 8), bool)) == 1.0


def test_probabilities_sum_to_one_over_the_possible() -> None:
    possible = np.array([True, False, True])
    values = probabilities(np.array([[1.0, 9.0, 1.0]]), 2.0, possible)
    np.testing.assert_allclose(values, [[0.5, 0.0, 0.5]])


def test_threshold_keeps_the_promised_share_right() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.2, 1.0, 10_000)
    right = rng.random(10_000) < confidence
    threshold = fit_threshold(confidence, right, wanted=0.7)
    assert right[confidence >= threshold].mean() == pytest.approx(0.7, abs=0.01)
    assert threshold == pytest.approx(0.4, abs=0.05)


def test_threshold_of_a_hopeless_model_is_never_reached() -> None:
    assert fit_threshold(np.array([0.5, 0.9]), np.array([False, False])) == 1.0
