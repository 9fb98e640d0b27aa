"""What probabilities are worth beyond the first answer: ranking, calibration, and knowing when to keep silent."""

from __future__ import annotations

import math

import numpy as np

from ser_core.evaluation.bootstrap import SpeakerBootstrap, interval

#: Bins of ranks in which the intervals of the areas are counted; the areas themselves are exact.
_RANKS = 1024
#: Most points of a curve: a chart cannot show more.
_POINTS = 200


def roc(score: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return false and true positive rates [each shape=(k,)] of one class against the rest, and the area below.

    Parameters
    ----------
    score
        The higher the likelier [shape=(n,)].
    positive
        Whether the clip is of the class [shape=(n,), bool]. Without clips on both sides there is no curve, and the
        area is NaN.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    if positive.all() or not positive.any():
        return np.zeros(0), np.zeros(0), float("nan")
    false, true, _ = roc_curve(positive, score)
    places = _thinned(len(false))
    return false[places], true[places], float(roc_auc_score(positive, score))


def precision_recall(score: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return recall and precision [each shape=(k,)] of one class from few to all answers, and the average precision.

    Parameters as for :func:`roc`.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    if positive.all() or not positive.any():
        return np.zeros(0), np.zeros(0), float("nan")
    precision, recall, _ = precision_recall_curve(positive, score)
    places = _thinned(len(precision))
    return recall[::-1][places], precision[::-1][places], float(average_precision_score(positive, score))


def area_draws(score: np.ndarray, positive: np.ndarray, bootstrap: SpeakerBootstrap) -> tuple[np.ndarray, np.ndarray]:
    """Return the area below the ROC curve and the average precision in each draw [each shape=(draws,)].

    Clips are counted in 1024 bins of rank, so that a draw costs no sorting; NaN where a draw has one side only.
    """
    _, rank = np.unique(-score, return_inverse=True)
    size = min(_RANKS, int(rank.max(initial=0)) + 1)
    bins = rank * size // (int(rank.max(initial=0)) + 1)
    counted = bootstrap.tally(bins * 2 + positive, 2 * size).reshape(-1, size, 2)
    wrong, right = (np.ascontiguousarray(counted[..., side], np.float32) for side in (0, 1))
    found, answered = np.cumsum(right, axis=1), np.cumsum(right + wrong, axis=1)
    all_right = found[:, -1].astype(float)
    all_wrong = answered[:, -1] - all_right
    with np.errstate(invalid="ignore", divide="ignore"):
        area = np.einsum("db,db->d", wrong, found - right / 2) / (all_wrong * all_right)
        average = np.einsum("db,db->d", right, found / np.maximum(answered, 1)) / all_right
    undefined = (all_wrong == 0) | (all_right == 0)
    return np.where(undefined, np.nan, area), np.where(undefined, np.nan, average)


def brier(probabilities: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return each clip's squared distance from certainty about the truth, from 0 to 2 (Brier 1950) [shape=(n,)]."""
    truth = np.eye(probabilities.shape[1])[target]
    return np.sum((probabilities - truth) ** 2, axis=1)


def reliability(
    probabilities: np.ndarray, target: np.ndarray, bins: int = 15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean confidence, share of right answers and number of clips of each bin that has any.

    Bins are of equal width, as in :func:`ser_core.evaluation.metrics.expected_calibration_error`.
    """
    confidence, right, places = _binned(probabilities, target, bins)
    counts = np.bincount(places, minlength=bins)
    used = counts > 0
    mean = np.bincount(places, weights=confidence, minlength=bins)[used] / counts[used]
    share = np.bincount(places, weights=right, minlength=bins)[used] / counts[used]
    return mean, share, counts[used]


def calibration_interval(
    probabilities: np.ndarray, target: np.ndarray, bootstrap: SpeakerBootstrap, bins: int = 15
) -> tuple[float, float]:
    """Return the 95 % interval of the expected calibration error.

    The error of a draw is larger on average than that of all clips, since its bins hold fewer voices.
    """
    confidence, right, places = _binned(probabilities, target, bins)
    gaps = np.abs(bootstrap.sums(confidence - right, places, bins)).sum(axis=1)
    return interval(gaps / bootstrap.sums(np.ones(len(target)))[:, 0])


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coverage, accuracy and the least confidence as ever more answers are given, the surest first.

    Clips of equal confidence are answered together (El-Yaniv & Wiener 2010) [each shape=(k,)].
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.flatnonzero(np.append(ranked[:-1] > ranked[1:], True)) if len(ranked) else np.zeros(0, int)
    accuracy = (np.cumsum(right[order]) / np.arange(1, len(order) + 1))[last]
    places = _thinned(len(last))
    return (last[places] + 1) / max(len(order), 1), accuracy[places], ranked[last][places]


def accuracy_at(coverage: float, confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the share of right answers among the surest, as many as make up the share *coverage* of all.

    Clips of equal confidence are answered together, so that there may be more.
    """
    needed = max(1, math.ceil(coverage * len(confidence) - 1e-9))
    return float(right[confidence >= np.sort(confidence)[-needed]].mean())


def _binned(probabilities: np.ndarray, target: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == target).astype(float)
    return confidence, right, np.minimum((confidence * bins).astype(int), bins - 1)


def _thinned(count: int) -> np.ndarray:
    """Return at most 200 places among *count*, the ends included."""
    return np.unique(np.linspace(0, count - 1, min(count, _POINTS)).round().astype(int)) if count else np.zeros(0, int)
