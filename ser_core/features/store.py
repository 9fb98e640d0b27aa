"""Features of a whole table, computed on all cores and kept on disk by the content of the clips.

store = extract_table(read_corpora(), LogMelConfig(), extract=log_mel_frames, progress=bar)     # stopped: goes on
store[0]                                                             # the first clip's frames [shape=(t, n_mels)]

What is kept belongs to the SHA-256 of a file's bytes, the settings, the type of the numbers and the code of the
function with all of this package that it uses. So a copy, a new name or a part of a corpus costs nothing, and a
changed file, setting or formula is never answered with old numbers.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib.externals.loky.process_executor import TerminatedWorkerError
from pydantic import BaseModel

from ser_core.audio import load_audio
from ser_core.errors import AudioError, CancelledError, CorpusError
from ser_core.features.fingerprints import content_hashes, function_key
from ser_core.features.shards import DamagedShardError, Extracted, Limits, Shards
from ser_core.settings import settings

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]
Extract = Callable[..., np.ndarray]

#: Clips in a shard, and seconds after which one is written with fewer: what a killed extraction loses at most.
_SHARD_CLIPS = 512
_SHARD_SECONDS = 30.0
#: Clips given to a worker at once: many enough to hide the cost of asking, few enough to stop soon.
_BATCH = 16
#: Less sound than this is done before another worker has started, which takes seconds.
_WORKER_BYTES = 500_000
_DAMAGED_ATTEMPTS = 3


@dataclass(frozen=True)
class FeatureStore:
    """Arrays of different lengths, end to end.

    Attributes
    ----------
    values
        All clips' frames one after another [shape=(total, width)].
    offsets
        Where each clip begins, and the end of the last [shape=(clips + 1,), int64].
    """

    values: np.ndarray
    offsets: np.ndarray

    def __getitem__(self, row: int) -> np.ndarray:
        """Return the frames of one clip [shape=(t, width)]."""
        if not -len(self) <= row < len(self):
            raise IndexError(f"There is no clip {row} among {len(self)}.")
        return self.values[self.offsets[row % len(self)] : self.offsets[row % len(self) + 1]]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def extract_table(
    table: pd.DataFrame,
    config: BaseModel,
    *,
    extract: Extract,
    dtype: npt.DTypeLike = np.float16,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    skip_unreadable: bool = False,
) -> FeatureStore:
    """Return `extract(waveform, config)` [shape=(t, width)] for each clip of *table*, from the cache where it can.

    What is finished is written in parts, so that an extraction that was stopped, in whatever way, goes on where it
    was. Several processes may extract the same at once. Files of the same content are computed once.

    Parameters
    ----------
    table
        As :func:`ser_core.corpora.read_corpora` gives it; only its column `path` is used.
    config
        Settings given to *extract*; part of the cache's key.
    extract
        A function at module level, so that worker processes can import it. It and the code it uses are part of the
        key.
    dtype
        Type of the numbers kept and returned; part of the key.
    jobs
        Processes; by default one a core.
    progress
        Called with (clips done, clips in all): first with what the cache had, then as work goes on.
    cancelled
        Asked after every batch; once it says yes, the work stops. What was finished is kept.
    skip_unreadable
        Give a clip that cannot be read no frame at all instead of raising.

    Raises
    ------
    CancelledError
        When it was stopped.
    CorpusError
        If a clip cannot be read or is gone, the message names it; with *skip_unreadable*, if none can be read. If
        the cache cannot be written: the disk is full, or the folder is read-only. If a worker was killed.
    """
    paths = [str(path) for path in table["path"]]
    shards = Shards(_folder(config, extract, dtype))
    for _ in range(_DAMAGED_ATTEMPTS):
        clips = _hashed(paths, skip_unreadable)
        known = shards.known(_limits(), with_unreadable=skip_unreadable)
        waiting = {clip: path for clip, path in zip(clips, paths, strict=True) if clip and clip not in known}
        tick = _Ticker(len(paths), len(waiting), progress, cancelled)
        if waiting:
            work = _Work(list(waiting.items()), config, extract, np.dtype(dtype), skip_unreadable)
            _compute(work, shards, jobs, tick)
        try:
            return _joined(paths, clips, shards, np.dtype(dtype), skip_unreadable)
        except DamagedShardError:  # it is gone now: what it held is computed again
            continue
    raise CorpusError(f"The features kept in {shards.folder} are damaged time and again: remove that folder.")


def is_cached(
    table: pd.DataFrame,
    config: BaseModel,
    *,
    extract: Extract,
    dtype: npt.DTypeLike = np.float16,
    skip_unreadable: bool = False,
) -> bool:
    """Return whether :func:`extract_table` would answer from the cache, given the same arguments."""
    known = Shards(_folder(config, extract, dtype)).known(_limits(), with_unreadable=skip_unreadable)
    if not known and len(table):
        return False  # before any file is hashed
    try:
        clips = _hashed([str(path) for path in table["path"]], skip_unreadable)
    except CorpusError:
        return False
    return all(not clip or clip in known for clip in clips)


def _folder(config: BaseModel, extract: Extract, dtype: npt.DTypeLike) -> Path:
    """Return where features of these settings lie: `<what>-<settings>/<code>`, so that new code replaces old."""
    what, code = function_key(extract, config, np.dtype(dtype).name)
    return settings().cache / "features" / what / code


def _limits() -> Limits:
    """Return what decides, beside its content, whether a file counts as readable."""
    return settings().max_seconds, settings().max_megabytes


def _hashed(paths: Sequence[str], skip_unreadable: bool) -> list[str]:
    """Return the hash of each file, or an empty text for one that may not be read."""
    clips = content_hashes(paths, settings().cache / "features")
    for path, clip in zip(paths, clips, strict=True):
        if clip or skip_unreadable:
            continue
        raise CorpusError(f"The clip {path} cannot be opened: give yourself permission to read it.")
    return clips


@dataclass(frozen=True)
class _Work:
    """What a worker needs to know: pairs of hash and path, and what to make of them."""

    clips: Sequence[tuple[str, str]]
    config: BaseModel
    extract: Extract
    dtype: np.dtype[Any]
    skip_unreadable: bool

    def part(self, start: int, count: int) -> _Work:
        part = self.clips[start : start + count]
        return _Work(part, self.config, self.extract, self.dtype, self.skip_unreadable)


class _Ticker:
    """Tells how far the work is, and stops it when asked to."""

    def __init__(self, total: int, waiting: int, progress: Progress | None, cancelled: Cancelled | None) -> None:
        self._total, self._done = total, total - waiting
        self._progress, self._cancelled = progress, cancelled
        self.add(0)

    def add(self, clips: int) -> None:
        self._done += clips
        if self._progress:
            self._progress(self._done, self._total)
        if self._cancelled and self._cancelled():
            raise CancelledError("The extraction was stopped; what was finished is kept.")


def _compute(work: _Work, shards: Shards, jobs: int | None, tick: _Ticker) -> None:
    """Extract what is waiting, writing shards as they fill up; what is finished is also written when it is stopped."""
    shards.prepare()  # a cache that cannot be written is noticed before the work rather than after it
    finished: list[Extracted] = []
    since = time.monotonic()
    try:
        with closing(_batches(work, jobs)) as parts:
            for part in parts:
                finished.append(part)
                if sum(map(len, finished)) >= _SHARD_CLIPS or time.monotonic() - since > _SHARD_SECONDS:
                    full, finished = finished, []
                    shards.write(full, _limits())
                    since = time.monotonic()
                tick.add(len(part))
    finally:
        if finished:
            shards.write(finished, _limits())


def _batches(work: _Work, jobs: int | None) -> Generator[Extracted]:
    """Yield batches as workers finish them, in no order."""
    count = len(work.clips)
    sound = sum(os.path.getsize(path) for _, path in work.clips)
    processes = max(1, min(jobs or os.cpu_count() or 1, count, sound // _WORKER_BYTES))
    size = max(1, min(_BATCH, count // (4 * processes)))
    calls = (joblib.delayed(_extract_batch)(work.part(start, size)) for start in range(0, count, size))
    results = joblib.Parallel(n_jobs=processes, return_as="generator_unordered")(calls)
    try:
        for part in results:  # noqa: UP028  "yield from" would close them before the warning is silenced
            yield part
    except TerminatedWorkerError as error:
        raise CorpusError(
            "A worker process was killed, perhaps because the memory is full: "
            "try again with fewer jobs; what was finished is kept."
        ) from error
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that tasks were cancelled, which is what was asked for
            results.close()


def _extract_batch(work: _Work) -> Extracted:
    arrays: list[np.ndarray] = []
    lengths: list[int] = []
    for _, path in work.clips:
        try:
            arrays.append(work.extract(load_audio(path), work.config).astype(work.dtype))
            lengths.append(len(arrays[-1]))
        except AudioError as error:
            if not work.skip_unreadable:
                raise CorpusError(f"A clip of the corpus cannot be read: {error} ({path})") from error
            lengths.append(Extracted.UNREADABLE)
    values = np.concatenate(arrays) if arrays else np.zeros((0, 0), work.dtype)
    return Extracted(tuple(clip for clip, _ in work.clips), np.array(lengths, np.int64), values)


def _joined(
    paths: Sequence[str], clips: Sequence[str], shards: Shards, dtype: np.dtype[Any], skip_unreadable: bool
) -> FeatureStore:
    """Put the features of *clips* end to end in their order, reading one shard after another."""
    known = shards.known(_limits(), with_unreadable=skip_unreadable)
    entries = [known.get(clip) for clip in clips]
    lengths = [entry.length if entry else 0 for entry in entries]
    if paths and not any(lengths):
        raise CorpusError(f"None of the {len(paths)} clips can be read, such as {paths[0]}: get the corpus again.")
    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    wanted: dict[Path, list[int]] = {}
    for row, entry in enumerate(entries):
        if entry and entry.length:
            wanted.setdefault(entry.shard, []).append(row)
    values = np.zeros((0, 0), dtype)
    for shard, rows in wanted.items():
        part = shards.values(shard)
        if not values.size:
            values = np.empty((offsets[-1], part.shape[1]), dtype)
        for row in rows:
            entry = entries[row]
            assert entry is not None
            values[offsets[row] : offsets[row + 1]] = part[entry.start : entry.start + entry.length]
    return FeatureStore(values, offsets)
