"""Probabilities smoothed over time by a hidden Markov model: an emotion goes on rather than changes.

Forward-backward algorithm (Rabiner 1989, A tutorial on hidden Markov models, Proceedings of the IEEE 77, 257-286). The
states are the emotions; the calibrated probabilities stand for the likelihoods, since the model takes all classes for
equally frequent; from one step to the next an emotion is kept with a probability that falls with the time between.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: After so many seconds an emotion is kept with a probability of 1/e; else any emotion follows, the same among them.
MEMORY_S = 2.0
#: What a step's answer counts: its window overlaps with its neighbours', so they say in part the same. Both were chosen
#: for the least log-loss on validation speakers of the first fold, who are none of its test speakers, by
#: `scripts/timeline_check.py --run tiny-joint --folds 0 --minutes 40 --tune`.
WEIGHT = 0.75
_LEAST = 1e-6


def smooth(
    probabilities: np.ndarray,
    spans: Sequence[tuple[float, float]],
    memory_s: float = MEMORY_S,
    weight: float = WEIGHT,
) -> np.ndarray:
    """Return what each step's emotion is, given all steps [shape=(n, n_classes), float64]; rows sum to 1.

    Parameters
    ----------
    probabilities
        What each step says alone [shape=(n, n_classes)].
    spans
        The steps as (start, end) in seconds, in order.
    memory_s, weight
        How strongly to smooth.
    """
    likelihoods = np.maximum(probabilities, _LEAST) ** weight
    middles = np.array(spans, dtype=np.float64).reshape(-1, 2).mean(axis=1)
    kept = np.exp(-np.diff(middles) / memory_s)
    forward, backward = _filtered(likelihoods, kept), _filtered(likelihoods[::-1], kept[::-1])[::-1]
    # Both hold the step's own answer, which must count once.
    joint = forward * backward / likelihoods
    smoothed: np.ndarray = joint / joint.sum(axis=1, keepdims=True)
    return smoothed


def _filtered(likelihoods: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the probabilities of each step's state given the steps up to it [shape=(n, n_classes)]."""
    found = np.empty_like(likelihoods)
    before = np.full(likelihoods.shape[1], 1 / max(1, likelihoods.shape[1]))
    for number, row in enumerate(likelihoods):
        if number:
            before = kept[number - 1] * found[number - 1] + (1 - kept[number - 1]) / len(row)
        found[number] = before * row / (before * row).sum()
    return found
