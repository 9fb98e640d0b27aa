"""A stranger's ZIP of calls: its directory is read once, each file when it is asked for, never more than it claims."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ser_core.errors import AudioError, CallsError

#: Files in one archive, and bytes that they may unfold to.
MOST_ENTRIES = 100_000
MOST_UNFOLDED = 100_000_000_000

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
#: What an entry of a ZIP's directory begins with, and how much of a file's end is searched for it.
_ENTRY, _SEARCHED = b"PK\x01\x02", 64_000_000


class Archive:
    """A ZIP file or its bytes. Any thread may read from it.

    Attributes
    ----------
    name
        What it is called in sentences.

    Raises
    ------
    CallsError
        If it is no ZIP, or holds more than a batch may.
    """

    def __init__(self, source: Path | bytes, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        try:
            with contextlib.ExitStack() as opened:
                file: IO[bytes] = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
                opened.callback(file.close)
                self._check(file)
                self._zip = zipfile.ZipFile(file)
                opened.pop_all()  # open as long as somebody may read from it
        except _BROKEN as error:
            raise CallsError(f"{name} is no ZIP file that can be read: pack it again.") from error

    def entries(self, wanted: Callable[[str], bool]) -> list[zipfile.ZipInfo]:
        """Return the files whose name is wanted, in order of their names; raises CallsError where they are too many."""
        found = [entry for entry in self._zip.infolist() if not entry.is_dir() and wanted(entry.filename)]
        if sum(entry.file_size for entry in found) > MOST_UNFOLDED:
            raise self._too_much()
        return sorted(found, key=lambda entry: entry.filename)

    def read(self, entry: zipfile.ZipInfo, name: str, most: int) -> bytes:
        """Return one file, called *name* in sentences: not a byte more than its entry claims, at most ``most + 1``.

        Raises
        ------
        AudioError
            If it is damaged, encrypted, or larger than its entry says.
        """
        try:
            with self._lock, self._zip.open(entry) as stream:
                data = stream.read(min(entry.file_size, most) + 1)
        except (*_BROKEN, RuntimeError) as error:
            reason = "it is encrypted" if entry.flag_bits & 1 else "it is damaged"
            raise AudioError(f"{name} cannot be unpacked from {self.name}: {reason}.") from error
        if len(data) > entry.file_size:
            raise AudioError(f"{name} cannot be unpacked from {self.name}: it is larger than the archive says.")
        return data

    def _check(self, file: IO[bytes]) -> None:
        """Count the entries before the library makes an object of each: a million of them take it many seconds."""
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _SEARCHED))
        if file.read().count(_ENTRY) > MOST_ENTRIES:
            raise self._too_much()
        file.seek(0)

    def _too_much(self) -> CallsError:
        return CallsError(f"{self.name} would unfold to more than a batch may hold: split it.")
