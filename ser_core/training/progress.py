"""How far a training is, how long it still takes, and how long one would take before it has begun."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ser_core.errors import CancelledError
from ser_core.files import write_text
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, Recipe
from ser_core.training.runs import RunFolder
from ser_core.training.state import RunState, asked_to_stop

_FEATURES = "features.json"
_EVERY_S = 0.5
#: Seconds for a clip and an epoch on one core where nothing was measured yet, by the kind of the network: the built-in
#: recipes on RAVDESS, two folds at once on two busy cores.
_NETWORK_S = {"residual-crnn": 0.018, "crnn": 0.0065, "residual-cnn": 0.019, "cnn": 0.002, "transformer": 0.0065}
#: The same for a classifier: seconds for a thousand clips, which grow with the power given.
_CLASSICAL_S = {"svm": (1.0, 2.0), "gradient-boosting": (12.0, 1.0), "mlp": (6.0, 1.0), "random-forest": (4.0, 1.2)}
#: Seconds to compute a clip's features on one core when they are not in the cache.
_FEATURES_S = {"log-mel": 0.012, "functionals": 0.15, "encoder": 0.08}
#: Seconds that Python, torch and the corpora's tables take.
_START_S = 8.0


@dataclass(frozen=True)
class FoldProgress:
    """One fold: its log, one entry an epoch, and whether its predictions are there.

    Where the recipe searches for settings, *search* is (settings tried, settings in all) until the first epoch.
    """

    fold: int
    entries: tuple[dict[str, Any], ...]
    finished: bool
    search: tuple[int, int] | None = None

    @property
    def epoch(self) -> int:
        """The last epoch that is done, 0 before the first."""
        return int(self.entries[-1]["epoch"]) if self.entries else 0

    @property
    def epochs(self) -> int | None:
        """How many epochs there are, None before the first."""
        return int(self.entries[-1].get("epochs", 1)) if self.entries else None

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        if self.finished:
            return 1.0
        return min(0.99, self.epoch / self.epochs) if self.epochs else 0.0


@dataclass(frozen=True)
class RunProgress:
    """All folds of a run.

    Attributes
    ----------
    folds
        In their order.
    features
        Clips whose features are computed and clips in all, while that goes on; else None.
    seconds_left
        None where it cannot be told yet.
    """

    folds: tuple[FoldProgress, ...]
    features: tuple[int, int] | None
    seconds_left: float | None

    @property
    def share(self) -> float:
        """How much of all folds is done, from 0 to 1."""
        return sum(fold.share for fold in self.folds) / len(self.folds) if self.folds else 0.0

    @property
    def finished(self) -> int:
        """How many folds are finished."""
        return sum(fold.finished for fold in self.folds)

    def table(self) -> pd.DataFrame:
        """Return a row for each fold and epoch: its loss, validation UAR, learning rate and seconds (NaN if absent)."""
        columns = ("epoch", "loss", "validation_uar", "learning_rate", "seconds")
        rows = [
            {"fold": fold.fold} | {name: entry.get(name, math.nan) for name in columns}
            for fold in self.folds
            for entry in fold.entries
        ]
        return pd.DataFrame(rows, columns=["fold", *columns])

    def confusion(self) -> tuple[np.ndarray, list[str]] | None:
        """Return the validation confusion of all folds' last epochs [shape=(classes, classes)] and the classes' names.

        None where no fold has written one.
        """
        found = [entry for fold in self.folds for entry in fold.entries[-1:] if entry.get("confusion")]
        if not found:
            return None
        labels = list(found[0].get("labels") or range(len(found[0]["confusion"])))
        counts = [np.array(entry["confusion"]) for entry in found if len(entry["confusion"]) == len(labels)]
        return np.sum(counts, axis=0), [str(label) for label in labels]


@dataclass(frozen=True)
class Estimate:
    """How long a training will take: seconds, and whether that was measured on this machine."""

    seconds: float
    measured: bool


class FeatureProgress:
    """Writes down how far the features are, for whoever looks on, and stops when the run was asked to."""

    def __init__(self, run: RunFolder) -> None:
        self._run, self._written = run, 0.0

    def __call__(self, done: int, total: int) -> None:
        """Note that *done* of *total* clips have their features.

        Raises
        ------
        CancelledError
            When the run was asked to stop.
        """
        if asked_to_stop(self._run):
            raise CancelledError("The training was paused; what was finished is kept.")
        if time.monotonic() - self._written > _EVERY_S and done < total:
            write_text(self._run.path / _FEATURES, json.dumps([done, total]))
            self._written = time.monotonic()
        if done >= total:
            (self._run.path / _FEATURES).unlink(missing_ok=True)


class EpochProgress:
    """Called after every epoch, in whichever process: stops when the run was asked to, or when its parent is gone."""

    def __init__(self, run: RunFolder) -> None:
        self._run, self._main = run, os.getpid()

    def __call__(self, entry: dict[str, Any]) -> None:
        """Look whether to go on; raises :class:`CancelledError` where not, when the checkpoint is written already."""
        if os.getpid() != self._main and os.getppid() != self._main:
            os._exit(1)  # a worker whose parent was killed would train on beside the process that resumes
        last = entry.get("epoch", 0) >= entry.get("epochs", 0)  # then only the predictions are missing
        if asked_to_stop(self._run) and not last:
            raise CancelledError("The training was paused; what was finished is kept.")


def read_progress(run: RunFolder, state: RunState, folds: Sequence[int]) -> RunProgress:
    """Return how far a run is."""
    parts = tuple(_read_fold(run, fold) for fold in folds)
    features = None
    try:
        done, total = json.loads((run.path / _FEATURES).read_text(encoding="utf-8"))
        features = int(done), int(total)
    except (OSError, ValueError, TypeError):
        pass
    return RunProgress(parts, features, _seconds_left(parts, state.jobs))


def estimate(
    recipe: Recipe, clips: int, folds: int, jobs: int, *, cached: bool, runs: Iterable[tuple[Recipe, float]] = ()
) -> Estimate:
    """Return how long a training will take.

    Parameters
    ----------
    clips
        In the table, test clips included.
    folds, jobs
        How many trainings there are, and how many at once.
    cached
        Whether the features are computed already.
    runs
        What was measured here: a recipe and what :func:`clip_cost` found, the newest first.
    """
    versions = 1 + (len(recipe.variants.kinds) if isinstance(recipe, NetworkRecipe) else 0)
    once = clips * versions * _FEATURES_S.get(recipe.front_end.kind, 0.05) / (os.cpu_count() or 1)
    features = 0.0 if cached else once
    measured = [cost for other, cost in runs if _same_work(other, recipe)]
    cost = measured[0] if measured else _assumed_cost(recipe, clips)
    epochs = recipe.optimiser.epochs if isinstance(recipe, NetworkRecipe) else 1
    rounds = math.ceil(folds / max(1, min(jobs, folds)))
    return Estimate(_START_S + features + cost * clips * epochs * rounds, bool(measured))


def clip_cost(progress: RunProgress, clips: int | None) -> float | None:
    """Return the seconds that a clip of the table cost in each epoch; None where nothing was measured."""
    seconds = progress.table()["seconds"].dropna()
    return float(seconds.median()) / clips if clips and len(seconds) else None


def duration_words(seconds: float) -> str:
    """Return a length of time as a person says it."""
    if seconds < 50:
        return f"{max(5, 5 * math.ceil(seconds / 5))} seconds"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{seconds / 3600:.1f} hours"


def _read_fold(run: RunFolder, fold: int) -> FoldProgress:
    entries = run.entries(fold)
    trained = tuple(entry for entry in entries if entry["epoch"] > 0)
    tried = [entry for entry in entries if "candidate" in entry] if not trained else []
    search = (int(tried[-1]["candidate"]), int(tried[-1]["candidates"])) if tried else None
    return FoldProgress(fold, trained, run.finished(fold), search)


def _seconds_left(folds: Sequence[FoldProgress], jobs: int) -> float | None:
    """Return the epochs that are missing, times what one took lately, over the folds trained at once."""
    begun = [fold for fold in folds if fold.entries]
    took = [float(entry["seconds"]) for fold in begun for entry in fold.entries[-5:] if entry.get("seconds")]
    waiting = [fold for fold in folds if not fold.finished]
    if not waiting:
        return 0.0
    if not took:
        return None
    epochs = max(fold.epochs or 1 for fold in begun)
    missing = sum(max(0, epochs - fold.epoch) for fold in waiting)
    return missing * statistics.median(took) / min(max(1, jobs), len(waiting))


def _same_work(one: Recipe, other: Recipe) -> bool:
    """Return whether an epoch of both costs the same."""
    if isinstance(one, NetworkRecipe) and isinstance(other, NetworkRecipe):
        same = one.optimiser.crop_frames == other.optimiser.crop_frames
        return one.network == other.network and one.front_end == other.front_end and same
    return (
        isinstance(one, ClassicalRecipe) and isinstance(other, ClassicalRecipe) and one.classifier == other.classifier
    )


def _assumed_cost(recipe: Recipe, clips: int) -> float:
    """Return the seconds a clip costs in each epoch where nothing was measured."""
    if isinstance(recipe, NetworkRecipe):
        return _NETWORK_S.get(recipe.network.kind, 0.012)
    seconds, power = _CLASSICAL_S.get(recipe.classifier.kind, (1.0, 1.0))
    return seconds * (clips / 1000) ** power / max(clips, 1)
