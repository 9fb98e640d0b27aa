"""Sets of classes that hold the true one as often as they promise: "angry or disgust" instead of a wrong "angry".

Split conformal prediction with the score of adaptive prediction sets (Romano, Sesia & Candès 2020; Angelopoulos &
Bates 2021), without its randomisation: one voice gets one answer. A class's score is the probability of all classes
that are likelier than it, so a set is never empty. Clips of one speaker are not exchangeable, speakers are: every
speaker counts alike, and a speaker still to come counts as one of them who could have any score (hierarchical
conformal prediction: Lee, Barber & Willett 2023, after Dunn, Wasserman & Ramdas 2022). What is promised is the mean
over new speakers like those seen here, neither every speaker nor another corpus: both are to be measured.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: The shares of sets that are to hold the true class; the first is that of the sets people are shown.
LEVELS = (0.8, 0.9)
#: With this threshold a set has all classes.
EVERYTHING = 1.0


def likelier_mass(probabilities: np.ndarray) -> np.ndarray:
    """Return the probability of all classes ranked before each one, 0 for the likeliest [shape=(n, n_classes)].

    Parameters
    ----------
    probabilities
        [shape=(n, n_classes)]; of equal ones the first ranks first.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    before = np.minimum(np.cumsum(ranked, axis=1) - ranked, 1.0)
    mass = np.empty_like(before)
    np.put_along_axis(mass, order, before, axis=1)
    return mass


def candidate_sets(probabilities: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
    """Return which classes are in each clip's set [shape=(n, n_classes), bool].

    Parameters
    ----------
    probabilities
        [shape=(n, n_classes)].
    threshold
        Of :func:`fit_set_threshold`, one for all clips or one a clip [shape=(n,)].
    """
    members: np.ndarray = likelier_mass(probabilities) <= np.reshape(threshold, (-1, 1))
    return members


def fit_set_threshold(probabilities: np.ndarray, target: np.ndarray, speakers: np.ndarray, level: float) -> float:
    """Return the threshold with which sets for a new speaker hold the true class in at least the share *level*.

    With too few speakers to promise that, it is the one with which sets have all classes: a level of 0.9 takes nine.

    Parameters
    ----------
    probabilities
        Calibrated ones of validation clips [shape=(n, n_classes)].
    target
        Their true class numbers [shape=(n,)].
    speakers
        Who speaks in each [shape=(n,)].
    level
        The share wanted, 0 to 1.
    """
    scores = likelier_mass(probabilities)[np.arange(len(target)), target]
    _, places, clips = np.unique(speakers, return_inverse=True, return_counts=True)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(1 / clips[places[order]]) / (len(clips) + 1)
    enough = np.flatnonzero(reached >= level - 1e-9)
    return float(scores[order[enough[0]]]) if len(enough) else EVERYTHING


def set_figures(members: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Return how sets fared: `coverage` (share that hold the true class), `mean_size`, `single_share`.

    Parameters
    ----------
    members
        [shape=(n, n_classes), bool].
    target
        True class numbers [shape=(n,)].
    """
    sizes = members.sum(axis=1)
    return {
        "coverage": float(members[np.arange(len(target)), target].mean()),
        "mean_size": float(sizes.mean()),
        "single_share": float(np.mean(sizes == 1)),
    }


def named_set(members: np.ndarray, probabilities: np.ndarray, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the names in one set [shape=(n_classes,), bool], the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")
    return tuple(labels[place] for place in order if members[place])
