"""A whole training: for each fold split, train, score the held-out clips, and leave it all in the run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import skops.io
import torch

from ser_core.classical import build_classifier, decision_scores
from ser_core.corpora import read_corpora
from ser_core.emotions import EMOTIONS, class_indices
from ser_core.features.functionals import functional_vector
from ser_core.features.logmel import log_mel_frames
from ser_core.features.store import FeatureStore, Progress, extract_table
from ser_core.files import write_atomically
from ser_core.protocols import Split, fold_count, make_split
from ser_core.training.data import ClipData
from ser_core.training.network import predict_logits, save_weights, train_network
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, Recipe
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

Report = Callable[[dict[str, Any]], None]


def load_features(recipe: Recipe, progress: Progress | None = None) -> tuple[pd.DataFrame, FeatureStore]:
    """Return the table of the recipe's corpora and its features, computed when they are not cached."""
    table = read_corpora(recipe.corpora)
    if isinstance(recipe, NetworkRecipe):
        return table, extract_table(table, recipe.front_end, extract=log_mel_frames, progress=progress)
    store = extract_table(table, recipe.front_end, extract=functional_vector, dtype=np.float32, progress=progress)
    return table, store


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
    """Train the folds that are not finished yet.

    Parameters
    ----------
    run
        The run folder, opened for this recipe and protocol.
    table, store
        As :func:`load_features` gives them.
    folds
        Which; by default all of the protocol.
    report
        Called with each line of progress, as it is written to the fold's log.
    """
    for fold in folds if folds is not None else range(fold_count(protocol, table)):
        if run.finished(fold):
            continue
        split = make_split(table, protocol, fold)

        def note(entry: dict[str, Any], fold: int = fold) -> None:
            run.log(fold, entry)
            if report:
                report({"fold": fold} | entry)

        if isinstance(recipe, NetworkRecipe):
            logits = _network_fold(recipe, table, store, split, run.fold(fold), note)
        else:
            logits = _classical_fold(recipe, table, store, split, run.fold(fold), note)
        _save_predictions(table, split, logits, run.fold(fold) / "predictions.parquet")
        (run.fold(fold) / "checkpoint.pt").unlink(missing_ok=True)


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
    """Train folds as :func:`train_folds` does, *jobs* of them at once, each in a process with one thread.

    One thread a fold and a fold a core is faster than all cores on one fold, and does not stall on a busy machine.
    """
    waiting = [fold for fold in folds if not run.finished(fold)]
    if len(waiting) <= 1 or jobs <= 1:
        train_folds(run, recipe, protocol, table, store, folds=waiting, report=report)
        return
    work = (joblib.delayed(_fold_in_process)(run, recipe, protocol, table, store, fold, report) for fold in waiting)
    joblib.Parallel(n_jobs=min(jobs, len(waiting)), batch_size=1)(work)


def _fold_in_process(
    run: RunFolder,
    recipe: Recipe,
    protocol: str,
    table: pd.DataFrame,
    store: FeatureStore,
    fold: int,
    report: Report | None,
) -> None:
    torch.set_num_threads(1)
    train_folds(run, recipe, protocol, table, store, folds=[fold], report=report)


def _network_fold(
    recipe: NetworkRecipe, table: pd.DataFrame, store: FeatureStore, split: Split, folder: Path, report: Report
) -> np.ndarray:
    data = ClipData.from_table(table, store, recipe.corpus_weights)
    seed = recipe.seed + 1000 * split.fold
    network = train_network(recipe, data, split.train, split.validation, folder, report, seed=seed)
    save_weights(network, folder / "weights.safetensors")
    return predict_logits(network, data, _held_out(split))


def _classical_fold(
    recipe: ClassicalRecipe, table: pd.DataFrame, store: FeatureStore, split: Split, folder: Path, report: Report
) -> np.ndarray:
    features = store.values
    classifier = build_classifier(recipe.classifier, recipe.seed)
    classifier.fit(features[split.train], class_indices(table["emotion"].iloc[split.train].tolist()))
    write_atomically(folder / "weights.skops", lambda path: skops.io.dump(classifier, path, compression=8))
    rows = _held_out(split)
    scores = decision_scores(classifier, features[rows], len(EMOTIONS)) if len(rows) else np.zeros((0, len(EMOTIONS)))
    report({"epoch": 1, "epochs": 1})
    return scores


def _held_out(split: Split) -> np.ndarray:
    return np.concatenate([split.validation, split.test])


def _save_predictions(table: pd.DataFrame, split: Split, logits: np.ndarray, path: Path) -> None:
    rows = _held_out(split)
    frame = table.iloc[rows][["corpus", "clip", "speaker", "sex", "emotion"]].reset_index(drop=True)
    frame["part"] = ["validation"] * len(split.validation) + ["test"] * len(split.test)
    frame[LOGIT_COLUMNS] = logits.astype(np.float32)
    write_atomically(path, frame.to_parquet)
