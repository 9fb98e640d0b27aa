"""Where the corpora lie in the network, and what their downloads share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from ser_core.corpora.expected import expected_clips
from ser_core.corpora.table import find_clips
from ser_core.corpora.transfer import Cancelled, Progress, Remote, alone, fetch, stopped
from ser_core.corpora.unpack import move_into, unzip
from ser_core.errors import DownloadError

#: A file smaller than this holds no clip: a Git-LFS stub, or nothing.
_SMALLEST_CLIP = 1024
#: More than any of the corpora unpacks to, in bytes.
_MAX_UNPACKED = 3_000_000_000
_WANTED = (".wav", ".flac", ".mp3", ".csv", ".txt")
_AT_ONCE = 8


@dataclass(frozen=True)
class Sources:
    """Addresses of the publishers; tests put a local server here.

    Attributes
    ----------
    ravdess
        The archive of the Zenodo record, with the size and checksum that the record gives.
    cremad_archive
        CREMA-D's repository as a ZIP file: its tables, and a Git-LFS stub with a SHA-256 for each clip.
    cremad_text
        The same repository file by file.
    cremad_lfs
        Its Git-LFS server.
    cremad_media
        Its files with the sound in place of the stubs.
    cremad_mirror
        The mirror its authors name (in issue 15 of the repository), the same paths.
    dataverse
        The Dataverse that publishes TESS.
    tries, wait_s
        As for :func:`ser_core.corpora.transfer.fetch`.
    """

    ravdess: Remote = field(
        default=Remote(
            "https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
            208_468_073,
            "md5:bc696df654c87fed845eb13823edef8a",
        )
    )
    cremad_archive: str = "https://github.com/CheyneyComputerScience/CREMA-D/archive/refs/heads/master.zip"
    cremad_text: str = "https://raw.githubusercontent.com/CheyneyComputerScience/CREMA-D/master"
    cremad_lfs: str = "https://github.com/CheyneyComputerScience/CREMA-D.git/info/lfs"
    cremad_media: str = "https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master"
    cremad_mirror: str = "https://gitlab.com/cs-cooper-lab/crema-d-mirror/-/raw/main"
    dataverse: str = "https://borealisdata.ca"
    tries: int = 5
    wait_s: float = 2.0

    def fetch(
        self,
        remote: Remote,
        target: Path,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> Path:
        """Fetch a file as :func:`ser_core.corpora.transfer.fetch` with these tries and pauses."""
        return fetch(remote, target, progress=progress, cancelled=cancelled, tries=self.tries, wait_s=self.wait_s)


def missing_clips(corpus: str, folder: Path) -> list[str]:
    """Return the clips of a corpus that have no file below *folder*, or one too small to hold sound."""
    there: set[str] = set()
    if folder.is_dir():
        found = find_clips(corpus, folder)[0]
        there = {clip for clip, files in found.items() if any(_holds_sound(path) for _, path in files)}
    return sorted(expected_clips(corpus) - there)


def _holds_sound(path: Path) -> bool:
    try:
        return path.stat().st_size >= _SMALLEST_CLIP
    except OSError:  # a link that leads nowhere
        return False


def fetch_all(jobs: Sequence[Callable[[], object]], progress: Progress | None, cancelled: Cancelled | None) -> None:
    """Run *jobs* several at once; the first error stops the rest and is raised. Progress counts jobs."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                if progress:
                    progress(done, len(futures))
                if cancelled and cancelled():
                    raise stopped()
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def unpack(archive: Path, corpus: str, target: Path, cancelled: Cancelled | None) -> None:
    """Unpack sounds and tables of *archive* into *target* and remove the archive; all of it or nothing."""
    staging = target.parent / f".{archive.stem}.unpacking"
    with alone(archive):
        if not archive.exists():  # another process has unpacked it meanwhile
            return
        shutil.rmtree(staging, ignore_errors=True)
        try:
            unzip(archive, staging, max_bytes=_MAX_UNPACKED, keep=_is_wanted, cancelled=cancelled)
            if not staging.is_dir() or not find_clips(corpus, staging)[0]:
                raise DownloadError(
                    f"{archive.name} holds no clip of the corpus: look on its page for what has changed."
                )
            move_into(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        archive.unlink()


def require_room(folder: Path, needed: int) -> None:
    """Raise :class:`DownloadError` when the disk of *folder* has fewer than *needed* bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DownloadError(
            f"The disk has {free / 1e6:,.0f} MB free and {needed / 1e6:,.0f} MB are needed: make room in {folder}."
        )


def _is_wanted(name: str) -> bool:
    return name.lower().endswith(_WANTED) and "__MACOSX" not in name
