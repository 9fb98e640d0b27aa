"""CREMA-D: its repository holds Git-LFS stubs, each with the SHA-256 of a clip; the clips lie in the LFS store."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ser_core.corpora.names import parse_name
from ser_core.corpora.sources import Sources, fetch_all, missing_clips
from ser_core.corpora.transfer import Cancelled, Progress, Remote, fetch_json, guard_disk
from ser_core.corpora.unpack import move_into, unzip
from ser_core.errors import DownloadError

#: Thirty clips, about 3 MB: one sentence by three women and two men from 21 to 61 years in each of the six emotions.
STARTER_CLIPS = tuple(
    f"{actor}_DFA_{emotion}_XX"
    for actor in (1001, 1002, 1004, 1011, 1020)
    for emotion in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
)

#: Sexes and ages of the actors, and the listeners' votes.
_TABLES = ("VideoDemographics.csv", "processedResults/summaryTable.csv", "processedResults/tabulatedVotes.csv")
_STUB = re.compile(r"version https://git-lfs\S*\s+oid sha256:([0-9a-f]{64})\s+size (\d+)\s*")
_MAX_ARCHIVE_BYTES = 1_000_000_000
_BATCH = 100
_LFS_TYPE = "application/vnd.git-lfs+json"

#: SHA-256 and size in bytes of a clip.
Stub = tuple[str, int]


def download_starter(
    target: Path, sources: Sources, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> None:
    """Fetch :data:`STARTER_CLIPS` and the tables into *target*; progress counts files."""
    wanted = set(missing_clips("cremad", target)) & set(STARTER_CLIPS)
    jobs = [partial(_fetch_text, name, target / name, sources, cancelled) for name in _TABLES]
    jobs += [partial(_fetch_starter_clip, clip, target, sources, cancelled) for clip in sorted(wanted)]
    fetch_all(jobs, progress, cancelled)


def download_cremad(
    target: Path, sources: Sources, progress: Progress | None = None, cancelled: Cancelled | None = None
) -> None:
    """Fetch all clips that *target* lacks, and the tables; progress counts clips."""
    stubs = _read_repository(target, sources, cancelled)
    wanted = [clip for clip in missing_clips("cremad", target) if clip in stubs]
    places = _lfs_places([stubs[clip] for clip in wanted], sources)
    jobs = []
    for clip in wanted:
        digest, size = stubs[clip]
        first = places.get(digest)
        remotes = [Remote(first[0], size, f"sha256:{digest}", first[1])] if first else []
        remotes.append(Remote(f"{sources.cremad_mirror}/AudioWAV/{clip}.wav", size, f"sha256:{digest}"))
        jobs.append(partial(_fetch_clip, remotes, target / "AudioWAV" / f"{clip}.wav", sources, cancelled))
    fetch_all(jobs, progress, cancelled)


def parse_stub(text: str) -> Stub:
    """Return SHA-256 and size of a Git-LFS stub; raises :class:`DownloadError` when it is none."""
    match = _STUB.fullmatch(text)
    if not match:
        raise DownloadError("CREMA-D's repository has changed its form: get the corpus by hand from its page.")
    return match[1], int(match[2])


def _fetch_starter_clip(clip: str, target: Path, sources: Sources, cancelled: Cancelled | None) -> None:
    name = f"AudioWAV/{clip}.wav"
    stub_path = target / f"AudioWAV/.{clip}.stub"
    _fetch_text(name, stub_path, sources, cancelled)
    try:
        digest, size = parse_stub(stub_path.read_text(encoding="utf-8", errors="replace"))
    finally:
        stub_path.unlink()
    remotes = [
        Remote(f"{base}/{name}", size, f"sha256:{digest}") for base in (sources.cremad_media, sources.cremad_mirror)
    ]
    _fetch_clip(remotes, target / name, sources, cancelled)


def _fetch_text(name: str, place: Path, sources: Sources, cancelled: Cancelled | None) -> None:
    sources.fetch(Remote(f"{sources.cremad_text}/{name}"), place, cancelled=cancelled)


def _fetch_clip(remotes: Sequence[Remote], place: Path, sources: Sources, cancelled: Cancelled | None) -> None:
    """Fetch a clip from the first of *remotes* that gives it."""
    place.unlink(missing_ok=True)  # what is there is a stub, or the clip would not be missing
    for number, remote in enumerate(remotes, start=1):
        try:
            sources.fetch(remote, place, cancelled=cancelled)
            return
        except DownloadError:
            if number == len(remotes):
                raise


def _read_repository(target: Path, sources: Sources, cancelled: Cancelled | None) -> dict[str, Stub]:
    """Fetch the repository, put its tables into *target*, and return the stub of each clip."""
    archive, staging = target.parent / "CREMA-D.zip", target.parent / ".cremad.unpacking"
    archive.unlink(missing_ok=True)  # it is made anew for each request, and has no checksum
    sources.fetch(Remote(sources.cremad_archive), archive, cancelled=cancelled)
    shutil.rmtree(staging, ignore_errors=True)
    try:
        unzip(archive, staging, max_bytes=_MAX_ARCHIVE_BYTES, keep=_is_wanted, cancelled=cancelled)
        stubs = dict(_stubs(staging.rglob("AudioWAV/*.wav")))
        if not stubs:
            raise DownloadError("CREMA-D's repository has changed its form: get the corpus by hand from its page.")
        for folder in staging.iterdir():
            shutil.rmtree(folder / "AudioWAV", ignore_errors=True)
            guard_disk(partial(move_into, folder, target), target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        archive.unlink(missing_ok=True)
    return stubs


def _stubs(paths: Iterable[Path]) -> Iterable[tuple[str, Stub]]:
    for path in paths:
        name = parse_name("cremad", path)
        if name is not None:
            yield name.clip, parse_stub(path.read_text(encoding="utf-8", errors="replace")[:1000])


def _lfs_places(stubs: Sequence[Stub], sources: Sources) -> dict[str, tuple[str, Mapping[str, str]]]:
    """Ask the LFS server where objects lie: {SHA-256: (address, headers)}; what it does not give is left out."""
    places = {}
    headers = {"Accept": _LFS_TYPE, "Content-Type": _LFS_TYPE}
    for start in range(0, len(stubs), _BATCH):
        objects = [{"oid": digest, "size": size} for digest, size in stubs[start : start + _BATCH]]
        body = {"operation": "download", "transfers": ["basic"], "objects": objects}
        try:
            answer = fetch_json(f"{sources.cremad_lfs}/objects/batch", body, headers)
        except DownloadError:  # such as over its monthly budget: the mirror has the rest
            break
        for entry in answer.get("objects", []):
            action = entry.get("actions", {}).get("download")
            if action:
                places[entry["oid"]] = (action["href"], action.get("header") or {})
    return places


def _is_wanted(name: str) -> bool:
    return name.endswith(("LICENSE.txt", "SentenceFilenames.csv", *_TABLES)) or "/AudioWAV/" in name
