"""Turning logits into probabilities that mean what they say, and doubt.

Temperature scaling (Guo et al. 2017), with a bias for classes that only some of the corpora have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

#: Answers that the model calls sure are to be right this often, on validation speakers.
SURE_ACCURACY = 0.7
#: The bias of a class that no clip had.
_NEVER = -50.0


@dataclass(frozen=True)
class Calibration:
    """How logits become log-odds that can be believed: ``logits / temperature + bias``.

    Attributes
    ----------
    temperature
        Above 1 it takes confidence away, below 1 it adds some.
    bias
        One number a class [shape=(n_classes,)], 0 for classes that all corpora have.
    """

    temperature: float
    bias: np.ndarray

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """Return calibrated scores [shape=(n, n_classes), float64]; their softmax are the probabilities."""
        scores: np.ndarray = np.asarray(logits, dtype=np.float64) / self.temperature + self.bias
        return scores

    @staticmethod
    def mean(parts: Sequence[Calibration]) -> Calibration:
        """Return the geometric mean of the temperatures and the mean of the biases."""
        temperature = float(np.exp(np.mean([np.log(part.temperature) for part in parts])))
        return Calibration(temperature, np.mean([part.bias for part in parts], axis=0))


def fit_calibration(logits: np.ndarray, target: np.ndarray, possible: np.ndarray, groups: np.ndarray) -> Calibration:
    """Return the calibration with the highest likelihood of the true classes among all; neutral without clips.

    A class that only some corpora have is never learnt as absent (see the loss), so on clips of the others its logit
    is anything; such classes get a bias. One that no clip has gets a very low one.

    Parameters
    ----------
    logits
        Of validation clips [shape=(n, n_classes)].
    target
        Their class numbers [shape=(n,)].
    possible
        Which classes their corpora have [shape=(n, n_classes), bool].
    groups
        Their corpora [shape=(n,)]; each counts alike, whatever its number of clips.
    """
    n_classes = logits.shape[1]
    if len(target) == 0:
        return Calibration(1.0, np.zeros(n_classes))
    bias = np.where(possible.any(axis=0), 0.0, _NEVER)
    shifted = np.flatnonzero(possible.any(axis=0) & ~possible.all(axis=0))
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weight = 1 / sizes[places] / len(sizes)
    values = np.asarray(logits, dtype=np.float64)

    def loss(parameters: np.ndarray) -> float:
        bias[shifted] = parameters[1:]
        scores = log_softmax(values / np.exp(parameters[0]) + bias, axis=1)
        return -float(weight @ scores[np.arange(len(target)), target])

    best = minimize(loss, np.zeros(1 + len(shifted)), method="Powell", bounds=[(-4, 4)] + [(-8, 8)] * len(shifted)).x
    bias[shifted] = best[1:]
    return Calibration(float(np.exp(best[0])), bias)


def fit_threshold(confidence: np.ndarray, right: np.ndarray, wanted: float = SURE_ACCURACY) -> float:
    """Return the lowest confidence from which on answers are right in at least the share *wanted*.

    Parameters
    ----------
    confidence
        Of validation answers [shape=(n,)].
    right
        Whether they were right [shape=(n,), bool].
    """
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(share >= wanted)
    return float(confidence[order[enough[-1]]]) if len(enough) else 1.0
