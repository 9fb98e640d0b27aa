"""Trainings in the background, one after another: each is a process of `scripts/train.py`, niced, in its own session.

manager = RunManager()
name = manager.submit(load_recipe("lite"), "joint")     # starts it, or queues it behind the one that runs
manager.look()                                          # all trainings as they stand; starts the next in the queue
manager.pause(name); manager.resume(name); manager.cancel(name); manager.delete(name)

Nothing lives in memory: the queue is the run folders whose state is "queued", so it survives a page, a browser and a
server that go. There is no service in the background either: whoever looks takes the queue further, and a training
that ends starts the next.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ser_core.errors import TrainingError
from ser_core.files import write_text
from ser_core.settings import PROJECT, settings
from ser_core.training import state as states
from ser_core.training.listing import Run, read_run, settled
from ser_core.training.recipe import ClassicalRecipe, Recipe
from ser_core.training.recipe_text import recipe_toml
from ser_core.training.runs import RunFolder
from ser_core.training.state import RunState, Status, at_work, locked, read_state, write_state

_NICE = 10
_MOST_OF_A_NAME = 80
#: Seconds a process has to end when it is asked to, before it is made to.
_GRACE_S = 5.0
#: Processes that this one has started, to be asked how they ended so that the system can forget them.
_children: list[subprocess.Popen[bytes]] = []


class RunManager:
    """The trainings of one folder; any number of these objects, in any processes, may look at the same folder."""

    def __init__(self, runs: Path | None = None, *, at_once: int = 1) -> None:
        self.runs = (runs or settings().runs).resolve()
        self.at_once = at_once

    def submit(
        self,
        recipe: Recipe,
        protocol: str,
        name: str | None = None,
        *,
        folds: Sequence[int] | None = None,
        jobs: int | None = None,
    ) -> str:
        """Put a training into the queue, which starts it when nothing else runs, and return its name.

        Parameters
        ----------
        recipe, protocol
            What to train and how to split.
        name
            Of the run folder; by default a free one, `<recipe>-<protocol>` with a number where that is taken.
        folds
            Which; by default all of the protocol.
        jobs
            Folds trained at once; by default one a core.

        Raises
        ------
        TrainingError
            If the name is taken or none for a folder, or the folder cannot be written.
        """
        with self._lock():
            run = self._folder(name) if name else self._free(f"{recipe.name}-{protocol}")
            if run.recipe_path.exists():
                raise TrainingError(f"There is a training named {run.name} already: give another name, or delete it.")
            with _writing(run):
                RunFolder.create(run.path, recipe, protocol)
                write_text(run.path / "recipe.toml", recipe_toml(recipe))
                chosen = tuple(folds) if folds is not None else None
                jobs = jobs or os.cpu_count() or 1
                write_state(run, RunState(status="queued", queued_s=time.time(), folds=chosen, jobs=jobs))
        self.look()
        return run.name

    def look(self) -> list[Run]:
        """Return all trainings, the newest first, after noticing what has ended and starting what is next.

        Where the folder cannot be written nothing is started, and everything is returned as it is found.
        """
        if not self.runs.is_dir():
            return []
        for child in _children:
            child.poll()
        with contextlib.suppress(TrainingError, OSError), self._lock():
            runs = [settled(run) for run in self._found()]
            self._advance(runs)
        runs = self._found()
        waiting = sorted((run.state.queued_s, run.name) for run in runs if run.state.status == "queued")
        place = {name: number for number, (_, name) in enumerate(waiting, 1)}
        listed = [replace(run, place=place.get(run.name)) for run in runs]
        return sorted(listed, key=lambda run: (run.state.queued_s, run.name), reverse=True)

    def get(self, name: str) -> Run:
        """Return one training; raises :class:`TrainingError` where it is not there any more."""
        for run in self.look():
            if run.name == name:
                return run
        raise TrainingError(f"There is no training named {name}: its folder was deleted or renamed.")

    def pause(self, name: str, *, at_once: bool = False) -> None:
        """Stop a training so that it can go on later.

        A network stops after the epoch it is in, unless *at_once*: then that epoch is trained again later. A classical
        model has no epochs and always stops at once.
        """
        with self._lock():
            run = read_run(self._folder(name))
            if run.state.status == "queued":
                write_state(run.folder, run.state, status="paused")
            elif run.state.status == "running":
                if at_once or isinstance(run.recipe, ClassicalRecipe):
                    self._stop(run, "paused", "")
                else:
                    with _writing(run.folder):
                        states.ask_to_stop(run.folder)
        self.look()

    def resume(self, name: str) -> None:
        """Put a stopped training back into the queue; it goes on from its last checkpoint.

        Raises
        ------
        TrainingError
            If it is finished, or not there.
        """
        with self._lock():
            run = settled(read_run(self._folder(name)))
            if run.active:
                (run.folder.path / "stop").unlink(missing_ok=True)
                return
            if not run.resumable:
                raise TrainingError(f"{name} is finished: there is nothing left to train.")
            with _writing(run.folder):
                write_state(run.folder, run.state, status="queued", message="", queued_s=time.time())
        self.look()

    def cancel(self, name: str) -> None:
        """Stop a training at once, or take it out of the queue; its files stay until it is deleted."""
        with self._lock():
            run = read_run(self._folder(name))
            if run.state.status == "running":
                self._stop(run, "cancelled", "")
            elif run.state.status != "finished":
                with _writing(run.folder):
                    write_state(run.folder, run.state, status="cancelled", ended_s=time.time())
        self.look()

    def delete(self, name: str) -> None:
        """Remove a training that does not run, with everything it learnt.

        Raises
        ------
        TrainingError
            If it runs, is no training of this folder, or cannot be removed.
        """
        with self._lock():
            folder = self._folder(name)
            run = read_run(folder)
            if folder.path.is_symlink() or folder.path.resolve().parent != self.runs:
                raise TrainingError(f"{folder.path} is not inside {self.runs}: remove it by hand.")
            if at_work(folder):
                raise TrainingError(f"{run.name} is being trained: cancel it first.")
            aside = self.runs / f".deleted-{os.getpid()}-{time.time_ns()}"
            try:
                folder.path.rename(aside)  # so that half a folder is never taken for a training
                shutil.rmtree(aside)
            except OSError as error:
                raise TrainingError(f"{folder.path} cannot be removed ({error.strerror}).") from error

    def log_tail(self, name: str, lines: int = 30) -> str:
        """Return the end of what the process printed; empty where it printed nothing."""
        try:
            text = (self._folder(name).path / "log.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _found(self) -> list[Run]:
        runs = []
        for path in sorted(self.runs.iterdir()):
            if not path.name.startswith(".") and (path / "recipe.json").is_file():
                with contextlib.suppress(TrainingError):
                    runs.append(read_run(RunFolder(path)))
        return runs

    def _advance(self, runs: list[Run]) -> None:
        """Start what is next in the queue, as far as there is room."""
        running = sum(at_work(run.folder) for run in runs)
        waiting = [run for run in runs if run.state.status == "queued" and not at_work(run.folder)]
        for run in sorted(waiting, key=lambda run: (run.state.queued_s, run.name)):
            if running >= self.at_once:
                return
            running += self._start(run)

    def _start(self, run: Run) -> bool:
        """Start the process of a run and return whether it started."""
        states.kill_leftovers(run.folder)
        (run.folder.path / "stop").unlink(missing_ok=True)
        command = [sys.executable, str(PROJECT / "scripts/train.py"), "--resume", run.name]
        command += ["--jobs", str(run.state.jobs), "--nice", str(_NICE)]
        if run.state.folds is not None:
            command += ["--folds", ",".join(map(str, run.state.folds))]
        try:
            with (
                locked(run.folder.path / ".lock", wait=False) as lock,
                (run.folder.path / "log.txt").open("ab") as log,
            ):
                if lock is None:
                    return True
                child = subprocess.Popen(
                    command,
                    cwd=PROJECT,
                    env=os.environ
                    | {"SER_RUNS": str(self.runs), states.INHERITED: str(lock)}
                    | {states.MARK: str(run.folder.path.resolve())},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
                _children.append(child)
                now = {"status": "running", "message": "", "began_s": time.time(), "ended_s": None}
                write_state(run.folder, run.state, **now, pid=child.pid, own_session=True)
        except OSError as error:
            with contextlib.suppress(OSError):
                write_state(run.folder, run.state, status="failed", message=f"It could not be started: {error}.")
            return False
        return True

    def _stop(self, run: Run, status: Status, message: str) -> None:
        """End the process of a run, and with it its workers."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if at_work(run.folder):
                states.stop_process(run.state, number)
            until = time.monotonic() + _GRACE_S
            while at_work(run.folder) and time.monotonic() < until:
                time.sleep(0.02)
        states.kill_leftovers(run.folder)
        with _writing(run.folder):
            (run.folder.path / "stop").unlink(missing_ok=True)
            states.clear(run.folder)
            current = read_state(run.folder) or run.state
            if current.status == "running":  # else it has ended by itself meanwhile
                write_state(run.folder, current, status=status, message=message, ended_s=time.time())

    def _free(self, wanted: str) -> RunFolder:
        """Return a folder that is not there yet."""
        stem = wanted[:_MOST_OF_A_NAME]
        names = [stem, *(f"{stem}-{number}" for number in range(2, 10_000))]
        return next(run for run in map(self._folder, names) if not run.path.exists())

    def _folder(self, name: str) -> RunFolder:
        return RunFolder.at(name, self.runs)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one process at a time decide what happens."""
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            lock = locked(self.runs / ".lock", wait=True)
            lock.__enter__()
        except OSError as error:
            raise TrainingError(f"The folder {self.runs} cannot be written ({error.strerror}).") from error
        try:
            yield
        finally:
            lock.__exit__(None, None, None)


@contextlib.contextmanager
def _writing(run: RunFolder) -> Iterator[None]:
    """Turn a disk that cannot be written into a sentence."""
    try:
        yield
    except OSError as error:
        raise TrainingError(f"The run folder {run.path} cannot be written ({error.strerror}).") from error
