"""Where calls come from: files, a folder, a ZIP, uploads; with what is known of each. Everything here is a stranger's.

Nothing is unpacked to disk: a ZIP's files are read into memory one at a time, under limits, and their names are only
ever shown.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ser_core.calls.manifest import (
    LARGEST_MANIFEST,
    About,
    ManifestIndex,
    NamePattern,
    file_key,
    plain,
    read_manifest,
)
from ser_core.calls.zipped import MOST_ENTRIES, Archive
from ser_core.errors import AudioError, CallsError
from ser_core.settings import settings

#: What a folder or a ZIP is searched for.
ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".webm", ".m4a", ".mp4", ".amr", ".aac")
#: Files in one batch.
MOST_FILES = MOST_ENTRIES

_MANIFEST = "manifest.csv"
_NAME_LENGTH = 200

#: Reads a manifest, at most so many bytes and one.
_Manifest = Callable[[int], bytes]


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
        """Return the file's bytes; where it lies on this machine, however large it is.

        Raises
        ------
        AudioError
            If it cannot be read, or came packed and is larger than the setting `SER_MAX_MEGABYTES` or damaged.
        """
        if self._data is not None:
            return self._data()
        if self.path is None:
            raise AudioError(self.error or f"{self.name} is not there: check the manifest.")
        try:
            return self.path.read_bytes()
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
    inside: list[_Manifest] = []
    for place in places:
        sources, manifests = _in_place(place)
        found += sources
        inside += manifests
    if manifest is not None:
        try:
            with manifest.open("rb") as file:
                rows = read_manifest(_limited(file, manifest.name), manifest.name)
        except OSError as error:
            raise CallsError(f"The manifest {manifest} cannot be opened ({error.strerror}): check its path.") from error
    else:
        rows = _said(inside, "these places" if len(places) > 1 else plain(str(places[0])))
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
            sources, manifests = _in_zip(Archive(data, plain(name)))
            found += sources
            rows |= _said(manifests, plain(name))
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


def _in_place(place: Path) -> tuple[list[Source], list[_Manifest]]:
    """Return the calls and the manifests at a path."""
    if place.is_dir():
        return _in_folder(place)
    try:
        with place.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise CallsError(f"{place} cannot be opened ({error.strerror}): check the path.") from error
    if head == b"PK\x03\x04":
        return _in_zip(Archive(place, plain(place.name)))
    return [Source(plain(place.name, _NAME_LENGTH), path=place)], []


def _in_folder(folder: Path) -> tuple[list[Source], list[_Manifest]]:
    sources: list[Source] = []
    manifests: list[_Manifest] = []
    for root, folders, names in os.walk(folder):  # does not follow links out of the folder
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root) / name
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            if name.lower() == _MANIFEST:
                manifests.append(partial(_from_file, path))
            elif name.lower().endswith(ENDINGS):
                sources.append(Source(plain(path.relative_to(folder).as_posix(), _NAME_LENGTH), path=path))
            if len(sources) > MOST_FILES:
                raise CallsError(f"There are over {MOST_FILES:,} files, too many for one batch: split them.")
    if not sources:
        raise CallsError(f"The folder {plain(str(folder))} holds no sound files: choose another.")
    return sources, manifests


def _in_zip(archive: Archive) -> tuple[list[Source], list[_Manifest]]:
    sources: list[Source] = []
    manifests: list[_Manifest] = []
    for entry in archive.entries(_wanted):
        name = plain(file_key(entry.filename), _NAME_LENGTH)
        if name.rsplit("/", 1)[-1].lower() == _MANIFEST:
            manifests.append(partial(archive.read, entry, name))
        else:
            sources.append(Source(name, _data=partial(_unzipped, archive, entry, name)))
    return sources, manifests


def _wanted(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    hidden = name.startswith(".") or path.startswith("__MACOSX")
    return not hidden and name.lower().endswith((*ENDINGS, _MANIFEST))


def _unzipped(archive: Archive, entry: zipfile.ZipInfo, name: str) -> bytes:
    return _checked(archive.read(entry, name, _limit()), name)


def _said(manifests: Iterable[_Manifest], place: str) -> dict[str, About]:
    """Return what the manifests inside a place say, of which there may be many."""
    rows: dict[str, About] = {}
    left = LARGEST_MANIFEST
    for read in manifests:
        data = read(left)
        left -= len(data)
        if left < 0:
            words = f"the manifests in {place} come to more than {LARGEST_MANIFEST // 10**6} MB"
            raise CallsError(f"There is too much to read: {words}. Keep one, with a line a call.")
        rows |= read_manifest(data, _MANIFEST)
    return rows


def _from_file(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise CallsError(f"The manifest {plain(str(path))} cannot be opened ({error.strerror}): check it.") from error


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
