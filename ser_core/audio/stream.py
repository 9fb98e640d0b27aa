"""A sound file of any length as a stream of blocks: mono float32 at 16 kHz, in memory that does not grow with it.

The rules are those of the door beside it, whose parts are used: FFmpeg is told the container, headers are not
believed, samples that are no numbers are refused. Some of these parts have private names, because any change in these
modules makes all stored features stale; whoever changes them looks here too.
"""

from __future__ import annotations

import io
import mmap
import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import soundfile as sf
import soxr

from ser_core.audio.containers import container_of, declared_bytes_missing
from ser_core.audio.decode import (
    _AV_ONLY,
    _DAMAGED,
    _NOT_AUDIO,
    _RUBBISH_SHARE,
    _TRUNCATED,
    TRUNCATION_TOLERANCE_S,
    _av_blocks,
    _check_length,
    _no_bomb,
    check_format,
    mix_down,
)
from ser_core.audio.door import _readable, _refuse_before_decoding, _to_waveform
from ser_core.audio.waveform import SAMPLE_RATE
from ser_core.errors import AudioError
from ser_core.settings import settings

#: Samples that are decoded at a time, over all channels.
_DECODED = 1 << 17
#: Bytes a second that are assumed where a container says nothing of its length: 64 kbit/s.
_ASSUMED_RATE = 8_000
_AV_ERRORS = (av.FFmpegError, ArithmeticError, AttributeError, EOFError, TypeError, ValueError)


@dataclass(frozen=True)
class Recording(ABC):
    """A sound file that can be read from its beginning, as often as one likes.

    Attributes
    ----------
    name
        What to call it in messages.
    duration_s
        Its length in seconds: an estimate where the container lies or is silent about it.
    channels
        How many it has.
    rate
        Its own samples a second, in Hz.
    declared_s
        What the file itself says of its length, in seconds; 0 where it says nothing that it can be held to.
    """

    name: str
    duration_s: float
    channels: int
    rate: int
    declared_s: float

    @abstractmethod
    def blocks(self, channel: int | None = None, seconds: float = 30.0) -> Generator[np.ndarray]:
        """Yield the samples at 16 kHz, *seconds* at a time; only the last block is shorter [shape=(n,), float32].

        Parameters
        ----------
        channel
            One channel, counted from 0; by default the mean of all.

        Raises
        ------
        AudioError
            If there is no such channel, or as soon as the file turns out to be damaged, cut off, too long, or to hold
            samples that are no numbers.
        """

    def check_channel(self, channel: int | None) -> None:
        """Raise :class:`AudioError` where there is no such channel."""
        if channel is not None and not 0 <= channel < self.channels:
            raise AudioError(f"{self.name} has no channel {channel + 1}: choose one of its {self.channels}.")


@dataclass(frozen=True)
class _File(Recording):
    """A sound file that is decoded in this process."""

    _source: bytes | Path
    _container: str
    _by_sndfile: bool
    _max_hours: float

    def blocks(self, channel: int | None = None, seconds: float = 30.0) -> Generator[np.ndarray]:
        self.check_channel(channel)
        return _regular(self._resampled(channel), max(1, round(seconds * SAMPLE_RATE)))

    def _resampled(self, channel: int | None) -> Iterator[np.ndarray]:
        resampler = soxr.ResampleStream(self.rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        total, limit = 0, self._max_hours * 3600 * self.rate
        for block in self._decoded():
            total += len(block)
            if total > limit:
                raise _too_long(self.name, self._max_hours)
            mono = mix_down(block) if channel is None else block[:, channel]
            mono = _to_waveform(mono, SAMPLE_RATE, self.channels, self.name).samples  # refuses what is no number
            yield mono if self.rate == SAMPLE_RATE else resampler.resample_chunk(mono)
        if total == 0:
            raise AudioError(f"{self.name} holds no samples: record it again, or choose another file.")
        if self.rate != SAMPLE_RATE:
            yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        tolerance = TRUNCATION_TOLERANCE_S if self._by_sndfile else max(TRUNCATION_TOLERANCE_S, 0.01 * self.declared_s)
        _check_length(total / self.rate, self.declared_s, tolerance, self.name)

    def _decoded(self) -> Iterator[np.ndarray]:
        """Yield blocks that are not empty, at the file's own rate [shape=(n, channels), float32]."""
        if not self._by_sndfile:
            yield from self._by_av()
            return
        done = 0
        try:
            with _opened(self._source, self.name) as file, sf.SoundFile(file) as sound:
                for block in self._bounded(self._read(sound)):
                    yield block
                    done += len(block)
        except sf.SoundFileError as error:
            if self._container != "ogg":  # such as one without an end-of-stream flag, which PyAV reads to its end
                raise AudioError(_DAMAGED.format(name=self.name)) from error
            yield from self._by_av(skip=done)

    def _read(self, sound: sf.SoundFile) -> Iterator[np.ndarray]:
        while len(block := sound.read(max(1, _DECODED // self.channels), dtype="float32", always_2d=True)):
            yield block

    def _bounded(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass blocks on; those of a FLAC, which can say "silence" in a few bytes, only as far as can be meant."""
        if self._container != "flac":
            return blocks
        size = len(self._source) if isinstance(self._source, bytes) else self._source.stat().st_size
        return _no_bomb(blocks, size, self.name)

    def _by_av(self, skip: int = 0) -> Iterator[np.ndarray]:
        try:
            with _opened(self._source, self.name) as file, _av_stream(file, self._container, self.name) as opened:
                container, stream = opened
                rubbish = _RUBBISH_SHARE if self._container == "mp3" else 0.0
                for block in _joined(_av_blocks(container, stream, self.rate, rubbish), _DECODED // self.channels):
                    kept = block[skip:]
                    skip -= len(block) - len(kept)
                    if len(kept):
                        yield kept
        except _AV_ERRORS as error:
            raise AudioError(_DAMAGED.format(name=self.name)) from error


def open_recording(
    source: bytes | str | os.PathLike[str], name: str | None = None, *, max_hours: float | None = None
) -> Recording:
    """Look at a sound file's headers and make it ready for reading.

    Parameters
    ----------
    source
        The bytes of a file, or its path; a path's file is read in parts, so its size has no limit.
    name
        What to call it in messages; by default the file's name.
    max_hours
        Its longest length; by default the setting `SER_MAX_HOURS`.

    Raises
    ------
    AudioError
        With one sentence that says what to do: nothing there, no audio, a Git-LFS stub, cut off, an absurd rate, or
        too long.
    """
    place = source if isinstance(source, bytes) else Path(source)
    default = "the recording" if isinstance(place, bytes) else place.name or str(place)
    name = _readable(name or default)
    container, size = _checked(place, name)
    found = None if container in _AV_ONLY else _asked_of_sndfile(place, name)
    by_sndfile = found is not None
    rate, channels, declared = found or _asked_of_av(place, container, name)
    duration = declared or size / _ASSUMED_RATE
    if container in ("mp3", "aac"):  # estimated from the bit rate, so nothing to hold the file to
        declared = 0.0
    most = settings().max_hours if max_hours is None else max_hours
    if declared > most * 3600:
        raise _too_long(name, most)
    return _File(name, duration, channels, rate, declared, place, container, by_sndfile, most)


def _checked(source: bytes | Path, name: str) -> tuple[str, int]:
    """Return the container and the size in bytes of a file that is whole, as far as its headers tell."""
    with _viewed(source, name) as data:
        _refuse_before_decoding(data[:200], name)
        container = container_of(data)
        if container is None:
            raise AudioError(_NOT_AUDIO.format(name=name))
        missing = declared_bytes_missing(data)
        if missing > 0:
            raise AudioError(_TRUNCATED.format(name=name, detail=f"{missing:,} bytes are missing"))
        return container, len(data)


@contextmanager
def _viewed(source: bytes | Path, name: str) -> Iterator[Any]:
    """Give a file as something that is sliced and searched like bytes, without reading all of it."""
    if isinstance(source, bytes):
        yield source
        return
    with _opened(source, name) as file:
        if os.fstat(file.fileno()).st_size == 0:
            yield b""
            return
        try:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise AudioError(f"{name} cannot be opened (not a regular file): check the path.") from error
        with view:
            yield view


@contextmanager
def _opened(source: bytes | Path, name: str) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        if source.is_dir():
            raise AudioError(f"{name} is a folder: choose a sound file inside it.")
        file = source.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise AudioError(f"{name} cannot be opened ({reason}): check the path.") from error
    with file:
        yield file


def _asked_of_sndfile(source: bytes | Path, name: str) -> tuple[int, int, float] | None:
    """Return rate, channels and declared seconds (0: unknown), or None where PyAV may do better."""
    try:
        with _opened(source, name) as file, sf.SoundFile(file) as sound:
            check_format(sound.samplerate, sound.channels, name)
            if len(sound.read(1)) == 0:  # such as a WAVE whose recorder never filled in the size
                return None
            declared = sound.frames if sound.frames < 2**62 else 0  # a length near 2**63 stands for unknown
            return sound.samplerate, sound.channels, declared / sound.samplerate
    except sf.SoundFileError:
        return None


def _asked_of_av(source: bytes | Path, container: str, name: str) -> tuple[int, int, float]:
    try:
        with _opened(source, name) as file, _av_stream(file, container, name) as (opened, stream):
            rate, channels = stream.rate or 0, stream.channels or 0
            check_format(rate, channels, name)
            declared = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
            return rate, channels, declared or (opened.duration or 0) / av.time_base
    except _AV_ERRORS as error:
        raise AudioError(_DAMAGED.format(name=name)) from error


@contextmanager
def _av_stream(file: BinaryIO, container: str, name: str) -> Iterator[Any]:
    # The format is always named: FFmpeg must not guess, since a playlist would make it open other files and hosts.
    with av.open(file, mode="r", format=container) as opened:
        if not opened.streams.audio:
            raise AudioError(f"{name} holds no sound, only other streams: choose a file with an audio track.")
        yield opened, opened.streams.audio[0]


def _joined(blocks: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Join small blocks [each shape=(n, channels)] into some of at least *size* samples a channel."""
    kept: list[np.ndarray] = []
    there = 0
    for block in blocks:
        kept.append(block)
        there += len(block)
        if there >= size:
            yield np.concatenate(kept)
            kept, there = [], 0
    if there:
        yield np.concatenate(kept)


def _regular(pieces: Iterator[np.ndarray], size: int) -> Generator[np.ndarray]:
    """Cut and join pieces [each shape=(n,)] into blocks of *size* samples; the last may be shorter."""
    rest = np.zeros(0, np.float32)
    for piece in pieces:
        rest = np.concatenate([rest, piece]) if len(rest) else piece
        whole = len(rest) // size * size
        for start in range(0, whole, size):
            yield rest[start : start + size]
        rest = rest[whole:]
    if len(rest):
        yield rest


def _too_long(name: str, hours: float) -> AudioError:
    return AudioError(
        f"{name} is longer than the limit of {hours:g} hours: cut it into parts, or raise the setting SER_MAX_HOURS."
    )
