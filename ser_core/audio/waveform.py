"""The form in which sound travels through the package."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import soundfile as sf

#: Every waveform in the package has this many samples a second.
SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Waveform:
    """Mono sound at 16 kHz, with what is known of where it came from.

    Attributes
    ----------
    samples
        Sound pressure, full scale = 1.0 [shape=(n,), float32].
    original_rate
        Samples a second before resampling, in Hz.
    original_channels
        Channels before they were averaged.
    name
        A name to show a person, such as the file's name.
    """

    samples: np.ndarray
    original_rate: int = SAMPLE_RATE
    original_channels: int = 1
    name: str = "audio"

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE

    def cut(self, start_s: float, end_s: float) -> Waveform:
        """Return the part from *start_s* to *end_s* (seconds)."""
        first, last = (max(0, round(time_s * SAMPLE_RATE)) for time_s in (start_s, end_s))
        part = self.samples[first:last]
        return Waveform(part, self.original_rate, self.original_channels, self.name)

    def to_wav(self) -> bytes:
        """Return the samples as a 16-bit WAV file, for players and downloads."""
        buffer = io.BytesIO()
        sf.write(buffer, np.clip(self.samples, -1, 1), SAMPLE_RATE, format="WAV", subtype="PCM_16")
        return buffer.getvalue()
