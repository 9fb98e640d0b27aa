"""What is in each sound file of a corpus: its content's hash, level, rate, or why it cannot be read.

Every file is decoded once, on all cores; the results are kept under `SER_CACHE` until a file changes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ser_core.audio.containers import container_of
from ser_core.audio.decode import decode
from ser_core.errors import AudioError, CancelledError
from ser_core.files import write_atomically
from ser_core.settings import settings

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]

#: The problem of a file that holds a reference instead of the sound.
STUB = "Git-LFS stub"

_LFS_PREFIX = b"version https://git-lfs"
_BATCH = 32
_MAX_SECONDS = 600.0
#: Raised when what is measured changes, so that kept results are not taken for the new ones.
_VERSION = 1


@dataclass(frozen=True)
class FileCheck:
    """What was found in a file.

    Attributes
    ----------
    path
        Below the corpus's folder.
    size, mtime_ns
        Of the file when it was read, in bytes and nanoseconds.
    digest
        A hash of the decoded samples, equal for equal sound whatever the header says; empty when unreadable.
    peak
        Largest absolute sample, full scale = 1.
    sample_rate, channels
        As the file says.
    container
        What the file really is: ``wav``, ``aiff``, ``ogg`` …; empty when it is no sound file.
    problem
        Why it cannot be read, as a sentence; :data:`STUB` for a Git-LFS stub; empty when it can.
    """

    path: str
    size: int
    mtime_ns: int
    digest: str = ""
    peak: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    container: str = ""
    problem: str = ""


_COLUMNS = [field.name for field in fields(FileCheck)]


def check_files(
    corpus: str,
    root: Path,
    paths: Sequence[Path],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> list[FileCheck]:
    """Return a check of each of *paths* (all below *root*), in their order.

    Parameters
    ----------
    jobs
        Threads; by default one a core.
    progress
        Called with (files done, files in all).
    cancelled
        Asked every few seconds of work.

    Raises
    ------
    CancelledError
        When *cancelled* says yes; what was checked is kept for the next time.
    """
    names = [os.path.relpath(path, root) for path in paths]
    kept = _load(corpus, root)
    done = {name: kept[key] for name in names if (key := _key(root, name)) in kept}
    todo = [name for name in names if name not in done]
    batches = [todo[start : start + _BATCH] for start in range(0, len(todo), _BATCH)]
    if progress:
        progress(len(done), len(names))
    # Threads: decoding happens in C and lets the others run, and there are no processes to start.
    pool = ThreadPoolExecutor(jobs or os.cpu_count() or 1)
    try:
        for part in pool.map(partial(_check_batch, root), batches):
            done.update((check.path, check) for check in part)
            if progress:
                progress(len(done), len(names))
            if cancelled and cancelled():
                raise CancelledError("The check was stopped; the next one goes on from here.")
    finally:
        pool.shutdown(cancel_futures=True)
        if todo:
            _save(corpus, root, list(done.values()))
    return [done[name] for name in names]


def check_file(root: Path, name: str) -> FileCheck:
    """Read and decode the file *name* below *root*."""
    path = root / name
    try:
        status = path.stat()
        data = path.read_bytes()
    except OSError as error:
        return FileCheck(name, -1, -1, problem=f"{path.name} cannot be opened ({error.strerror}).")
    found = FileCheck(name, status.st_size, status.st_mtime_ns, container=container_of(data) or "")
    changes = asdict(found)
    if not data:
        return FileCheck(**changes | {"problem": f"{path.name} is empty."})
    if data.startswith(_LFS_PREFIX):
        return FileCheck(**changes | {"problem": STUB})
    try:
        decoded = decode(data, path.name, _MAX_SECONDS)
    except AudioError as error:
        return FileCheck(**changes | {"problem": str(error)})
    samples = decoded.samples
    if not len(samples) or not np.isfinite(samples).all():
        return FileCheck(**changes | {"problem": f"{path.name} holds no usable samples."})
    digest = hashlib.blake2b(np.ascontiguousarray(samples).tobytes(), digest_size=16, key=str(decoded.rate).encode())
    measured = {
        "digest": digest.hexdigest(),
        "peak": float(np.abs(samples).max()),
        "sample_rate": decoded.original_rate,
        "channels": decoded.channels,
    }
    return FileCheck(**changes | measured)


def _check_batch(root: Path, names: Sequence[str]) -> list[FileCheck]:
    return [check_file(root, name) for name in names]


def _key(root: Path, name: str) -> tuple[str, int, int]:
    try:
        status = (root / name).stat()
    except OSError:
        return name, -2, -2  # never kept: what cannot be opened now may be opened next time
    return name, status.st_size, status.st_mtime_ns


def _place(corpus: str, root: Path) -> Path:
    folder = hashlib.sha256(os.path.abspath(root).encode(errors="surrogateescape")).hexdigest()[:16]
    return settings().cache / "checks" / f"{corpus}-{folder}-{_VERSION}.parquet"


def _load(corpus: str, root: Path) -> dict[tuple[str, int, int], FileCheck]:
    path = _place(corpus, root)
    if not path.exists():
        return {}
    try:
        table = pd.read_parquet(path, page_checksum_verification=True)
        checks = [FileCheck(*row) for row in table[_COLUMNS].itertuples(index=False, name=None)]
        return {(check.path, check.size, check.mtime_ns): check for check in checks}
    except Exception:  # whatever a damaged file makes the parquet library raise
        return {}


def _save(corpus: str, root: Path, checks: Sequence[FileCheck]) -> None:
    path = _place(corpus, root)
    table = pd.DataFrame([asdict(check) for check in checks], columns=_COLUMNS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda temporary: table.to_parquet(temporary, write_page_checksum=True))
    except (OSError, ValueError):  # a cache that cannot be written is done without
        pass
