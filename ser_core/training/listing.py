"""One training as its files say it stands."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, replace
from typing import Any

from ser_core.errors import SERError
from ser_core.evaluation.report import evaluate_predictions, held_out_clips
from ser_core.protocols import ALL, SPEAKER, fold_count, published_names
from ser_core.training import state as states
from ser_core.training.recipe import Recipe, recipe_from_run
from ser_core.training.runs import RunFolder
from ser_core.training.state import RunState, Status, at_work, read_state, write_state

_RESUMABLE: tuple[Status, ...] = ("paused", "interrupted", "failed", "cancelled")


@dataclass(frozen=True)
class Run:
    """A training as it stands.

    Attributes
    ----------
    folder
        Its files.
    state
        What it does, since when, and what went wrong.
    recipe
        What was asked for; None where this version of the program cannot read it.
    protocol
        Who is in training and who is in the test.
    stopping
        It was asked to stop and does so after its next checkpoint.
    place
        Its place in the queue from 1, or None.
    """

    folder: RunFolder
    state: RunState
    recipe: Recipe | None
    protocol: str
    stopping: bool = False
    place: int | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def folds(self) -> tuple[int, ...]:
        """The folds it trains."""
        if self.state.folds is not None:
            return self.state.folds
        if self.recipe is not None and self.recipe.folds:
            return self.recipe.folds
        try:
            return tuple(range(fold_count(self.protocol)))
        except SERError:
            return ()

    @property
    def active(self) -> bool:
        """Whether it runs or waits for its turn."""
        return self.state.status in ("running", "queued")

    @property
    def resumable(self) -> bool:
        """Whether it can go on from where it stopped."""
        return self.state.status in _RESUMABLE


def read_run(folder: RunFolder) -> Run:
    """Return a run as its files say; one from before there was a state is judged by its folds.

    Raises
    ------
    TrainingError
        If it is no run folder.
    """
    content = folder.read()
    recipe = None
    with contextlib.suppress(SERError):
        recipe = recipe_from_run(content)
    protocol = str(content.get("protocol", ""))
    state = read_state(folder)
    if state is None:
        born = folder.recipe_path.stat().st_mtime
        run = Run(folder, RunState(status="finished", queued_s=born), recipe, protocol)
        whole = bool(run.folds) and all(folder.finished(fold) for fold in run.folds)
        state = run.state.model_copy(update={"status": "finished" if whole else "interrupted"})
    return Run(folder, state, recipe, protocol, stopping=states.asked_to_stop(folder))


def settled(run: Run) -> Run:
    """Return *run*, after writing down that its process has ended where that did so without saying anything."""
    if run.state.status != "running" or at_work(run.folder):
        return run
    run = read_run(run.folder)  # it may have ended, and said so, since it was read
    if run.state.status != "running":
        return run
    if run.stopping:
        state = run.state.model_copy(update={"status": "paused", "message": ""})
    else:
        message = states.DISK_FULL if states.disk_is_full(run.folder.path) else states.INTERRUPTED
        state = run.state.model_copy(update={"status": "interrupted", "message": message})
    state = state.model_copy(update={"ended_s": time.time()})
    with contextlib.suppress(OSError):
        (run.folder.path / "stop").unlink(missing_ok=True)
        write_state(run.folder, state)
    return replace(run, state=state, stopping=False)


def report_of(run: Run) -> dict[str, dict[str, Any]]:
    """Return the evaluation object of each protocol that a run answers, by its name; {} where none is finished.

    Where too few folds are finished for a published protocol, its object covers the test speakers of those that are,
    and has ``"partial": True``.
    """
    try:
        return dict(json.loads((run.folder.path / "evaluation.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass
    folds = [fold for fold in run.folds if run.folder.finished(fold)]
    if not folds or run.protocol == ALL:
        return {}
    frames = list(held_out_clips(run.folder, folds).values())
    name = run.protocol if run.protocol in published_names() else SPEAKER
    return {run.protocol: evaluate_predictions(name, frames) | {"partial": True}}
