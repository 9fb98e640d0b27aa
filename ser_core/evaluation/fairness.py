"""Whom a model serves badly: voices that always get the same answer, and gaps between groups of people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ser_core.evaluation import metrics
from ser_core.evaluation.bootstrap import SpeakerBootstrap, interval

#: A speaker to whom one class is answered more often than this, every true class counting alike, has one answer.
ONE_ANSWER_SHARE = 0.5
#: Speakers who are named, the worst first.
_NAMED = 10
#: Where people are divided by age, in years: two groups, since a finer gap would be one between single voices.
_AGE_YEARS = 40
_DRAWS = 1000


def one_answer_speakers(
    truth: np.ndarray, answer: np.ndarray, speakers: np.ndarray, labels: tuple[str, ...]
) -> dict[str, Any]:
    """Return how many speakers get mostly one answer, and which speakers come nearest to that.

    The answers to each true class of a speaker are counted as shares, and the shares averaged over the classes, so
    that a corpus with more neutral clips than others does not make its speakers look neutral. A perfect model gives
    each class one share in as many as the speaker has.

    Parameters
    ----------
    truth, answer
        Class numbers [each shape=(n,)].
    speakers
        Who speaks [shape=(n,)].
    labels
        The names of the classes.

    Returns
    -------
    dict
        "count" and "share" of speakers for whom one class takes over half of the answers, "of" how many there are,
        and "speakers": those ten with the largest share, as {"speaker", "answer", "share", "clips"}.
    """
    names, places = np.unique(speakers, return_inverse=True)
    size = len(labels)
    cells = np.bincount((places * size + truth) * size + answer, minlength=len(names) * size**2)
    counts = cells.reshape(len(names), size, size).astype(float)
    each = counts.sum(axis=2, keepdims=True)
    spread = np.divide(counts, each, out=np.zeros_like(counts), where=each > 0).sum(axis=1)
    spread /= np.maximum((each > 0).sum(axis=1), 1)
    most = spread.max(axis=1)
    over = int((most > ONE_ANSWER_SHARE).sum())
    worst = np.argsort(-most, kind="stable")[:_NAMED]
    return {
        "count": over,
        "of": len(names),
        "share": over / max(len(names), 1),
        "speakers": [
            {
                "speaker": str(names[place]),
                "answer": labels[int(spread[place].argmax())],
                "share": float(most[place]),
                "clips": int(counts[place].sum()),
            }
            for place in worst
        ],
    }


def people_gaps(
    frame: pd.DataFrame, truth: np.ndarray, answer: np.ndarray, speakers: np.ndarray, size: int
) -> dict[str, Any]:
    """Return the UAR of women and men and of two age groups, with the gap between them where it can be told.

    Parameters
    ----------
    frame
        The clips; its columns sex and age are used where they are there and tell something.
    truth, answer, speakers
        Of each clip [each shape=(n,)].
    size
        The number of classes.

    Returns
    -------
    dict
        {"sex" or "age": {"groups": {group: {"uar", "uar_ci95", "clips", "speakers"}}, "gap", "gap_ci95"}}. The gap is
        the first group's UAR less the second's (female less male, younger less older); it is None, like a group's
        interval, where a group has a single speaker, since it would be one between two voices. The interval is that
        of a bootstrap over the speakers of each group.
    """
    found: dict[str, Any] = {}
    for name, keys, order in (
        ("sex", _column(frame, "sex"), ("female", "male")),
        ("age", _age_groups(frame), (f"under {_AGE_YEARS}", f"{_AGE_YEARS} and over")),
    ):
        groups: dict[str, dict[str, Any]] = {}
        drawn: dict[str, np.ndarray] = {}
        for value in order:
            rows = np.flatnonzero((keys == value).fillna(False).to_numpy(bool))
            if len(rows):
                groups[value], drawn[value] = _group(truth[rows], answer[rows], speakers[rows], size, len(groups))
        if groups:
            found[name] = {"groups": groups} | _gap(groups, drawn)
    return found


def _group(
    truth: np.ndarray, answer: np.ndarray, speakers: np.ndarray, size: int, seed: int
) -> tuple[dict[str, Any], np.ndarray]:
    bootstrap = SpeakerBootstrap(speakers, draws=_DRAWS, seed=seed)  # another seed: groups are drawn apart
    uar = float(metrics.uar(metrics.confusion_matrix(truth, answer, size)))
    drawn = metrics.uar(bootstrap.confusions(truth, answer, size))
    low_high = list(interval(drawn)) if bootstrap.count > 1 else None
    return {"uar": uar, "uar_ci95": low_high, "clips": len(truth), "speakers": bootstrap.count}, drawn


def _gap(groups: dict[str, dict[str, Any]], drawn: dict[str, np.ndarray]) -> dict[str, Any]:
    if len(groups) < 2 or min(group["speakers"] for group in groups.values()) < 2:
        return {"gap": None, "gap_ci95": None}
    first, second = groups
    gap = groups[first]["uar"] - groups[second]["uar"]
    return {"gap": gap, "gap_ci95": list(interval(drawn[first] - drawn[second]))}


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name].astype("string") if name in frame else pd.Series(pd.NA, index=frame.index, dtype="string")


def _age_groups(frame: pd.DataFrame) -> pd.Series:
    age = pd.to_numeric(frame["age"], errors="coerce") if "age" in frame else pd.Series(np.nan, index=frame.index)
    younger = age.astype("Float64") < _AGE_YEARS
    return younger.map({True: f"under {_AGE_YEARS}", False: f"{_AGE_YEARS} and over"}).astype("string")
