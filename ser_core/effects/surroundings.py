"""Where a voice is heard: noise, rooms, the telephone."""

from __future__ import annotations

from typing import Literal

from ser_core.audio import Waveform

NoiseKind = Literal["white", "pink", "babble"]


def add_noise(waveform: Waveform, snr_db: float, kind: NoiseKind = "white", seed: int = 0) -> Waveform:
    """Return the sound with noise *snr_db* below its speech."""
    raise NotImplementedError


def reverberate(waveform: Waveform, rt60_s: float, seed: int = 0) -> Waveform:
    """Return the sound as heard in a room."""
    raise NotImplementedError


def telephone(waveform: Waveform) -> Waveform:
    """Return the sound as a telephone line passes it on."""
    raise NotImplementedError
