"""Archives unpacked without trust: nothing outside the folder, no links, no more bytes than allowed."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

from ser_core.corpora.transfer import Cancelled, Progress, guard_disk, stopped, write_block
from ser_core.errors import DownloadError

_BLOCK = 1 << 20
_MAX_ENTRIES = 100_000


def unzip(
    archive: Path,
    folder: Path,
    *,
    max_bytes: int,
    keep: Callable[[str], bool] = lambda name: True,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> int:
    """Unpack a ZIP file below *folder* and return how many files there were.

    Parameters
    ----------
    max_bytes
        What the files may come to together, counted while they are written.
    keep
        Says by the name in the archive whether a file is wanted.
    progress
        Called with (files done, files in all).

    Raises
    ------
    DownloadError
        If it is no ZIP file, damaged, encrypted, too large, or has names that lead outside.
    CancelledError
        When *cancelled* says yes.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            entries = [entry for entry in source.infolist() if not entry.is_dir() and keep(entry.filename)]
            if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > max_bytes:
                raise DownloadError(f"{archive.name} would unpack to more than it should hold: it was not unpacked.")
            left = max_bytes
            for number, entry in enumerate(entries, start=1):
                if cancelled and cancelled():
                    raise stopped()
                left -= _extract(source, entry, folder / _inside(entry, archive.name), left)
                if progress:
                    progress(number, len(entries))
            return len(entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DownloadError(f"{archive} is no usable ZIP file ({error}): remove it and download it again.") from error


def move_into(source: Path, target: Path) -> None:
    """Move every file below *source* to the same place below *target*, replacing what is there."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
    shutil.rmtree(source, ignore_errors=True)


def _inside(entry: zipfile.ZipInfo, archive: str) -> Path:
    """Return the entry's path if it stays below the folder it is unpacked to."""
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    if name.is_absolute() or ".." in name.parts or ":" in entry.filename or "\0" in entry.filename or is_link:
        raise DownloadError(f"{archive} holds a path that leads outside its folder: it was not unpacked.")
    return Path(*name.parts)


def _extract(source: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int) -> int:
    """Write one file and return its size; raises when it is longer than *left* bytes."""
    written = 0
    guard_disk(lambda: path.parent.mkdir(parents=True, exist_ok=True), path)
    with source.open(entry) as stream, guard_disk(lambda: path.open("wb", buffering=0), path) as file:
        while block := stream.read(_BLOCK):
            written += len(block)
            if written > left:
                raise DownloadError("The archive unpacks to more than it should hold: unpacking was stopped.")
            guard_disk(partial(write_block, file, block), path)
    return written
