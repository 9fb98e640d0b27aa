"""Choosing hyper-parameters inside a fold, by its training speakers alone (nested cross-validation, Stone 1974).

The speakers that a fold trains on are dealt out once more: each candidate is trained on some of them and scored on the
others. A classifier goes through all of these inner folds, a network through the first, with a quarter of its epochs.
The fold's validation and test speakers take no part. What was found is kept in `search.json` beside the fold's model.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core.errors import TrainingError
from ser_core.features.store import FeatureStore
from ser_core.files import write_text
from ser_core.protocols import SPEAKER, fold_count, make_split
from ser_core.training.fit import Report, fit_classical, fit_network, macro_recall
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, Recipe, candidates, with_settings

_NAME = "search.json"
#: The part of its epochs that a network has to show what a setting is worth.
_EPOCH_SHARE = 4


def search_settings(
    recipe: Recipe, table: pd.DataFrame, store: FeatureStore, train: np.ndarray, folder: Path, report: Report
) -> Recipe:
    """Return the recipe with the best of its candidates, or as it is when it searches for nothing.

    The best has the highest unweighted average recall; among equals, the first. A search that was stopped goes on
    where it was.

    Parameters
    ----------
    train
        The rows that the fold trains on.
    folder
        The fold's, where the results are kept.
    report
        Called with {"epoch": 0, "candidate", "candidates", "settings", "search_uar", "seconds"} for each.
    """
    grid = candidates(recipe)
    if not grid:
        return recipe
    scores = _stored_scores(folder, grid)[: len(grid)]
    for number in range(len(scores), len(grid)):
        started = time.perf_counter()
        place = folder / "search" / str(number)
        scores.append(_score(with_settings(recipe, grid[number]), table, store, train, place))
        _store(folder, grid, scores)
        entry = {"candidate": number + 1, "candidates": len(grid), "settings": grid[number]}
        report({"epoch": 0, **entry, "search_uar": scores[-1], "seconds": time.perf_counter() - started})
    shutil.rmtree(folder / "search", ignore_errors=True)
    return with_settings(recipe, grid[int(np.argmax(scores))])


def chosen_recipe(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe that a finished fold's model was really trained with, from what its search kept.

    Raises
    ------
    TrainingError
        If the recipe searches and the folder holds no finished search.
    """
    grid = candidates(recipe)
    if not grid:
        return recipe
    scores = _stored_scores(folder, grid)
    if len(scores) < len(grid):
        raise TrainingError(f"{folder} holds no finished search: train this fold first.")
    return with_settings(recipe, grid[int(np.argmax(scores))])


def inner_splits(table: pd.DataFrame, train: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (rows heard, rows scored) of each inner fold; no speaker is in both, all are in *train*."""
    part = table.iloc[train]
    for fold in range(fold_count(SPEAKER, part)):
        split = make_split(part, SPEAKER, fold)
        yield train[np.sort(np.concatenate([split.train, split.validation]))], train[split.test]


def _score(recipe: Recipe, table: pd.DataFrame, store: FeatureStore, train: np.ndarray, folder: Path) -> float:
    if isinstance(recipe, ClassicalRecipe):
        rows, scores = [], []
        for heard, scored in inner_splits(table, train):
            rows.append(scored)
            scores.append(fit_classical(recipe, table, store, heard, scored))
        return round(macro_recall(np.concatenate(scores), table, np.concatenate(rows), recipe), 4)
    heard, scored = next(inner_splits(table, train))
    folder.mkdir(parents=True, exist_ok=True)
    short = _shortened(recipe)
    logits = fit_network(short, table, store, heard, scored[:0], scored, folder, lambda entry: None, fold=0)
    return round(macro_recall(logits, table, scored, recipe), 4)


def _shortened(recipe: NetworkRecipe) -> NetworkRecipe:
    epochs = -(-recipe.optimiser.epochs // _EPOCH_SHARE)
    return recipe.model_copy(update={"optimiser": recipe.optimiser.model_copy(update={"epochs": epochs})})


def _stored_scores(folder: Path, grid: list[dict[str, Any]]) -> list[float]:
    """Return the scores of the candidates that are done; none if the file is missing, damaged or of another grid."""
    try:
        kept = json.loads((folder / _NAME).read_text(encoding="utf-8"))["candidates"]
        fits = [entry["settings"] for entry in kept] == json.loads(json.dumps(grid[: len(kept)]))
        return [float(entry["uar"]) for entry in kept] if fits else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _store(folder: Path, grid: list[dict[str, Any]], scores: list[float]) -> None:
    kept = [{"settings": settings, "uar": uar} for settings, uar in zip(grid, scores, strict=False)]
    chosen = grid[int(np.argmax(scores))] if len(scores) == len(grid) else None
    write_text(folder / _NAME, json.dumps({"candidates": kept, "chosen": chosen}, indent=1))
