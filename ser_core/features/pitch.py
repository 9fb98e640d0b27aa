"""Fundamental frequency (F0): how often a second the vocal folds open, and where they swing at all.

pitch = track_pitch(waveform.samples)                              # YIN: fast
pitch = track_pitch(waveform.samples, PitchConfig(method="pyin"))  # probabilistic YIN: smoother, twenty times slower
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ser_core.audio import SAMPLE_RATE
from ser_core.features.level import FLOOR_DB, intensity_db, zero_crossing_rate

#: Frames analysed at a time, so that a long recording needs little memory.
_BLOCK = 2048
#: Frames before and after a block that pYIN's path may use and that are then dropped.
_OVERLAP = 200
#: The search reaches this factor beyond the limits: a pitch at the limit is then told from one pressed against it.
_MARGIN = 1.08
#: How far beyond the limits a pitch still counts.
_TOLERANCE = 1.03
#: Samples whose likeness one period later decides on voicing: 32 ms.
_LIKENESS = 512


class PitchConfig(BaseModel):
    """Settings of the pitch tracker; lengths in samples at 16 kHz, frequencies in Hz, levels in dB.

    Raises
    ------
    pydantic.ValidationError
        If a value is out of range, or the lowest pitch is not below the highest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    f0_min: float = Field(65.0, ge=40, le=1000)
    f0_max: float = Field(600.0, ge=80, le=2000)
    hop: int = Field(160, ge=16, le=4096)
    method: Literal["yin", "pyin"] = "yin"
    voiced_db: float = Field(35.0, gt=0, le=100, description="frames this far below the loudest are no voice")
    voiced_periodicity: float = Field(0.6, ge=0, le=1, description="least correlation with one period later")
    voiced_crossings: float = Field(0.3, gt=0, le=1, description="more zero crossings a sample are a hiss")

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.f0_max < 1.2 * self.f0_min:
            raise ValueError(
                f"The highest pitch ({self.f0_max:g} Hz) must be at least 1.2 times the lowest ({self.f0_min:g} Hz)."
            )
        return self


@dataclass(frozen=True)
class Pitch:
    """A pitch contour, one value a frame.

    Attributes
    ----------
    f0_hz
        Fundamental frequency in Hz, NaN where unvoiced [shape=(t,), float32].
    voiced
        Whether the vocal folds swing [shape=(t,), bool].
    periodicity
        Correlation of the sound with itself one period later, -1..1, also where unvoiced [shape=(t,), float32].
    config
        The settings it was found with; frame k lies at k * config.hop samples.
    """

    f0_hz: np.ndarray
    voiced: np.ndarray
    periodicity: np.ndarray
    config: PitchConfig


def track_pitch(samples: np.ndarray, config: PitchConfig | None = None) -> Pitch:
    """Return the pitch contour of mono sound at 16 kHz [shape=(n,)]: t = 1 + n // hop frames.

    YIN (de Cheveigné & Kawahara 2002) proposes a period for each frame; the frame is voiced if it is loud enough,
    inside the limits, no hiss, and repeats itself one period later (the normalised cross-correlation of Talkin 1995).
    pYIN (Mauch & Dixon 2014) decides on period and voicing over time; only the level is then asked in addition.
    """
    config = config or PitchConfig()
    samples = np.asarray(samples, dtype=np.float32)
    level = intensity_db(samples, config.hop)
    heard = (level > level.max() - config.voiced_db) & (level > FLOOR_DB)
    peak = float(np.abs(samples).max(initial=0.0))
    scaled = samples / np.float32(peak) if peak > 0 else samples  # YIN's sums lose very quiet sounds
    f0, voiced = (_pyin if config.method == "pyin" else _yin)(scaled, config)
    periodicity = _periodicity(scaled, SAMPLE_RATE / f0, config.hop)
    if config.method == "yin":
        voiced = periodicity >= config.voiced_periodicity
        voiced &= zero_crossing_rate(samples, 640, config.hop) <= config.voiced_crossings
        voiced &= (f0 >= config.f0_min / _TOLERANCE) & (f0 <= config.f0_max * _TOLERANCE)
    voiced &= heard
    return Pitch(np.where(voiced, f0, np.nan).astype(np.float32), voiced, periodicity, config)


def semitones(f0_hz: np.ndarray, reference_hz: float = 27.5) -> np.ndarray:
    """Return a pitch contour in semitones above *reference_hz* (A0 by default); NaN stays NaN [same shape, float32]."""
    return (12 * np.log2(np.asarray(f0_hz, np.float64) / reference_hz)).astype(np.float32)


def _frame_length(config: PitchConfig) -> int:
    """Return an even number of samples that holds four periods of the lowest pitch that is searched."""
    return 64 * math.ceil(4 * SAMPLE_RATE / config.f0_min / 64)


def _blocks(samples: np.ndarray, config: PitchConfig, overlap: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """Yield (samples of some frames, frames to drop at their beginning, frames to keep after those).

    A frame sees the same samples whichever block it lies in.
    """
    length, total = _frame_length(config), 1 + len(samples) // config.hop
    padded = np.pad(samples, length // 2)
    for start in range(0, total, _BLOCK):
        stop = min(start + _BLOCK, total)
        first, last = max(0, start - overlap), min(total, stop + overlap)
        yield padded[first * config.hop : (last - 1) * config.hop + length], start - first, stop - start


def _yin(samples: np.ndarray, config: PitchConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return F0 in Hz of every frame [shape=(t,), float64] and True for each."""
    import librosa

    parts = [
        librosa.yin(
            block, fmin=config.f0_min / _MARGIN, fmax=config.f0_max * _MARGIN, sr=SAMPLE_RATE,
            frame_length=_frame_length(config), hop_length=config.hop, center=False,
        )
        for block, _, _ in _blocks(samples, config, overlap=0)
    ]  # fmt: skip
    f0 = np.concatenate(parts).astype(np.float64)
    return f0, np.ones(len(f0), bool)


def _pyin(samples: np.ndarray, config: PitchConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return F0 in Hz of every frame, the best guess where unvoiced [shape=(t,), float64], and which are voiced."""
    import librosa

    parts = []
    for block, skip, keep in _blocks(samples, config, _OVERLAP):
        f0, voiced, _ = librosa.pyin(
            block, fmin=config.f0_min, fmax=config.f0_max, sr=SAMPLE_RATE, frame_length=_frame_length(config),
            hop_length=config.hop, center=False, fill_na=None,
        )  # fmt: skip
        parts.append((f0[skip : skip + keep], voiced[skip : skip + keep]))
    f0, voiced = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return np.clip(np.abs(f0), config.f0_min, config.f0_max), voiced.astype(bool)


def _periodicity(samples: np.ndarray, periods: np.ndarray, hop: int) -> np.ndarray:
    """Return the normalised cross-correlation of two windows one period apart, around each frame [shape=(t,), float32].

    Where either window is silent it is 0.
    """
    reach = math.ceil(float(periods.max())) + _LIKENESS
    padded = np.pad(samples, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _LIKENESS)
    shifts = np.round(periods).astype(np.int64)
    starts = np.arange(len(periods)) * hop + reach - (_LIKENESS + shifts) // 2
    result = np.zeros(len(periods), np.float32)
    for begin in range(0, len(periods), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        here, later = windows[starts[rows]], windows[starts[rows] + shifts[rows]]
        energy = np.einsum("tn,tn->t", here, here) * np.einsum("tn,tn->t", later, later)
        product = np.einsum("tn,tn->t", here, later)
        np.divide(product, np.sqrt(energy), out=result[rows], where=energy > 0)
    return result
