"""Voice quality: how evenly the vocal folds swing, and how much breath or roughness is in the voice.

Jitter is the unevenness of the glottal periods, shimmer that of their strengths, the harmonics-to-noise ratio how much
of the energy repeats itself. The methods and limits are Praat's (Boersma & Weenink): "To PointProcess (cc)" finds the
pulses, "Get jitter", "Get shimmer" and "To Harmonicity (ac)" measure. On acted or spontaneous speech rather than held
vowels, intonation itself raises jitter and shimmer: compare clips, do not diagnose.

pitch = track_pitch(samples)
pulses = glottal_pulses(samples, pitch)
print(jitter(samples, pitch, pulses=pulses).local, shimmer(samples, pitch, pulses=pulses).local_db)
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.features.formants import gaussian_window
from ser_core.features.pitch import Pitch
from ser_core.features.pulses import FARTHEST, NEAREST, at_full_scale, glottal_pulses

__all__ = ["Jitter", "Shimmer", "glottal_pulses", "harmonics_to_noise", "jitter", "shimmer"]

# Praat's limits: what is shorter, longer or more uneven than this is no pair of glottal periods.
_PERIOD_FLOOR_S, _PERIOD_CEILING_S = 0.0001, 0.02
_PERIOD_FACTOR = 1.3
_AMPLITUDE_FACTOR = 1.6

_PERIODS_PER_WINDOW = 4.5  # of the lowest pitch (Boersma 1993)
_BLOCK = 64  # frames at a time: their spectra stay in the processor's cache
_DEPTH = 30  # samples either side of the peak that its interpolation reads
_FINE = np.arange(-8, 9) / 8  # where, in samples from the highest lag, the autocorrelation is interpolated
_LEAST, _MOST = 1e-4, 1 - 1e-6  # of an autocorrelation: -40 and 60 dB


@dataclass(frozen=True)
class Jitter:
    """Unevenness of the glottal periods, as fractions of the mean period; NaN where there are too few.

    Attributes
    ----------
    local
        Mean difference between neighbouring periods. In a held vowel, 0.0104 is a usual threshold of hoarseness.
    rap
        Relative average perturbation: difference of a period from the mean of itself and its two neighbours.
    ppq5
        The same over five periods, so that intonation counts less.
    """

    local: float
    rap: float
    ppq5: float


@dataclass(frozen=True)
class Shimmer:
    """Unevenness of the strengths of glottal periods; NaN where there are too few.

    Attributes
    ----------
    local
        Mean difference between neighbouring amplitudes, as a fraction of the mean amplitude.
    local_db
        Mean absolute ratio of neighbouring amplitudes in dB.
    apq3
        Difference of an amplitude from the mean of itself and its two neighbours, as a fraction of the mean amplitude.
    """

    local: float
    local_db: float
    apq3: float


def jitter(samples: np.ndarray, pitch: Pitch, *, pulses: np.ndarray | None = None) -> Jitter:
    """Return the jitter over all voiced stretches of mono sound at 16 kHz [shape=(n,)].

    Parameters
    ----------
    samples
        The sound.
    pitch
        Its pitch contour.
    pulses
        :func:`glottal_pulses` of both, where they are at hand.

    Raises
    ------
    AudioError
        If the contour is not as long as the sound.
    """
    times = glottal_pulses(samples, pitch) if pulses is None else pulses
    periods = np.diff(times)
    mean = _mean(periods[_is_period(periods)])
    if math.isnan(mean):
        return Jitter(math.nan, math.nan, math.nan)
    pairs = _even_pairs(periods)
    differences = np.abs(np.diff(periods))[pairs]
    rap, ppq5 = (_mean(_deviations(periods, pairs, width)) / mean for width in (3, 5))
    return Jitter(_mean(differences) / mean, rap, ppq5)


def shimmer(samples: np.ndarray, pitch: Pitch, *, pulses: np.ndarray | None = None) -> Shimmer:
    """Return the shimmer over all voiced stretches of mono sound at 16 kHz [shape=(n,)].

    An amplitude is the RMS under a Hann window of 0.4 periods around a pulse. Parameters and errors as for jitter.
    """
    times = glottal_pulses(samples, pitch) if pulses is None else pulses
    times, amplitudes = _amplitudes(np.asarray(samples, dtype=np.float32), times)
    if len(times) < 2:
        return Shimmer(math.nan, math.nan, math.nan)
    steps = np.diff(times)
    ratios = amplitudes[1:] / amplitudes[:-1]
    pairs = (steps <= _PERIOD_CEILING_S) & (np.maximum(ratios, 1 / ratios) <= _AMPLITUDE_FACTOR)
    mean = float(amplitudes[:-1].mean())  # Praat leaves out the last
    return Shimmer(
        _mean(np.abs(np.diff(amplitudes))[pairs]) / mean,
        _mean(np.abs(20 * np.log10(ratios[pairs]))),
        _mean(_deviations(amplitudes, pairs, 3)) / mean,
    )


def harmonics_to_noise(samples: np.ndarray, pitch: Pitch) -> np.ndarray:
    """Return the harmonics-to-noise ratio in dB of each frame [shape=(t,), float32], NaN where *pitch* is unvoiced.

    The autocorrelation of the windowed sound, divided by that of the window, is at one period the share r of the
    energy that repeats itself: 10 log10(r / (1 - r)) (Boersma 1993). 0 dB is half noise, 20 dB a clear vowel; values
    are held between -40 and 60 dB. The window is Praat's Gaussian, effectively 4.5 periods of the lowest pitch long:
    pitch that glides meanwhile lowers the ratio.

    Raises
    ------
    AudioError
        If the contour is not as long as the sound.
    """
    sound = at_full_scale(samples, pitch)
    ratio = np.full(len(pitch.voiced), np.nan, dtype=np.float32)
    voiced = np.flatnonzero(pitch.voiced)
    if not len(voiced):
        return ratio
    periods = SAMPLE_RATE / pitch.f0_hz[voiced].astype(np.float64)
    length = 2 * math.ceil(_PERIODS_PER_WINDOW * SAMPLE_RATE / pitch.config.f0_min)
    padded = np.pad(sound, length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)
    for start in range(0, len(voiced), _BLOCK):
        rows = voiced[start : start + _BLOCK]
        strength = _periodic_share(frames[rows * pitch.config.hop], periods[start : start + _BLOCK])
        share = np.clip(strength, _LEAST, _MOST)
        ratio[rows] = 10 * np.log10(share / (1 - share))
    return ratio


def _within_limits(periods: np.ndarray) -> np.ndarray:
    return (periods >= _PERIOD_FLOOR_S) & (periods <= _PERIOD_CEILING_S)


def _even_pairs(periods: np.ndarray) -> np.ndarray:
    """Return which neighbours are both glottal periods, and alike enough [shape=(len(periods) - 1,), bool]."""
    inside = _within_limits(periods)
    before, after = periods[:-1], periods[1:]
    return inside[:-1] & inside[1:] & (np.maximum(before, after) <= _PERIOD_FACTOR * np.minimum(before, after))


def _is_period(periods: np.ndarray) -> np.ndarray:
    """Return which intervals are glottal periods: within the limits, and not unlike both neighbours."""
    before, after = periods[:-1], periods[1:]
    unlike = np.maximum(before, after) > _PERIOD_FACTOR * np.minimum(before, after)
    alone = np.zeros(len(periods), bool)
    alone[1:-1] = unlike[:-1] & unlike[1:]
    return _within_limits(periods) & ~alone


def _deviations(values: np.ndarray, pairs: np.ndarray, width: int) -> np.ndarray:
    """Return how far each value lies from the mean of the *width* around it, where all neighbours among them pair."""
    if len(values) < width:
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    usable = np.lib.stride_tricks.sliding_window_view(pairs, width - 1).all(axis=1)
    return np.abs(windows[:, width // 2] - windows.mean(axis=1))[usable]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _amplitudes(sound: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return times and strengths of pulses between two even periods: RMS under a Hann window of 0.4 periods."""
    inner = np.flatnonzero(_even_pairs(np.diff(times))) + 1
    left, right = (0.2 * SAMPLE_RATE * (times[inner + side] - times[inner + side - 1])[:, None] for side in (0, 1))
    centre = times[inner, None] * SAMPLE_RATE
    reach = math.ceil(max(left.max(initial=0.0), right.max(initial=0.0))) + 1
    places = np.round(centre).astype(np.int64) + np.arange(-reach, reach + 1)
    phase = np.where(places < centre, (places - centre) / left, (places - centre) / right)
    inside = (np.abs(phase) <= 1) & (places >= 0) & (places < len(sound))
    window = np.where(inside, 0.5 + 0.5 * np.cos(np.pi * phase), 0.0)
    values = sound[np.clip(places, 0, max(0, len(sound) - 1))] if len(inner) else np.zeros_like(window)
    weight = np.square(window).sum(axis=1)
    strength = np.sqrt(np.square(values * window).sum(axis=1) / np.maximum(weight, 1e-12))
    heard = strength > 0
    return times[inner][heard], strength[heard]


def _periodic_share(frames: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return the height of the autocorrelation's peak near one period [shape=(m,)] of frames [shape=(m, length)]."""
    from scipy import fft

    window, of_window = _window_and_autocorrelation(frames.shape[1])
    lags = math.ceil(FARTHEST * float(periods.max())) + _DEPTH + 2
    size = fft.next_fast_len(frames.shape[1] + lags, real=True)
    spectrum = fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, size)
    energy = fft.irfft(np.square(spectrum.real) + np.square(spectrum.imag), size)[:, :lags]
    shares = energy / np.maximum(energy[:, :1] * of_window[:lags], np.finfo(np.float32).tiny)
    lag = np.arange(lags)
    near = (lag >= np.floor(NEAREST * periods[:, None])) & (lag <= np.ceil(FARTHEST * periods[:, None]))
    best = np.where(near, shares, -np.inf).argmax(axis=1)
    # The peak lies between samples: interpolated with neighbours on both sides, an autocorrelation being symmetric.
    around = np.abs(best[:, None] + np.arange(-_DEPTH, _DEPTH + 1))
    fine = np.take_along_axis(shares, around, axis=1) @ _sinc()
    top = np.clip(fine.argmax(axis=1), 1, len(_FINE) - 2)[:, None]
    before, height, after = np.take_along_axis(fine, top + np.array([-1, 0, 1]), axis=1).astype(np.float64).T
    bend, slope = 2 * height - before - after, (after - before) / 2
    height += np.divide(slope**2, 2 * bend, out=np.zeros_like(bend), where=bend > 0)
    return np.where(height > 1, 1 / np.maximum(height, 1), height)


@functools.cache
def _window_and_autocorrelation(length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the window and its autocorrelation from lag 0, which is 1 [shape=(length,) each, float32]."""
    window = gaussian_window(length)
    spectrum = np.fft.rfft(window.astype(np.float64), 2 * length)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:length]
    return window, (correlation / correlation[0]).astype(np.float32)


@functools.cache
def _sinc() -> np.ndarray:
    """Return weights that interpolate at the fine places [shape=(2 * depth + 1, fine places), float32]."""
    distance = np.arange(-_DEPTH, _DEPTH + 1)[:, None] - _FINE
    taper = 0.5 + 0.5 * np.cos(np.pi * distance / (_DEPTH + 1.5))
    return (np.sinc(distance) * taper).astype(np.float32)
