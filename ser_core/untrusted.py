"""Sound of strangers, decoded in a child process: what crashes a codec ends the child, and the file gets a sentence.

waveform = load_untrusted(data, name="voice.m4a")       # as ser_core.audio.load_audio, for bytes from outside

Decoders are compiled code (libsndfile with its codecs, FFmpeg), the only part of the program in which a hostile file
can do more than raise an exception. The child may not write a file, take more memory or processor time than a long
recording needs, and knows no keys from the environment. Bytes go in and samples come out through pipes, as plain
numbers: whatever took over a child could still only send sound. Children are kept for the next file.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from ser_core.audio import Waveform
from ser_core.errors import AudioError
from ser_core.settings import PROJECT, settings

#: Children at a time (further files wait for one), and how many of them are kept for the next file.
_MOST, _KEPT = 4, 2
#: Seconds on the clock that one recording may take; the processor time is limited in the child.
_LONGEST_WAIT_S = 300.0
#: What a child is told of the environment; all else, keys among it, stays here.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP")
_COMMAND = (sys.executable, "-m", "ser_core.untrusted_child")
_ENDED = "{name} cannot be decoded: it ended the decoder or took too long. Export it again as wav."
_LENGTH = struct.Struct("<Q")


def load_untrusted(
    data: bytes, *, name: str | None = None, max_seconds: float | None = None, max_megabytes: float | None = None
) -> Waveform:
    """Read the bytes of a stranger's sound file into mono float32 at 16 kHz, in a child process.

    Parameters are those of :func:`ser_core.audio.load_audio`, and so is what comes back.

    Raises
    ------
    AudioError
        As there; also where the file ended the decoder.
    """
    limits = settings()
    megabytes = limits.max_megabytes if max_megabytes is None else max_megabytes
    request = {
        "name": name,
        "max_seconds": limits.max_seconds if max_seconds is None else max_seconds,
        "max_megabytes": megabytes,
    }
    if len(data) > megabytes * 1e6:
        data = data[: int(megabytes * 1e6) + 1]  # enough to be refused for its size
    with _child() as child:
        return child.load(request, data, name or "The recording")


class _Child:
    """A process that decodes one file after another."""

    def __init__(self) -> None:
        environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # codecs write there whatever a file makes them say
            cwd=PROJECT,
            env=environment | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        """Whether it can take another file."""
        return self._process.poll() is None

    def load(self, request: dict[str, Any], data: bytes, name: str) -> Waveform:
        """Decode one file; raises :class:`AudioError`, after which the process may be gone."""
        # Killing it ends the waiting, also where pipes cannot be waited for with a limit (Windows).
        timer = threading.Timer(_LONGEST_WAIT_S, self.close)
        timer.start()
        try:
            return self._load(request, data)
        except AudioError:
            raise
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:  # it is gone, or answers rubbish
            self.close()
            raise AudioError(_ENDED.format(name=_printable(name))) from error
        except BaseException:  # such as a rerun of the page: what is half read must not meet the next file
            self.close()
            raise
        finally:
            timer.cancel()

    def _load(self, request: dict[str, Any], data: bytes) -> Waveform:
        inward, outward = self._process.stdin, self._process.stdout
        if inward is None or outward is None:
            raise EOFError
        send(inward, json.dumps(request).encode())
        send(inward, data)
        answer = json.loads(receive(outward, 100_000))
        if "error" in answer:
            raise AudioError(_printable(str(answer["error"])))
        most = int((request["max_seconds"] + 60) * 16_000 * 4)
        samples = np.frombuffer(receive(outward, most), np.float32)
        if not len(samples) or not np.isfinite(samples).all():
            raise ValueError("no samples")
        return Waveform(samples, int(answer["rate"]), int(answer["channels"]), _printable(str(answer["name"])))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, AttributeError):
                pipe.close()  # type: ignore[union-attr]


_idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()
_places = threading.BoundedSemaphore(_MOST)


@contextmanager
def _child() -> Iterator[_Child]:
    """Lend a child that nobody else uses, a kept one where there is one."""
    with _places:
        yield from _lent()


def _lent() -> Iterator[_Child]:
    try:
        child = _idle.get_nowait()
        while not child.alive:
            child.close()
            child = _idle.get_nowait()
    except queue.Empty:
        child = _Child()
    try:
        yield child
    finally:
        if child.alive and _idle.qsize() < _KEPT:
            _idle.put(child)
        else:
            child.close()


@atexit.register
def _close_all() -> None:
    with contextlib.suppress(queue.Empty):
        while True:
            _idle.get_nowait().close()


def send(pipe: IO[bytes], data: bytes) -> None:
    """Write bytes with their length before them."""
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: IO[bytes], most: int) -> bytes:
    """Read what :func:`send` wrote; raises EOFError where it ends before, and ValueError where it is over *most*."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > most:
        raise ValueError("more than can be meant")
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:2000]
