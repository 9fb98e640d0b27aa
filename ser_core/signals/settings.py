"""The settings with which a person looks at a signal."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE
from ser_core.features.pitch import PitchConfig
from ser_core.features.spectrum import SpectrumConfig, WindowShape

Scale = Literal["linear", "mel", "logarithmic"]


class ViewSettings(BaseModel):
    """How a recording is cut into frames and drawn; times in ms, levels in dB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_ms: float = Field(25.0, ge=2, le=200)
    hop_ms: float = Field(10.0, ge=1, le=100)
    shape: WindowShape = "hann"
    n_mels: int = Field(64, ge=8, le=160)
    range_db: float = Field(80.0, ge=20, le=120)
    scale: Scale = "mel"
    pitch_method: Literal["yin", "pyin"] = "yin"

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        return round(self.hop_ms * SAMPLE_RATE / 1000)

    @property
    def window(self) -> int:
        """Samples in a frame."""
        return round(self.window_ms * SAMPLE_RATE / 1000)

    def spectrum(self, thinning: int = 1) -> SpectrumConfig:
        """Return the settings of the Fourier transform, padded to a power of two of at least 512 points.

        With *thinning* only every so-manieth frame is computed.
        """
        n_fft = max(512, 1 << math.ceil(math.log2(self.window)))
        return SpectrumConfig(window=self.window, hop=self.hop * thinning, n_fft=n_fft, shape=self.shape)

    def pitch(self, thinning: int = 1) -> PitchConfig:
        """Return the settings of the pitch tracker with the same frames."""
        return PitchConfig(hop=self.hop * thinning, method=self.pitch_method)
