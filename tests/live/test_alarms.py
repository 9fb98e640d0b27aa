"""Alarms: when they ring, when they keep quiet, and what is no alarm."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from ser_core.errors import AlarmError
from ser_core.live import ANGRY_CALLER, DRIVER_STRESS, Alarm, Reading
from ser_core.live.alarms import AlarmWatch, measure

STEP_S = 0.25


def reading(time_s: float, angry: float | None) -> Reading:
    """A reading with that probability of angry, or of nobody speaking."""
    if angry is None:
        return Reading(time_s)
    return Reading(time_s, 1000 + time_s, "angry", angry, True, (), {"neutral": 1 - angry, "angry": angry})


def rings(alarm: Alarm, course: Iterable[tuple[float, float | None]]) -> list[float]:
    """Return when the alarm rings over a course of (seconds, probability of angry)."""
    watch, time_s, found = AlarmWatch(alarm), 0.0, []
    for seconds, angry in course:
        for _ in range(round(seconds / STEP_S)):
            time_s += STEP_S
            if event := watch.take(reading(time_s, angry)):
                found.append(event.time_s)
    return found


ALARM = Alarm("Anger", "angry", 0.6, seconds=5, hold_off_s=20)


def test_it_rings_once_the_measure_stayed_up_long_enough() -> None:
    assert rings(ALARM, [(3, 0.2), (8, 0.7)]) == [3 + STEP_S + 5]


@pytest.mark.parametrize(
    "course",
    [[(4, 0.7), (0.25, 0.5), (4, 0.7)], [(4, 0.7), (4, None), (4, 0.7)], [(60, 0.59)], [(60, None)]],
    ids=["broken by less", "broken by a long pause", "never enough", "silence"],
)
def test_it_keeps_quiet(course: list[tuple[float, float | None]]) -> None:
    assert rings(ALARM, course) == []


def test_a_short_pause_neither_breaks_nor_counts() -> None:
    (moment,) = rings(ALARM, [(4, 0.7), (2, None), (4, 0.7)])
    assert moment == 7.5  # 3.75 s before the pause, then 1.25 s after its first reading


def test_it_rings_again_after_the_hold_off_if_it_still_holds() -> None:
    times = rings(ALARM, [(60, 0.9)])
    assert times[0] == 5 + STEP_S
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [20, 20]
    assert len(rings(ALARM, [(8, 0.9), (1, 0.1), (9, 0.9)])) == 1


def test_without_a_hold_off_it_rings_once_until_its_condition_breaks() -> None:
    alarm = Alarm("Anger", "angry", 0.6, seconds=1, hold_off_s=0)
    assert len(rings(alarm, [(10, 0.9), (1, 0.1), (10, 0.9)])) == 2


def test_a_stream_that_stood_still_is_no_unbroken_stretch() -> None:
    watch = AlarmWatch(ALARM)
    assert [watch.take(reading(time_s, 0.9)) for time_s in (1, 1.5, 60, 60.5)] == [None] * 4
    assert watch.lasted_s == 0.5


def test_an_event_says_how_long_and_how_much() -> None:
    watch = AlarmWatch(Alarm("Anger", "angry", 0.5, seconds=0.5))
    events = [watch.take(reading(time_s, angry)) for time_s, angry in ((1, 0.6), (1.25, 0.9), (1.5, 0.6))]
    event = events[-1]
    assert events[:2] == [None, None]
    assert event is not None
    assert (event.lasted_s, event.peak, event.when) == (0.5, 0.9, 1001.5)
    assert event.mean == pytest.approx(0.7)
    assert watch.ringing


def test_negative_high_arousal_is_a_measure_and_a_class_that_the_model_lacks_is_0() -> None:
    angry = reading(1, 1.0)
    assert measure(angry, "negative_high_arousal") == pytest.approx(0.85, abs=0.01)
    assert measure(angry, "surprised") == 0
    assert measure(reading(1, None), "angry") is None


def test_the_presets_are_those_of_the_car_and_the_call_centre() -> None:
    assert (DRIVER_STRESS.measure, DRIVER_STRESS.threshold, DRIVER_STRESS.seconds) == ("negative_high_arousal", 0.7, 10)
    assert (ANGRY_CALLER.measure, ANGRY_CALLER.threshold, ANGRY_CALLER.seconds) == ("angry", 0.6, 5)
    assert DRIVER_STRESS.describe() == "negative high arousal at 70% or more for 10 s, then quiet for 60 s"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "=1+1"}, {"name": "@x"}, {"name": "a\nb"}, {"name": "x" * 41}, {"measure": "boredom"},
        {"threshold": 0.0}, {"threshold": 1.1}, {"threshold": float("nan")}, {"seconds": -1}, {"seconds": 1e9},
        {"hold_off_s": float("inf")},
    ],
)  # fmt: skip
def test_an_impossible_alarm_is_refused_in_a_sentence(change: dict[str, Any]) -> None:
    values: dict[str, Any] = {"name": "A", "measure": "angry", "threshold": 0.5, "seconds": 1, "hold_off_s": 1}
    with pytest.raises(AlarmError):
        Alarm(**(values | change))
