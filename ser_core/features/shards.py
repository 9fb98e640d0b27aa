"""Features on disk: files of some hundred clips each, every one complete from the moment it is there.

A shard is an NPZ with `clips` (SHA-256 of each clip's content [shape=(n, 32), uint8]), `lengths` (frames of each
[shape=(n,), int64], -1 where it cannot be read), `limits` (of length and size, under which it could not) and `values`
(all frames one after another [shape=(total, width)]). Its name follows from what it holds and from the number of
clips, so that two processes that write the same do no damage. NPZ carries checksums: damage is noticed.
"""

from __future__ import annotations

import hashlib
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from ser_core.errors import CorpusError
from ser_core.files import write_atomically

#: Longest recording in seconds and largest file in megabytes that were allowed.
Limits = tuple[float, float]

#: Shards of fewer clips are small; once there are more of them than _MOST_SMALL they are merged into one.
_SMALL = 64
_MOST_SMALL = 32
#: Code folders kept beside the newest, for those who go back and forth between versions.
_KEPT_VERSIONS = 2
_ABANDONED_S = 3600.0
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


class DamagedShardError(Exception):
    """A shard is damaged or has just been merged into another; it is not there any more."""


class Entry(NamedTuple):
    """Where the features of a clip lie: frames `start` to `start + length` of a shard."""

    shard: Path
    start: int
    length: int


@dataclass(frozen=True)
class Extracted:
    """Features of some clips.

    Attributes
    ----------
    clips
        SHA-256 of the content of each, as hexadecimal digits.
    lengths
        Frames of each, or :data:`UNREADABLE` [shape=(n,), int64].
    values
        All frames one after another [shape=(total, width)].
    """

    UNREADABLE: ClassVar[int] = -1

    clips: tuple[str, ...]
    lengths: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.clips)


class Shards:
    """The shards of one function, its settings and its code, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make sure that shards can be written, and remove what killed processes and older code have left.

        Raises
        ------
        CorpusError
            If nothing can be written there.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / "probe", lambda path: path.write_bytes(b"\0"))
            (self.folder / "probe").unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        now = time.time()
        for path in self.folder.glob(".*.tmp"):
            if now - _modified(path) > _ABANDONED_S:
                path.unlink(missing_ok=True)
        versions = sorted((path for path in self.folder.parent.iterdir() if path != self.folder), key=_modified)
        for old in versions[: max(0, len(versions) - _KEPT_VERSIONS)]:
            shutil.rmtree(old, ignore_errors=True)

    def known(self, limits: Limits, *, with_unreadable: bool) -> dict[str, Entry]:
        """Return what is kept, by the clip's content; with *with_unreadable*, clips too that cannot be read.

        Those count only when they were found unreadable under the same *limits*; their length is 0.
        """
        found: dict[str, Entry] = {}
        for path in sorted(self.folder.glob("*.npz")):
            try:
                clips, lengths, under = _read_index(path)
            except _DAMAGE:
                continue
            trusted = with_unreadable and under == limits
            starts = np.concatenate([[0], np.cumsum(np.maximum(lengths, 0))])
            for clip, start, length in zip(clips, starts.tolist(), lengths.tolist(), strict=False):
                if length != Extracted.UNREADABLE or trusted:
                    found[clip] = Entry(path, start, max(0, length))
        return found

    def values(self, path: Path) -> np.ndarray:
        """Return all frames of a shard [shape=(total, width)]; a damaged one is removed.

        Raises
        ------
        DamagedShardError
            If the shard is damaged or gone.
        CorpusError
            If it cannot be read or, being damaged, not be removed.
        """
        try:
            with np.load(path, allow_pickle=False) as shard:
                return np.asarray(shard["values"])
        except FileNotFoundError as error:
            raise DamagedShardError(str(path)) from error
        except _DAMAGE as error:
            try:
                path.unlink(missing_ok=True)
            except OSError:
                raise CorpusError(f"The features kept in {path} cannot be read: remove that file.") from error
            raise DamagedShardError(str(path)) from error

    def write(self, parts: Sequence[Extracted], limits: Limits) -> None:
        """Write a shard of all *parts*; many small shards become one.

        Raises
        ------
        CorpusError
            If it cannot be written: the disk is full, or the folder is read-only.
        """
        self._write(_concatenated(parts), limits)
        small = [path for path in self.folder.glob("*.npz") if _clips_in(path) < _SMALL]
        if len(small) > _MOST_SMALL:
            self._merge(small, limits)

    def _merge(self, paths: Iterable[Path], limits: Limits) -> None:
        merged, parts = [], []
        for path in paths:
            try:
                clips, lengths, under = _read_index(path)
                parts.append(_readable(Extracted(tuple(clips), lengths, self.values(path)), keep=under == limits))
            except (*_DAMAGE, DamagedShardError):  # gone to another process that merges, or damaged
                continue
            merged.append(path)
        if not merged:
            return
        kept = self._write(_concatenated(parts), limits)
        for path in merged:
            if path != kept:
                path.unlink(missing_ok=True)

    def _write(self, part: Extracted, limits: Limits) -> Path:
        clips = np.frombuffer(bytes.fromhex("".join(part.clips)), np.uint8).reshape(-1, 32)
        name = hashlib.sha256(clips.tobytes() + part.lengths.tobytes()).hexdigest()[:24]
        path = self.folder / f"{name}-{len(part)}.npz"

        def save(temporary: Path) -> None:
            with temporary.open("wb") as file:  # given a name, numpy would append .npz to it
                np.savez(
                    file, clips=clips, lengths=part.lengths, limits=np.array(limits, np.float64), values=part.values
                )

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, save)
        except OSError as error:
            raise self._unwritable(error) from error
        return path

    def _unwritable(self, error: OSError) -> CorpusError:
        reason = error.strerror or str(error)
        return CorpusError(
            f"The features cannot be kept in {self.folder} ({reason}): "
            "free some space, or set SER_CACHE to a folder that can be written."
        )


def _read_index(path: Path) -> tuple[list[str], np.ndarray, Limits]:
    with np.load(path, allow_pickle=False) as shard:
        text = shard["clips"].tobytes().hex()
        seconds, megabytes = shard["limits"].tolist()
        return [text[place : place + 64] for place in range(0, len(text), 64)], shard["lengths"], (seconds, megabytes)


def _concatenated(parts: Sequence[Extracted]) -> Extracted:
    clips = tuple(clip for part in parts for clip in part.clips)
    filled = [part.values for part in parts if len(part.values)] or [part.values for part in parts][:1]
    return Extracted(clips, np.concatenate([part.lengths for part in parts]), np.concatenate(filled))


def _readable(part: Extracted, *, keep: bool) -> Extracted:
    """Return *part* without the clips that cannot be read, unless they are to be kept."""
    if keep:
        return part
    rows = np.flatnonzero(part.lengths != Extracted.UNREADABLE)
    return Extracted(tuple(part.clips[row] for row in rows), part.lengths[rows], part.values)


def _clips_in(path: Path) -> int:
    count = path.stem.rpartition("-")[2]
    return int(count) if count.isdecimal() else 0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
