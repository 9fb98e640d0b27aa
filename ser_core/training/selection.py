"""Which clips of a split a recipe uses: those of its label set that pass its filters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ser_core.errors import TrainingError
from ser_core.protocols import Split
from ser_core.training.data import class_targets
from ser_core.training.parts import FilterConfig
from ser_core.training.recipe import Recipe


def select(table: pd.DataFrame, split: Split, recipe: Recipe) -> Split:
    """Return a split without the clips that the recipe leaves out.

    Who is trained on and who is tested was decided before, so no filter can move a speaker. Clips whose emotion has
    no class in the label set are in no part; the filters apply to all parts, or to the training part alone.

    Raises
    ------
    TrainingError
        If fewer than two classes are left to train on, or no clip to test.
    """
    target = class_targets(table["emotion"].tolist(), recipe.labels)
    labelled = target >= 0
    passing = labelled & filtered(table, recipe.filters, recipe.seed)
    held_out = passing if recipe.filters.scope == "all" else labelled
    chosen = replace(
        split,
        train=split.train[passing[split.train]],
        validation=split.validation[held_out[split.validation]],
        test=split.test[held_out[split.test]],
        tested={name: (number, rows[held_out[rows]]) for name, (number, rows) in split.tested.items()},
    )
    if len(set(target[chosen.train])) < 2:
        raise TrainingError(
            f"Label set and filters leave fewer than two classes to train on in fold {split.fold}: loosen them."
        )
    if len(split.test) and not len(chosen.test):
        raise TrainingError(
            f"Label set and filters leave no clip to test in fold {split.fold}: loosen them, or filter the training "
            'clips alone (scope = "training").'
        )
    return chosen


def used_rows(table: pd.DataFrame, recipe: Recipe) -> np.ndarray:
    """Return which clips can be in some part of a split, whatever the protocol [shape=(n,), bool]."""
    labelled = class_targets(table["emotion"].tolist(), recipe.labels) >= 0
    return labelled & filtered(table, recipe.filters, recipe.seed) if recipe.filters.scope == "all" else labelled


def filtered(table: pd.DataFrame, filters: FilterConfig, seed: int) -> np.ndarray:
    """Return which clips of a table pass the filters [shape=(n,), bool]."""
    keep = np.ones(len(table), dtype=bool)
    if filters.sex != "any":
        keep &= _among(table["sex"], (filters.sex,))
    if filters.intensity:
        keep &= _among(table["intensity"], filters.intensity)
    if filters.emotions:
        keep &= _among(table["emotion"], filters.emotions)
    if filters.speakers_excluded:
        full = table["corpus"].astype(str) + "/" + table["speaker"].astype(str)
        keep &= ~(_among(full, filters.speakers_excluded) | _among(table["speaker"], filters.speakers_excluded))
    if filters.max_clips_per_speaker:
        keep[keep] = _first_of_each_speaker(table[keep], filters.max_clips_per_speaker, seed)
    return keep


def _among(column: pd.Series, values: tuple[str, ...]) -> np.ndarray:
    return column.isin(values).fillna(False).to_numpy(dtype=bool)


def _first_of_each_speaker(table: pd.DataFrame, most: int, seed: int) -> np.ndarray:
    """Return which clips are among *most* of their speaker, drawn in turn from each emotion; unknown speakers' all."""
    drawn = table[["corpus", "speaker", "emotion"]].reset_index(drop=True)
    drawn["lot"] = np.random.default_rng(seed).permutation(len(table))
    drawn["turn"] = drawn.groupby(["corpus", "speaker", "emotion"], dropna=False)["lot"].rank(method="first")
    place = drawn.sort_values(["turn", "lot"]).groupby(["corpus", "speaker"], dropna=False).cumcount().sort_index()
    return ((place < most) | drawn["speaker"].isna()).to_numpy(dtype=bool)
