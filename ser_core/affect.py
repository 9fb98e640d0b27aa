"""Valence and arousal beside the classes: their published positions, averaged by the calibrated probabilities.

affect(prediction.probabilities)            # Affect(valence=-0.42, arousal=0.47, negative_high_arousal=0.71)

A reading is derived from the classes and knows nothing that they do not know; no listener rated these recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Emotion -> (valence, arousal), each from -1 to 1. Russell & Mehrabian (1977), Evidence for a three-factor theory of
#: emotions, Journal of Research in Personality 11, 273-294: mean ratings of pleasure and arousal of the words happy,
#: sad, angry, fearful, disgusted and surprised, as reproduced by others (the paper itself was not at hand). Calm is no
#: word of that table: its position is read from figure 4 of Russell (1980), A circumplex model of affect, whose happy,
#: sad and angry lie within 0.02 of the table's. Neutral is the origin by definition.
POSITIONS: Mapping[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0),
    "calm": (0.56, -0.31),
    "happy": (0.81, 0.51),
    "sad": (-0.63, -0.27),
    "angry": (-0.51, 0.59),
    "fearful": (-0.64, 0.60),
    "disgust": (-0.60, 0.35),
    "surprised": (0.40, 0.67),
}

#: CREMA-D's acted intensities from weak to strong.
_INTENSITIES = ("low", "medium", "high")


def _depths() -> dict[str, float]:
    depths = {emotion: max(0.0, min(-valence, arousal)) for emotion, (valence, arousal) in POSITIONS.items()}
    return {emotion: depth / max(depths.values()) for emotion, depth in depths.items()}


#: Emotion -> how far it lies in the corner of unpleasant and aroused: the smaller of its displeasure and its arousal,
#: as a share of the furthest class. Fearful 1, angry 0.85, disgust 0.58, all others 0.
NEGATIVE_HIGH_AROUSAL: Mapping[str, float] = _depths()


@dataclass(frozen=True)
class Affect:
    """A reading derived from the classes.

    Attributes
    ----------
    valence
        From -1, unpleasant, to 1, pleasant.
    arousal
        From -1, drowsy, to 1, excited.
    negative_high_arousal
        From 0 to 1: the probability of the unpleasant and aroused classes, each weighed by
        :data:`NEGATIVE_HIGH_AROUSAL`.
    """

    valence: float
    arousal: float
    negative_high_arousal: float


def affect(probabilities: Mapping[str, float]) -> Affect:
    """Return the reading of one answer, from its classes' probabilities.

    Raises
    ------
    ValueError
        As :func:`affect_curves` does.
    """
    (row,) = affect_curves(np.array([list(probabilities.values())]), list(probabilities))
    return Affect(*(float(value) for value in row))


def affect_curves(probabilities: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Return valence, arousal and negative high arousal of many answers [shape=(n, 3), float64].

    Parameters
    ----------
    probabilities
        One row an answer [shape=(n, n_classes)]; each is divided by its sum, which must not be 0.
    labels
        The classes of the columns.

    Raises
    ------
    ValueError
        If a class has no position, or a row is negative somewhere or sums to nothing.
    """
    unknown = [label for label in labels if label not in POSITIONS]
    if unknown:
        raise ValueError(f"'{unknown[0]}' has no position: use classes among {', '.join(POSITIONS)}.")
    values = np.asarray(probabilities, dtype=np.float64).reshape(-1, len(labels))
    sums = values.sum(axis=1, keepdims=True)
    if not ((values >= 0).all() and (sums > 0).all()):
        raise ValueError("Probabilities must not be negative, and not all of an answer may be 0.")
    places = np.array([(*POSITIONS[label], NEGATIVE_HIGH_AROUSAL[label]) for label in labels])
    curves: np.ndarray = (values / sums) @ places
    return curves


def intensity_agreement(arousal: np.ndarray, intensity: Sequence[str], emotions: Sequence[str]) -> pd.DataFrame:
    """Return how held-out readings of arousal rank with the acted intensity, by emotion.

    Spearman's rank correlation within an emotion, since emotions differ in arousal whatever their intensity.

    Parameters
    ----------
    arousal
        One reading a clip [shape=(n,)].
    intensity
        `low`, `medium` or `high`; clips with anything else are left out.
    emotions
        The emotion that each clip was meant to carry.

    Returns
    -------
    One row an emotion, with its clips and `spearman` (missing where the intensity or the arousal never changes); the
    last row, `all`, is the mean over the emotions.
    """
    frame = pd.DataFrame({"arousal": arousal, "intensity": list(intensity), "emotion": list(emotions)})
    frame = frame[frame["intensity"].isin(_INTENSITIES)]
    frame["level"] = [_INTENSITIES.index(level) for level in frame["intensity"]]
    rows = [
        {"emotion": emotion, "clips": len(part), "spearman": _spearman(part["arousal"], part["level"])}
        for emotion, part in frame.groupby("emotion")
    ]
    table = pd.DataFrame(rows, columns=["emotion", "clips", "spearman"])
    every = {"emotion": "all", "clips": len(frame), "spearman": table["spearman"].mean()}
    return pd.concat([table, pd.DataFrame([every])], ignore_index=True) if len(table) else pd.DataFrame([every])


def _spearman(one: pd.Series[float], other: pd.Series[int]) -> float:
    ranks = np.stack([one.rank(), other.rank()])
    return float(np.corrcoef(ranks)[0, 1]) if (ranks.std(axis=1) > 0).all() else float("nan")
