"""How strong the sound is: its envelope for a picture, RMS, intensity in decibels, and zero crossings."""

from __future__ import annotations

import functools

import numpy as np

from ser_core.audio import SAMPLE_RATE

#: What :func:`intensity_db` gives for digital silence.
FLOOR_DB = -120.0


def envelope(samples: np.ndarray, columns: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and largest sample of each of at most *columns* equal parts [shape=(columns,), float32]."""
    columns = max(1, min(columns, len(samples)))
    edges = np.linspace(0, len(samples), columns, endpoint=False).astype(np.int64)
    return (
        np.minimum.reduceat(samples, edges).astype(np.float32),
        np.maximum.reduceat(samples, edges).astype(np.float32),
    )


def rms(samples: np.ndarray, window: int = 400, hop: int = 160) -> np.ndarray:
    """Return the root mean square of the *window* samples around each frame's centre [shape=(t,), float32].

    Full scale is 1.0: a sine that just fits has 0.707, a square wave 1.0.
    """
    import librosa

    half = window // 2
    padded = np.pad(samples, (half, window - half))
    return librosa.feature.rms(y=padded, frame_length=window, hop_length=hop, center=False)[0].astype(np.float32)


def intensity_db(samples: np.ndarray, hop: int = 160, pitch_floor_hz: float = 100.0) -> np.ndarray:
    """Return the intensity contour in dB relative to full scale [shape=(t,), float32], not below -120.

    Squares are averaged under a Kaiser window (beta 20) of 6.4 periods of the lowest pitch, so that the glottal pulses
    leave no ripple, as Praat does (Boersma & Weenink, "Sound: To Intensity..."). A full-scale sine has -3 dB.
    """
    from scipy.signal import upfirdn

    window = _kaiser(pitch_floor_hz)
    half = len(window) // 2
    lead = -half % hop  # so that a frame's centre falls on an output of the decimated filter
    squares = np.pad(np.square(samples, dtype=np.float64), (lead, 0))
    first = (half + lead) // hop
    power = upfirdn(window, squares, down=hop)[first : first + 1 + len(samples) // hop]
    return (10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))).astype(np.float32)


def zero_crossing_rate(samples: np.ndarray, window: int = 400, hop: int = 160) -> np.ndarray:
    """Return the share of samples whose sign differs from the one before, 0..1 [shape=(t,), float32].

    Hissing sounds cross zero often, voiced ones seldom. Beyond both ends the outermost sample is repeated.
    """
    import librosa

    half = window // 2
    padded = np.pad(samples, (half, window - half), mode="edge")
    rate = librosa.feature.zero_crossing_rate(padded, frame_length=window, hop_length=hop, center=False, pad=False)
    return rate[0].astype(np.float32)


@functools.lru_cache(maxsize=8)
def _kaiser(pitch_floor_hz: float) -> np.ndarray:
    """Return an odd window of sum 1 [shape=(2 m + 1,), float64]."""
    half = round(3.2 / pitch_floor_hz * SAMPLE_RATE)
    values = np.kaiser(2 * half + 1, 20.0)
    return values / values.sum()
