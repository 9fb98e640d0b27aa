"""A path, bytes or an array -> :class:`Waveform`; the only way in for sound, and the only place that resamples.

>>> import numpy as np
>>> load_audio(np.zeros(8000, np.float32), rate=8000).duration_s
1.0
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soxr

from ser_core.audio.decode import MAX_CHANNELS, check_format, decode, mix_down, too_long
from ser_core.audio.waveform import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError
from ser_core.settings import settings

_LFS_PREFIX = b"version https://git-lfs.github.com/spec/"

#: Samples beyond this are not full scale = 1 (40 dB above it): whole numbers stored as floats, or damage.
_MAX_SAMPLE = 100.0

_NAME_LENGTH = 80

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | np.ndarray


def load_audio(
    source: Source,
    *,
    rate: int | None = None,
    name: str | None = None,
    max_seconds: float | None = None,
    max_megabytes: float | None = None,
) -> Waveform:
    """Read sound from anywhere into mono float32 at 16 kHz.

    Parameters
    ----------
    source
        A path, the bytes of a file, an open binary file, or samples [shape=(n,) or (n, channels); float in
        -1..1, or any integer type at full scale].
    rate
        Sample rate of *source* in Hz; required for an array, not allowed otherwise.
    name
        What to call the sound in messages; by default the file's name.
    max_seconds, max_megabytes
        Limits; by default the settings `SER_MAX_SECONDS` and `SER_MAX_MEGABYTES`.

    Raises
    ------
    AudioError
        With one sentence that says what to do: nothing there, not audio, a Git-LFS stub, cut off, samples that
        are not numbers, an absurd rate, over a limit.
    """
    limits = settings()
    seconds = limits.max_seconds if max_seconds is None else max_seconds
    megabytes = limits.max_megabytes if max_megabytes is None else max_megabytes
    if isinstance(source, np.ndarray):
        if rate is None or not np.isfinite(rate):
            raise AudioError("An array of samples needs its sample rate: call load_audio(samples, rate=...).")
        name = _readable(name or "the array")
        samples, original_rate = _as_float(source, name), int(rate)
        channels = samples.shape[1]
        check_format(original_rate, channels, name)
        if len(samples) > seconds * original_rate:
            raise too_long(name, seconds)
        mono = mix_down(samples)
    else:
        if rate is not None:
            raise AudioError("A file carries its own sample rate: leave out rate=.")
        data, name = _read_bytes(source, megabytes, name)
        _refuse_before_decoding(data, name)
        decoded = decode(data, name, seconds)
        whole = _to_waveform(decoded.samples, decoded.rate, decoded.channels, name)
        return replace(whole, original_rate=decoded.original_rate)
    return _to_waveform(mono, original_rate, channels, name)


def _read_bytes(source: Source, megabytes: float, name: str | None) -> tuple[bytes, str]:
    data: Any
    limit = int(megabytes * 1e6)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        label = _readable(name or path.name or str(path))
        try:
            if path.is_dir():
                raise AudioError(f"{label} is a folder: choose a sound file inside it.")
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a usable path"
            raise AudioError(f"{label} cannot be opened ({reason}): check the path.") from error
    elif isinstance(source, (bytes, bytearray, memoryview)):
        data, label = bytes(source), _readable(name or "the recording")
    else:
        label = _readable(name or Path(str(getattr(source, "name", "the recording"))).name)
        data = source.read(limit + 1) if hasattr(source, "read") else None
        if not isinstance(data, bytes):
            raise AudioError(f"{label} is no sound: give a path, the bytes of a file, an open binary file or samples.")
    if len(data) > limit:
        raise AudioError(
            f"{label} is larger than the limit of {megabytes:g} MB: cut it into parts, "
            "or raise the setting SER_MAX_MEGABYTES."
        )
    return data, label


def _readable(name: str) -> str:
    """Return a name that fits into a sentence: printable and not too long."""
    name = "".join(character if character.isprintable() else "?" for character in name)
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"


def _refuse_before_decoding(data: bytes, name: str) -> None:
    if not data:
        raise AudioError(f"{name} is empty (0 bytes): record it again, or choose another file.")
    if data.startswith(_LFS_PREFIX):
        raise AudioError(
            f"{name} is a Git-LFS pointer, not the sound itself: run 'git lfs pull' in the repository it came from."
        )


def _as_float(array: np.ndarray, name: str) -> np.ndarray:
    """Return *array* as float32 [shape=(n, channels)], integers scaled to -1..1."""
    if array.ndim not in (1, 2):
        raise AudioError(f"{name} has {array.ndim} dimensions: give samples as (n,) or (n, channels).")
    if array.ndim == 2 and array.shape[1] > MAX_CHANNELS:
        raise AudioError(f"{name} has {array.shape[1]} columns, too many for channels: give samples as (n, channels).")
    if array.dtype.kind in "iu":
        info = np.iinfo(array.dtype)
        centre = 0 if array.dtype.kind == "i" else (info.max + 1) / 2
        array = (array.astype(np.float64) - centre) / (info.max + 1 - centre)
    elif array.dtype.kind != "f":
        raise AudioError(f"{name} holds {array.dtype} values: give samples as float or integer numbers.")
    with np.errstate(over="ignore"):  # what becomes infinite is refused afterwards
        array = array.astype(np.float32)
    return array.reshape(len(array), -1) if array.size else np.zeros((0, 1), np.float32)


def _to_waveform(mono: np.ndarray, rate: int, channels: int, name: str) -> Waveform:
    """Check and resample samples [shape=(n,)]."""
    if len(mono) == 0:
        raise AudioError(f"{name} holds no samples: record it again, or choose another file.")
    if not np.isfinite(mono).all():
        raise AudioError(f"{name} holds samples that are not numbers (NaN or infinite): export it again.")
    peak = float(max(mono.max(), -mono.min()))  # without a copy: there may be an hour of them
    if peak > _MAX_SAMPLE:
        raise AudioError(f"{name} holds values up to {peak:.0f}, but full scale is 1: divide by the full scale first.")
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="HQ")
    if len(mono) == 0:
        raise AudioError(f"{name} is too short to hold any sound: record it again, or choose another file.")
    return Waveform(np.ascontiguousarray(mono, dtype=np.float32), rate, channels, name)
