"""Pieces of sound of any rate and format become one stream, mono at 16 kHz; its end and its whole can be had."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soxr

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError

if TYPE_CHECKING:
    import av

#: Longest end of the stream that can be had, in seconds.
WINDOW_S = 10.0
#: The recording holds the last so many seconds: half an hour takes 58 MB of memory.
KEPT_S = 1800.0
_RATES = (4_000, 400_000)
_FULL_SCALE = 32_767


class Latest(NamedTuple):
    """The end of the stream: the sound, where it ends in seconds since the start, and when its last piece came."""

    waveform: Waveform
    end_s: float
    arrived: float


class SoundBuffer:
    """A stream of sound. Any thread may feed it, any other may read.

    Parameters
    ----------
    kept_s
        How much of the stream :meth:`recording` gives back, in seconds; the oldest is forgotten first.
    clock
        Gives the time at which a piece arrives.
    """

    def __init__(self, kept_s: float = KEPT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._most = round(kept_s * SAMPLE_RATE)
        self._lock = threading.Lock()
        self._rate = 0
        self._resampler: soxr.ResampleStream | None = None
        self._window = np.zeros(0, np.float32)
        self._pieces: deque[np.ndarray] = deque()  # 16 bits each, half of what the window takes
        self._kept = self._total = 0
        self._arrived = clock()

    def feed(self, samples: np.ndarray, rate: int) -> None:
        """Add a piece of sound.

        Parameters
        ----------
        samples
            Floats with full scale 1.0, or integers of any width [shape=(n,) or (n, channels)].
        rate
            Samples a second; it may change from one piece to the next.

        Raises
        ------
        AudioError
            If the rate is none of sound, or the array has another shape.
        """
        if not _RATES[0] <= rate <= _RATES[1]:
            raise AudioError(f"{rate} samples a second is no rate of sound: send between {_RATES[0]} and {_RATES[1]}.")
        mono = _mono(samples)
        with self._lock:
            if rate != self._rate:
                self._rate = rate
                same = rate == SAMPLE_RATE
                self._resampler = None if same else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
            if self._resampler is not None:
                mono = self._resampler.resample_chunk(mono)
            self._window = np.concatenate([self._window, mono])[-round(WINDOW_S * SAMPLE_RATE) :]
            self._pieces.append((np.clip(mono, -1, 1) * _FULL_SCALE).round().astype(np.int16))
            self._kept += len(mono)
            self._total += len(mono)
            while self._kept - len(self._pieces[0]) >= self._most:
                self._kept -= len(self._pieces.popleft())
            self._arrived = self._clock()

    @property
    def duration_s(self) -> float:
        """Length of everything that came, in seconds."""
        return self._total / SAMPLE_RATE

    @property
    def recording_start_s(self) -> float:
        """Where in the stream :meth:`recording` begins, in seconds."""
        return max(0, self._total - self._most) / SAMPLE_RATE

    def latest(self, seconds: float) -> Latest:
        """Return the last *seconds* of the stream, less where there is less; at most 10."""
        with self._lock:
            samples = self._window[max(0, len(self._window) - round(seconds * SAMPLE_RATE)) :]
            return Latest(Waveform(samples, self._rate or SAMPLE_RATE, name="live"), self.duration_s, self._arrived)

    def recording(self) -> Waveform:
        """Return what is kept of the stream."""
        with self._lock:
            pieces, rate = list(self._pieces), self._rate or SAMPLE_RATE
        whole = np.concatenate([np.zeros(0, np.int16), *pieces])[-self._most :]
        return Waveform(whole.astype(np.float32) / _FULL_SCALE, rate, name="live")


def frame_samples(frame: av.AudioFrame) -> tuple[np.ndarray, int]:
    """Return the samples [shape=(n, channels)] and the rate of a frame as the av library decodes them."""
    array = frame.to_ndarray()
    channels = frame.layout.nb_channels
    samples = array.T if frame.format.is_planar else array.reshape(-1, channels)
    return samples, int(frame.sample_rate)


def _mono(samples: np.ndarray) -> np.ndarray:
    """Return a piece as float32 with full scale 1.0, its channels averaged [shape=(n,)]."""
    if samples.ndim not in (1, 2):
        raise AudioError("A piece of sound must be an array of samples, or of samples and channels.")
    values = samples.astype(np.float64)
    if samples.dtype.kind == "u":
        middle = 2.0 ** (8 * samples.dtype.itemsize - 1)
        values = (values - middle) / middle
    elif samples.dtype.kind == "i":
        values /= 2.0 ** (8 * samples.dtype.itemsize - 1)
    if values.ndim == 2:
        values = values.mean(axis=1)
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
