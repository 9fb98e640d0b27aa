"""Formants: the resonances of the vocal tract, which say what vowel is spoken and how tense the articulation is.

Linear prediction by Burg's method (1967) on Gaussian-windowed frames and the roots of its polynomial (Markel & Gray
1976), with the settings and rules of Praat's "To Formant (burg)" (Boersma & Weenink): the sound is resampled to twice
the ceiling, so that `count` formants are sought where that many lie in a voice of this sex and age.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE


class FormantConfig(BaseModel):
    """Settings of the formants; frequencies in Hz, the hop in samples at 16 kHz.

    The ceiling is what matters most: 5500 Hz suits adult female voices, 5000 Hz male ones, 8000 Hz young children.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(5, ge=1, le=8)
    ceiling_hz: float = Field(5500.0, ge=2000, le=SAMPLE_RATE / 2)
    window_s: float = Field(0.025, ge=0.01, le=0.1, description="effective length; the Gaussian is twice as long")
    pre_emphasis_hz: float = Field(50.0, ge=0, description="+6 dB an octave from here; 1e6 for none")
    hop: int = Field(160, ge=16, le=4096)


@dataclass(frozen=True)
class Formants:
    """Formants on the shared time axis, the lowest first.

    Attributes
    ----------
    frequencies_hz
        [shape=(count, t), float32]; NaN where a frame has fewer formants, and in silence.
    bandwidths_hz
        [shape=(count, t), float32]; a narrow one is a clear resonance. NaN as above.
    """

    frequencies_hz: np.ndarray
    bandwidths_hz: np.ndarray


_BLOCK = 1024  # frames at a time, so that ten minutes need no more memory than ten seconds
_MARGIN_HZ = 50.0  # a root nearer than this to 0 Hz or the ceiling is no resonance (Praat)
_GUARD = 512  # samples of zeros behind the sound while it is resampled
_SILENCE = 1e-10  # power of a frame relative to the largest sample, -100 dB: rounding and ringing, no sound


def formants(samples: np.ndarray, config: FormantConfig | None = None) -> Formants:
    """Return frequencies and bandwidths of the formants [shape=(count, t) each], t = 1 + n // hop.

    Parameters
    ----------
    samples
        Sound at 16 kHz [shape=(n,), float32].
    config
        By default five formants below 5500 Hz.

    Notes
    -----
    Every sounding frame gets values, voiced or not: those of fricatives and noise mean little, so read them where the
    pitch is voiced. Telephone material (8 kHz) holds nothing above 4 kHz, so that F4 and F5 are not to be trusted.
    """
    config = config or FormantConfig()
    rate = 2 * config.ceiling_hz
    sound = _pre_emphasised(_resampled(samples, rate), rate, config.pre_emphasis_hz)
    window = gaussian_window(int(2 * config.window_s * rate) // 2 * 2)
    half = len(window) // 2
    count = 1 + len(samples) // config.hop
    starts = np.round(np.arange(count) * (config.hop / SAMPLE_RATE * rate)).astype(np.int64)
    sound = np.pad(sound, (half, max(0, int(starts[-1]) + half - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(sound, len(window))
    heard = _heard(samples, count, config)
    frequencies = np.full((count, config.count), np.nan, dtype=np.float32)
    bandwidths = frequencies.copy()
    for first in range(0, count, _BLOCK):
        block = frames[starts[first : first + _BLOCK]] * window
        power = np.einsum("ij,ij->i", block, block) / len(window)
        rows = np.flatnonzero((power > _SILENCE) & heard[first : first + _BLOCK])
        if len(rows):
            # Brought to the same level, so that squares of quiet frames do not run out of float32.
            unit = block[rows] / np.sqrt(power[rows, None])
            found = _resonances(burg(unit, 2 * config.count), rate)
            frequencies[first + rows], bandwidths[first + rows] = found
    return Formants(np.ascontiguousarray(frequencies.T), np.ascontiguousarray(bandwidths.T))


def burg(frames: np.ndarray, order: int) -> np.ndarray:
    """Return the prediction polynomials of frames by Burg's method (1967), as :func:`librosa.lpc` does for one.

    Parameters
    ----------
    frames
        [shape=(m, length)], more samples than *order*.
    order
        Poles; two a formant.

    Returns
    -------
    np.ndarray
        1, a1 ... a_order of each frame [shape=(m, order + 1), float64]; all roots lie within the unit circle.
    """
    forward, backward = frames[:, 1:], frames[:, :-1]
    polynomials = np.zeros((len(frames), order + 1))
    polynomials[:, 0] = 1.0
    for step in range(order):
        energy = np.einsum("ij,ij->i", forward, forward) + np.einsum("ij,ij->i", backward, backward)
        product = np.einsum("ij,ij->i", forward, backward)
        reflection = -2 * product / np.maximum(energy, np.finfo(np.float32).tiny)
        polynomials[:, 1 : step + 2] += reflection[:, None] * polynomials[:, step::-1]
        if step + 1 < order:
            weight = reflection[:, None]
            forward, backward = (
                forward[:, 1:] + weight * backward[:, 1:],
                backward[:, :-1] + weight * forward[:, :-1],
            )
    return polynomials


def _resonances(polynomials: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies and bandwidths in Hz [shape=(m, order // 2)], sorted, NaN where a root is no resonance."""
    order = polynomials.shape[1] - 1
    companions = np.zeros((len(polynomials), order, order))
    companions[:, 0] = -polynomials[:, 1:]
    companions[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    roots = np.linalg.eigvals(companions)
    frequencies = np.angle(roots) * (rate / (2 * np.pi))
    frequencies[~((frequencies >= _MARGIN_HZ) & (frequencies <= rate / 2 - _MARGIN_HZ))] = np.nan
    # Roots come in conjugate pairs and one of each is left: NaN sort last, so the first half holds all.
    rows = np.argsort(frequencies, axis=1)[:, : order // 2]
    frequencies = np.take_along_axis(frequencies, rows, axis=1)
    radius = np.clip(np.abs(np.take_along_axis(roots, rows, axis=1)), 1e-12, 1.0)
    bandwidths = np.where(np.isnan(frequencies), np.nan, -np.log(radius) * (rate / np.pi))
    return frequencies, bandwidths


def _heard(samples: np.ndarray, count: int, config: FormantConfig) -> np.ndarray:
    """Return which frames hold any sound [shape=(count,), bool]: resampled digital silence rings."""
    sounding = np.concatenate([[0], np.cumsum(np.asarray(samples) != 0)])
    reach = round(config.window_s * SAMPLE_RATE)
    centres = np.arange(count) * config.hop
    ends = (np.clip(centres + side, 0, len(samples)) for side in (reach, -reach))
    later, earlier = (sounding[end] for end in ends)
    return later > earlier


def _resampled(samples: np.ndarray, rate: float) -> np.ndarray:
    """Return sound at *rate*, cut off at its Nyquist frequency as by a wall (Praat does so too).

    A resampler meant for listening rolls off below the wall; the prediction would spend poles on that slope and put
    the formants up to 13 % too low.
    """
    from scipy import fft

    if rate == SAMPLE_RATE:
        return np.asarray(samples, dtype=np.float32)
    # Multiples of 160, so that the ratio of the lengths is that of the rates; zeros against wrapping around.
    length = 160 * fft.next_fast_len(-(-(len(samples) + _GUARD) // 160), real=True)
    target = round(length * rate / SAMPLE_RATE)
    spectrum = fft.rfft(np.asarray(samples, dtype=np.float32), length)[: target // 2 + 1]
    resampled = fft.irfft(spectrum, target)[: round(len(samples) * rate / SAMPLE_RATE)]
    return resampled * np.float32(target / length)


def _pre_emphasised(samples: np.ndarray, rate: float, corner_hz: float) -> np.ndarray:
    """Return the sound less most of its previous sample, the largest at 1 so that squares of a quiet one stay."""
    emphasised = samples.copy()
    emphasised[1:] -= np.float32(np.exp(-2 * np.pi * corner_hz / rate)) * samples[:-1]
    loudest = np.abs(emphasised).max(initial=np.float32(0.0))
    return emphasised / loudest if loudest > 0 else emphasised


@functools.cache
def gaussian_window(length: int) -> np.ndarray:
    """Return Praat's Gaussian window, 0 one sample beyond its ends [shape=(length,), float32].

    It is effectively half as long, and has no side lobes to speak of.
    """
    middle, edge = 0.5 * (length + 1), np.exp(-12.0)
    place = np.arange(1, length + 1) - middle
    return ((np.exp(-48.0 * (place / (length + 1)) ** 2) - edge) / (1.0 - edge)).astype(np.float32)
