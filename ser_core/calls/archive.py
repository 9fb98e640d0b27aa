"""Where calls come from: files, a folder, a ZIP, uploads; with what is known of each. Everything here is a stranger's.

Nothing is unpacked to disk: a ZIP's files are read into memory one at a time, under limits, and their names are only
ever shown.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ser_core.calls.manifest import About, ManifestIndex, NamePattern, file_key, plain, read_manifest
from ser_core.errors import AudioError, CallsError
from ser_core.settings import settings

#: What a folder or a ZIP is searched for.
ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".webm", ".m4a", ".mp4", ".amr", ".aac")
#: Files in one batch, and bytes that a ZIP may unfold to.
MOST_FILES = 200_000
MOST_UNFOLDED = 100_000_000_000

_MANIFEST = "manifest.csv"
_NAME_LENGTH = 200
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError)


@dataclass(frozen=True)
class Source:
    """One call to be listened to.

    Attributes
    ----------
    name
        Printable, with / between folders.
    about
        What is known beside the sound.
    path
        Where the file lies; None where it is in an archive or was uploaded.
    error
        Why there is no such file, known before anything is read.
    """

    name: str
    about: About = field(default_factory=About)
    path: Path | None = None
    error: str | None = None
    _data: Callable[[], bytes] | None = field(default=None, repr=False, compare=False)

    def read(self) -> bytes:
        """Return the file's bytes.

        Raises
        ------
        AudioError
            If it cannot be read, is larger than the setting `SER_MAX_MEGABYTES`, or damaged in its archive.
        """
        if self._data is not None:
            return self._data()
        if self.path is None:
            raise AudioError(self.error or f"{self.name} is not there: check the manifest.")
        try:
            with self.path.open("rb") as file:
                return _limited(file, self.name)
        except OSError as error:
            raise AudioError(f"{self.name} cannot be opened ({error.strerror}): check the file.") from error


def list_sources(places: Sequence[Path], *, manifest: Path | None = None, pattern: str | None = None) -> list[Source]:
    """Return the calls in files, folders and ZIP files, in order of their names.

    Parameters
    ----------
    places
        Any number of each.
    manifest
        A CSV file as :func:`ser_core.calls.manifest.read_manifest` reads it. Without one, a `manifest.csv` inside a
        folder or ZIP is used.
    pattern
        Of file names, as for :class:`ser_core.calls.manifest.NamePattern`; used where the manifest names no agent.

    Raises
    ------
    CallsError
        If a place is missing or holds no sound, or the manifest or the pattern cannot be used.
    """
    found: list[Source] = []
    inside: list[bytes] = []
    for place in places:
        sources, manifests = _in_place(place)
        found += sources
        inside += manifests
    rows: dict[str, About] = {}
    if manifest is not None:
        try:
            with manifest.open("rb") as file:
                rows = read_manifest(_limited(file, manifest.name), manifest.name)
        except OSError as error:
            raise CallsError(f"The manifest {manifest} cannot be opened ({error.strerror}): check its path.") from error
    else:
        for data in inside:
            rows |= read_manifest(data, _MANIFEST)
    return described(found, rows, pattern)


def uploaded_sources(files: Iterable[tuple[str, bytes]], *, pattern: str | None = None) -> list[Source]:
    """Return the calls in uploaded files, given as pairs of name and bytes: sounds, ZIP files, one CSV as manifest.

    Raises
    ------
    CallsError
        As :func:`list_sources` does.
    """
    found: list[Source] = []
    rows: dict[str, About] = {}
    for name, data in files:
        if data.startswith(b"PK\x03\x04"):
            sources, manifests = _in_zip(partial(_open_bytes, data), plain(name))
            found += sources
            for content in manifests:
                rows |= read_manifest(content, _MANIFEST)
        elif name.lower().endswith(".csv"):
            rows |= read_manifest(data, name)
        else:
            found.append(Source(plain(name, _NAME_LENGTH), _data=partial(_same, data)))
    return described(found, rows, pattern)


def described(sources: Sequence[Source], rows: dict[str, About], pattern: str | None = None) -> list[Source]:
    """Return sources with what a manifest and a pattern say of them; a file that is missing becomes one with an error.

    Raises
    ------
    CallsError
        If the pattern cannot be used, there is no call at all, or there are too many.
    """
    index, names = ManifestIndex(rows), NamePattern(pattern) if pattern and pattern.strip() else None
    found = []
    for source in sources:
        said = index.about(source.name) or About()
        read = (names.about(source.name) if names else None) or About()
        found.append(replace(source, about=About(said.agent or read.agent, said.caller, said.call_id or read.call_id)))
    if not found:
        raise CallsError(
            f"No call was found: give sound files ({', '.join(ENDINGS[:6])} …), a folder or a ZIP of them."
        )
    if len(found) > MOST_FILES:
        raise CallsError(f"There are over {MOST_FILES:,} files, too many for one batch: split them.")
    for file in index.missing():
        name = plain(file, _NAME_LENGTH)
        words = f"{name} is in the manifest and was not found: check the name, or add the file."
        found.append(Source(name, rows[file], error=words))
    return found


def _in_place(place: Path) -> tuple[list[Source], list[bytes]]:
    """Return the calls and the manifests at a path."""
    if place.is_dir():
        return _in_folder(place)
    try:
        with place.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise CallsError(f"{place} cannot be opened ({error.strerror}): check the path.") from error
    if head == b"PK\x03\x04":
        return _in_zip(partial(_open_path, place), plain(place.name))
    return [Source(plain(place.name, _NAME_LENGTH), path=place)], []


def _in_folder(folder: Path) -> tuple[list[Source], list[bytes]]:
    sources, manifests = [], []
    for root, folders, names in os.walk(folder):  # does not follow links out of the folder
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root) / name
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            if name.lower() == _MANIFEST:
                manifests.append(Source(_MANIFEST, path=path).read())
            elif name.lower().endswith(ENDINGS):
                sources.append(Source(plain(path.relative_to(folder).as_posix(), _NAME_LENGTH), path=path))
            if len(sources) > MOST_FILES:
                raise CallsError(f"There are over {MOST_FILES:,} files, too many for one batch: split them.")
    if not sources:
        raise CallsError(f"The folder {plain(str(folder))} holds no sound files: choose another.")
    return sources, manifests


def _in_zip(open_file: Callable[[], BinaryIO], archive: str) -> tuple[list[Source], list[bytes]]:
    with _zip(open_file, archive) as file:
        entries = [entry for entry in file.infolist() if _wanted(entry)]
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_UNFOLDED:
        raise CallsError(f"{archive} would unfold to more than a batch may hold: split it.")
    sources, manifests = [], []
    for entry in sorted(entries, key=lambda entry: entry.filename):
        name = plain(file_key(entry.filename), _NAME_LENGTH)
        read = partial(_unzipped, open_file, archive, entry, name)
        if name.rsplit("/", 1)[-1].lower() == _MANIFEST:
            manifests.append(read())
        else:
            sources.append(Source(name, _data=read))
    return sources, manifests


def _wanted(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename.rsplit("/", 1)[-1]
    hidden = name.startswith(".") or entry.filename.startswith("__MACOSX")
    return not entry.is_dir() and not hidden and name.lower().endswith((*ENDINGS, _MANIFEST))


def _unzipped(open_file: Callable[[], BinaryIO], archive: str, entry: zipfile.ZipInfo, name: str) -> bytes:
    """Return one file of a ZIP; not a byte more than its directory claims or the limit allows."""
    with _zip(open_file, archive) as file:
        try:
            with file.open(entry) as stream:
                data = stream.read(min(entry.file_size, _limit()) + 1)
        except (*_BROKEN_ZIP, RuntimeError, NotImplementedError) as error:
            reason = "it is encrypted" if entry.flag_bits & 1 else "it is damaged"
            raise AudioError(f"{name} cannot be unpacked from {archive}: {reason}.") from error
    if len(data) > entry.file_size:
        raise AudioError(f"{name} cannot be unpacked from {archive}: it is larger than the archive says.")
    return _checked(data, name)


@contextmanager
def _zip(open_file: Callable[[], BinaryIO], archive: str) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP anew for every reading, so that threads do not meet in it."""
    try:
        file = open_file()
        opened = zipfile.ZipFile(file)
    except (*_BROKEN_ZIP, NotImplementedError) as error:
        raise CallsError(f"{archive} is no ZIP file that can be read: pack it again.") from error
    with file, opened:
        yield opened


def _open_path(path: Path) -> BinaryIO:
    return path.open("rb")


def _open_bytes(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _same(data: bytes) -> bytes:
    return data


def _limit() -> int:
    return int(settings().max_megabytes * 1e6)


def _limited(file: BinaryIO, name: str) -> bytes:
    return _checked(file.read(_limit() + 1), name)


def _checked(data: bytes, name: str) -> bytes:
    if len(data) > _limit():
        raise AudioError(
            f"{name} is larger than the limit of {settings().max_megabytes:g} MB: cut it into parts, or raise the "
            "setting SER_MAX_MEGABYTES."
        )
    return data
