"""A sound really compressed and decoded again, in memory, by FFmpeg's encoders (through PyAV, without a container).

The result has the input's length and is in time with it: the delay of each codec is known and taken out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

import av
import numpy as np
import soxr

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.effects.level import with_samples
from ser_core.effects.table import check
from ser_core.errors import AudioError

CodecName = Literal["opus", "mp3", "aac", "amr-nb", "mu-law"]

_BLOCK = 1 << 16


@dataclass(frozen=True)
class Codec:
    """A way to compress speech.

    Attributes
    ----------
    encoder, decoder
        Names of FFmpeg's codecs.
    rate
        Samples a second that are encoded, in Hz.
    kbit_s
        The bit rates it can be asked for, in kbit/s, and *default_kbit_s*, the usual one.
    delay
        By how many samples at 16 kHz the decoded sound comes late.
    """

    title: str
    encoder: str
    decoder: str
    rate: int
    kbit_s: tuple[float, ...]
    default_kbit_s: float
    delay: int = 0

    def check_rate(self, kbit_s: float) -> None:
        """Raise :class:`AudioError` unless the codec has this bit rate."""
        if kbit_s not in self.kbit_s:
            known = ", ".join(f"{rate:g}" for rate in self.kbit_s)
            raise AudioError(f"{self.title} has no bit rate of {kbit_s:g} kbit/s: choose one of {known}.")


CODECS: Mapping[str, Codec] = MappingProxyType(
    {
        "opus": Codec("Opus", "libopus", "opus", 16_000, (6, 8, 12, 16, 24, 32, 48, 64, 96), 24),
        "mp3": Codec("MP3", "libmp3lame", "mp3float", 16_000, (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128), 64),
        "aac": Codec("AAC", "aac", "aac", 16_000, (8, 12, 16, 24, 32, 48, 64, 96), 64, delay=1024),
        "amr-nb": Codec(
            "AMR", "libopencore_amrnb", "amrnb", 8_000, (4.75, 5.15, 5.9, 6.7, 7.4, 7.95, 10.2, 12.2), 12.2, delay=80
        ),
        "mu-law": Codec("G.711 µ-law", "pcm_mulaw", "pcm_mulaw", 8_000, (64,), 64),
    }
)


def encode(waveform: Waveform, codec: CodecName, kbit_s: float | None = None) -> Waveform:
    """Return the sound after encoding and decoding; what lies beyond full scale is cut off first.

    Parameters
    ----------
    kbit_s
        One of the codec's bit rates in kbit/s; by default the usual one.

    Raises
    ------
    AudioError
        If the codec or its bit rate is unknown, or FFmpeg was built without it.
    """
    check("codec", codec)
    chosen = CODECS[codec]
    rate = chosen.default_kbit_s if kbit_s is None else kbit_s
    chosen.check_rate(rate)
    if len(waveform.samples) == 0:
        return waveform
    samples = np.clip(waveform.samples, -1, 1)
    if chosen.rate != SAMPLE_RATE:
        samples = soxr.resample(samples, SAMPLE_RATE, chosen.rate, quality="HQ")
    try:
        packets, extradata = _packets(samples, chosen, rate)
        decoded = np.concatenate([np.zeros(0, np.float32), *_decoded(packets, extradata, chosen)])
    except (av.codec.codec.UnknownCodecError, av.FFmpegError) as error:
        raise AudioError(
            f"{chosen.title} cannot be encoded by this installation of FFmpeg: choose another codec."
        ) from error
    count = len(waveform.samples)
    decoded = decoded[chosen.delay : chosen.delay + count]
    return with_samples(waveform, np.pad(decoded, (0, count - len(decoded))))


def _packets(samples: np.ndarray, codec: Codec, kbit_s: float) -> tuple[list[av.Packet[av.AudioStream]], bytes | None]:
    """Encode samples [shape=(n,)] at the codec's rate; also return the header that the decoder needs."""
    encoder = _context(codec.encoder, "w")
    encoder.sample_rate, encoder.layout, encoder.time_base = codec.rate, "mono", Fraction(1, codec.rate)
    formats = encoder.codec.audio_formats or []
    encoder.format = formats[0].name
    if len(codec.kbit_s) > 1:
        encoder.bit_rate = round(kbit_s * 1000)
    encoder.open()
    resampler = av.AudioResampler(
        format=encoder.format, layout="mono", rate=codec.rate, frame_size=encoder.frame_size or None
    )
    packets = []
    for frame in [*_frames(samples.astype(np.float32, copy=False), codec.rate), None]:
        for block in resampler.resample(frame):
            packets += encoder.encode(block)
    packets += encoder.encode(None)
    return packets, encoder.extradata


def _context(name: str, mode: Literal["r", "w"]) -> av.AudioCodecContext:
    context = av.CodecContext.create(name, mode)
    assert isinstance(context, av.AudioCodecContext)
    return context


def _frames(samples: np.ndarray, rate: int) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), _BLOCK):
        block = np.ascontiguousarray(samples[None, start : start + _BLOCK])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


def _decoded(packets: list[av.Packet[av.AudioStream]], extradata: bytes | None, codec: Codec) -> Iterator[np.ndarray]:
    """Yield blocks of decoded samples at 16 kHz [shape=(n,), float32]."""
    decoder = _context(codec.decoder, "r")
    decoder.sample_rate, decoder.layout = codec.rate, "mono"
    if extradata:
        decoder.extradata = extradata
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
    for packet in [*packets, None]:
        for frame in decoder.decode(packet):
            for block in resampler.resample(frame):
                yield block.to_ndarray()[0].astype(np.float32, copy=False)
    for block in resampler.resample(None):
        yield block.to_ndarray()[0].astype(np.float32, copy=False)
