"""What a person does to a recording before analysis: trim, split, level, take noise away."""

from __future__ import annotations

from ser_core.audio import Waveform


def trim_silence(waveform: Waveform, margin_s: float = 0.1) -> Waveform:
    """Return the sound from the first to the last speech."""
    raise NotImplementedError


def split_utterances(
    waveform: Waveform, min_gap_s: float = 0.3, min_length_s: float = 0.25, margin_s: float = 0.1
) -> list[tuple[float, float]]:
    """Return the utterances as (start, end) in seconds."""
    raise NotImplementedError


def normalise_level(waveform: Waveform, target_dbfs: float = -26.0) -> Waveform:
    """Return the sound with its speech at one level."""
    raise NotImplementedError


def reduce_noise(waveform: Waveform, strength_db: float = 12.0) -> Waveform:
    """Return the sound with steady noise lowered."""
    raise NotImplementedError


def high_pass(waveform: Waveform, cutoff_hz: float = 80.0) -> Waveform:
    """Return the sound without what lies below *cutoff_hz*."""
    raise NotImplementedError
