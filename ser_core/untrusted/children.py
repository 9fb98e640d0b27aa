"""Child processes that decode: started, lent to one file at a time, watched, kept for the next, ended."""

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

from ser_core.errors import AudioError
from ser_core.settings import PROJECT

#: How many children are kept for the next file.
KEPT = 2
#: Seconds on the clock that one answer may take; the processor time is limited in the child.
_LONGEST_WAIT_S = 300.0
#: What a child is told of the environment; all else, keys among it, stays here.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP")
_COMMAND = (sys.executable, "-m", "ser_core.untrusted.child")
_ENDED = "{name} cannot be decoded: it ended the decoder or took too long. Export it again as wav."
_LENGTH = struct.Struct("<Q")
_LONGEST_ANSWER = 100_000


class Child:
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

    @contextmanager
    def watched(self, name: str) -> Iterator[None]:
        """Talk to the process: where it is gone, silent or answers rubbish, it is ended and AudioError is raised."""
        # Killing it ends the waiting, also where pipes cannot be waited for with a limit (Windows).
        timer = threading.Timer(_LONGEST_WAIT_S, self.close)
        timer.start()
        try:
            yield
        except AudioError:  # its answer
            raise
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            self.close()
            raise AudioError(_ENDED.format(name=printable(name))) from error
        except BaseException:  # such as a rerun of the page: what is half read must not meet the next file
            self.close()
            raise
        finally:
            timer.cancel()

    def ask(self, what: str, request: dict[str, Any], data: bytes) -> None:
        """Send a request with the bytes of a file."""
        inward = self._process.stdin
        if inward is None:
            raise EOFError
        send(inward, json.dumps(request | {"what": what}).encode())
        send(inward, data)

    def answer(self) -> dict[str, Any]:
        """Return the next answer; raises :class:`AudioError` with the sentence where it is one."""
        answer = json.loads(self._received(_LONGEST_ANSWER))
        if not isinstance(answer, dict):
            raise ValueError("no answer")
        if "error" in answer:
            raise AudioError(printable(str(answer["error"])))
        return answer

    def samples(self, most: int) -> np.ndarray:
        """Return what follows an answer: at most so many samples [shape=(n,), float32]."""
        samples = np.frombuffer(self._received(4 * most), np.float32)
        if not np.isfinite(samples).all():
            raise ValueError("no samples")
        return samples

    def _received(self, most: int) -> bytes:
        outward = self._process.stdout
        if outward is None:
            raise EOFError
        return receive(outward, most)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, AttributeError):
                pipe.close()  # type: ignore[union-attr]


#: What is soon done (a short file, the headers of a long one), and recordings that are read as a stream; further ones
#: wait. Apart, since a stream lasts as long as the recording is judged.
SHORT, STREAMS = threading.BoundedSemaphore(4), threading.BoundedSemaphore(4)

_idle: queue.SimpleQueue[Child] = queue.SimpleQueue()


@contextmanager
def a_child() -> Iterator[Child]:
    """Lend a child that nobody else uses, a kept one where there is one."""
    try:
        child = _idle.get_nowait()
        while not child.alive:
            child.close()
            child = _idle.get_nowait()
    except queue.Empty:
        child = Child()
    try:
        yield child
    finally:
        if child.alive and _idle.qsize() < KEPT:
            _idle.put(child)
        else:
            child.close()


@atexit.register
def close_all() -> None:
    """End the children that are kept."""
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


def printable(text: str) -> str:
    """Return a child's words without what a terminal or a page could take for more than words."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:2000]
