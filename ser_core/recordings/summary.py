"""A timeline in a few numbers: shares of speech time, the strongest moments, turning points, valence and arousal.

summary = summarise(timeline)
print(summary.shares, summary.peaks, summary.turning_points)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ser_core.affect import affect_curves
from ser_core.recogniser import AFFECT_FIELDS, Segment
from ser_core.recordings.timeline import Timeline, turns

#: Emotions that are no strong moment however sure the model is.
CALM_ONES = ("neutral", "calm")
#: Strong moments and turning points that are named at most, and the least time between two, in seconds.
MOST, APART_S = 5, 20.0
#: A turning point compares so many seconds of speech before it with as many after it ...
TURN_S = 20.0
#: ... and is one where their mean probabilities differ by at least this much (total variation, 0 to 1).
TURN_DIFFERENCE = 0.35


@dataclass(frozen=True)
class TurningPoint:
    """A moment in seconds at which the mood changes, from one emotion to another; *difference* is from 0 to 1."""

    time_s: float
    before: str
    after: str
    difference: float


@dataclass(frozen=True)
class Course:
    """How a reading from -1 to 1 (or 0 to 1) goes: mean over speech time, extremes with their moments in seconds."""

    mean: float
    lowest: float
    lowest_s: float
    highest: float
    highest_s: float
    first_third: float
    last_third: float


@dataclass(frozen=True)
class Summary:
    """A timeline in a few numbers.

    Attributes
    ----------
    speech_s
        Seconds in which somebody speaks.
    shares
        Emotion -> share of the judged time, the largest first; sums to 1, empty without speech.
    peaks
        The strongest moments, in order of time: turns of an emotion other than neutral and calm with the highest
        mean probability.
    turning_points
        Where the mood changes for longer, in order of time.
    courses
        Of ``valence``, ``arousal`` and ``negative_high_arousal``; empty without speech.
    """

    speech_s: float
    shares: dict[str, float]
    peaks: tuple[Segment, ...]
    turning_points: tuple[TurningPoint, ...]
    courses: dict[str, Course]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as programs get it."""
        return {
            "speech_s": self.speech_s,
            "shares": dict(self.shares),
            "peaks": [peak.to_dict() for peak in self.peaks],
            "turning_points": [asdict(point) for point in self.turning_points],
            "courses": {name: asdict(course) for name, course in self.courses.items()},
        }


def summarise(timeline: Timeline) -> Summary:
    """Return a timeline in a few numbers."""
    return Summary(
        speech_s=sum(end - start for start, end in timeline.speech),
        shares=_shares(timeline.segments),
        peaks=_peaks(turns(timeline)),
        turning_points=_turning_points(timeline),
        courses=_courses(timeline),
    )


def overall_answer(timeline: Timeline) -> dict[str, Any]:
    """Return one answer for the whole recording, in the form of a prediction's: the mean of its steps, by their length.

    For recordings too long to be judged in one piece; it names no candidates, which were promised for clips only.
    """
    labels, segments = timeline.labels, timeline.segments
    values = np.full(len(labels), 1 / len(labels))
    if segments:
        rows = np.array([[segment.probabilities[label] for label in labels] for segment in segments])
        values = np.average(rows, axis=0, weights=[segment.end_s - segment.start_s for segment in segments])
    best = int(values.argmax())
    readings = affect_curves(values[None], labels)[0].tolist() if segments else [None] * len(AFFECT_FIELDS)
    return {
        "emotion": labels[best] if segments else None,
        "confidence": float(values[best]) if segments else 0.0,
        "sure": bool(segments) and bool(values[best] >= timeline.threshold),
        "candidates": [],
        "probabilities": dict(zip(labels, values.tolist(), strict=True)),
        "duration_s": timeline.duration_s,
        "model": timeline.model,
        "warnings": [] if segments else ["No speech was found: give a recording in which somebody speaks."],
        **dict(zip(AFFECT_FIELDS, readings, strict=True)),
    }


def _shares(segments: Sequence[Segment]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for segment in segments:
        seconds[segment.emotion] = seconds.get(segment.emotion, 0.0) + segment.end_s - segment.start_s
    whole = sum(seconds.values())
    return {emotion: length / whole for emotion, length in sorted(seconds.items(), key=lambda item: -item[1])}


def _peaks(found: Sequence[Segment]) -> tuple[Segment, ...]:
    kept: list[Segment] = []
    strong = (turn for turn in found if turn.emotion not in CALM_ONES)
    for turn in sorted(strong, key=lambda turn: (-turn.confidence, turn.start_s)):
        if len(kept) < MOST and all(abs(turn.start_s - other.start_s) >= APART_S for other in kept):
            kept.append(turn)
    return tuple(sorted(kept, key=lambda turn: turn.start_s))


def _turning_points(timeline: Timeline) -> tuple[TurningPoint, ...]:
    """Compare what lies before and behind each step, as two windows that slide along the speech do."""
    segments, labels = timeline.segments, timeline.labels
    if len(segments) < 2:
        return ()
    rows = np.array([[segment.probabilities[label] for label in labels] for segment in segments])
    lengths = np.array([segment.end_s - segment.start_s for segment in segments])
    ends = np.cumsum(lengths)
    sums = np.vstack([np.zeros(len(labels)), np.cumsum(rows * lengths[:, None], axis=0)])
    found = []
    for number in range(1, len(segments)):
        spoken = ends[number - 1]
        if spoken < TURN_S / 2 or ends[-1] - spoken < TURN_S / 2:
            continue
        first = int(np.searchsorted(ends, spoken - TURN_S + 1e-9))
        last = int(np.searchsorted(ends, spoken + TURN_S - 1e-9)) + 1
        before, after = sums[number] - sums[first], sums[min(last, len(segments))] - sums[number]
        before, after = before / before.sum(), after / after.sum()
        names = labels[int(before.argmax())], labels[int(after.argmax())]
        difference = float(np.abs(before - after).sum() / 2)
        if difference >= TURN_DIFFERENCE and names[0] != names[1]:
            found.append(TurningPoint(segments[number].start_s, *names, difference))
    kept: list[TurningPoint] = []
    for point in sorted(found, key=lambda point: -point.difference):
        if len(kept) < MOST and all(abs(point.time_s - other.time_s) >= APART_S for other in kept):
            kept.append(point)
    return tuple(sorted(kept, key=lambda point: point.time_s))


def _courses(timeline: Timeline) -> dict[str, Course]:
    segments = timeline.segments
    if not segments:
        return {}
    rows = np.array([[segment.probabilities[label] for label in timeline.labels] for segment in segments])
    curves = affect_curves(rows, timeline.labels)
    lengths = np.array([segment.end_s - segment.start_s for segment in segments])
    middles = np.array([(segment.start_s + segment.end_s) / 2 for segment in segments])
    spoken = np.cumsum(lengths) - lengths / 2
    thirds = np.minimum(2, (3 * spoken / lengths.sum()).astype(int))
    found = {}
    for name, values in zip(("valence", "arousal", "negative_high_arousal"), curves.T, strict=True):
        means = [
            float(np.average(values[here], weights=lengths[here])) if (here := thirds == third).any() else float("nan")
            for third in (0, 2)
        ]
        low, high = int(values.argmin()), int(values.argmax())
        mean = float(np.average(values, weights=lengths))
        first, last = (mean if np.isnan(value) else value for value in means)  # a recording of one or two steps
        found[name] = Course(
            mean, float(values[low]), float(middles[low]), float(values[high]), float(middles[high]), first, last
        )
    return found
