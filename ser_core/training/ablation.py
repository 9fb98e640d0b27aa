"""What each part of a recipe brings: it is trained with one thing changed at a time, each with several seeds.

What is asked is how the same network fares on speakers it has not heard when one thing is missing, or is put in (Meyes
et al. 2019, https://arxiv.org/abs/1901.08644). A difference is always between trainings of the same seed and fold; one
that changes its sign from seed to seed is luck.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ser_core.emotions import class_indices, label_names
from ser_core.errors import RecipeError, TrainingError
from ser_core.training.features import load_features
from ser_core.training.fit import macro_recall
from ser_core.training.job import train_folds
from ser_core.training.parts import NO_AUGMENTATION
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run, with_settings
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

#: The recipe as it is.
WHOLE = "nothing"

#: What can be changed -> the settings that change it.
CHANGES: dict[str, dict[str, Any]] = {
    WHOLE: {},
    "no teacher": {"distillation": None},
    "no teacher's vectors": {"distillation.vectors": 0},
    "no listeners": {"listeners": 0},
    "no corpus weights": {"corpus_weights": {}},
    "no averaged weights": {"optimiser.average_decay": 0},
    "no label smoothing": {"optimiser.label_smoothing": 0},
    "no mixup": {"augmentation.mixup": 0},
    "no other augmentation": {name: 0 for name in NO_AUGMENTATION if name != "augmentation.mixup"},
    "no telephone": {"augmentation.telephone_probability": 0},
    "no variants": {"variants.kinds": []},
    "no start": {"start": None},
    "nothing of the start kept": {"start.kept": 0},
    "no partner": {"partner": None},
    "sex told": {"tasks.sex": 0.2},
    "sex not told": {"tasks.sex": 0},
    "intensity told": {"tasks.intensity": 0.2},
    "intensity not told": {"tasks.intensity": 0},
}


@dataclass(frozen=True)
class Trial:
    """One training: of which recipe, with what changed; where it is kept."""

    recipe: Recipe
    change: str
    protocol: str
    fold: int
    path: Path


@dataclass(frozen=True)
class Outcome:
    """What a trial's held-out speakers say: corpus -> UAR over the classes that it has, of either part."""

    change: str
    seed: int
    test: dict[str, float]
    validation: dict[str, float]


def trials(
    recipe: Recipe, protocol: str, folder: Path, *, fold: int = 0, seeds: int = 3, epochs: int | None = None
) -> list[Trial]:
    """Return what is to be trained: for each seed the recipe as it is, and with each change that makes a difference.

    Parameters
    ----------
    folder
        Holds a run folder for each.
    epochs
        Fewer or more than the recipe's; the learning rate falls to zero over as many.

    Raises
    ------
    RecipeError
        If it is no recipe of a network.
    """
    if not isinstance(recipe, NetworkRecipe):
        raise RecipeError(f"{recipe.name} is no network: only in a network's recipe things can be changed.")
    found = []
    for seed in range(recipe.seed, recipe.seed + seeds):
        shared = {"seed": seed, "optimiser.epochs": epochs or recipe.optimiser.epochs}
        whole = with_settings(recipe, shared)
        for name, settings in CHANGES.items():
            changed = _changed(whole, settings)
            if name == WHOLE or (changed != whole and not _has_already(whole, name)):
                words = name.replace("'s", "").replace(" ", "-")
                place = f"{recipe.name}-{protocol}-{fold}-epochs-{shared['optimiser.epochs']}-{words}-{seed}"
                found.append(Trial(changed, name, protocol, fold, folder / place))
    return found


def run_trial(trial: Trial) -> Outcome:
    """Train one where it is not finished, from its last epoch on, and score it.

    Raises
    ------
    TrainingError
        If its folder holds a training with other settings.
    """
    run = RunFolder(trial.path)
    if not run.recipe_path.exists():
        run = RunFolder.create(trial.path, trial.recipe, trial.protocol)
    elif recipe_from_run(run.read()) != trial.recipe:
        raise TrainingError(f"{trial.path} holds a training with other settings: delete it, or give another --into.")
    if not run.finished(trial.fold):
        table, store = load_features(trial.recipe)
        train_folds(run, trial.recipe, trial.protocol, table, store, folds=[trial.fold])
    frame = run.predictions(trial.fold)
    test, validation = (_uar(frame, trial.recipe, part) for part in ("test", "validation"))
    return Outcome(trial.change, trial.recipe.seed, test, validation)


def ablation_table(outcomes: Iterable[Outcome], part: Literal["test", "validation"] = "test") -> pd.DataFrame:
    """Return what changes cost or bring: per change and corpus the difference to the whole recipe.

    Returns
    -------
    pandas.DataFrame
        Columns change, corpus, seeds, uar (mean over seeds), and difference, least, most: mean, smallest and largest
        difference over seeds, negative where the change costs; 0 for the whole recipe. In the order of `CHANGES`.
    """
    rows = [
        {"change": one.change, "seed": one.seed, "corpus": corpus, "uar": score}
        for one in outcomes
        for corpus, score in (one.test if part == "test" else one.validation).items()
    ]
    scores = pd.DataFrame(rows).set_index(["change", "corpus", "seed"])["uar"].unstack("seed")
    whole = scores.loc[WHOLE].reindex(scores.index.get_level_values("corpus"))
    difference = scores - whole.to_numpy()
    summary = {
        "seeds": scores.notna().sum(axis=1),
        "uar": scores.mean(axis=1),
        "difference": difference.mean(axis=1),
        "least": difference.min(axis=1),
        "most": difference.max(axis=1),
    }
    table = pd.DataFrame(summary).reset_index()
    order = table["change"].map(list(CHANGES).index)
    return table.assign(order=order).sort_values(["order", "corpus"]).drop(columns="order").reset_index(drop=True)


def _changed(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    try:
        return with_settings(recipe, settings)
    except RecipeError:  # of a part that this recipe lacks altogether, or cannot have
        return recipe


def _has_already(recipe: Recipe, change: str) -> bool:
    """Return whether a change would put in what the recipe has, with another weight."""
    assert isinstance(recipe, NetworkRecipe)
    told = {"sex told": recipe.tasks.sex, "intensity told": recipe.tasks.intensity}
    return bool(told.get(change))


def _uar(frame: pd.DataFrame, recipe: Recipe, part: str) -> dict[str, float]:
    chosen = frame[frame["part"] == part].reset_index(drop=True)
    columns = [LOGIT_COLUMNS[place] for place in class_indices(label_names(recipe.labels))]
    logits = chosen[columns].to_numpy()
    rows = {str(corpus): np.asarray(group) for corpus, group in chosen.groupby("corpus").groups.items()}
    return {corpus: macro_recall(logits[at], chosen, at, recipe) for corpus, at in rows.items()}
