"""Fetching files over https: resumed, checked, stoppable, and with every failure as one sentence.

A file is fetched into `<name>.part` beside its place and renamed once it is whole and its checksum is right, so a
file that is there is a good one. Only the standard library is used.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from pathlib import Path
from typing import IO, Any

from ser_core.errors import CancelledError, DownloadError
from ser_core.files import write_text

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]

_BLOCK = 1 << 18
_TIMEOUT_S = 30.0
_HEADERS = {"User-Agent": "ser-studio", "Accept-Encoding": "identity"}
#: What a server may answer for a while: asked too often, or out of order.
_PASSING = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Remote:
    """A file to fetch.

    Attributes
    ----------
    url
        Where it lies.
    size
        In bytes, None where unknown.
    checksum
        `"md5:…"` or `"sha256:…"` as its publisher gives it; None where nobody does, then only the length is checked.
    headers
        Sent along, for instance what a Git-LFS server asks for.
    """

    url: str
    size: int | None = None
    checksum: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _PassingError(Exception):
    """Something that may be over the next time."""


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something weaker."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise DownloadError(f"{_host(req.full_url)} redirects to an address without https: nothing was fetched.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    remote: Remote,
    target: Path,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    tries: int = 5,
    wait_s: float = 2.0,
) -> Path:
    """Fetch a file unless it is there, going on where an earlier attempt stopped; return *target*.

    Parameters
    ----------
    progress
        Called with (bytes done, bytes in all; 0 when unknown).
    cancelled
        Asked between blocks.
    tries
        Attempts in a row without a byte of progress before giving up.
    wait_s
        Pause before the second attempt in seconds; it doubles each time.

    Raises
    ------
    DownloadError
        With a sentence: no network, not found, refused, wrong checksum (the file is removed), disk full
        (what came is kept).
    CancelledError
        When *cancelled* says yes; what came is kept.
    """
    if target.exists():
        return target
    part = target.with_name(f"{target.name}.part")
    guard_disk(lambda: target.parent.mkdir(parents=True, exist_ok=True), target)
    with alone(target):
        if target.exists():  # another process was quicker
            part.unlink(missing_ok=True)
            return target
        failures = 0
        while True:
            before = _size(part)
            try:
                _attempt(remote, part, progress, cancelled)
                break
            except _PassingError as error:
                failures = failures + 1 if _size(part) <= before else 0
                if failures >= tries:
                    kept = " What was fetched is kept." if _size(part) else ""
                    raise DownloadError(
                        f"{_host(remote.url)} cannot be reached ({error}): check the connection and try again.{kept}"
                    ) from error
                if cancelled and cancelled():
                    raise stopped() from None
                time.sleep(wait_s * 2 ** max(failures - 1, 0))
        _check(remote, part, target.name)
        part.replace(target)
        _note(part).unlink(missing_ok=True)
    return target


def fetch_json(url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """Return the JSON answer to a GET, or to a POST of *body*; raises :class:`DownloadError`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={**_HEADERS, **(headers or {})})
    try:
        with _open(request) as answer:
            return json.loads(answer.read(100_000_000))
    except _PassingError as error:
        raise DownloadError(f"{_host(url)} cannot be reached ({error}): check the connection and try again.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DownloadError(f"{_host(url)} gave an answer that cannot be read: try again later.") from error


def _attempt(remote: Remote, part: Path, progress: Progress | None, cancelled: Cancelled | None) -> None:
    """Fetch what is missing of *part*; raises :class:`_PassingError` when the connection breaks."""
    start, note = _size(part), _note(part)
    if remote.size is not None and start >= remote.size:
        if start == remote.size:
            return
        part.unlink()  # more than there is: something else
        start = 0
    headers = {**_HEADERS, **remote.headers}
    if start:
        headers["Range"] = f"bytes={start}-"
        if note.exists():  # go on only with the same file
            headers["If-Range"] = note.read_text(encoding="utf-8")
    try:
        answer = _open(urllib.request.Request(remote.url, headers=headers))
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:  # the part is as long as the file, or of another file
            part.unlink()
            raise _PassingError("the part that was there does not fit") from None
        raise DownloadError(_refusal(remote.url, error.code)) from error
    with answer:
        if start and answer.status != 206:  # the whole file comes again
            start = 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length and length.isdecimal() else remote.size or 0
        if remote.size and total and total != remote.size:
            raise DownloadError(
                f"{_host(remote.url)} offers {total:,} bytes for {part.stem}, but {remote.size:,} were published: "
                "it is another file."
            )
        _remember(answer.headers, note, part)
        _receive(answer, part, start, total, progress, cancelled)


def _receive(
    answer: http.client.HTTPResponse,
    part: Path,
    start: int,
    total: int,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> None:
    done = start
    with guard_disk(lambda: part.open("ab" if start else "wb", buffering=0), part) as file:
        while True:
            if cancelled and cancelled():
                raise stopped()
            try:
                block = answer.read(_BLOCK)
            except (OSError, http.client.HTTPException) as error:
                raise _PassingError("the connection broke") from error
            if not block:
                break
            guard_disk(partial(write_block, file, block), part)
            done += len(block)
            if progress:
                progress(done, total)
    if done < total:
        raise _PassingError("the connection broke")


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    """Open an address; raises HTTPError for a lasting refusal and :class:`_PassingError` for what may pass."""
    try:
        return urllib.request.build_opener(_SafeRedirects()).open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code in _PASSING:
            raise _PassingError(f"it answers {error.code}") from error
        raise
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise DownloadError(
                f"The certificate of {_host(request.full_url)} is not trusted: check the clock and the network."
            ) from error
        raise _PassingError(str(getattr(error.reason, "strerror", None) or error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _PassingError(str(error) or type(error).__name__) from error


def _refusal(url: str, code: int) -> str:
    if code in (404, 410):
        return f"{url} is not there any more: look on the corpus's page for where it has moved."
    if code in (401, 403):
        return f"{_host(url)} refuses the download (status {code}): open its page in a browser, or use another source."
    return f"{_host(url)} answers with status {code}: try again later."


def _check(remote: Remote, part: Path, name: str) -> None:
    if remote.checksum is None:
        return
    kind, _, expected = remote.checksum.partition(":")
    with part.open("rb") as file:
        found = hashlib.file_digest(file, kind).hexdigest()
    if found != expected.lower():
        part.unlink()
        _note(part).unlink(missing_ok=True)
        raise DownloadError(
            f"{name} came damaged: its {kind.upper()} checksum is not the published one. "
            "It was removed; download it again."
        )


@contextlib.contextmanager
def alone(target: Path) -> Iterator[None]:
    """Let one process (and one thread) at a time make the file *target*.

    The lock is the system's own, so it goes with a process that is killed.

    Raises
    ------
    DownloadError
        If another one is at it.
    """
    if fcntl is None:
        yield
        return
    path = target.with_name(f".{target.name}.lock")
    lock = guard_disk(partial(_take_lock, path), target)
    if lock is None:
        raise DownloadError(f"Another process is fetching {target.name}: wait until it has finished, then try again.")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


def _take_lock(path: Path) -> int | None:
    """Return the open lock, None where another holds it."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.stat(path), os.fstat(lock)):  # else the one before has just removed it
                return lock
        except BlockingIOError:
            os.close(lock)
            return None
        except FileNotFoundError:
            pass
        os.close(lock)


def guard_disk(action: Callable[[], Any], path: Path) -> Any:
    """Call *action*, which writes to *path*; what the disk refuses becomes a sentence."""
    try:
        return action()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DownloadError(
                f"The disk is full: make room in {path.parent} and try again; what was fetched is kept."
            ) from error
        raise DownloadError(f"{path.parent} cannot be written ({error.strerror}): choose another SER_DATA.") from error


def _remember(headers: Message, note: Path, part: Path) -> None:
    """Keep what names this version of the file, so that only the same one is gone on with."""
    tag = headers.get("ETag", "")
    tag = tag if re.fullmatch(r'"[^"\r\n]*"', tag) else headers.get("Last-Modified", "")  # a weak tag names no bytes
    if tag:
        guard_disk(lambda: write_text(note, tag), part)
    else:
        note.unlink(missing_ok=True)


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def write_block(file: IO[bytes], block: bytes) -> None:
    """Write all of *block* to a file without a buffer, so that a full disk is noticed here and not on closing."""
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def stopped() -> CancelledError:
    """Return the error for a download that a person stopped."""
    return CancelledError("The download was stopped; the same download goes on from here.")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url
