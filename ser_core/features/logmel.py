"""Log-mel spectrogram: the picture of the voice that the networks read.

Short-time Fourier transform with a Hann window, power, triangular mel bands (Slaney 1998, the default of librosa),
then decibels relative to the loudest cell, so that the level of the microphone does not matter.
"""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE, Waveform, speech_span


class LogMelConfig(BaseModel):
    """Settings of the front end; lengths in samples at 16 kHz, frequencies in Hz, levels in dB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["log-mel"] = "log-mel"
    n_mels: int = Field(64, ge=8, le=256)
    n_fft: int = Field(512, ge=64, le=8192)
    window: int = Field(400, ge=32, le=8192)
    hop: int = Field(160, ge=16, le=4096)
    f_min: float = Field(50.0, ge=0)
    f_max: float = Field(7600.0, le=SAMPLE_RATE / 2)
    range_db: float = Field(80.0, gt=0)
    trim: bool = Field(True, description="cut what lies before the first and after the last speech")


def log_mel(waveform: Waveform, config: LogMelConfig | None = None) -> np.ndarray:
    """Return the log-mel spectrogram in dB relative to its maximum [shape=(n_mels, t), float32, -range_db..0].

    One frame lies at every hop, centred, with zeros beyond both ends: t = 1 + n // hop. Digital silence gives zeros.
    """
    config = config or LogMelConfig()
    samples = waveform.cut(*speech_span(waveform)).samples if config.trim else waveform.samples
    power = _band_power(samples, config)
    loudest = float(power.max())
    if loudest <= 0.0:
        return np.zeros_like(power)
    floor = 10.0 ** (-config.range_db / 10)
    return (10.0 * np.log10(np.maximum(power / loudest, floor))).astype(np.float32)


def _band_power(samples: np.ndarray, config: LogMelConfig) -> np.ndarray:
    padded = np.pad(samples, config.n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop]
    spectrum = np.fft.rfft(frames * _window(config.window, config.n_fft), axis=1)
    return mel_filters(config) @ (spectrum.real**2 + spectrum.imag**2).T.astype(np.float32)


@functools.cache
def _window(length: int, n_fft: int) -> np.ndarray:
    """Return a periodic Hann window centred in a frame [shape=(n_fft,), float32]."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    left = (n_fft - length) // 2
    return np.pad(hann, (left, n_fft - length - left)).astype(np.float32)


@functools.cache
def mel_filters(config: LogMelConfig) -> np.ndarray:
    """Return triangular filters of equal area [shape=(n_mels, n_fft // 2 + 1), float32] (Slaney's mel scale)."""
    centres = mel_frequencies(config)
    bins = np.fft.rfftfreq(config.n_fft, 1 / SAMPLE_RATE)
    lower, middle, upper = centres[:-2, None], centres[1:-1, None], centres[2:, None]
    rising, falling = (bins - lower) / (middle - lower), (upper - bins) / (upper - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (upper - lower))).astype(np.float32)


def mel_frequencies(config: LogMelConfig) -> np.ndarray:
    """Return the edges and centres of the bands in Hz [shape=(n_mels + 2,)], evenly spaced in mel."""
    return mel_to_hz(np.linspace(hz_to_mel(config.f_min), hz_to_mel(config.f_max), config.n_mels + 2))


def hz_to_mel(frequency: np.ndarray | float) -> np.ndarray:
    """Convert Hz to Slaney's mel: linear to 1 kHz, logarithmic above."""
    hz = np.asarray(frequency, dtype=np.float64)
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def mel_to_hz(mel: np.ndarray | float) -> np.ndarray:
    """Convert Slaney's mel to Hz."""
    value = np.asarray(mel, dtype=np.float64)
    return np.where(value < 15, value * 200 / 3, 1000 * np.exp((value - 15) * np.log(6.4) / 27))


def log_mel_frames(waveform: Waveform, config: LogMelConfig) -> np.ndarray:
    """Return :func:`log_mel` with time first [shape=(t, n_mels)], the form in which clips are stored end to end."""
    return log_mel(waveform, config).T
