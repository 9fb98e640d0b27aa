"""Turning logits into probabilities that mean what they say: temperature scaling (Guo et al. 2017) and doubt."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

#: Answers that the model calls sure are to be right this often, on validation speakers.
SURE_ACCURACY = 0.7


def probabilities(logits: np.ndarray, temperature: float, possible: np.ndarray | None = None) -> np.ndarray:
    """Return softmax(logits / temperature) over the possible classes [shape=(n, n_classes)].

    Parameters
    ----------
    logits
        [shape=(n, n_classes)].
    possible
        Which classes may be answered [shape=(n_classes,) or (n, n_classes), bool]; all by default.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    if possible is not None:
        scaled = np.where(possible, scaled, -np.inf)
    return softmax(scaled, axis=1)


def fit_temperature(logits: np.ndarray, target: np.ndarray, possible: np.ndarray) -> float:
    """Return the temperature with the highest likelihood of the true classes; 1 where there are no clips.

    Parameters
    ----------
    logits
        Of validation clips [shape=(n, n_classes)].
    target
        Their class numbers [shape=(n,)].
    possible
        Which classes their corpora have [shape=(n, n_classes), bool].
    """
    if len(target) == 0:
        return 1.0
    masked = np.where(possible, np.asarray(logits, dtype=np.float64), -1e9)

    def loss(log_temperature: float) -> float:
        scores = log_softmax(masked / np.exp(log_temperature), axis=1)
        return -float(scores[np.arange(len(target)), target].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x))


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
