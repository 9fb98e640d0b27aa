"""Files that are either the old one or the whole new one, whatever happens while they are written."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path


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


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8 as :func:`write_atomically` does."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes as :func:`write_atomically` does."""
    write_atomically(path, lambda temporary: temporary.write_bytes(data))
