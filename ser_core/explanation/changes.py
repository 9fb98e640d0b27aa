"""What would change the answer: the voice is made anew with another pitch, rate, melody or effort, and judged again.

search = find_change(recogniser, waveform)
search.words()                                   # "With a 15 % lower pitch it would be sad (61 %)."

The changes are those of the page Signals (:mod:`ser_core.effects`), so that each can be heard. The level is not among
them: no model here reads it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ser_core.audio import Waveform
from ser_core.effects import VoiceChange, apply
from ser_core.errors import AudioError, CancelledError
from ser_core.explanation.importance import LONGEST_S, Cancelled, Progress
from ser_core.recogniser import Prediction, Recogniser
from ser_core.speech_once import find_speech

#: Field of the change -> its values at sizes 0 to 5, in one direction and in the other.
_SIZES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "pitch_semitones": ((0, 1, 2, 3, 4, 6), (0, -1, -2, -3, -4, -6)),
    "speed": ((1, 1.1, 1.2, 1.35, 1.5, 1.75), (1, 0.91, 0.83, 0.74, 0.67, 0.57)),
    "range_factor": ((1, 1.3, 1.6, 2, 2.5, 3), (1, 0.8, 0.6, 0.4, 0.2, 0)),
    "effort_db_per_octave": ((0, 1, 2, 4, 6, 9), (0, -1, -2, -4, -6, -9)),
}
_LARGEST = 5
#: The size at which two changes are tried together once no single one was enough.
_PAIR_SIZE = 3
#: How often the interval in which the answer changes is halved.
_HALVINGS = 3
#: Margin that is kept around the speech, in seconds.
_MARGIN_S = 0.6
#: A change that nobody hears: if the answer turns with it, making the voice anew is enough to turn it.
_NOTHING = VoiceChange(pitch_semitones=0.01)

Direction = tuple[str, int]
Pair = tuple[Direction, Direction]


@dataclass(frozen=True)
class Search:
    """What was found.

    Attributes
    ----------
    before
        The answer to the voice as it is.
    change
        The smallest change with which another emotion is named, None where there was none.
    after
        The answer to the changed voice; None without a change.
    fragile
        The answer turned without any change that could be heard, only since the voice was made anew; pitch, rate and
        melody were then not tried.
    tried
        How many changed voices the model judged.
    target
        The emotion that was asked for; None for any other.
    """

    before: Prediction
    change: VoiceChange | None
    after: Prediction | None
    fragile: bool
    tried: int
    target: str | None

    def words(self) -> str:
        """Return the result as a sentence or two (Markdown)."""
        wanted = f"**{self.target}**" if self.target else "another emotion"
        note = (
            " The answer hangs by a thread: making the voice anew with nothing changed turns it, so only effort was "
            "tried." if self.fragile else ""
        )  # fmt: skip
        if self.change is None or self.after is None or self.after.emotion is None:
            return (
                f"No such change was found: with {self.tried} changes of pitch, rate, melody and effort, alone and in "
                f"pairs, the model never named {wanted}.{note}"
            )
        how = change_words(self.change)
        return f"With {how} it would be **{self.after.emotion}** ({100 * self.after.confidence:.0f} %).{note}"


def find_change(
    recogniser: Recogniser,
    waveform: Waveform,
    *,
    target: str | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Search:
    """Return the smallest change of the voice with which the model names another emotion, or *target*.

    Sizes grow together in all directions, about as fast for the ear; the first size at which an answer changes is then
    halved towards the one before. Pairs are tried last, at one size.

    Raises
    ------
    AudioError
        If the model names no emotion, or the speech is longer than 8 s.
    CancelledError
        If it was stopped.
    """
    before = recogniser.predict(waveform)
    if before.emotion is None:
        reason = before.warnings[0] if before.warnings else "It carries no speech."
        raise AudioError(f"There is no answer to change. {reason}")
    start, end = find_speech(waveform).span(_MARGIN_S)
    if end - start > LONGEST_S + 2 * _MARGIN_S:
        raise AudioError(f"At most {LONGEST_S:g} s of speech are changed at a time: choose a shorter part.")
    trial = _Trial(recogniser, waveform.cut(start, end), before.emotion, target, progress, cancelled)
    fragile = trial.answer(_NOTHING).emotion != before.emotion
    names = [name for name in _SIZES if name == "effort_db_per_octave" or not fragile]
    directions = [(name, sign) for name in names for sign in (0, 1)]
    pairs = [pair for pair in itertools.combinations(directions, 2) if pair[0][0] != pair[1][0]]
    trial.total = _LARGEST * len(directions) + len(pairs) + 1
    found = _single(trial, directions) or _pair(trial, pairs)
    change, after = found or (None, None)
    return Search(before, change, after, fragile, trial.tried, target)


def changed_voice(waveform: Waveform, change: VoiceChange) -> Waveform:
    """Return the voice that the search judged, to be listened to: the part with speech, changed."""
    return apply(waveform.cut(*find_speech(waveform).span(_MARGIN_S)), change)


def change_words(change: VoiceChange) -> str:
    """Return a change as one says it: "a 15 % lower pitch and a flatter melody"."""
    return " and ".join(_PHRASES[name](float(getattr(change, name))) for name in change.changed)


def _pitch(value: float) -> str:
    return f"a {100 * abs(2 ** (value / 12) - 1):.0f} % {'higher' if value > 0 else 'lower'} pitch"


def _speed(value: float) -> str:
    return f"{100 * abs(value - 1):.0f} % {'faster' if value > 1 else 'slower'} speech"


def _range(value: float) -> str:
    return f"a melody {100 * abs(value - 1):.0f} % {'livelier' if value > 1 else 'flatter'}"


def _effort(value: float) -> str:
    return f"a voice {'raised' if value > 0 else 'held back'} by {abs(value):.1f} dB per octave"


_PHRASES: dict[str, Callable[[float], str]] = {
    "pitch_semitones": _pitch,
    "speed": _speed,
    "range_factor": _range,
    "effort_db_per_octave": _effort,
}


class _Trial:
    """Judges changed voices; knows when the answer is one that was looked for."""

    def __init__(
        self,
        recogniser: Recogniser,
        waveform: Waveform,
        emotion: str,
        target: str | None,
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> None:
        self._recogniser, self._waveform = recogniser, waveform
        self._emotion, self._target = emotion, target
        self._progress, self._cancelled = progress, cancelled
        self.total, self.tried = 1, 0

    def answer(self, change: VoiceChange) -> Prediction:
        """Return the model's answer to the changed voice."""
        if self._cancelled and self._cancelled():
            raise CancelledError("Stopped before a change was found: start it again to go on looking.")
        answer = self._recogniser.predict(apply(self._waveform, change))
        self.tried += 1
        if self._progress:
            self._progress(min(self.tried, self.total), self.total)
        return answer

    def turned(self, answer: Prediction) -> bool:
        """Whether it is another emotion, or the one that was asked for."""
        if self._target is not None:
            return answer.emotion == self._target
        return answer.emotion not in (None, self._emotion)


def _single(trial: _Trial, directions: list[Direction]) -> tuple[VoiceChange, Prediction] | None:
    for size in range(1, _LARGEST + 1):
        turned = []
        for direction in directions:
            answer = trial.answer(_change((direction, size)))
            if trial.turned(answer):
                turned.append((answer.confidence, direction, answer))
        if turned:
            _, direction, answer = max(turned, key=lambda one: one[0])
            return _narrowed(trial, direction, float(size), answer)
    return None


def _narrowed(trial: _Trial, direction: Direction, size: float, answer: Prediction) -> tuple[VoiceChange, Prediction]:
    """Halve the way between a size that turns the answer and the one before, which does not."""
    low, high = size - 1, size
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        nearer = trial.answer(_change((direction, middle)))
        if trial.turned(nearer):
            high, answer = middle, nearer
        else:
            low = middle
    return _change((direction, high)), answer


def _pair(trial: _Trial, pairs: list[Pair]) -> tuple[VoiceChange, Prediction] | None:
    best: tuple[VoiceChange, Prediction] | None = None
    for first, second in pairs:
        change = _change((first, _PAIR_SIZE), (second, _PAIR_SIZE))
        answer = trial.answer(change)
        if trial.turned(answer) and (best is None or answer.confidence > best[1].confidence):
            best = change, answer
    return best


def _change(*parts: tuple[Direction, float]) -> VoiceChange:
    """Return a change of some size in each of some directions; sizes between whole numbers lie between the values."""
    values = {name: float(np.interp(size, np.arange(_LARGEST + 1), _SIZES[name][sign])) for (name, sign), size in parts}
    return VoiceChange(**values)
