"""Tables of clips kept under `SER_CACHE`, one parquet file a corpus folder, until a file below it changes.

The name of the parquet file carries a fingerprint of the folder's listing (path, size, time of change and mode of
every file) and of the code that reads names. So a table that is found is right, without a second file that could
disagree with it. Whatever goes wrong with the cache (damaged, read-only, full) costs time, never an answer.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from ser_core.files import remove_scraps, write_atomically
from ser_core.settings import settings

Read = Callable[[str, Path], pd.DataFrame]

#: How many tables are kept, of all corpora and folders.
_KEPT = 64
#: Code whose change makes every kept table stale.
_READERS = ("names.py", "table.py", "own.py", "manifest.py", "labels.py")


def cached_table(corpus: str, folder: str | os.PathLike[str], read: Read, types: Mapping[str, str]) -> pd.DataFrame:
    """Return `read(corpus, folder)`, from the cache where no file below *folder* has changed since.

    Parameters
    ----------
    corpus, folder
        Given to *read*; paths in the table begin with *folder* as it is written here.
    read
        Reads the files when there is no fresh table; what it raises is passed on, and nothing is kept.
    types
        The columns and their types, since a parquet file knows fewer types than pandas.
    """
    root = Path(folder)
    place = settings().cache / "tables"
    stem = f"{corpus}-{_digest(str(root), os.path.abspath(root))}"
    path = place / f"{stem}-{_fingerprint(root)}.parquet"
    found = _read(path, types)
    if found is not None:
        return found
    table = read(corpus, root)
    if not table["path"].str.startswith(f"{root}{os.sep}").all():
        return table  # a manifest may name files elsewhere, whose changes would not be noticed here
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda temporary: table.to_parquet(temporary, write_page_checksum=True))
        _clear(place, stem, path)
    except OSError:  # a cache that cannot be written is done without
        pass
    return table


def _clear(place: Path, stem: str, path: Path) -> None:
    """Remove what *path* replaces, the oldest tables of folders long gone, and what killed processes left."""
    for old in place.glob(f"{stem}-*.parquet"):
        if old != path:
            old.unlink(missing_ok=True)
    ages = sorted(place.glob("*.parquet"), key=lambda table: table.stat().st_mtime_ns, reverse=True)
    for old in ages[_KEPT:]:
        old.unlink(missing_ok=True)
    remove_scraps(place)


def list_files(root: Path) -> Iterator[tuple[str, os.stat_result | None]]:
    """Yield path below *root* and status of every file, in no order; None for a link that leads nowhere."""
    folders = [str(root)]
    while folders:
        try:
            entries = os.scandir(folders.pop())
        except OSError:  # gone, or not ours to read: the reader passes over it too
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                try:
                    status = entry.stat()
                except OSError:
                    status = None
                yield entry.path[len(str(root)) + 1 :], status


def _fingerprint(root: Path) -> str:
    lines = [_line(name, status) for name, status in list_files(root)]
    for path in root.parent.glob("*.csv"):  # the actors' ages may lie beside the folder
        lines.append(_line(f"../{path.name}", path.stat() if path.exists() else None))
    code = [(Path(__file__).parent / name).read_text(encoding="utf-8") for name in _READERS]
    return _digest(*sorted(lines), *code)


def _line(name: str, status: os.stat_result | None) -> str:
    return f"{name}|{status.st_size}|{status.st_mtime_ns}|{status.st_mode}" if status else name


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def _read(path: Path, types: Mapping[str, str]) -> pd.DataFrame | None:
    if not path.exists():
        return None
    try:
        table = pd.read_parquet(path, page_checksum_verification=True)
        return table.astype(dict(types)) if list(table.columns) == list(types) else None
    except Exception:  # whatever a damaged file makes the parquet library raise
        return None
