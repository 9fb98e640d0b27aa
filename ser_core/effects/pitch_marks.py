"""One mark in every period of a voice: where the pieces are cut that another melody is put together from."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ser_core.audio import SAMPLE_RATE

#: The melody is looked for between these frequencies, in Hz.
F0_LIMITS_HZ = (65.0, 700.0)
#: Distance of marks where there is no pitch, in samples (5 ms).
UNVOICED_STEP = 80

_HOP = 256
_FRAME = 1024
_LEAST_SAMPLES = 800
#: How far from where it is expected the next period may lie, and what that costs.
_SEARCH, _COST = 0.2, 0.3
#: Where two marks lie further apart than this many periods, there is no voice between them.
_WIDEST = 1.5
#: Frames are never voiced whose level lies this far below the loudest one's (60 dB).
_LEAST_LEVEL = 1e-3
#: How readily the tracker calls a frame voiced whose dips are shallow (librosa's default, 0.01, misses rough voices).
_NO_TROUGH = 0.05


@dataclass(frozen=True)
class PitchMarks:
    """Marks of a sound, the first at its first sample and the last at its last.

    Attributes
    ----------
    position
        In samples, rising [shape=(m,), int].
    f0_hz
        The melody at each mark in Hz, NaN where unvoiced [shape=(m,), float].
    """

    position: np.ndarray
    f0_hz: np.ndarray

    @property
    def voiced(self) -> np.ndarray:
        """Whether a mark stands for a period of a voice [shape=(m,), bool]."""
        return np.isfinite(self.f0_hz)


def mark_periods(samples: np.ndarray) -> PitchMarks:
    """Place the marks of samples [shape=(n,)].

    The melody comes from probabilistic YIN (Mauch & Dixon 2014; librosa) on the low-passed sound, without which rough
    and breathy voices pass for unvoiced. In each voiced stretch the strongest peak of
    the low-passed sound is the first mark; from it the next ones are found on both sides, one period away, where the
    sound correlates best with the period before (Moulines & Charpentier 1990; the search as in Praat).
    """
    count = len(samples)
    low = _low_passed(samples)
    f0, edges = _melody(low)
    marks: list[int] = []
    for first, last in edges:
        start, end = max(0, first * _HOP - _HOP // 2), min(count - 1, (last - 1) * _HOP + _HOP // 2)
        periods = SAMPLE_RATE / f0
        if end - start > 2 * periods[(first + last) // 2]:
            found = _periods(low, start, end, periods)
            marks += [mark for mark in found if not marks or mark > marks[-1] + SAMPLE_RATE / 1000]
    if len(f0) == 0:
        position = _with_unvoiced([], [], count)[0]
        return PitchMarks(position, np.full(len(position), np.nan))
    at = np.interp(marks, np.arange(len(f0)) * _HOP, f0)
    position, voiced = _with_unvoiced(marks, list(SAMPLE_RATE / at), count)
    at = np.interp(position, np.arange(len(f0)) * _HOP, f0)
    return PitchMarks(position, np.where(voiced, at, np.nan))


def _melody(low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return F0 in Hz [shape=(t,)] and the voiced stretches as [first frame, behind the last) [shape=(k, 2)]."""
    if len(low) < _LEAST_SAMPLES or not np.any(low):
        return np.zeros(0), np.zeros((0, 2), int)
    import librosa

    f0, voiced, _ = librosa.pyin(
        low.astype(np.float32),
        fmin=F0_LIMITS_HZ[0],
        fmax=F0_LIMITS_HZ[1],
        sr=SAMPLE_RATE,
        frame_length=_FRAME,
        hop_length=_HOP,
        resolution=0.25,
        no_trough_prob=_NO_TROUGH,
        fill_na=None,
    )
    level = librosa.feature.rms(y=low, frame_length=_FRAME, hop_length=_HOP)[0]
    voiced &= level > _LEAST_LEVEL * level.max()  # what a filter leaves of digital silence looks periodic
    changes = np.flatnonzero(np.diff(np.concatenate([[0], voiced.astype(int), [0]])))
    return f0, changes.reshape(-1, 2)


def _low_passed(samples: np.ndarray) -> np.ndarray:
    """Return the sound from 50 to 900 Hz with its main peaks upwards [shape=(n,), float64]."""
    from scipy.signal import butter, sosfiltfilt

    band = butter(2, (50, 900), "bandpass", fs=SAMPLE_RATE, output="sos")
    low: np.ndarray = sosfiltfilt(band, np.pad(samples.astype(np.float64), 400))[400:-400]
    return low if np.sum(low**3) >= 0 else -low


def _periods(low: np.ndarray, start: int, end: int, periods: np.ndarray) -> list[int]:
    """Return the marks of one voiced stretch, in order."""
    centre = start + int(np.argmax(low[start:end]))
    marks = [centre]
    for direction in (1, -1):
        mark = centre
        while True:
            period = periods[min(len(periods) - 1, round(mark / _HOP))]
            expected = mark + direction * period
            if not start <= expected < end:
                break
            mark = _next_mark(low, mark, expected, period)
            marks.append(mark)
    return sorted(marks)


def _next_mark(low: np.ndarray, mark: int, expected: float, period: float) -> int:
    """Return the place near *expected* whose surroundings are most like those of *mark*."""
    reach, half = max(1, int(_SEARCH * period)), int(period / 2)
    first, last = int(expected) - reach, int(expected) + reach + 1
    if min(mark, first) < half or max(mark, last) + half >= len(low):
        return round(expected)
    here, there = low[mark - half : mark + half], low[first - half : last + half - 1]
    energy = np.convolve(there**2, np.ones(2 * half), "valid")
    likeness = np.correlate(there, here, "valid") / np.sqrt(energy * np.dot(here, here) + 1e-20)
    distance = (np.arange(len(likeness)) - (expected - first)) / reach
    return first + int(np.argmax(likeness - _COST * distance**2))


def _with_unvoiced(marks: list[int], periods: list[float], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all marks, with evenly spaced ones where there is no voice, and which of them are voiced."""
    widest = {mark: _WIDEST * period for mark, period in zip(marks, periods, strict=True) if 0 < mark < count - 1}
    bounds = [0, *widest, max(count - 1, 0)]
    position, voiced = [0], [False]
    for before, after in itertools.pairwise(bounds):
        if after - before > widest.get(before, 0.0) or after == count - 1:
            pieces = max(1, (after - before) // UNVOICED_STEP)
            position += [int(place) for place in np.linspace(before, after, pieces + 1)[1:-1]]
            voiced += [False] * (pieces - 1)
        position.append(after)
        voiced.append(after in widest)
    return np.array(position), np.array(voiced)
