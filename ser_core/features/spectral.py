"""The shape of the spectrum, one value a frame: bright or dull, tonal or noisy, steady or changing, tense or relaxed.

Each function takes :func:`ser_core.features.spectrum.power_spectrum` [shape=(n_fft // 2 + 1, t)] and its settings.
Frames are independent of each other but for :func:`flux`; a silent frame has 0 unless the function says otherwise.
"""

from __future__ import annotations

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.features.spectrum import SpectrumConfig, frequencies

#: Power below this counts as this, so that silence has a logarithm; full scale is about 10,000.
_LEAST = 1e-10


def centroid(power: np.ndarray, config: SpectrumConfig | None = None) -> np.ndarray:
    """Return the centre of gravity of the magnitude spectrum in Hz [shape=(t,), float32] (Klapuri & Davy 2006)."""
    import librosa

    return _row(librosa.feature.spectral_centroid(S=np.sqrt(power), sr=SAMPLE_RATE))


def bandwidth(power: np.ndarray, config: SpectrumConfig | None = None) -> np.ndarray:
    """Return the spread around the centroid in Hz [shape=(t,), float32] (Klapuri & Davy 2006)."""
    import librosa

    return _row(librosa.feature.spectral_bandwidth(S=np.sqrt(power), sr=SAMPLE_RATE))


def rolloff(power: np.ndarray, config: SpectrumConfig | None = None, share: float = 0.85) -> np.ndarray:
    """Return below which frequency in Hz that share of the magnitude lies [shape=(t,), float32]."""
    import librosa

    return _row(librosa.feature.spectral_rolloff(S=np.sqrt(power), sr=SAMPLE_RATE, roll_percent=share))


def flatness(power: np.ndarray, config: SpectrumConfig | None = None) -> np.ndarray:
    """Return the geometric over the arithmetic mean of the power, 0 (tone) to 1 (noise, and silence).

    [shape=(t,), float32] (Gray & Markel 1974; Dubnov 2004).
    """
    import librosa

    return _row(librosa.feature.spectral_flatness(S=np.sqrt(power)))


def flux(power: np.ndarray, config: SpectrumConfig | None = None) -> np.ndarray:
    """Return how much the spectrum changes from the frame before [shape=(t,), float32]; the first frame has 0.

    The Euclidean distance of magnitude spectra that were brought to a sum of 1 (Scheirer & Slaney 1997).
    """
    magnitude = np.sqrt(power)
    total = magnitude.sum(axis=0, keepdims=True)
    unit = np.divide(magnitude, total, out=np.zeros_like(magnitude), where=total > 0)
    change = np.diff(unit, axis=1, prepend=unit[:, :1])
    return np.sqrt(np.square(change).sum(axis=0)).astype(np.float32)


def contrast(power: np.ndarray, config: SpectrumConfig | None = None, bands: int = 5) -> np.ndarray:
    """Return peak over valley in dB below 200 Hz and in *bands* octaves above [shape=(bands + 1, t), float32].

    The mean of the strongest and of the weakest 2 % of the bins of each band (Jiang et al. 2002).
    """
    import librosa

    values = librosa.feature.spectral_contrast(S=np.sqrt(power), sr=SAMPLE_RATE, n_bands=bands)
    return np.asarray(values, dtype=np.float32)


def alpha_ratio(power: np.ndarray, config: SpectrumConfig | None = None) -> np.ndarray:
    """Return the energy from 50 Hz to 1 kHz over that from 1 to 5 kHz in dB [shape=(t,), float32] (Eyben 2016).

    A relaxed, low voice has a high one; shouting moves energy up.
    """
    low, high = _band(power, config, 50, 1000).sum(axis=0), _band(power, config, 1000, 5000).sum(axis=0)
    return _decibels(low) - _decibels(high)


def hammarberg_index(power: np.ndarray, config: SpectrumConfig | None = None) -> np.ndarray:
    """Return the strongest bin below 2 kHz over that from 2 to 5 kHz in dB [shape=(t,), float32] (Hammarberg 1980)."""
    low, high = _band(power, config, 0, 2000).max(axis=0), _band(power, config, 2000, 5000).max(axis=0)
    return _decibels(low) - _decibels(high)


def slope(
    power: np.ndarray, config: SpectrumConfig | None = None, low_hz: float = 0.0, high_hz: float = 5000.0
) -> np.ndarray:
    """Return the slope of the straight line through the level in dB between two frequencies, in dB per kHz.

    [shape=(t,), float32]; Eyben (2016) takes it from 0 to 500 and from 500 to 1500 Hz.
    """
    bins = frequencies(config)
    chosen = (bins >= low_hz) & (bins <= high_hz)
    offset = (bins[chosen] - bins[chosen].mean()) / 1000
    levels = _decibels(power[chosen])
    return ((offset / np.square(offset).sum()).astype(np.float32) @ levels).astype(np.float32)


def _band(power: np.ndarray, config: SpectrumConfig | None, low_hz: float, high_hz: float) -> np.ndarray:
    bins = frequencies(config)
    return power[(bins >= low_hz) & (bins < high_hz)]


def _decibels(power: np.ndarray) -> np.ndarray:
    return (10 * np.log10(np.maximum(power, _LEAST))).astype(np.float32)


def _row(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[0], dtype=np.float32)
