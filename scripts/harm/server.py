"""A slow publisher on this machine: one archive, in pieces, with ranges, so that a kill meets a download half-way."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import time
import zipfile
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ser_core.corpora.expected import expected_clips
from ser_core.corpora.sources import Sources
from ser_core.corpora.transfer import Remote
from tests.synthetic import clip_bytes

_PIECES = 12
_PAUSE_S = 0.02


@dataclass(frozen=True)
class Sound:
    """Where the server answers, and what it has."""

    port: int
    archive: bytes
    pid: int


def serve(clips: int | None = None) -> Sound:
    """Start a server in a process of its own and return what it serves: a RAVDESS of tiny clips, all or the first."""
    archive = _archive(clips)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "bytes=0-")
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(len(archive) - start))
            self.end_headers()
            piece = len(archive) // _PIECES
            try:
                for place in range(start, len(archive), piece):
                    self.wfile.write(archive[place : place + piece])
                    time.sleep(_PAUSE_S)
            except OSError:  # the other end was killed
                return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pid = os.fork()
    if pid == 0:
        try:
            server.serve_forever()
        finally:
            os._exit(0)
    port = server.server_port
    server.socket.close()
    return Sound(port, archive, pid)


def end(sound: Sound) -> None:
    """Stop the server."""
    os.kill(sound.pid, signal.SIGKILL)
    os.waitpid(sound.pid, 0)


def sources(sound: Sound) -> Sources:
    """Return the publishers' addresses with this server in the place of RAVDESS's."""
    checksum = f"md5:{hashlib.md5(sound.archive).hexdigest()}"
    return Sources(Remote(f"http://127.0.0.1:{sound.port}/ravdess.zip", len(sound.archive), checksum), wait_s=0.1)


def _archive(clips: int | None) -> bytes:
    """Return clips of RAVDESS as a ZIP file, each with the same sound and another ending."""
    buffer, data = io.BytesIO(), clip_bytes("sad", 0.05)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, clip in enumerate(sorted(expected_clips("ravdess"))[:clips]):
            archive.writestr(f"Actor_{clip[-2:]}/{clip}.wav", data + number.to_bytes(4, "little"))
    return buffer.getvalue()
