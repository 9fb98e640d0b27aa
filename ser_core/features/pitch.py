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
from ser_core.features.level import FLOOR_DB, intensity_db

#: Frames analysed at a time, so that a long recording needs little memory.
_BLOCK = 2048
#: Frames before and after a block that pYIN's path may use and that are then dropped.
_OVERLAP = 200
#: The search reaches this factor beyond the limits: a pitch at the limit is then told from one pressed against it.
_MARGIN = 1.08
#: How far beyond the limits a pitch still counts.
_TOLERANCE = 1.03
#: Periods proposed for each frame.
_CANDIDATES = 5
#: What the path pays for an octave between two frames 10 ms apart and for a change of voicing, and what a candidate
#: gains for each octave above the lowest pitch (Boersma 1993; Praat's defaults).
_OCTAVE_JUMP, _VOICING_CHANGE, _OCTAVE_GAIN = 0.35, 0.14, 0.01


class PitchConfig(BaseModel):
    """Settings of the pitch tracker; lengths in samples at 16 kHz, frequencies in Hz, levels in dB.

    Raises
    ------
    pydantic.ValidationError
        If a value is out of range, or the lowest pitch is not well below the highest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    f0_min: float = Field(65.0, ge=40, le=1000)
    f0_max: float = Field(600.0, ge=80, le=2000)
    hop: int = Field(160, ge=16, le=4096)
    method: Literal["yin", "pyin"] = "yin"
    voiced_db: float = Field(30.0, gt=0, le=100, description="frames this far below the loudest are no voice")
    voiced_periodicity: float = Field(0.48, ge=0, le=1, description="YIN only: less periodic frames are no voice")

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
        How well the sound repeats itself, 0..1, also where unvoiced [shape=(t,), float32]: one minus YIN's
        aperiodicity, or pYIN's probability of voice.
    config
        The settings it was found with; frame k lies at k * config.hop samples.
    """

    f0_hz: np.ndarray
    voiced: np.ndarray
    periodicity: np.ndarray
    config: PitchConfig


def track_pitch(samples: np.ndarray, config: PitchConfig | None = None) -> Pitch:
    """Return the pitch contour of mono sound at 16 kHz [shape=(n,)]: t = 1 + n // hop frames.

    YIN (de Cheveigné & Kawahara 2002) proposes up to five periods for each frame; the cheapest path through them
    decides on octave and voicing, as in Boersma (1993). pYIN (Mauch & Dixon 2014; librosa) has a hidden Markov model
    for that. Frames `voiced_db` below the loudest are unvoiced with either.
    """
    config = config or PitchConfig()
    samples = np.asarray(samples, dtype=np.float32)
    peak = float(np.abs(samples).max(initial=0.0))
    scaled = samples / np.float32(peak) if peak > 0 else samples  # sums of squares lose very quiet sounds
    level = intensity_db(scaled, config.hop)
    heard = (level > level.max() - config.voiced_db) & (level > FLOOR_DB)
    f0, periodicity = _pyin(scaled, config) if config.method == "pyin" else _yin(scaled, heard, config)
    f0[~heard] = np.nan
    return Pitch(f0.astype(np.float32), np.isfinite(f0), periodicity.astype(np.float32), config)


def semitones(f0_hz: np.ndarray, reference_hz: float = 27.5) -> np.ndarray:
    """Return a pitch contour in semitones above *reference_hz* (A0 by default); NaN stays NaN [same shape, float32]."""
    return (12 * np.log2(np.asarray(f0_hz, np.float64) / reference_hz)).astype(np.float32)


def _blocks(
    samples: np.ndarray, length: int, before: int, hop: int, overlap: int = 0
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Yield (samples of some frames, frames to drop at their beginning, frames to keep after those).

    A frame has *length* samples from *before* its centre on, the same ones whichever block it lies in.
    """
    total = 1 + len(samples) // hop
    padded = np.pad(samples, (before, length))
    for start in range(0, total, _BLOCK):
        stop = min(start + _BLOCK, total)
        first, last = max(0, start - overlap), min(total, stop + overlap)
        yield padded[first * hop : (last - 1) * hop + length], start - first, stop - start


def _yin(samples: np.ndarray, heard: np.ndarray, config: PitchConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return F0 in Hz, NaN where unvoiced, and the periodicity of every frame [shape=(t,), float64]."""
    longest = math.ceil(SAMPLE_RATE * _MARGIN / config.f0_min)
    shortest = math.floor(SAMPLE_RATE / (config.f0_max * _MARGIN))
    window = 2 * longest
    # A window and its shifted copy span window + period samples: a middling period is centred, the others nearly.
    middling = round(SAMPLE_RATE / math.sqrt(config.f0_min * config.f0_max))
    parts = []
    for block, _, _ in _blocks(samples, window + longest, (window + middling) // 2, config.hop):
        frames = np.lib.stride_tricks.sliding_window_view(block, window + longest)[:: config.hop]
        parts.append(_candidates(*_difference(frames, longest), shortest))
    f0, strength = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    inside = (f0 >= config.f0_min / _TOLERANCE) & (f0 <= config.f0_max * _TOLERANCE)
    strength[~inside] = -np.inf
    chosen = _cheapest_path(f0, strength, heard, config)
    rows = np.arange(len(f0))
    return np.where(chosen >= 0, f0[rows, chosen], np.nan), np.maximum(0.0, strength.max(axis=1))


def _difference(frames: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return YIN's difference function and its cumulative mean normalised form [shape=(t, longest + 1), float64].

    Frames [shape=(t, window + longest)] are compared with themselves shifted by 0 to *longest* samples.
    """
    from scipy import fft

    window = frames.shape[1] - longest
    points = fft.next_fast_len(frames.shape[1], real=True)
    spectrum = fft.rfft(frames[:, :window], points, axis=1).conj() * fft.rfft(frames, points, axis=1)
    products = fft.irfft(spectrum, points, axis=1)[:, : longest + 1]
    energy = np.cumsum(np.pad(np.square(frames, dtype=np.float64), ((0, 0), (1, 0))), axis=1)
    shifted = energy[:, window : window + longest + 1] - energy[:, : longest + 1]
    difference = np.maximum(shifted[:, :1] + shifted - 2 * products, 0.0)
    difference[:, 0] = 0.0
    mean = np.cumsum(difference, axis=1) / np.maximum(np.arange(longest + 1), 1)
    normalised = np.ones_like(difference)
    np.divide(difference, mean, out=normalised, where=mean > 1e-7 * window)
    return difference, normalised


def _candidates(difference: np.ndarray, normalised: np.ndarray, shortest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return F0 in Hz and periodicity of the best dips [shape=(t, 5), float64]; -inf where there are fewer.

    Both are refined by a parabola through the plain function, since the normalisation shifts its dips (de Cheveigné &
    Kawahara 2002, step 5). Without it multiples of the period that happen to be whole samples would look deeper.
    """
    dips = normalised[:, shortest:-1]
    lowest = (dips < normalised[:, shortest - 1 : -2]) & (dips <= normalised[:, shortest + 1 :])
    rows, places = np.nonzero(lowest)
    before, here, after = (difference[rows, places + shortest + shift] for shift in (-1, 0, 1))
    bend = before + after - 2 * here
    offset = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend > 0).clip(-1, 1)
    refined = np.maximum(here - 0.25 * (before - after) * offset, 0.0)
    depth = np.divide(refined, here, out=np.ones_like(here), where=here > 0) * dips[rows, places]
    f0 = np.full(dips.shape, float(SAMPLE_RATE))
    strength = np.full(dips.shape, -np.inf)
    f0[rows, places] = SAMPLE_RATE / (places + shortest + offset)
    strength[rows, places] = 1.0 - depth
    best = np.argpartition(-strength - _OCTAVE_GAIN * np.log2(f0), _CANDIDATES, axis=1)[:, :_CANDIDATES]
    return np.take_along_axis(f0, best, axis=1), np.take_along_axis(strength, best, axis=1)


def _cheapest_path(f0: np.ndarray, strength: np.ndarray, heard: np.ndarray, config: PitchConfig) -> np.ndarray:
    """Return which candidate each frame takes, -1 for none [shape=(t,), int64] (Viterbi; Boersma 1993)."""
    octaves = np.log2(f0)
    scale = 160 / config.hop  # changes cost the same a second, whatever the hop
    gain = np.full((len(f0), _CANDIDATES + 1), config.voiced_periodicity)
    gain[:, :-1] = np.where(heard[:, None], strength + _OCTAVE_GAIN * (octaves - np.log2(config.f0_min)), -np.inf)
    change = np.full((len(f0), _CANDIDATES + 1, _CANDIDATES + 1), _VOICING_CHANGE * scale)
    change[1:, :-1, :-1] = _OCTAVE_JUMP * scale * np.abs(octaves[1:, None, :] - octaves[:-1, :, None])
    change[:, -1, -1] = 0.0
    total, best = gain[0], np.zeros(gain.shape, np.int64)
    columns = np.arange(_CANDIDATES + 1)
    for frame in range(1, len(f0)):
        reached = total[:, None] - change[frame]
        best[frame] = reached.argmax(axis=0)
        total = reached[best[frame], columns] + gain[frame]
    path = np.empty(len(f0), np.int64)
    path[-1] = total.argmax()
    for frame in range(len(f0) - 1, 0, -1):
        path[frame - 1] = best[frame, path[frame]]
    return np.where(path == _CANDIDATES, -1, path)


def _pyin(samples: np.ndarray, config: PitchConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return F0 in Hz, NaN where unvoiced, and the probability of voice [shape=(t,), float64]."""
    import librosa

    length = 64 * math.ceil(4 * SAMPLE_RATE / config.f0_min / 64)
    parts = []
    for block, skip, keep in _blocks(samples, length, length // 2, config.hop, _OVERLAP):
        f0, _, probability = librosa.pyin(
            block, fmin=config.f0_min, fmax=config.f0_max, sr=SAMPLE_RATE, frame_length=length,
            hop_length=config.hop, center=False,
        )  # fmt: skip
        parts.append((f0[skip : skip + keep], probability[skip : skip + keep]))
    f0, probability = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return f0, probability
