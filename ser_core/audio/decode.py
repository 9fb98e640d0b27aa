"""Bytes of a sound file -> mono samples at the file's own rate, with bounds on what they may unfold to.

libsndfile reads wav, flac, ogg, opus and aiff by content; PyAV reads mp3, webm, m4a, mp4 and what libsndfile cannot.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

import av
import numpy as np
import soundfile as sf
import soxr

from ser_core.audio.containers import container_of, declared_bytes_missing
from ser_core.audio.waveform import SAMPLE_RATE
from ser_core.errors import AudioError

#: Sample rates outside this range are taken for a damaged header, in Hz.
RATE_LIMITS = (4_000, 768_000)
#: More channels than this are taken for a damaged header.
MAX_CHANNELS = 64
#: A decoded length may fall short of the declared one by this much before the file counts as cut off, in seconds.
TRUNCATION_TOLERANCE_S = 0.25

_BLOCK_FRAMES = 1 << 19
#: Longer recordings are resampled while they are decoded: an hour at 48 kHz would take 700 MB, and twice that to join.
_AT_ONCE_S = 120.0
#: A FLAC may unfold to this many times its size, beside the samples below; a voice comes to 5, silence to 10,000.
_UNFOLDING, _UNFOLDED_FREELY = 100, 25_000_000
#: Files whose head is silent about their length are searched for their last packet when they are larger than this.
_SEARCHED_BYTES = 100_000
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
_BOMB = "{name} unfolds to over {times} times its size, as no recording of a voice does: export it again as wav."
_TRUNCATED = "{name} is cut off before its end ({detail}): copy or download it again."


class Decoded(NamedTuple):
    """What a file holds: samples averaged over its channels [shape=(n,), float32] and their rate in Hz.

    The rate is the file's own (*original_rate*), or 16 kHz where so much was decoded that it was resampled on the way.
    """

    samples: np.ndarray
    rate: int
    original_rate: int
    channels: int


def decode(data: bytes, name: str, max_seconds: float) -> Decoded:
    """Decode a whole sound file.

    Raises
    ------
    AudioError
        If the bytes are no audio, are cut off, have an absurd header, hold more than *max_seconds*, or unfold to far
        more than their size can mean.
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


def _decode_sndfile(data: bytes, container: str, name: str, max_seconds: float) -> Decoded | None:
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
            blocks = _sndfile_blocks(file)
            if container == "flac":
                blocks = _no_bomb(blocks, len(data), name)
            joined = _joined(blocks, rate, name, max_seconds)
        except sf.SoundFileError as error:
            if container == "ogg":  # such as one without an end-of-stream flag
                return None
            raise AudioError(_DAMAGED.format(name=name)) from error
    samples, samples_rate, seconds = joined
    if len(samples) == 0:  # such as a WAVE whose recorder never filled in the size
        return None
    _check_length(seconds, declared / rate, TRUNCATION_TOLERANCE_S, name)
    return Decoded(samples, samples_rate, rate, channels)


def _sndfile_blocks(file: sf.SoundFile) -> Iterator[np.ndarray]:
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        yield block


def _no_bomb(blocks: Iterator[np.ndarray], size: int, name: str) -> Iterator[np.ndarray]:
    """Pass blocks on until they come to far more 16-bit samples than *size* bytes can mean."""
    left = _UNFOLDED_FREELY + _UNFOLDING * size // 2
    for block in blocks:
        left -= block.size
        if left < 0:
            raise AudioError(_BOMB.format(name=name, times=_UNFOLDING))
        yield block


def _joined(blocks: Iterator[np.ndarray], rate: int, name: str, max_seconds: float) -> tuple[np.ndarray, int, float]:
    """Mix down and join blocks of samples, stopping as soon as there are too many.

    Returns the samples, their rate in Hz and the seconds that they last.
    """
    kept, total = [np.zeros(0, np.float32)], 0
    for block in blocks:
        kept.append(mix_down(block))
        total += len(block)
        if total > max_seconds * rate:
            raise too_long(name, max_seconds)
        if total > _AT_ONCE_S * rate and rate > SAMPLE_RATE:
            samples, more = _resampled(kept, blocks, rate, max_seconds - total / rate)
            if samples is None:
                raise too_long(name, max_seconds)
            return samples, SAMPLE_RATE, (total + more) / rate
    return np.concatenate(kept), rate, total / rate


def _resampled(
    kept: list[np.ndarray], blocks: Iterator[np.ndarray], rate: int, left_s: float
) -> tuple[np.ndarray | None, int]:
    """Return all samples at 16 kHz and how many came from *blocks*; None where these last longer than *left_s*."""
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    there = sum(map(len, kept)) / rate
    # One array from the start, since joining takes twice the memory; what is never written to takes none.
    samples = np.empty(round((there + left_s + 1) * SAMPLE_RATE), np.float32)
    length = total = 0
    while kept:
        length = _put(samples, length, stream.resample_chunk(kept.pop(0)))
    for block in blocks:
        total += len(block)
        if total > left_s * rate:
            return None, total
        length = _put(samples, length, stream.resample_chunk(mix_down(block)))
    length = _put(samples, length, stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return samples[:length], total


def _put(samples: np.ndarray, start: int, part: np.ndarray) -> int:
    samples[start : start + len(part)] = part
    return start + len(part)


def _check_length(there_s: float, declared_s: float, tolerance_s: float, name: str) -> None:
    if declared_s - there_s > tolerance_s:
        detail = f"{there_s:.1f} of {declared_s:.1f} seconds are there"
        raise AudioError(_TRUNCATED.format(name=name, detail=detail))


def _decode_av(data: bytes, container_name: str, name: str, max_seconds: float) -> Decoded:
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
            if not declared and len(data) > _SEARCHED_BYTES and _lasts_longer(data, container_name, max_seconds):
                raise too_long(name, max_seconds)
            joined = _joined(_av_blocks(container, stream, rate, rubbish), rate, name, max_seconds)
    except (av.FFmpegError, ArithmeticError, AttributeError, EOFError, TypeError, ValueError) as error:
        # PyAV answers damaged headers with any of these.
        raise AudioError(_DAMAGED.format(name=name)) from error
    samples, samples_rate, seconds = joined
    _check_length(seconds, declared, max(TRUNCATION_TOLERANCE_S, 0.01 * declared), name)
    return Decoded(samples, samples_rate, rate, channels)


def _lasts_longer(data: bytes, container_name: str, seconds: float) -> bool:
    """Return whether a file's packets last longer, by their own word and without decoding them."""
    with av.open(io.BytesIO(data), mode="r", format=container_name) as container:
        stream = container.streams.audio[0]
        last = passed = 0.0  # by the packets' times, and by their durations, since either may lie
        for packet in container.demux(stream):
            if packet.time_base is not None:
                last = max(last, float((packet.pts or 0) * packet.time_base))
                passed += float((packet.duration or 0) * packet.time_base)
            if max(last, passed) > seconds + 1.0:
                return True
    return False


def _av_blocks(
    container: av.container.InputContainer, stream: av.AudioStream, rate: int, rubbish_share: float
) -> Iterator[np.ndarray]:
    """Yield blocks of samples [shape=(n, channels)]; raise when more than a share of the packets cannot be decoded."""
    # Packed samples, all in one plane: of planes, PyAV 18 counts more than there are where there are eight channels or
    # more, and reading these ends the process (a 7.1 file does; so did 384 bytes that the fuzzer found).
    resampler = av.AudioResampler(format="flt", rate=rate)
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
                yield converted.to_ndarray().reshape(-1, converted.layout.nb_channels)
    for converted in resampler.resample(None):
        yield converted.to_ndarray().reshape(-1, converted.layout.nb_channels)
