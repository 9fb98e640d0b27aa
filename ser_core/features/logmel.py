"""Log-mel spectrogram: the picture of the voice that the networks read.

Short-time Fourier transform with a Hann window, power, triangular mel bands (Slaney 1998, the default of librosa),
then decibels relative to the loudest cell, so that the level of the microphone does not matter.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE, Waveform, speech_span
from ser_core.features import spectrum
from ser_core.features.spectrum import (
    SpectrumConfig,
    decibels,
    hz_to_mel,
    mel_spectrum,
    mel_to_hz,
    power_spectrum,
)

__all__ = ["LogMelConfig", "hz_to_mel", "log_mel", "log_mel_frames", "mel_filters", "mel_frequencies", "mel_to_hz"]


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
    transform = SpectrumConfig(window=config.window, hop=config.hop, n_fft=config.n_fft)
    power = mel_spectrum(power_spectrum(samples, transform), transform, config.n_mels, config.f_min, config.f_max)
    return decibels(power, config.range_db)


def log_mel_frames(waveform: Waveform, config: LogMelConfig) -> np.ndarray:
    """Return :func:`log_mel` with time first [shape=(t, n_mels)], the form in which clips are stored end to end."""
    return log_mel(waveform, config).T


def mel_filters(config: LogMelConfig) -> np.ndarray:
    """Return the triangular filters of a front end [shape=(n_mels, n_fft // 2 + 1), float32]."""
    return spectrum.mel_filters(config.n_fft, config.n_mels, config.f_min, config.f_max)


def mel_frequencies(config: LogMelConfig) -> np.ndarray:
    """Return the edges and centres of a front end's bands in Hz [shape=(n_mels + 2,)], evenly spaced in mel."""
    return spectrum.mel_frequencies(config.n_mels, config.f_min, config.f_max)
