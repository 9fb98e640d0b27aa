"""Alarms that a person defines: a measure that stays above a threshold for some seconds of speech."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ser_core.emotions import EMOTIONS
from ser_core.errors import AlarmError
from ser_core.live.readings import Reading

#: Measure of a reading -> its name for a person. Each lies between 0 and 1.
MEASURES: Mapping[str, str] = {"negative_high_arousal": "negative high arousal", **{name: name for name in EMOTIONS}}
#: A pause up to this long does not break the count of an alarm's seconds, and adds nothing to it.
PATIENCE_S = 3.0
#: Two readings further apart than this are no unbroken stretch: the stream stood still between them.
_LONGEST_STEP_S = 1.0
_LONGEST_NAME = 40
_LONGEST_S = 3600.0
#: What a spreadsheet would run as a formula, and characters that no name needs.
_HOSTILE = re.compile(r"^\s*[=@+-]|[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Alarm:
    """A rule: ring when *measure* is at least *threshold* for *seconds*, then be quiet for *hold_off_s*.

    Attributes
    ----------
    name
        What to call it, up to 40 characters.
    measure
        A key of :data:`MEASURES`; an emotion stands for its probability.
    threshold
        Above 0, at most 1.
    seconds
        How long the measure must stay there, in seconds of speech: a pause of up to 3 s neither breaks nor adds.
    hold_off_s
        After it rang it stays quiet this long; if its condition still holds then, it rings again.

    Raises
    ------
    AlarmError
        If a value is none of these.
    """

    name: str
    measure: str
    threshold: float
    seconds: float
    hold_off_s: float = 30.0

    def __post_init__(self) -> None:
        """Check every value."""
        if not self.name.strip() or len(self.name) > _LONGEST_NAME or _HOSTILE.search(self.name):
            raise AlarmError(
                f"Give the alarm a name of 1 to {_LONGEST_NAME} characters that begins with none of = + - @."
            )
        if self.measure not in MEASURES:
            raise AlarmError(f"'{self.measure}' is no measure: use one of {', '.join(MEASURES)}.")
        if not 0 < self.threshold <= 1:
            raise AlarmError("An alarm's threshold lies above 0 and is at most 1.")
        if not (0 <= self.seconds <= _LONGEST_S and 0 <= self.hold_off_s <= _LONGEST_S):
            raise AlarmError("An alarm's seconds and hold-off lie between 0 and 3600.")

    def describe(self) -> str:
        """Return the rule in words."""
        what = MEASURES[self.measure]
        return f"{what} at {self.threshold:.0%} or more for {self.seconds:g} s, then quiet for {self.hold_off_s:g} s"


#: The car's case: is the driver stressed?
DRIVER_STRESS = Alarm("Driver stress", "negative_high_arousal", 0.7, 10.0, 60.0)
#: The call centre's case.
ANGRY_CALLER = Alarm("Angry caller", "angry", 0.6, 5.0, 30.0)


@dataclass(frozen=True)
class AlarmEvent:
    """An alarm that rang.

    Attributes
    ----------
    alarm
        Which one.
    time_s, when
        The moment, as in :class:`Reading`.
    lasted_s
        For how many seconds of speech the measure had stayed at the threshold or above.
    mean, peak
        Of the measure over these seconds.
    """

    alarm: Alarm
    time_s: float
    when: float
    lasted_s: float
    mean: float
    peak: float


class AlarmWatch:
    """Follows one alarm through the readings of one stream.

    Attributes
    ----------
    ringing
        Whether it rang and its condition has held since.
    lasted_s
        For how many seconds of speech its condition has held.
    """

    def __init__(self, alarm: Alarm) -> None:
        self.alarm = alarm
        self.ringing = False
        self.lasted_s = 0.0
        self._above = False
        self._count = 0
        self._silent_s = self._sum = self._peak = 0.0
        self._last_s: float | None = None
        self._rang_s = -math.inf

    def take(self, reading: Reading) -> AlarmEvent | None:
        """Take the next reading; return what happened if the alarm rings now."""
        step = 0.0 if self._last_s is None else max(0.0, reading.time_s - self._last_s)
        self._last_s = reading.time_s
        value = measure(reading, self.alarm.measure)
        if step > _LONGEST_STEP_S or (value is not None and value < self.alarm.threshold):
            self._begin_anew()
            step = 0.0
        if value is None:
            self._above = False
            self._silent_s += step
            if self._silent_s > PATIENCE_S:
                self._begin_anew()
            return None
        if value < self.alarm.threshold:
            return None
        self._silent_s = 0.0
        self.lasted_s += step if self._above else 0.0
        self._sum += value
        self._count += 1
        self._above, self._peak = True, max(self._peak, value)
        held_off = reading.time_s - self._rang_s < self.alarm.hold_off_s
        if held_off or self.lasted_s < self.alarm.seconds:
            return None
        if self.ringing and self.alarm.hold_off_s == 0:
            return None  # without a hold-off it rings once, until its condition breaks
        self.ringing, self._rang_s = True, reading.time_s
        mean = self._sum / self._count
        return AlarmEvent(self.alarm, reading.time_s, reading.when, self.lasted_s, mean, self._peak)

    def _begin_anew(self) -> None:
        self.ringing = self._above = False
        self._count = 0
        self.lasted_s = self._silent_s = self._sum = self._peak = 0.0


def measure(reading: Reading, name: str) -> float | None:
    """Return a measure of :data:`MEASURES` of a reading, None where nobody speaks; 0 for a class the model lacks."""
    derived = reading.affect
    if derived is None:
        return None
    return derived.negative_high_arousal if name == "negative_high_arousal" else reading.probabilities.get(name, 0.0)
