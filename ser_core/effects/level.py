"""How loud and with how much effort a voice speaks."""

from __future__ import annotations

from ser_core.audio import Waveform


def change_level(waveform: Waveform, db: float) -> Waveform:
    """Return the sound *db* louder."""
    raise NotImplementedError


def change_effort(waveform: Waveform, db_per_octave: float) -> Waveform:
    """Return the sound with its spectrum tilted above 500 Hz."""
    raise NotImplementedError


def clip(waveform: Waveform, db: float) -> Waveform:
    """Return the sound as if recorded *db* too loud."""
    raise NotImplementedError
