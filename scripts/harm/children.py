"""Work in processes of their own, forked from one that has loaded everything, so that a kill costs no second of start.

The process that forks does nothing itself but import: a library that has threads would not survive the fork.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser_core.errors import SERError

_WRITING = os.O_WRONLY | os.O_RDWR
_PATIENCE_S = 300.0
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Ending:
    """How a child ended: what it returned, or the sentence or traceback it ended with, or that it was killed."""

    value: Any = None
    sentence: str | None = None
    crash: str | None = None
    killed: bool = False
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """What is wrong, in one line; empty where nothing is."""
        if self.crash is not None:
            return self.crash.strip().splitlines()[-1]
        return self.sentence or ("it was killed" if self.killed else "")


class Child:
    """A function in a forked process; what it returns must be JSON."""

    def __init__(self, work: Callable[[], Any], *, log: Path) -> None:
        self._began = time.monotonic()
        self._log = log
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _live(work, writer, log)
        os.close(writer)

    def kill(self) -> None:
        """Kill -9, where it still runs."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ending:
        """Wait for its end and return how that was."""
        with os.fdopen(self._reader, "rb") as pipe:
            text = pipe.read()
        status = os.waitpid(self.pid, 0)[1]
        seconds = time.monotonic() - self._began
        if os.WIFSIGNALED(status):
            killed = os.WTERMSIG(status) == signal.SIGKILL
            return Ending(crash=None if killed else f"signal {os.WTERMSIG(status)}", killed=killed, seconds=seconds)
        return Ending(**json.loads(text), seconds=seconds)


def in_child(work: Callable[[], Any], log: Path) -> Ending:
    """Return how a function ended in a process of its own."""
    return Child(work, log=log).wait()


def _live(work: Callable[[], Any], writer: int, log: Path) -> None:
    """Run the function and leave without any of the parent's endings."""
    answer: dict[str, Any] = {}
    try:
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        signal.alarm(int(_PATIENCE_S))  # whatever hangs is a failure too
        answer = {"value": work()}
    except SERError as error:
        answer = {"sentence": str(error)}
    except BaseException:
        answer = {"crash": traceback.format_exc()}
    finally:
        sys.stdout.flush()
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)


class FileEvents:
    """Counts what this process does to files below a folder: opened to write, renamed, removed, made."""

    def __init__(self, place: Path) -> None:
        self.count = 0
        self._place = str(place)
        self._at: tuple[int, float] | None = None
        sys.addaudithook(self._hear)  # it cannot be taken away, but the process ends

    def kill_at(self, number: int, after_s: float) -> None:
        """Kill this process so many seconds after its event of that number."""
        self._at = (number, after_s)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            counts = str(path).startswith(self._place) and (
                bool(set(str(mode)) & set("wax+")) if mode else bool(flags & _WRITING)
            )
        else:
            counts = event in ("os.rename", "os.remove", "os.mkdir") and str(arguments[0]).startswith(self._place)
        if not counts:
            return
        self.count += 1
        if self._at and self.count == self._at[0]:
            if self._at[1] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            threading.Timer(self._at[1], os.kill, (os.getpid(), signal.SIGKILL)).start()
