"""What is learnt beside the labels: a stronger model's answers and vectors, and the answers of CREMA-D's listeners."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import softmax

from ser_core.corpora.votes import CHOICES, read_votes
from ser_core.emotions import label_names, map_label
from ser_core.features.store import FeatureStore, Progress, extract_table
from ser_core.networks.layers import ClipNetwork
from ser_core.training.data import TASKS, ClipData, Guidance, possible_classes
from ser_core.training.features import feature_sources
from ser_core.training.network import load_weights, predict_logits, predict_vectors
from ser_core.training.others import teacher_run
from ser_core.training.parts import DistillationConfig
from ser_core.training.recipe import NetworkRecipe, Recipe
from ser_core.training.selection import used_rows

#: The least weight that a clip's own label keeps.
_LABEL = 0.1


def guidance(recipe: NetworkRecipe, table: pd.DataFrame, train: np.ndarray, protocol: str, fold: int) -> Guidance:
    """Return what a recipe's clips teach beside their labels, for the rows that are trained on.

    Parameters
    ----------
    train
        Rows of *table* that the fold trains on; all others get zeros.
    protocol, fold
        What is trained; the teacher's fold of the same protocol answers.

    Raises
    ------
    TrainingError
        If the teacher is of another label set, or has not finished that fold of the protocol.
    """
    none = Guidance.none(len(table), len(label_names(recipe.labels)))
    shares, weight, vectors = none.shares, none.trust, none.vectors
    if recipe.distillation is not None:
        taught = _taught(recipe, recipe.distillation, table, train, protocol, fold)
        shares[train], weight[train] = taught.shares, taught.trust
        vectors = np.zeros((len(table), taught.vectors.shape[1]), np.float32)
        vectors[train] = taught.vectors
    if recipe.listeners:
        heard, votes = _listeners(recipe, table)
        heard = np.intersect1d(heard, train)
        both = weight[heard] + recipe.listeners
        part = (recipe.listeners / both)[:, None]
        shares[heard] = (1 - part) * shares[heard] + part * votes[heard]
        weight[heard] = both
    tasks = none.tasks
    for number, name in enumerate(TASKS):
        if getattr(recipe.tasks, name):
            tasks[train, number] = table[name].iloc[train].map(TASKS[name]).fillna(-1)
    return Guidance(shares, np.minimum(weight, 1 - _LABEL), vectors, tasks)


def read_for_teacher(
    recipe: Recipe, table: pd.DataFrame, protocol: str, fold: int, progress: Progress | None = None
) -> None:
    """Compute what a recipe's teacher reads where it is not cached: once, rather than in each fold at the same time."""
    if isinstance(recipe, NetworkRecipe) and recipe.distillation is not None:
        _, teacher = teacher_run(recipe, recipe.distillation.teacher, protocol, fold)
        _read(teacher, table[used_rows(table, recipe)], progress)


def _read(teacher: NetworkRecipe, clips: pd.DataFrame, progress: Progress | None = None) -> FeatureStore:
    source = feature_sources(teacher, versions=False)[0]
    return extract_table(clips, source.config, extract=source.extract, dtype=source.dtype, progress=progress)


def _taught(
    recipe: NetworkRecipe,
    settings: DistillationConfig,
    table: pd.DataFrame,
    train: np.ndarray,
    protocol: str,
    fold: int,
) -> Guidance:
    """Return the teacher's answers, among the classes that their corpora have, and vectors for the rows *train*."""
    run, teacher = teacher_run(recipe, settings.teacher, protocol, fold)
    clips = table.iloc[train]
    store = _read(teacher, clips)
    network = load_weights(teacher.network, run.fold(fold) / "weights.safetensors")
    data, rows = ClipData.from_table(clips, store, {}, teacher.labels), np.arange(len(clips))
    logits = predict_logits(network, data, rows)
    possible = possible_classes(clips["corpus"].tolist(), clips["emotion"].tolist(), recipe.labels)
    shares = softmax(np.where(possible, logits / settings.temperature, -np.inf), axis=1)
    vectors = _vectors(settings, network, data, rows) if settings.vectors else np.zeros((len(rows), 0), np.float32)
    none = Guidance.none(*shares.shape)
    return replace(none, shares=shares, trust=np.full(len(rows), settings.weight, np.float32), vectors=vectors)


def _vectors(settings: DistillationConfig, network: ClipNetwork, data: ClipData, rows: np.ndarray) -> np.ndarray:
    """Return the teacher's last layer but one, in its main directions over these clips, with mean square 1."""
    from sklearn.decomposition import PCA

    full = predict_vectors(network, data, rows)
    width = min(settings.directions, *full.shape)
    vectors: np.ndarray = PCA(width, svd_solver="full").fit_transform(full).astype(np.float32)
    return vectors / max(float(np.sqrt((vectors**2).mean())), 1e-6)


def _listeners(recipe: NetworkRecipe, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that people have voted on, and the shares of their votes [shape=(len(table), classes)]."""
    places = {label: place for place, label in enumerate(label_names(recipe.labels))}
    shares = np.zeros((len(table), len(places)), np.float32)
    votes = read_votes().set_index("clip")
    rows = np.flatnonzero((table["corpus"] == "cremad").to_numpy(bool) & table["clip"].isin(votes.index).to_numpy(bool))
    counts = votes.loc[table["clip"].iloc[rows]]
    for emotion in CHOICES:
        label = map_label(emotion, recipe.labels)
        if label is not None:
            shares[rows, places[label]] += counts[emotion].to_numpy(np.float32)
    total = shares.sum(axis=1)
    voted = rows[total[rows] > 0]
    shares[voted] /= total[voted, None]
    return voted, shares
