"""Glottal pulses: the moments in each period of the voice at which the vocal folds strike the air.

The method is that of Praat's "To PointProcess (cc)" (Boersma & Weenink); given the same pitch contour, each pulse lies
within 20 microseconds of Praat's. :mod:`ser_core.features.voice_quality` measures jitter and shimmer on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.errors import AudioError
from ser_core.features.pitch import Pitch

#: Where the next pulse may lie, in periods (Praat).
NEAREST, FARTHEST = 0.8, 1.25
# What counts as a pulse (Praat): how alike two periods must be, and how loud the second relative to the loudest sample,
# within a voiced stretch and for one more pulse just beyond it.
_INSIDE_LIKENESS, _INSIDE_PEAK = 0.3, 0.01
_BEYOND_LIKENESS, _BEYOND_PEAK = 0.7, 0.023333


def glottal_pulses(samples: np.ndarray, pitch: Pitch) -> np.ndarray:
    """Return the times of the glottal pulses in seconds [shape=(n,), float64], in order.

    They lie in voiced stretches, with at most one more just beyond either end.

    From the loudest sample in the middle of each voiced stretch, the next pulse on either side lies where a stretch of
    one period is most alike, 0.8 to 1.25 periods away (Praat's "To PointProcess (cc)").

    Raises
    ------
    AudioError
        If the contour is not as long as the sound.
    """
    sound = at_full_scale(samples, pitch)
    pulses: list[float] = []
    covered = -math.inf
    for stretch in _stretches(sound, pitch):
        middle = stretch.strongest_in_the_middle()
        before = stretch.follow(middle, -1, covered)
        after = stretch.follow(middle, +1, -math.inf)
        pulses += [*reversed(before), middle, *after]
        covered = after[-1] if after else covered
    places = np.unique(np.array(pulses, dtype=np.float64))
    return places[(places >= 0) & (places < len(sound))] / SAMPLE_RATE


class _Stretch:
    """A voiced stretch while its pulses are sought; places are in samples of the recording, with fractions."""

    def __init__(self, sound: np.ndarray, f0_hz: np.ndarray, first_frame: int, hop: int) -> None:
        self.periods = (SAMPLE_RATE / f0_hz.astype(np.float64)).tolist()
        self.hop = hop
        self.first = first_frame * hop  # where the contour begins
        last = (first_frame + len(f0_hz) - 1) * hop
        self.left, self.right = max(self.first - hop / 2, -0.5), min(last + hop / 2, len(sound) - 0.5)
        margin = math.ceil(4 * max(self.periods)) + hop
        self.offset = self.first - margin  # of the excerpt, which is all the search can reach
        self.sound = np.zeros(last + 2 * margin - self.first, dtype=np.float64)
        low, high = max(0, self.offset), min(len(sound), self.offset + len(self.sound))
        self.sound[low - self.offset : high - self.offset] = sound[low:high]
        self.energy = np.concatenate([[0.0], np.cumsum(np.square(self.sound))])

    def period(self, place: float) -> float:
        """Return the length of a period in samples, linear in F0 between frames and constant beyond the ends."""
        frame = min(max((place - self.first) / self.hop, 0.0), len(self.periods) - 1.0)
        below = min(int(frame), len(self.periods) - 2) if len(self.periods) > 1 else 0
        above, part = min(below + 1, len(self.periods) - 1), frame - below
        return 1 / ((1 - part) / self.periods[below] + part / self.periods[above])

    def strongest_in_the_middle(self) -> float:
        middle = (self.left + self.right) / 2
        half = self.period(middle) / 2
        start = math.floor(middle - half) - self.offset
        excerpt = np.abs(self.sound[start : math.ceil(middle + half) - self.offset + 1])
        best = int(excerpt.argmax())
        inside = 0 < best < len(excerpt) - 1
        return start + self.offset + best + (_vertex(*excerpt[best - 1 : best + 2].tolist())[0] if inside else 0.0)

    def follow(self, place: float, direction: int, covered: float) -> list[float]:
        """Return the pulses from *place* to the end of the stretch, none of them nearer than a period to *covered*."""
        pulses: list[float] = []
        while True:
            period = self.period(place)
            likeness, place, peak = self._most_alike(place, period, direction)
            beyond = not self.left <= place <= self.right
            least, loud = (_BEYOND_LIKENESS, _BEYOND_PEAK) if beyond else (_INSIDE_LIKENESS, _INSIDE_PEAK)
            if likeness > least and peak > loud and place - covered > NEAREST * period:
                pulses.append(place)
            if beyond:
                return pulses

    def _most_alike(self, place: float, period: float, direction: int) -> tuple[float, float, float]:
        """Return (likeness, place, largest sample) of the period most like that at *place* on one side of it.

        Where no likeness stands out, -1 and the place one period on.
        """
        near, far = sorted((direction * NEAREST * period, direction * FARTHEST * period))
        start = round(place - period / 2) - self.offset
        length = round(place + period / 2) - self.offset - start + 1
        first = math.floor(place + near - period / 2) - self.offset
        last = math.ceil(place + far - period / 2) - self.offset + 1
        template = self.sound[start : start + length]
        products = np.correlate(self.sound[first : last + length - 1], template, "valid")
        energies = self.energy[first + length : last + length] - self.energy[first:last]
        own = self.energy[start + length] - self.energy[start]
        # Two zeros before the first, as in Praat: a period just at the limit is a peak too, and where nothing is alike
        # the search goes on from the limit. What a difference of running sums loses in its last digits is silence.
        alike = np.zeros(len(products) + 2)
        np.divide(products, np.sqrt(np.maximum(own * energies, 1e-24)), out=alike[2:])
        best = _highest_peak(alike)
        if best is None:
            return -1.0, place + direction * period, 0.0
        shift, height = _vertex(*alike[best - 1 : best + 2].tolist())
        first += best - 2
        found = self.sound[first + 1 : first + 1 + length]  # Praat has gone one sample on when it notes the peak
        peak = max(float(found.max()), -float(found.min()))
        return height, place + first + shift - start, peak


def at_full_scale(samples: np.ndarray, pitch: Pitch) -> np.ndarray:
    """Return the sound with its largest sample at 1, so that squares of a quiet one do not vanish [float32].

    Raises
    ------
    AudioError
        If the contour is not as long as the sound.
    """
    if len(pitch.voiced) != 1 + len(samples) // pitch.config.hop:
        raise AudioError("This pitch contour belongs to another sound: track the pitch of this one first.")
    sound = np.asarray(samples, dtype=np.float32)
    loudest = np.abs(sound).max(initial=np.float32(0.0))
    return sound / loudest if loudest > 0 else sound


def _stretches(sound: np.ndarray, pitch: Pitch) -> Iterator[_Stretch]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], pitch.voiced.astype(np.int8), [0]])))
    for first, end in edges.reshape(-1, 2).tolist():
        yield _Stretch(sound, pitch.f0_hz[first:end], first, pitch.config.hop)


def _vertex(before: float, height: float, after: float) -> tuple[float, float]:
    """Return place and height of the vertex of a parabola through three values one sample apart."""
    bend, slope = 2 * height - before - after, (after - before) / 2
    shift = slope / bend if bend > 0 else 0.0
    return shift, height + slope * shift / 2


def _highest_peak(values: np.ndarray) -> int | None:
    """Return where the highest local maximum lies, None if there is none."""
    best = int(values.argmax())
    if 0 < best < len(values) - 1:
        return best
    inner = values[1:-1]
    peaks = np.flatnonzero((inner >= values[:-2]) & (inner >= values[2:]))
    return int(peaks[inner[peaks].argmax()]) + 1 if len(peaks) else None
