"""A whole training: for each fold split, train, score the held-out clips, and leave it all in the run folder."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

from ser_core.emotions import EMOTIONS, class_indices, label_names, map_label
from ser_core.errors import TrainingError
from ser_core.evaluation.report import evaluate_run
from ser_core.features.store import FeatureStore
from ser_core.files import write_atomically, write_text
from ser_core.protocols import Split, answered_protocols, fold_count, make_split
from ser_core.training.features import load_features
from ser_core.training.fit import Report, fit_classical, fit_network
from ser_core.training.guidance import guidance
from ser_core.training.others import check_held_out, check_others, start_of
from ser_core.training.partner import with_partner
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder
from ser_core.training.search import search_settings
from ser_core.training.selection import select

#: The logit of a class that the label set lacks.
ABSENT = -1e4


def train_folds(
    run: RunFolder,
    recipe: Recipe,
    protocol: str,
    table: pd.DataFrame,
    store: FeatureStore,
    *,
    folds: Iterable[int] | None = None,
    report: Report | None = None,
) -> None:
    """Train the folds that are not finished yet; then write the run's report, ``evaluation.json``.

    Parameters
    ----------
    run
        The run folder, opened for this recipe and protocol.
    table, store
        As :func:`ser_core.training.features.load_features` gives them.
    folds
        Which; by default all of the protocol.
    report
        Called with each line of progress, as it is written to the fold's log.
    """
    for fold in folds if folds is not None else range(fold_count(protocol, table)):
        if not run.finished(fold):
            _train_fold(run, recipe, protocol, table, store, fold, report)
    write_report(run, protocol, table)


def write_report(run: RunFolder, protocol: str, table: pd.DataFrame) -> None:
    """Write what :func:`ser_core.evaluation.report.evaluate_run` says of the folds that are finished.

    It is an object by name of protocol. Nothing is written while no protocol has all that its report needs.
    """
    finished = [fold for fold in range(fold_count(protocol, table)) if run.finished(fold)]
    reports = evaluate_run(run, finished) if finished and answered_protocols(protocol) else {}
    if reports:
        write_text(run.path / "evaluation.json", json.dumps(reports, indent=1))


def train_in_processes(
    run: RunFolder,
    recipe: Recipe,
    protocol: str,
    table: pd.DataFrame,
    store: FeatureStore,
    *,
    folds: Iterable[int],
    jobs: int = 1,
    report: Report | None = None,
) -> None:
    """Train folds as :func:`train_folds` does, *jobs* of them at once, each in a process of its own."""
    waiting = [fold for fold in folds if not run.finished(fold)]
    if len(waiting) <= 1 or jobs <= 1:
        train_folds(run, recipe, protocol, table, store, folds=waiting, report=report)
        return
    work = (joblib.delayed(_train_fold)(run, recipe, protocol, table, store, fold, report) for fold in waiting)
    joblib.Parallel(n_jobs=min(jobs, len(waiting)), batch_size=1)(work)
    write_report(run, protocol, table)


def train_elsewhere(
    run: RunFolder,
    recipe: Recipe,
    protocol: str,
    table: pd.DataFrame,
    *,
    folds: Iterable[int],
    report: Report | None = None,
) -> None:
    """Train folds as :func:`train_folds` does, on the cluster of :func:`ser_core.parallel.on_cluster`.

    Workers read the features from the folder that they share with this machine rather than being sent them: what a
    cluster is sent may be lost with the worker that holds it, and a fold must outlive its worker.

    Raises
    ------
    TrainingError
        If a worker sees other clips than *table* has.
    """
    waiting = [fold for fold in folds if not run.finished(fold)]
    clips, content = _digest(table), json.dumps({"recipe": recipe.model_dump(mode="json")})
    work = (joblib.delayed(_train_there)(run.path, content, protocol, clips, fold, report) for fold in waiting)
    joblib.Parallel(n_jobs=-1, batch_size=1)(work)
    write_report(run, protocol, table)


def _train_there(path: Path, content: str, protocol: str, clips: str, fold: int, report: Report | None) -> None:
    run = RunFolder(path)
    recipe, table, store = _inputs(content)
    if _digest(table) != clips:
        _inputs.cache_clear()  # so that this worker looks again once its folders are right
        raise TrainingError("A worker sees other clips: give it the same folders, SER_DATA, SER_CACHE and SER_RUNS.")
    if not run.finished(fold):  # somebody may have done it before they were cut off
        _train_fold(run, recipe, protocol, table, store, fold, report)


@functools.lru_cache(maxsize=1)
def _inputs(content: str) -> tuple[Recipe, pd.DataFrame, FeatureStore]:
    # Kept by the recipe itself: a worker outlives runs, and another run may get the same name.
    recipe = recipe_from_run(json.loads(content))
    return recipe, *load_features(recipe)


def _digest(table: pd.DataFrame) -> str:
    names = table["corpus"].astype(str) + "/" + table["clip"].astype(str) + "/" + table["speaker"].astype(str)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _train_fold(
    run: RunFolder,
    recipe: Recipe,
    protocol: str,
    table: pd.DataFrame,
    store: FeatureStore,
    fold: int,
    report: Report | None,
) -> None:
    """Train one fold with one thread.

    A fold a core is faster than all cores on one fold, and does not stall on a busy machine; and since the number of
    threads decides in which order numbers are added, a fold gives the same alone as beside others.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            _train_fold_alone(run, recipe, protocol, table, store, fold, report)
    finally:
        torch.set_num_threads(threads)


def _train_fold_alone(
    run: RunFolder,
    recipe: Recipe,
    protocol: str,
    table: pd.DataFrame,
    store: FeatureStore,
    fold: int,
    report: Report | None,
) -> None:
    def note(entry: dict[str, Any]) -> None:
        run.log(fold, entry)
        if report:
            report({"fold": fold} | entry)

    check_others(recipe, protocol, [fold])
    check_held_out(recipe, table, protocol, fold)
    split, folder = select(table, make_split(table, protocol, fold), recipe), run.fold(fold)
    epochs = recipe.optimiser.epochs if isinstance(recipe, NetworkRecipe) else 1
    chosen = search_settings(recipe, table, store, split.train, folder, lambda entry: note({"epochs": epochs} | entry))
    rows = _held_out(split)
    if isinstance(chosen, NetworkRecipe):
        beside = guidance(chosen, table, split.train, protocol, fold)
        parts = (split.train, split.validation, rows)
        start = start_of(chosen, protocol, fold)
        alone = fit_network(chosen, table, store, *parts, folder, note, fold=split.fold, guidance=beside, start=start)
        logits = with_partner(chosen, table.iloc[rows], protocol, fold, folder, alone)
    else:
        began = time.monotonic()
        logits = fit_classical(chosen, table, store, split.train, rows, folder)
        note({"epoch": 1, "epochs": 1, "seconds": round(time.monotonic() - began, 3)})
    _save_predictions(table, split, recipe, logits, folder / "predictions.parquet")
    (folder / "checkpoint.pt").unlink(missing_ok=True)


def _held_out(split: Split) -> np.ndarray:
    return np.concatenate([split.validation, split.test])


def _save_predictions(table: pd.DataFrame, split: Split, recipe: Recipe, logits: np.ndarray, path: Path) -> None:
    """Write the held-out clips with their class in the label set and one logit for each emotion there is."""
    rows = _held_out(split)
    frame = table.iloc[rows][["corpus", "clip", "speaker", "sex", "emotion"]].reset_index(drop=True)
    frame["emotion"] = frame["emotion"].map(lambda emotion: map_label(emotion, recipe.labels)).astype("string")
    frame["part"] = ["validation"] * len(split.validation) + ["test"] * len(split.test)
    full = np.full((len(rows), len(EMOTIONS)), ABSENT, np.float32)
    full[:, class_indices(label_names(recipe.labels))] = logits
    frame[LOGIT_COLUMNS] = full
    write_atomically(path, frame.to_parquet)
