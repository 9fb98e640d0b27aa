"""A call in a child process that is measured and bounded: what it raises, takes, writes, and whether it survives."""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ser_core.errors import SERError

#: A child is ended after so many seconds on the clock (other work may hold it up) or of processor time, and refused
#: more memory than so many MB over what it began with.
HANG_S, MOST_CPU_S, MEMORY_GUARD_MB = 240.0, 20, 4000
_PASSED_OVER = ("/dev/null", "/proc/")


@dataclass(frozen=True)
class Outcome:
    """What came of a call: ``answer``, ``error`` (this package's), ``traceback``, ``crash`` or ``hang``."""

    kind: str
    words: str = ""
    cpu_s: float = 0.0
    clock_s: float = 0.0
    memory_mb: float = 0.0
    written: list[str] = field(default_factory=list)


def attempt(work: Callable[[], str], place: Path) -> Outcome:
    """Call *work* in a fork of this process; what it writes outside *place* is noted, what it leaves there too."""
    reader, writer = os.pipe()
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _in_child(work, place, writer)
    os.close(writer)
    text = _read(reader, begun + HANG_S)
    if text is None:
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    passed = time.monotonic() - begun
    if text is None:
        return Outcome("hang", f"over {HANG_S:.0f} s", usage.ru_utime + usage.ru_stime, passed)
    if not text:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        kind = "hang" if number == signal.SIGXCPU else "crash"
        return Outcome(kind, f"signal {number}", usage.ru_utime + usage.ru_stime, passed)
    return Outcome(**json.loads(text), clock_s=passed)


def _read(reader: int, until: float) -> str | None:
    """Return all that comes, or None when it is not complete in time."""
    parts = []
    with open(reader, "rb", buffering=0) as file:
        while True:
            ready, _, _ = select.select([file], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            part = file.read(65_536)
            if not part:
                return b"".join(parts).decode()
            parts.append(part)


def _in_child(work: Callable[[], str], place: Path, writer: int) -> None:
    written: list[str] = []
    result: dict[str, Any] = {}
    try:
        _silence()
        os.chdir(place)
        _bound()
        _note_writes(written, place)
        memory, used = _start_of_peak(), time.process_time()
        result = _called(work)
        result["cpu_s"] = time.process_time() - used
        result["memory_mb"] = max(0.0, _status_mb("VmHWM") - memory)
        result["written"] = written[:5]
    except BaseException as error:
        result = {"kind": "traceback", "words": repr(error)[:300]}
    with open(writer, "w", encoding="utf-8") as file:
        file.write(json.dumps(result))
    os._exit(0)


def _called(work: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"kind": "answer", "words": work()[:200]}
    except SERError as error:
        return {"kind": "error", "words": str(error)[:2000]}
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)
        ours = [line for line in last if "ser_core" in line.filename] or last
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        return {"kind": "traceback", "words": f"{type(error).__name__} at {where}: {error}"[:300]}


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)


def _bound() -> None:
    guard = int(_status_mb("VmSize") + MEMORY_GUARD_MB) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (guard, guard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S + 1))


def _note_writes(written: list[str], place: Path) -> None:
    """Note every file that Python opens for writing or makes, but in *place*."""
    home = str(place)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            _note(arguments[0])
        elif event in ("os.mkdir", "os.rename", "os.symlink", "os.link"):
            _note(arguments[-2] if event == "os.mkdir" else arguments[1])
        elif event in ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn"):
            written.append(f"{event} {arguments[0]}")

    def _note(path: Any) -> None:
        if isinstance(path, (str, bytes, os.PathLike)):
            full = os.path.abspath(os.fsdecode(path))
            if not full.startswith((home, *_PASSED_OVER)):
                written.append(full)

    sys.addaudithook(watch)


def _start_of_peak() -> float:
    """Forget the peak of the memory so far, and return what is in use, in MB."""
    gc.freeze()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status_mb("VmRSS")


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1000
    return 0.0
