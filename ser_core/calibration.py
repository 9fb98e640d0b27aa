"""Turning logits into probabilities that mean what they say, and doubt.

Temperature scaling (Guo et al. 2017) whose temperature depends on how spread out the clip's own answer is (adaptive
temperature: Balanya, Maroñas & Ramos 2022), so that corpora of unlike difficulty need not share one, and nobody has
to know from which a clip comes; with a bias for classes that only some of the corpora have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import entr, log_softmax, softmax

#: Answers that the model calls sure are to be right this often, on validation speakers.
SURE_ACCURACY = 0.7
#: The bias of a class that no clip had.
_NEVER = -50.0
#: How far the search for the slope goes.
_STEEPEST = 2.0


@dataclass(frozen=True)
class Calibration:
    """How logits become log-odds that can be believed: ``logits / (temperature * exp(slope * entropy)) + bias``.

    Attributes
    ----------
    temperature
        Above 1 it takes confidence away, below 1 it adds some.
    bias
        One number a class [shape=(n_classes,)], 0 for classes that all corpora have.
    slope
        How the temperature goes with the entropy of the uncalibrated answer, in nats; below 0 it takes more
        confidence away from those that look certain. 0 is one temperature for all clips.
    """

    temperature: float
    bias: np.ndarray
    slope: float = 0.0

    def scores(self, logits: np.ndarray, *, closed: bool = False) -> np.ndarray:
        """Return calibrated scores [shape=(n, n_classes), float64]; their softmax are the probabilities.

        With *closed* the classes of the recording's corpus are known, and answers will be taken among them: the bias,
        which says how far to believe in classes that a recording's corpus may not have, is left out.
        """
        values = np.asarray(logits, dtype=np.float64)
        slopes = np.exp(self.slope * entropy(values)[:, None]) if self.slope else 1.0
        bias = np.where(self.bias <= _NEVER, self.bias, 0.0) if closed else self.bias
        scores: np.ndarray = values / (self.temperature * slopes) + bias
        return scores

    @staticmethod
    def mean(parts: Sequence[Calibration]) -> Calibration:
        """Return the geometric mean of the temperatures and the mean of biases and slopes."""
        temperature = float(np.exp(np.mean([np.log(part.temperature) for part in parts])))
        slope = float(np.mean([part.slope for part in parts]))
        return Calibration(temperature, np.mean([part.bias for part in parts], axis=0), slope)


def entropy(logits: np.ndarray) -> np.ndarray:
    """Return the entropy of the softmax of each clip's logits in nats [shape=(n,)]."""
    found: np.ndarray = entr(softmax(logits, axis=1)).sum(axis=1)
    return found


def fit_calibration(
    logits: np.ndarray,
    target: np.ndarray,
    possible: np.ndarray,
    groups: np.ndarray,
    speakers: np.ndarray | None = None,
) -> Calibration:
    """Return the calibration with the highest likelihood of the true classes among all; neutral without clips.

    A class that only some corpora have is never learnt as absent (see the loss), so on clips of the others its logit
    is anything; such classes get a bias. One that no clip has gets a very low one. There is a slope only where it is
    of use to speakers in general: where their gains have a mean above twice its standard error.

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
    speakers
        Who speaks in each [shape=(n,)]; by default another one in every clip.
    """
    if len(target) == 0:
        return Calibration(1.0, np.zeros(logits.shape[1]))
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weight = 1 / sizes[places] / len(sizes)
    values = np.asarray(logits, dtype=np.float64)
    plain, sloped = (_fitted(values, target, possible, weight, steepest) for steepest in (0.0, _STEEPEST))
    gain = _loss(plain, values, target) - _loss(sloped, values, target)
    people = np.arange(len(target)) if speakers is None else speakers
    _, places, clips = np.unique(people, return_inverse=True, return_counts=True)
    gains = np.bincount(places, weights=gain) / clips
    of_use = len(gains) > 1 and gains.mean() > 2 * gains.std(ddof=1) / np.sqrt(len(gains))
    return sloped if of_use else plain


def _fitted(
    values: np.ndarray, target: np.ndarray, possible: np.ndarray, weight: np.ndarray, steepest: float
) -> Calibration:
    """Return the calibration of the highest weighted likelihood whose slope is at most *steepest* either way."""
    bias = np.where(possible.any(axis=0), 0.0, _NEVER)
    shifted = np.flatnonzero(possible.any(axis=0) & ~possible.all(axis=0))
    # Slopes turn about the mean entropy, so that temperature and slope can be sought one after the other.
    middle = float(weight @ entropy(values))
    first = 2 if steepest else 1

    def calibration(parameters: np.ndarray) -> Calibration:
        slope = float(parameters[1]) if steepest else 0.0
        bias[shifted] = parameters[first:]
        return Calibration(float(np.exp(parameters[0] - slope * middle)), bias, slope)

    bounds = [(-4.0, 4.0), (-steepest, steepest)][:first] + [(-8.0, 8.0)] * len(shifted)
    best = minimize(
        lambda parameters: weight @ _loss(calibration(parameters), values, target),
        np.zeros(len(bounds)),
        method="Powell",
        bounds=bounds,
    )
    return calibration(best.x)


def _loss(calibration: Calibration, values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return minus the log-probability of each clip's true class [shape=(n,)]."""
    found: np.ndarray = -log_softmax(calibration.scores(values), axis=1)[np.arange(len(target)), target]
    return found


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
