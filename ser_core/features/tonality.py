"""Which musical tones a sound holds: chroma and the tonal centroid, made for music; of speech they tell little."""

from __future__ import annotations

import functools

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.features.spectrum import SpectrumConfig


def chroma(power: np.ndarray, config: SpectrumConfig | None = None) -> np.ndarray:
    """Return the energy of the tones C to B over all octaves, the largest of a frame 1 [shape=(12, t), float32].

    *power* is :func:`ser_core.features.spectrum.power_spectrum`; A is 440 Hz (Ellis 2007). Silence has zeros.
    """
    import librosa

    raw = _filters((config or SpectrumConfig()).n_fft) @ power
    return np.asarray(librosa.util.normalize(raw, norm=np.inf, axis=0), dtype=np.float32)


def tonnetz(chroma: np.ndarray) -> np.ndarray:
    """Return the tonal centroid of chroma [shape=(12, t)]: fifths, minor and major thirds as x and y of a circle.

    [shape=(6, t), float32] (Harte, Sandler & Gasser 2006); silence has zeros.
    """
    import librosa

    return np.asarray(librosa.feature.tonnetz(chroma=chroma, sr=SAMPLE_RATE), dtype=np.float32)


@functools.lru_cache(maxsize=8)
def _filters(n_fft: int) -> np.ndarray:
    import librosa

    return np.asarray(librosa.filters.chroma(sr=SAMPLE_RATE, n_fft=n_fft, tuning=0.0), dtype=np.float32)
