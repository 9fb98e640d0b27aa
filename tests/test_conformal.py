"""Sets hold the true class as often as promised, for voices that were not there when the threshold was found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from ser_core.conformal import (
    EVERYTHING,
    candidate_sets,
    fit_set_threshold,
    likelier_mass,
    named_set,
    set_figures,
)


def _voices(count: int, clips: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities, true classes and speakers where voices differ in how well the model reads them."""
    rng = np.random.default_rng(seed)
    speakers = np.repeat(np.arange(count), clips)
    target = rng.integers(8, size=count * clips)
    logits = rng.normal(0, 1, (count * clips, 8))
    logits[np.arange(len(target)), target] += rng.normal(2.0, 0.8, count)[speakers]
    return softmax(logits, axis=1), target, speakers


def test_the_score_is_the_probability_of_all_likelier_classes() -> None:
    mass = likelier_mass(np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]]))
    np.testing.assert_allclose(mass, [[0.8, 0.0, 0.5], [0.0, 0.4, 0.8]])


def test_a_set_is_never_empty_and_grows_with_the_threshold() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [0.02, 0.01, 0.97]])
    sizes = [candidate_sets(probabilities, threshold).sum(axis=1).tolist() for threshold in (0.0, 0.6, EVERYTHING)]
    assert sizes == [[1, 1], [2, 1], [3, 3]]
    assert candidate_sets(probabilities, np.array([0.0, EVERYTHING])).sum(axis=1).tolist() == [1, 3]


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_new_voices_get_the_coverage_that_was_promised(level: float) -> None:
    found = []
    for seed in range(60):
        threshold = fit_set_threshold(*_voices(20, 30, seed), level)
        probabilities, target, _ = _voices(40, 30, 1_000 + seed)
        found.append(set_figures(candidate_sets(probabilities, threshold), target)["coverage"])
    # No less than promised, and by theory at most 1 / 21 more.
    assert level - 0.01 < np.mean(found) < level + 1 / 21 + 0.01


def test_speakers_count_alike_whatever_the_number_of_their_clips() -> None:
    probabilities, target, speakers = _voices(30, 20, 0)
    copies = np.concatenate([np.flatnonzero(speakers > 0), np.tile(np.flatnonzero(speakers == 0), 200)])
    once = fit_set_threshold(probabilities, target, speakers, 0.8)
    assert fit_set_threshold(probabilities[copies], target[copies], speakers[copies], 0.8) == pytest.approx(once)


@pytest.mark.parametrize(("voices", "level", "everything"), [(8, 0.9, True), (9, 0.9, False), (3, 0.8, True)])
def test_too_few_voices_promise_nothing_but_all_classes(voices: int, level: float, everything: bool) -> None:
    assert (fit_set_threshold(*_voices(voices, 50, 0), level) == EVERYTHING) == everything


def test_no_clips_give_all_classes() -> None:
    empty = np.zeros(0, int)
    assert fit_set_threshold(np.zeros((0, 8)), empty, empty, 0.8) == EVERYTHING


def test_figures_of_sets() -> None:
    members = np.array([[True, False, False], [True, True, False], [False, True, True], [True, True, True]])
    figures = set_figures(members, np.array([0, 2, 2, 0]))
    assert figures == {"coverage": 0.75, "mean_size": 2.0, "single_share": 0.25}


def test_names_come_likeliest_first() -> None:
    members, probabilities = np.array([True, False, True]), np.array([0.2, 0.1, 0.7])
    assert named_set(members, probabilities, ("angry", "happy", "sad")) == ("sad", "angry")
