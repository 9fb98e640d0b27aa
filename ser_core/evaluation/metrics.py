"""Metrics of a classifier from its confusion matrix, with bootstrap intervals over speakers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ser_core.evaluation.bootstrap import SpeakerBootstrap


def confusion_matrix(target: np.ndarray, answer: np.ndarray, n_classes: int) -> np.ndarray:
    """Return counts, one row a true class, one column an answer [shape=(n_classes, n_classes), int64]."""
    counts = np.bincount(np.asarray(target) * n_classes + np.asarray(answer), minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def recall(confusion: np.ndarray) -> np.ndarray:
    """Return the recall of each class [shape=(..., n_classes)], NaN for a class that does not occur."""
    return _ratio(_diagonal(confusion), confusion.sum(axis=-1))


def precision(confusion: np.ndarray) -> np.ndarray:
    """Return the precision of each class [shape=(..., n_classes)], 0 for one that is never answered."""
    return np.nan_to_num(_ratio(_diagonal(confusion), confusion.sum(axis=-2)))


def f1(confusion: np.ndarray) -> np.ndarray:
    """Return the F1 score of each class [shape=(..., n_classes)], NaN for a class that does not occur."""
    total = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    score = np.nan_to_num(_ratio(2 * _diagonal(confusion), total))
    return np.where(confusion.sum(axis=-1) > 0, score, np.nan)


def uar(confusion: np.ndarray) -> np.ndarray:
    """Return the unweighted average recall over the classes that occur [shape=(...,)]."""
    return np.nanmean(recall(confusion), axis=-1)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Return the share of right answers [shape=(...,)], also called weighted accuracy."""
    return _diagonal(confusion).sum(axis=-1) / confusion.sum(axis=(-2, -1))


def macro_precision(confusion: np.ndarray) -> np.ndarray:
    """Return the mean precision over the classes that occur [shape=(...,)]."""
    return np.nanmean(np.where(confusion.sum(axis=-1) > 0, precision(confusion), np.nan), axis=-1)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the classes that occur [shape=(...,)]."""
    return np.nanmean(f1(confusion), axis=-1)


def expected_calibration_error(probabilities: np.ndarray, target: np.ndarray, bins: int = 15) -> float:
    """Return the mean distance between confidence and accuracy over bins of equal width (Guo et al. 2017).

    Parameters
    ----------
    probabilities
        [shape=(n, n_classes)].
    target
        True class numbers [shape=(n,)].
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == target
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[places == number].mean() - right[places == number].mean()) * np.mean(places == number)
        for number in np.unique(places)
    ]
    return float(np.sum(gaps))


def calibration_error_by_luck(probabilities: np.ndarray, *, bins: int = 15, draws: int = 200, seed: int = 0) -> float:
    """Return the expected calibration error of a perfectly calibrated model that is as confident on as many clips.

    Few answers in a bin are never right exactly as often as they should be, so that no model gets 0 (Bröcker & Smith
    2007, https://doi.org/10.1175/WAF993.1): the mean over *draws* in which each answer is right by its confidence.

    Parameters
    ----------
    probabilities
        [shape=(n, n_classes)].
    """
    confidence = probabilities.max(axis=1)
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    drawn = np.random.default_rng(seed).random((draws, len(confidence))) < confidence[order]
    missed = np.add.reduceat(drawn - confidence[order], starts, axis=1)
    return float(np.abs(missed).sum(axis=1).mean() / len(confidence))


def speaker_interval(
    target: np.ndarray,
    answer: np.ndarray,
    speakers: np.ndarray,
    n_classes: int,
    metric: Callable[[np.ndarray], np.ndarray],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a metric by bootstrap over speakers.

    Whole speakers are drawn with replacement, since clips of one voice are not independent. With few speakers the
    interval is rough: with two it only says that two voices were tested.

    Parameters
    ----------
    target, answer, speakers
        One entry a clip [each shape=(n,)].
    metric
        A function of this module from confusion matrices [shape=(draws, n_classes, n_classes)] to [shape=(draws,)].
    """
    drawn = SpeakerBootstrap(speakers, draws=draws, seed=seed).confusions(target, answer, n_classes)
    low, high = np.percentile(metric(drawn), [2.5, 97.5])
    return float(low), float(high)


def _diagonal(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
