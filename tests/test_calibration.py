"""Temperature, bias and threshold on data whose right values are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from ser_core.calibration import Calibration, entropy, fit_calibration, fit_threshold
from ser_core.evaluation.metrics import expected_calibration_error


def _drawn(logits: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Return classes drawn with the probabilities that the logits give to the possible ones."""
    rng = np.random.default_rng(0)
    return np.array([rng.choice(8, p=row) for row in softmax(np.where(possible, logits, -np.inf), axis=1)])


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_put_in_is_found(factor: float) -> None:
    logits = np.random.default_rng(0).normal(0, 2, (10_000, 8))
    every = np.ones_like(logits, dtype=bool)
    found = fit_calibration(factor * logits, _drawn(logits, every), every, np.zeros(10_000))
    assert found.temperature == pytest.approx(factor, rel=0.05)
    assert found.slope == 0.0
    assert (found.bias == 0).all()


def test_answers_that_look_too_certain_are_softened_and_others_are_not() -> None:
    """Half of the clips come from a corpus with true logits, half from one whose logits are three times too large."""
    logits = np.random.default_rng(4).normal(0, 1, (10_000, 8))
    every = np.ones_like(logits, dtype=bool)
    target = _drawn(logits, every)
    mixed = np.concatenate([logits[:5_000], 3 * logits[5_000:]])
    found = fit_calibration(mixed, target, every, np.zeros(10_000))
    assert found.slope < -0.3

    def error(calibration: Calibration, part: slice) -> float:
        probabilities = softmax(calibration.scores(mixed[part]), axis=1)
        return expected_calibration_error(probabilities, target[part])

    shared = Calibration(found.temperature * np.exp(found.slope * entropy(mixed).mean()), found.bias)
    for part in (slice(5_000), slice(5_000, None)):
        assert error(found, part) < 0.7 * error(shared, part)


def test_what_helps_one_speaker_only_is_left_alone() -> None:
    logits = np.random.default_rng(5).normal(0, 1, (4_000, 8))
    every = np.ones_like(logits, dtype=bool)
    target = _drawn(logits, every)
    mixed = np.concatenate([logits[:3_600], 4 * logits[3_600:]])
    alone = fit_calibration(mixed, target, every, np.zeros(4_000), np.repeat(np.arange(10), 400))
    assert alone.slope == 0.0
    assert fit_calibration(mixed, target, every, np.zeros(4_000)).slope < -0.1


def test_a_class_that_some_corpora_lack_gets_a_bias() -> None:
    logits = np.random.default_rng(1).normal(0, 2, (10_000, 8))
    possible = np.ones_like(logits, dtype=bool)
    possible[:5_000, 7] = False
    target = _drawn(logits, possible)
    raised = logits.copy()
    raised[:, 7] += 3.0
    found = fit_calibration(raised, target, possible, np.repeat([0, 1], 5_000))
    assert -6.0 < found.bias[7] < -3.0
    assert (found.bias[:7] == 0).all()


def test_a_class_that_no_clip_has_is_never_answered() -> None:
    logits = np.random.default_rng(2).normal(0, 2, (500, 8))
    possible = np.ones_like(logits, dtype=bool)
    possible[:, [1, 7]] = False
    found = fit_calibration(logits, _drawn(logits, possible), possible, np.zeros(500))
    assert softmax(found.scores(logits), axis=1)[:, [1, 7]].max() < 1e-9


def test_each_corpus_counts_alike() -> None:
    logits = np.random.default_rng(3).normal(0, 2, (3_000, 8))
    every = np.ones_like(logits, dtype=bool)
    target = _drawn(logits, every)
    groups = np.repeat([0, 1], [2_700, 300])
    mixed = np.concatenate([logits[:2_700], 4 * logits[2_700:]])
    once = fit_calibration(mixed, target, every, groups)
    copies = np.concatenate([np.arange(2_700), np.tile(np.arange(2_700, 3_000), 9)])
    nine = fit_calibration(mixed[copies], target[copies], every[copies], groups[copies])
    assert once.temperature == pytest.approx(nine.temperature, rel=0.01)


def test_no_clips_change_nothing() -> None:
    found = fit_calibration(np.zeros((0, 8)), np.zeros(0, int), np.zeros((0, 8), bool), np.zeros(0))
    assert found.temperature == 1.0
    assert (found.bias == 0).all()


def test_mean() -> None:
    mean = Calibration.mean([Calibration(0.5, np.zeros(8)), Calibration(2.0, np.full(8, 2.0), -0.4)])
    assert mean.temperature == pytest.approx(1.0)
    assert (mean.bias == 1.0).all()
    assert mean.slope == pytest.approx(-0.2)


def test_threshold_keeps_the_promised_share_right() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.2, 1.0, 10_000)
    right = rng.random(10_000) < confidence
    threshold = fit_threshold(confidence, right, wanted=0.7)
    assert right[confidence >= threshold].mean() == pytest.approx(0.7, abs=0.01)
    assert threshold == pytest.approx(0.4, abs=0.05)


def test_threshold_of_a_hopeless_model_is_never_reached() -> None:
    assert fit_threshold(np.array([0.5, 0.9]), np.array([False, False])) == 1.0


def test_a_known_label_set_needs_no_bias_but_what_no_clip_had_stays_out() -> None:
    calibration = Calibration(2.0, np.array([0.0, -1.0, -50.0]))
    logits = np.array([[2.0, 4.0, 6.0]])
    assert calibration.scores(logits).tolist() == [[1.0, 1.0, -47.0]]
    assert calibration.scores(logits, closed=True).tolist() == [[1.0, 2.0, -47.0]]
