"""A sound really compressed and decoded again, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ser_core.audio import Waveform

CodecName = Literal["opus", "mp3", "aac", "amr-nb", "mu-law"]


@dataclass(frozen=True)
class Codec:
    """A way to compress: its encoder, sample rate in Hz, the bit rates worth offering and the usual one (kbit/s)."""

    encoder: str
    rate: int
    kbit_s: tuple[float, ...]
    default_kbit_s: float

    def check_rate(self, kbit_s: float) -> None:
        """Raise :class:`AudioError` unless the codec has this bit rate."""


CODECS: Mapping[CodecName, Codec] = {
    "opus": Codec("libopus", 16_000, (6, 8, 12, 16, 24, 32, 48, 64, 96, 128), 24),
    "mp3": Codec("libmp3lame", 16_000, (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128), 64),
    "aac": Codec("aac", 16_000, (8, 12, 16, 24, 32, 48, 64, 96), 64),
    "amr-nb": Codec("libopencore_amrnb", 8_000, (4.75, 5.15, 5.9, 6.7, 7.4, 7.95, 10.2, 12.2), 12.2),
    "mu-law": Codec("pcm_mulaw", 8_000, (64,), 64),
}


def encode(waveform: Waveform, codec: CodecName, kbit_s: float | None = None) -> Waveform:
    """Return the sound after encoding and decoding."""
    raise NotImplementedError
