"""Bytes of a sound file -> samples at the file's own rate, with bounds on what they may unfold to.

libsndfile reads wav, flac, ogg, opus, mp3 and aiff by content; PyAV reads the rest (webm, m4a, mp4).
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np
import soundfile as sf

from ser_core.audio.containers import declared_bytes_missing
from ser_core.errors import AudioError

#: Sample rates outside this range are taken for a damaged header, in Hz.
RATE_LIMITS = (4_000, 768_000)
#: More channels than this are taken for a damaged header.
MAX_CHANNELS = 64
#: A decoded length may fall short of the declared one by this much before the file counts as cut off, in seconds.
TRUNCATION_TOLERANCE_S = 0.25

_BLOCK_FRAMES = 1 << 19
_NOT_AUDIO = (
    "{name} is not audio in a format this program reads: use a wav, flac, ogg, opus, mp3, aiff, webm, m4a or mp4 file."
)
_TRUNCATED = "{name} is cut off before its end ({detail}): copy or download it again."


def decode(data: bytes, name: str, max_seconds: float) -> tuple[np.ndarray, int]:
    """Decode a whole sound file.

    Returns
    -------
    samples [shape=(n, channels), float32] and the sample rate in Hz.

    Raises
    ------
    AudioError
        If the bytes are no audio, are cut off, have an absurd header, or hold more than *max_seconds*.
    """
    missing = declared_bytes_missing(data)
    if missing > 0:
        raise AudioError(_TRUNCATED.format(name=name, detail=f"{missing:,} bytes are missing"))
    try:
        return _decode_sndfile(data, name, max_seconds)
    except sf.LibsndfileError:
        return _decode_av(data, name, max_seconds)


def check_format(rate: int, channels: int, name: str) -> None:
    """Raise :class:`AudioError` when a sample rate or a number of channels cannot be meant."""
    if not RATE_LIMITS[0] <= rate <= RATE_LIMITS[1]:
        raise AudioError(
            f"{name} claims a sample rate of {rate} Hz, which no recording has: "
            f"export it again at 16000, 44100 or 48000 Hz."
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{name} claims {channels} channels, which is not usable: export it again as mono or stereo.")


def too_long(name: str, max_seconds: float) -> AudioError:
    """Return the error for a recording over the limit."""
    minutes = f"{max_seconds / 60:.0f} minutes" if max_seconds >= 120 else f"{max_seconds:.0f} seconds"
    return AudioError(
        f"{name} is longer than the limit of {minutes}: cut it into parts, or raise the setting SER_MAX_SECONDS."
    )


def _decode_sndfile(data: bytes, name: str, max_seconds: float) -> tuple[np.ndarray, int]:
    with sf.SoundFile(io.BytesIO(data)) as file:
        rate, channels, declared = file.samplerate, file.channels, file.frames
        check_format(rate, channels, name)
        if 0 < declared < 2**62 and declared > max_seconds * rate:
            raise too_long(name, max_seconds)
        # Never trust the declared length for an allocation: a small file may claim gigabytes.
        blocks = _bounded(_sndfile_blocks(file), rate, name, max_seconds)
        samples = np.concatenate(blocks) if blocks else np.zeros((0, channels), np.float32)
    if 0 < declared < 2**62 and declared - len(samples) > TRUNCATION_TOLERANCE_S * rate:
        detail = f"{len(samples) / rate:.1f} of {declared / rate:.1f} seconds are there"
        raise AudioError(_TRUNCATED.format(name=name, detail=detail))
    return samples, rate


def _sndfile_blocks(file: sf.SoundFile) -> Iterator[np.ndarray]:
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        yield block


def _bounded(blocks: Iterator[np.ndarray], rate: int, name: str, max_seconds: float) -> list[np.ndarray]:
    kept, total = [], 0
    for block in blocks:
        kept.append(block)
        total += len(block)
        if total > max_seconds * rate:
            raise too_long(name, max_seconds)
    return kept


def _decode_av(data: bytes, name: str, max_seconds: float) -> tuple[np.ndarray, int]:
    try:
        with av.open(io.BytesIO(data), mode="r") as container:
            if not container.streams.audio:
                raise AudioError(f"{name} holds no sound, only other streams: choose a file with an audio track.")
            stream = container.streams.audio[0]
            rate, channels = stream.rate or 0, stream.channels or 0
            check_format(rate, channels, name)
            declared = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
            if declared is not None and declared > max_seconds:
                raise too_long(name, max_seconds)
            blocks = _bounded(_av_blocks(container, stream, rate), rate, name, max_seconds)
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise AudioError(_NOT_AUDIO.format(name=name)) from error
    samples = np.concatenate(blocks) if blocks else np.zeros((0, channels), np.float32)
    if declared is not None and declared - len(samples) / rate > max(TRUNCATION_TOLERANCE_S, 0.01 * declared):
        detail = f"{len(samples) / rate:.1f} of {declared:.1f} seconds are there"
        raise AudioError(_TRUNCATED.format(name=name, detail=detail))
    return samples, rate


def _av_blocks(
    container: av.container.InputContainer, stream: av.AudioStream, rate: int
) -> Iterator[np.ndarray]:
    resampler = av.AudioResampler(format="fltp", rate=rate)
    for frame in container.decode(stream):
        for converted in resampler.resample(frame):
            yield converted.to_ndarray().T.astype(np.float32, copy=False)
    for converted in resampler.resample(None):
        yield converted.to_ndarray().T.astype(np.float32, copy=False)
