"""Another pitch, pitch range or speaking rate for a voice, by analysis and resynthesis."""

from __future__ import annotations

from ser_core.audio import Waveform

#: Longer recordings are not resynthesised, in seconds.
MAX_VOICE_SECONDS = 120.0


def change_voice(
    waveform: Waveform, *, pitch_semitones: float = 0.0, range_factor: float = 1.0, speed: float = 1.0
) -> Waveform:
    """Return the same speaker with another melody or rate."""
    raise NotImplementedError
