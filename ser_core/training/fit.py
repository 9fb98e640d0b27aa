"""One model of a recipe: trained on some rows of a table, kept in a folder, its answers to other rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core.emotions import label_names
from ser_core.features.store import FeatureStore
from ser_core.networks.layers import ClipNetwork
from ser_core.networks.registry import build_network
from ser_core.training.data import ClipData, Guidance, class_targets, possible_classes
from ser_core.training.network import predict_logits, prepared_once, save_weights, train_network
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, Recipe

Report = Callable[[dict[str, Any]], None]


def fit_network(
    recipe: NetworkRecipe,
    table: pd.DataFrame,
    store: FeatureStore,
    train: np.ndarray,
    validation: np.ndarray,
    scored: np.ndarray,
    folder: Path,
    report: Report,
    *,
    fold: int,
    guidance: Guidance | None = None,
    start: ClipNetwork | None = None,
) -> np.ndarray:
    """Train a network, write its weights, and return its logits of the rows *scored* [shape=(n, classes)].

    The classes are those of the recipe's label set, in its order. *validation* rows are scored after every epoch, for
    the log alone. Training begins with the weights of *start*, by default with random ones.
    """
    data = ClipData.from_table(table, store, recipe.corpus_weights, recipe.labels)
    if guidance is not None:
        data = replace(data, guidance=guidance)
    data = prepared_once(build_network(recipe.network), data)
    seed = recipe.seed + 1000 * fold
    network = train_network(recipe, data, train, validation, folder, report, seed=seed, start=start)
    save_weights(network, folder / "weights.safetensors")
    return predict_logits(network, data, scored)


def fit_classical(
    recipe: ClassicalRecipe,
    table: pd.DataFrame,
    store: FeatureStore,
    train: np.ndarray,
    scored: np.ndarray,
    folder: Path | None = None,
) -> np.ndarray:
    """Fit a classifier, write it where *folder* is given, and return its scores of *scored* [shape=(n, classes)]."""
    from ser_core.classical.pipelines import build_classifier, decision_scores, fit_classifier
    from ser_core.classical.storage import save_classifier

    target = class_targets(table["emotion"].iloc[train].tolist(), recipe.labels)
    first = store.offsets[:-1]  # a clip has one row, or none where the recipe leaves it out
    classifier = fit_classifier(build_classifier(recipe.classifier, recipe.seed), store.values[first[train]], target)
    if folder is not None:
        save_classifier(classifier, folder / "weights.skops")
    return decision_scores(classifier, store.values[first[scored]], len(label_names(recipe.labels)))


def macro_recall(logits: np.ndarray, table: pd.DataFrame, rows: np.ndarray, recipe: Recipe) -> float:
    """Return the unweighted average recall of some rows, each answered among the classes that its corpus has."""
    corpora, emotions = table["corpus"].iloc[rows].tolist(), table["emotion"].iloc[rows].tolist()
    target, possible = class_targets(emotions, recipe.labels), possible_classes(corpora, emotions, recipe.labels)
    answer = np.where(possible, logits, -np.inf).argmax(axis=1)
    return float(np.mean([np.mean(answer[target == label] == label) for label in np.unique(target)]))
