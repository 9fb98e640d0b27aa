"""The four corpora from where they were published into `SER_DATA`, each by the way its publisher allows.

RAVDESS: one archive from Zenodo. CREMA-D: clip by clip from the publisher's Git-LFS store, else from its mirror.
TESS: from the Borealis Dataverse, once its licence is accepted. SAVEE: by a form on its page; the folder a person
got there is taken in. Kaggle's copies come through kagglehub where that is installed.
"""

from __future__ import annotations

import os
import shutil
import urllib.parse
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ser_core.corpora.cremad import download_cremad, download_starter
from ser_core.corpora.facts import CORPORA
from ser_core.corpora.names import parse_name
from ser_core.corpora.sources import Sources, fetch_all, missing_clips, require_room, unpack
from ser_core.corpora.table import corpus_folder, find_clips, nothing_found
from ser_core.corpora.transfer import Cancelled, Progress, Remote, fetch_json, guard_disk, stopped
from ser_core.errors import CorpusError, DownloadError
from ser_core.files import write_atomically
from ser_core.settings import settings

#: Kaggle's copies, as owner/name. SAVEE's terms leave none.
KAGGLE = {
    "cremad": "ejlok1/cremad",
    "ravdess": "uwrfkaggler/ravdess-emotional-speech-audio",
    "tess": "ejlok1/toronto-emotional-speech-set-tess",
}

_TESS_DOI = "doi:10.5683/SP2/E8H2MF"
#: An archive and what it unpacks to, in times the archive.
_UNPACKING = 4


def download(
    corpus: str,
    data: str | os.PathLike[str] | None = None,
    *,
    accept_licence: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    sources: Sources | None = None,
) -> Path:
    """Fetch what is missing of a corpus into `data/<corpus>` and return that folder.

    Parameters
    ----------
    data
        By default the setting `SER_DATA`.
    accept_licence
        Whether the person has accepted the terms; needed where :attr:`CorpusFacts.accept_licence` says so.
    progress
        Called with (done, in all): bytes of an archive, or clips.

    Raises
    ------
    DownloadError
        With a sentence; what was fetched is kept and the same call goes on from there.
    CancelledError
        When *cancelled* says yes.
    """
    target = _target(corpus, data)
    require_licence(corpus, accept_licence)
    if corpus == "savee":
        facts = CORPORA["savee"]
        raise DownloadError(f"SAVEE cannot be downloaded by a program ({facts.url}). {facts.obtain}")
    if not missing_clips(corpus, target):
        return target
    guard_disk(partial(target.parent.mkdir, parents=True, exist_ok=True), target)
    steps = {"cremad": download_cremad, "ravdess": _ravdess, "tess": _tess}
    steps[corpus](target, sources or Sources(), progress, cancelled)
    return target


def download_starter_pack(
    data: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    sources: Sources | None = None,
) -> Path:
    """Fetch the clips of :data:`ser_core.corpora.cremad.STARTER_CLIPS` and CREMA-D's tables; return `data/cremad`.


    Progress counts files. Raises as :func:`download`.
    """
    target = _target("cremad", data)
    download_starter(target, sources or Sources(), progress, cancelled)
    return target


def take_folder(
    corpus: str,
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    *,
    accept_licence: bool = False,
    link: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Path:
    """Take in a copy that a person has: its clips and tables are copied (or linked) into `data/<corpus>`.

    Raises
    ------
    CorpusError
        If the folder holds no clip of that corpus; nothing is copied then.
    DownloadError
        If the licence is not accepted, or the disk refuses.
    CancelledError
        When *cancelled* says yes; the same call goes on from there.
    """
    require_licence(corpus, accept_licence)
    root = corpus_folder(corpus, folder).resolve()
    found, other = find_clips(corpus, root)
    if not found:
        raise CorpusError(nothing_found(corpus, root, other))
    target = _target(corpus, data)
    if target.resolve() == root or root.is_relative_to(target.resolve()):
        return target  # it lies there already
    files = [*(entries[0][1] for entries in found.values()), *root.rglob("*.csv"), *root.rglob("LICENSE*")]
    for number, path in enumerate(files, start=1):
        if cancelled and cancelled():
            raise stopped()
        place = target / path.relative_to(root)
        if not place.exists():
            guard_disk(partial(_place, path, place, link), place)
        if progress:
            progress(number, len(files))
    return target


def take_from_kaggle(
    corpus: str,
    data: str | os.PathLike[str] | None = None,
    *,
    accept_licence: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Path:
    """Fetch Kaggle's copy of a corpus with kagglehub, and take it in as :func:`take_folder` does.

    Raises
    ------
    DownloadError
        If there is no such copy, kagglehub is not installed, or it fails.
    """
    require_licence(corpus, accept_licence)
    if corpus not in KAGGLE:
        raise DownloadError(f"There is no copy of {corpus} on Kaggle to take: choose one of {', '.join(KAGGLE)}.")
    try:
        import kagglehub  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise DownloadError("Kaggle's copies need the package kagglehub: pip install kagglehub.") from None
    try:
        folder = kagglehub.dataset_download(KAGGLE[corpus])
    except Exception as error:  # its many kinds are not documented
        reason = (str(error).splitlines() or ["no reason given"])[0].rstrip(".")
        raise DownloadError(f"Kaggle's copy of {CORPORA[corpus].title} cannot be fetched ({reason}).") from error
    return take_folder(corpus, folder, data, accept_licence=accept_licence, progress=progress, cancelled=cancelled)


def require_licence(corpus: str, accepted: bool) -> None:
    """Raise :class:`DownloadError` with the terms when they must be accepted first and are not."""
    facts = CORPORA.get(corpus)
    if facts is None:
        raise DownloadError(f"There is no corpus named '{corpus}': choose one of {', '.join(CORPORA)}.")
    if facts.accept_licence and not accepted:
        raise DownloadError(
            f"{facts.title} may be used under these terms: {facts.licence} ({facts.licence_url}). "
            "Read them, and accept them with --accept-licence."
        )


def _target(corpus: str, data: str | os.PathLike[str] | None) -> Path:
    return (Path(data) if data is not None else settings().data) / corpus


def _place(path: Path, place: Path, link: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if link:
        place.symlink_to(path)
    else:
        write_atomically(place, lambda temporary: shutil.copyfile(path, temporary))


def _ravdess(target: Path, sources: Sources, progress: Progress | None, cancelled: Cancelled | None) -> None:
    archive = target.parent / "Audio_Speech_Actors_01-24.zip"
    require_room(target.parent, _UNPACKING * (sources.ravdess.size or 0))
    sources.fetch(sources.ravdess, archive, progress=progress, cancelled=cancelled)
    unpack(archive, "ravdess", target, cancelled)


def _tess(target: Path, sources: Sources, progress: Progress | None, cancelled: Cancelled | None) -> None:
    """Fetch what the Dataverse lists: clips one by one, archives unpacked."""
    place = f"{sources.dataverse}/api/datasets/:persistentId/versions/:latest-published/files"
    listing = fetch_json(f"{place}?persistentId={urllib.parse.quote(_TESS_DOI, safe='')}")
    files = listing.get("data", []) if isinstance(listing, dict) else []
    wanted = set(missing_clips("tess", target))
    jobs: list[Callable[[], object]] = []
    for entry in files:
        file, label = entry.get("dataFile", {}), str(entry.get("label") or "")
        name = PurePosixPath(label.replace("\\", "/")).name  # never a path from outside
        clip = parse_name("tess", name)
        remote = _dataverse_file(file, sources)
        if name.lower().endswith(".zip"):
            jobs.append(partial(_tess_archive, remote, target, name, sources, cancelled))
        elif clip is not None and clip.clip in wanted:
            folder = target / "_".join((clip.speaker, clip.clip.rpartition("_")[2]))
            jobs.append(partial(sources.fetch, remote, folder / name, cancelled=cancelled))
    if not jobs:
        raise DownloadError(f"Borealis lists no clip of TESS any more: look on {CORPORA['tess'].url}.")
    fetch_all(jobs, progress, cancelled)


def _dataverse_file(file: dict[str, Any], sources: Sources) -> Remote:
    given = file.get("checksum") or {"type": "MD5", "value": file.get("md5")}
    kind = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}.get(given.get("type", ""))
    checksum = f"{kind}:{given['value']}" if kind and given.get("value") else None
    return Remote(f"{sources.dataverse}/api/access/datafile/{file.get('id')}", file.get("filesize"), checksum)


def _tess_archive(remote: Remote, target: Path, name: str, sources: Sources, cancelled: Cancelled | None) -> None:
    archive = target.parent / name
    sources.fetch(remote, archive, cancelled=cancelled)
    unpack(archive, "tess", target, cancelled)
