"""Where a training stands: `state.json` in its run folder, and a lock that tells whether a process is at work on it.

The lock is the system's own (flock): it goes with the process, however that ends, so a recycled process number or a
machine that was switched off cannot be mistaken for work. It is handed to a process that is started in the
background, so that there is no moment at which nobody holds it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ser_core.errors import CancelledError, SERError, TrainingError
from ser_core.files import write_text
from ser_core.training.runs import RunFolder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Status = Literal["queued", "running", "paused", "finished", "failed", "cancelled", "interrupted"]

#: The variable through which a process learns which open file is its lock.
INHERITED = "SER_RUN_LOCK"
#: The variable that marks every process of a training, so that those left behind can be found.
MARK = "SER_TRAINING"
INTERRUPTED = "The process ended before it had finished: it was killed, or the machine went off."
DISK_FULL = "The disk is full: free some space, then resume; what was trained is kept."
_LOW_DISK = 1 << 20
_ATTEMPTS = 20
_PATIENCE_S = 5.0


class RunState(BaseModel):
    """The content of `state.json`; times are Unix times in s."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Status
    message: str = ""
    queued_s: float = 0.0
    began_s: float | None = None
    ended_s: float | None = None
    pid: int | None = None
    own_session: bool = False
    folds: tuple[int, ...] | None = None
    jobs: int = 1
    clips: int | None = None


def read_state(run: RunFolder) -> RunState | None:
    """Return what `state.json` says, None where there is none that can be read."""
    try:
        return RunState.model_validate_json((run.path / "state.json").read_bytes())
    except (OSError, ValidationError):
        return None


def write_state(run: RunFolder, state: RunState, **changes: object) -> RunState:
    """Write *state* with *changes*, whole or not at all, and return it."""
    changed = state.model_copy(update=changes)
    write_text(run.path / "state.json", changed.model_dump_json(indent=1))
    return changed


@contextlib.contextmanager
def locked(path: Path, *, wait: bool, shared: bool = False) -> Iterator[int | None]:
    """Hold the lock in the file *path* and yield its number, or None where another process holds it.

    Parameters
    ----------
    wait
        Wait for it for as long as it takes.
    shared
        Only look: others may look at the same time.
    """
    lock = _open(path)
    try:
        yield lock if _take(lock, wait=wait, shared=shared) else None
    finally:
        os.close(lock)


def at_work(run: RunFolder) -> bool:
    """Return whether a process is training this run now."""
    path = run.path / ".lock"
    if not path.exists():
        return False
    try:
        with locked(path, wait=False, shared=True) as lock:
            return lock is None
    except OSError:
        return False


@contextlib.contextmanager
def working(run: RunFolder, jobs: int = 1) -> Iterator[None]:
    """Mark *run* as being trained by this process, and write down how it ended.

    Raises
    ------
    TrainingError
        If another process is training it, or the disk is full.
    """
    if INHERITED not in os.environ:
        (run.path / "stop").unlink(missing_ok=True)  # one handed down may have been asked to stop while it started
    lock = _own_lock(run)
    marked = os.environ.get(MARK)
    os.environ[MARK] = str(run.path.resolve())
    state = read_state(run) or RunState(status="running", queued_s=time.time())
    own = hasattr(os, "getsid") and os.getsid(0) == os.getpid()
    now = {"status": "running", "message": "", "began_s": time.time(), "ended_s": None}
    write_state(run, state, **now, pid=os.getpid(), own_session=own, jobs=jobs)
    try:
        kill_leftovers(run)
        clear(run)
        yield
    except BaseException as error:
        status, message = _how(error, run)
        _finish(run, status, message)
        if message == DISK_FULL and not isinstance(error, SERError):
            raise TrainingError(message) from error
        raise
    else:
        _finish(run, "finished", "")
    finally:
        os.environ.pop(MARK, None)
        if marked is not None:
            os.environ[MARK] = marked
        os.close(lock)


def ask_to_stop(run: RunFolder) -> None:
    """Ask the process that trains *run* to stop after its next checkpoint."""
    write_text(run.path / "stop", "")


def asked_to_stop(run: RunFolder) -> bool:
    """Return whether it was asked to stop."""
    return (run.path / "stop").exists()


def clear(run: RunFolder) -> None:
    """Remove half-written files that a killed process left, and what it was doing before any epoch."""
    for path in [*run.path.glob(".*.tmp"), *run.path.glob("fold-*/.*.tmp"), run.path / "features.json"]:
        path.unlink(missing_ok=True)


def stop_process(state: RunState, number: signal.Signals) -> None:
    """Signal the process at work on a run whose lock is held: all its workers too, where the session is its own."""
    if state.pid is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if state.own_session:
            os.killpg(state.pid, number)
        else:
            os.kill(state.pid, number)


def kill_leftovers(run: RunFolder) -> None:
    """Kill worker processes that outlived the one that started them, where the system tells (Linux).

    They carry the run's name in their environment, which no recycled process number can. One that was just being
    started is found when they are looked for again.
    """
    mark, patience = f"{MARK}={run.path.resolve()}".encode(), time.monotonic() + _PATIENCE_S
    while _kill_marked(mark) and time.monotonic() < patience:
        time.sleep(0.05)


def _kill_marked(mark: bytes) -> bool:
    """Kill all processes with *mark* in their environment; return whether there were any."""
    found = False
    for place in Path("/proc").glob("[0-9]*"):
        if int(place.name) in (os.getpid(), os.getppid()):
            continue
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0"):
                os.kill(int(place.name), signal.SIGKILL)
                found = True
    return found


def disk_is_full(folder: Path) -> bool:
    """Return whether nothing can be written below *folder* for want of space."""
    try:
        about = os.statvfs(folder)
    except (OSError, AttributeError):
        return False
    return about.f_bavail * about.f_frsize < _LOW_DISK


def _how(error: BaseException, run: RunFolder) -> tuple[Status, str]:
    """Return how a training ended and the sentence about it."""
    if isinstance(error, (CancelledError, KeyboardInterrupt)):
        return "paused", ""
    if not run.recipe_path.exists():
        return "failed", f"The run folder {run.path} was deleted while it was trained."
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or disk_is_full(run.path):
        return "failed", DISK_FULL
    if isinstance(error, SERError):
        return "failed", str(error)
    if isinstance(error, MemoryError) or "Terminated" in type(error).__name__:
        return "failed", "A worker process was killed, perhaps because the memory is full: resume with fewer at once."
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" in {Path(last[0].filename).name}" if last else ""
    return "failed", f"This did not work ({type(error).__name__}{where}): the log says more."


def _finish(run: RunFolder, status: Status, message: str) -> None:
    """Write down the end; a disk that is full or a folder that is gone leave it to whoever looks next."""
    with contextlib.suppress(OSError):
        (run.path / "stop").unlink(missing_ok=True)
        clear(run)
        state = read_state(run)
        if state is not None:
            write_state(run, state, status=status, message=message, ended_s=time.time())


def _own_lock(run: RunFolder) -> int:
    """Return the open lock of *run*: the one that was handed down, or a new one."""
    handed = os.environ.pop(INHERITED, "")
    if handed.isdigit():
        os.set_inheritable(int(handed), False)
        return int(handed)
    lock = _open(run.path / ".lock")
    for _ in range(_ATTEMPTS):  # whoever only looks holds it for an instant
        if _take(lock, wait=False, shared=False):
            return lock
        time.sleep(0.05)
    os.close(lock)
    raise TrainingError(f"Another process is training {run.name}: wait until it has finished, or stop it.")


def _open(path: Path) -> int:
    if fcntl is None:
        raise TrainingError("Trainings need Linux or macOS; on Windows, use the Windows Subsystem for Linux.")
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def _take(lock: int, *, wait: bool, shared: bool) -> bool:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(lock, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
