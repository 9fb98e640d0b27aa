"""What is said of a timeline, on timelines whose numbers can be worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ser_core.recogniser import Segment
from ser_core.recordings import Timeline, summarise
from ser_core.recordings.summary import overall_answer

_LABELS = ("neutral", "happy", "angry")


def _timeline(*parts: tuple[float, float, str, float]) -> Timeline:
    segments = []
    for start, end, emotion, value in parts:
        named = {label: value if label == emotion else (1 - value) / 2 for label in _LABELS}
        segments.append(Segment(start, end, emotion, value, named))
    speech = tuple((segment.start_s, segment.end_s) for segment in segments)
    return Timeline(tuple(segments), speech, 600.0, np.zeros((2, 1)), _LABELS, "lite", 0.5, "call")


def test_shares_are_of_time_not_of_segments() -> None:
    summary = summarise(_timeline((0, 6, "neutral", 0.9), (6, 7, "angry", 0.9), (9, 10, "happy", 0.9)))
    assert list(summary.shares.items()) == [
        ("neutral", pytest.approx(0.75)), ("angry", pytest.approx(0.125)), ("happy", pytest.approx(0.125)),
    ]  # fmt: skip
    assert summary.speech_s == 8


def test_peaks_are_the_surest_turns_apart_and_never_neutral() -> None:
    parts = [(100.0 * step, 100.0 * step + 2, "angry", 0.5 + 0.05 * step) for step in range(7)]
    summary = summarise(_timeline((0, 2, "neutral", 0.99), *parts[1:], (603.5, 605, "happy", 0.9)))
    assert [peak.start_s for peak in summary.peaks] == [200, 300, 400, 500, 603.5]
    assert summary.peaks[-1].emotion == "happy"  # three seconds behind it an angry one is less sure, so left out


def test_a_lasting_change_is_a_turning_point_and_a_short_one_is_not() -> None:
    steps = [(1.5 * step, 1.5 * step + 1.5) for step in range(80)]
    names = ["happy" if step == 10 else "neutral" if step < 40 else "angry" for step in range(80)]
    (point,) = summarise(
        _timeline(*((*span, name, 0.8) for span, name in zip(steps, names, strict=True)))
    ).turning_points
    assert (point.time_s, point.before, point.after) == (60.0, "neutral", "angry")
    assert point.difference == pytest.approx(0.7)


def test_courses_have_their_extremes_and_trend() -> None:
    steps = [(float(step), step + 1.0) for step in range(30)]
    names = ["happy"] * 10 + ["neutral"] * 10 + ["angry"] * 10
    summary = summarise(_timeline(*((*span, name, 1.0) for span, name in zip(steps, names, strict=True))))
    valence = summary.courses["valence"]
    assert (valence.first_third, valence.last_third) == (pytest.approx(0.81), pytest.approx(-0.51))
    assert (valence.highest, valence.lowest) == (pytest.approx(0.81), pytest.approx(-0.51))
    assert valence.mean == pytest.approx(0.1)
    assert 20 < valence.lowest_s < 30
    assert summary.courses["negative_high_arousal"].last_third > 0.8
    json.dumps(summary.to_dict())


@pytest.mark.parametrize("count", [0, 1, 2])
def test_little_or_no_speech_has_a_summary(count: int) -> None:
    summary = summarise(_timeline(*[(2.0 * step, 2.0 * step + 1, "angry", 0.9) for step in range(count)]))
    assert summary.turning_points == ()
    assert len(summary.courses) == (3 if count else 0)
    assert sum(summary.shares.values()) == (1 if count else 0)


def test_the_answer_as_a_whole_is_the_mean_over_time() -> None:
    answer = overall_answer(_timeline((0, 3, "neutral", 0.8), (3, 4, "angry", 0.8)))
    assert (answer["emotion"], answer["sure"]) == ("neutral", True)
    assert answer["probabilities"] == pytest.approx({"neutral": 0.625, "happy": 0.1, "angry": 0.275})
    assert answer["valence"] == pytest.approx(0.1 * 0.81 - 0.275 * 0.51)
    nothing = overall_answer(_timeline())
    assert (nothing["emotion"], nothing["valence"], nothing["sure"]) == (None, None, False)
    assert set(nothing) == set(answer)
