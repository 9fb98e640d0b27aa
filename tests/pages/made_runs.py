"""Finished trainings made of nothing but their predictions: nobody has trained for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ser_core.emotions import class_indices
from ser_core.protocols import fold_count, make_split
from ser_core.training.recipe import ClassicalRecipe
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder
from ser_core.training.state import RunState, write_state

_KEPT = ["corpus", "clip", "speaker", "sex", "emotion"]


def write_run(
    runs: Path,
    name: str,
    table: pd.DataFrame,
    protocol: str,
    *,
    skill: float = 0.7,
    seed: int = 0,
    folds: tuple[int, ...] | None = None,
) -> RunFolder:
    """Write a run whose models are right with probability *skill*, of all folds or of those given."""
    rng = np.random.default_rng(seed)
    recipe = ClassicalRecipe(name=name, corpora=tuple(sorted(set(table["corpus"]))))
    run = RunFolder.create(runs / name, recipe, protocol)
    places = np.unique(class_indices(table["emotion"].tolist()))
    chosen = tuple(range(fold_count(protocol, table))) if folds is None else folds
    for fold in chosen:
        split = make_split(table, protocol, fold)
        parts = [
            table.iloc[rows][_KEPT].assign(part=part)
            for part, rows in (("validation", split.validation), ("test", split.test))
        ]
        frame = pd.concat(parts, ignore_index=True)
        target = class_indices(frame["emotion"].tolist())
        turned = (np.searchsorted(places, target) + rng.integers(1, len(places), len(frame))) % len(places)
        answer = np.where(rng.random(len(frame)) < skill, target, places[turned])
        logits = rng.normal(0, 0.5, (len(frame), len(LOGIT_COLUMNS)))
        logits[np.arange(len(frame)), answer] += 3
        frame[LOGIT_COLUMNS] = logits.astype(np.float32)
        frame.to_parquet(run.fold(fold) / "predictions.parquet")
    write_state(run, RunState(status="finished", queued_s=float(seed + 1), folds=chosen))
    return run
