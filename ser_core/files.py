"""Files that are either the old one or the whole new one, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call *write* with a temporary path beside *path*, then rename it into place.

    Several processes and threads may write the same file at once: the last one wins, and none sees half a file.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_scraps(folder: Path, older_s: float | None = 3600.0) -> None:
    """Remove what killed processes left of :func:`write_atomically` in a folder.

    Only what was written so many seconds ago; None, for callers who know that nobody writes there now, means any.
    """
    for scrap in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if older_s is None or time.time() - scrap.stat().st_mtime >= older_s:
                scrap.unlink()


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8 as :func:`write_atomically` does."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes as :func:`write_atomically` does."""
    write_atomically(path, lambda temporary: temporary.write_bytes(data))


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process and thread at a time change *folder*; others wait. The lock goes with a process that is killed.

    Without such locks (Windows) nothing is held.
    """
    if fcntl is None:
        yield
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
