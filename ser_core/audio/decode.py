"""Bytes of a sound file -> mono samples at the file's own rate, with bounds on what they may unfold to.

libsndfile reads wav, flac, ogg, opus and aiff by content; PyAV reads mp3, webm, m4a, mp4 and what libsndfile cannot.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np
import soundfile as sf

from ser_core.audio.containers import container_of, declared_bytes_missing
from ser_core.errors import AudioError

#: Sample rates outside this range are taken for a damaged header, in Hz.
RATE_LIMITS = (4_000, 768_000)
#: More channels than this are taken for a damaged header.
MAX_CHANNELS = 64
#: A decoded length may fall short of the declared one by this much before the file counts as cut off, in seconds.
TRUNCATION_TOLERANCE_S = 0.25

_BLOCK_FRAMES = 1 << 19
#: Left to PyAV alone. Of an MP3 of variable bit rate without a Xing tag, libsndfile reads only the first part.
_AV_ONLY = ("mp3", "mp4", "matroska", "aac", "amr", "asf")
#: The share of an MP3's packets that may be no sound (tags and rubbish between and behind its frames).
_RUBBISH_SHARE = 0.05
_NOT_AUDIO = (
    "{name} is not audio in a format this program reads: use a wav, flac, ogg, opus, mp3, aiff, webm, m4a or mp4 file."
)
_DAMAGED = (
    "{name} cannot be decoded, so it is cut off, damaged or in an unusual codec: copy it again, or export it as wav."
)
_TRUNCATED = "{name} is cut off before its end ({detail}): copy or download it again."


def decode(data: bytes, name: str, max_seconds: float) -> tuple[np.ndarray, int, int]:
    """Decode a whole sound file.

    Returns
    -------
    Samples averaged over the channels [shape=(n,), float32], the sample rate in Hz and the number of channels.

    Raises
    ------
    AudioError
        If the bytes are no audio, are cut off, have an absurd header, or hold more than *max_seconds*.
    """
    container = container_of(data)
    if container is None:
        raise AudioError(_NOT_AUDIO.format(name=name))
    missing = declared_bytes_missing(data)
    if missing > 0:
        raise AudioError(_TRUNCATED.format(name=name, detail=f"{missing:,} bytes are missing"))
    if container not in _AV_ONLY:
        decoded = _decode_sndfile(data, container, name, max_seconds)
        if decoded is not None:
            return decoded
    return _decode_av(data, container, name, max_seconds)


def mix_down(samples: np.ndarray) -> np.ndarray:
    """Average the channels of samples [shape=(n, channels)] -> [shape=(n,)]."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is or becomes no number is refused afterwards
        return samples.mean(axis=1) if samples.shape[1] > 1 else samples[:, 0]


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
    minutes = f"{max_seconds / 60:.3g} minutes" if max_seconds >= 120 else f"{max_seconds:g} seconds"
    return AudioError(
        f"{name} is longer than the limit of {minutes}: cut it into parts, or raise the setting SER_MAX_SECONDS."
    )


def _decode_sndfile(data: bytes, container: str, name: str, max_seconds: float) -> tuple[np.ndarray, int, int] | None:
    """Decode with libsndfile, or return None where PyAV may do better."""
    try:
        file = sf.SoundFile(io.BytesIO(data))
    except sf.SoundFileError:
        return None
    with file:
        rate, channels = file.samplerate, file.channels
        declared = file.frames if file.frames < 2**62 else 0  # a length near 2**63 stands for unknown
        check_format(rate, channels, name)
        if declared > max_seconds * rate:
            raise too_long(name, max_seconds)
        try:
            # Never trust the declared length for an allocation: a small file may claim gigabytes.
            samples = _joined(_sndfile_blocks(file), rate, name, max_seconds)
        except sf.SoundFileError as error:
            if container == "ogg":  # such as one without an end-of-stream flag
                return None
            raise AudioError(_DAMAGED.format(name=name)) from error
    if len(samples) == 0:  # such as a WAVE whose recorder never filled in the size
        return None
    _check_length(len(samples) / rate, declared / rate, TRUNCATION_TOLERANCE_S, name)
    return samples, rate, channels


def _sndfile_blocks(file: sf.SoundFile) -> Iterator[np.ndarray]:
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        yield block


def _joined(blocks: Iterator[np.ndarray], rate: int, name: str, max_seconds: float) -> np.ndarray:
    """Mix down and join blocks of samples, stopping as soon as there are too many."""
    kept, total = [np.zeros(0, np.float32)], 0
    for block in blocks:
        kept.append(mix_down(block))
        total += len(block)
        if total > max_seconds * rate:
            raise too_long(name, max_seconds)
    return np.concatenate(kept)


def _check_length(there_s: float, declared_s: float, tolerance_s: float, name: str) -> None:
    if declared_s - there_s > tolerance_s:
        detail = f"{there_s:.1f} of {declared_s:.1f} seconds are there"
        raise AudioError(_TRUNCATED.format(name=name, detail=detail))


def _decode_av(data: bytes, container_name: str, name: str, max_seconds: float) -> tuple[np.ndarray, int, int]:
    try:
        # The format is always named: FFmpeg must not guess, since a playlist would make it open other files and hosts.
        with av.open(io.BytesIO(data), mode="r", format=container_name) as container:
            if not container.streams.audio:
                raise AudioError(f"{name} holds no sound, only other streams: choose a file with an audio track.")
            stream = container.streams.audio[0]
            rate, channels = stream.rate or 0, stream.channels or 0
            check_format(rate, channels, name)
            declared = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
            if container_name in ("mp3", "aac"):  # estimated from the bit rate
                declared = 0.0
            rubbish = _RUBBISH_SHARE if container_name == "mp3" else 0.0
            if declared > max_seconds:
                raise too_long(name, max_seconds)
            samples = _joined(_av_blocks(container, stream, rate, rubbish), rate, name, max_seconds)
    except (av.FFmpegError, ArithmeticError, AttributeError, EOFError, TypeError, ValueError) as error:
        # PyAV answers damaged headers with any of these.
        raise AudioError(_DAMAGED.format(name=name)) from error
    _check_length(len(samples) / rate, declared, max(TRUNCATION_TOLERANCE_S, 0.01 * declared), name)
    return samples, rate, channels


def _av_blocks(
    container: av.container.InputContainer, stream: av.AudioStream, rate: int, rubbish_share: float
) -> Iterator[np.ndarray]:
    """Yield blocks of samples [shape=(n, channels)]; raise when more than a share of the packets cannot be decoded."""
    resampler = av.AudioResampler(format="fltp", rate=rate)
    packets = failed = 0
    for packet in container.demux(stream):
        packets += 1
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            failed += 1
            if failed > 1 + rubbish_share * packets or rubbish_share == 0:
                raise
            continue
        for frame in frames:
            for converted in resampler.resample(frame):
                yield converted.to_ndarray().T.astype(np.float32, copy=False)
    for converted in resampler.resample(None):
        yield converted.to_ndarray().T.astype(np.float32, copy=False)
