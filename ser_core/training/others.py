"""Other recipes' runs, from which a training takes something: a teacher's answers, first weights, a partner's half."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from ser_core.errors import TrainingError
from ser_core.networks.adapted import AdaptedEncoderConfig
from ser_core.networks.layers import ClipNetwork
from ser_core.protocols import make_split
from ser_core.training.network import load_weights
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run
from ser_core.training.runs import RunFolder
from ser_core.training.search import chosen_recipe
from ser_core.training.selection import select


def teacher_run(recipe: NetworkRecipe, name: str, protocol: str, fold: int) -> tuple[RunFolder, NetworkRecipe]:
    """Return the run of the teacher *name* under the same protocol, and the recipe that its fold was trained with.

    With the same corpora and protocol, its model of a fold has heard none of the fold's test speakers, as long as the
    corpora hold the same speakers (:func:`check_held_out`).

    Raises
    ------
    TrainingError
        If it has not finished the fold, or is no network with the same label set and corpora that answers alone.
    """
    run = RunFolder.at(f"{name}-{protocol}")
    if not run.finished(fold) or run.read()["protocol"] != protocol:
        raise TrainingError(
            f"'{recipe.name}' builds on '{name}', whose run {run.name} has not finished fold {fold}: train '{name}' "
            f"under protocol '{protocol}' first, or take it out of the recipe."
        )
    other = chosen_recipe(recipe_from_run(run.read()), run.path / f"fold-{fold}")
    if not isinstance(other, NetworkRecipe) or other.labels != recipe.labels or other.partner is not None:
        raise TrainingError(
            f"'{recipe.name}' cannot build on {run.path}: it must be a network of the same label set without a partner."
        )
    if set(other.corpora) != set(recipe.corpora):
        raise TrainingError(f"'{recipe.name}' cannot build on {run.path}: it must be trained on the same corpora.")
    return run, other


def partner_run(recipe: NetworkRecipe, name: str, protocol: str, fold: int) -> tuple[RunFolder, NetworkRecipe]:
    """Return the run of the partner *name* and its recipe, as :func:`teacher_run` does.

    Raises
    ------
    TrainingError
        As there; and if it has other filters or a search, or runs layers of an encoder itself.
    """
    run, other = teacher_run(recipe, name, protocol, fold)
    if isinstance(other.network, AdaptedEncoderConfig) or other.search:
        raise TrainingError(f"'{name}' cannot be a partner: it must adapt no encoder and search nothing.")
    if other.filters != recipe.filters:
        raise TrainingError(f"'{name}' cannot be the partner of '{recipe.name}': train both on the same clips.")
    return run, other


def start_run(recipe: NetworkRecipe, name: str, protocol: str, fold: int) -> tuple[RunFolder, NetworkRecipe]:
    """Return the run of the recipe *name* that a training begins with, and that recipe, as :func:`teacher_run` does.

    Raises
    ------
    TrainingError
        As there; and if its network, front end or filters are others.
    """
    run, other = teacher_run(recipe, name, protocol, fold)
    if other.network != recipe.network or other.front_end != recipe.front_end:
        raise TrainingError(f"'{recipe.name}' cannot begin with {run.path}: front end and network must be the same.")
    if other.filters != recipe.filters:
        raise TrainingError(f"'{recipe.name}' cannot begin with {run.path}: train both on the same clips.")
    return run, other


def start_of(recipe: NetworkRecipe, protocol: str, fold: int) -> ClipNetwork | None:
    """Return the network that a fold's training begins with, None for random numbers; raises as :func:`start_run`."""
    if recipe.start is None:
        return None
    run, other = start_run(recipe, recipe.start.recipe, protocol, fold)
    return load_weights(other.network, run.fold(fold) / "weights.safetensors")


def check_others(recipe: Recipe, protocol: str, folds: Iterable[int]) -> None:
    """Raise TrainingError, as those above do, where a recipe lacks what it builds on for some of the folds."""
    for fold in folds:
        _other_runs(recipe, protocol, fold)


def check_held_out(recipe: Recipe, table: pd.DataFrame, protocol: str, fold: int) -> None:
    """Raise TrainingError where what a recipe builds on held other speakers out than the fold of *table* does today.

    Under a protocol that deals out whoever is there, one more speaker of an own corpus moves others: what was trained
    before may have heard the test speakers of now.
    """
    for run, other in _other_runs(recipe, protocol, fold):
        today, frame = select(table, make_split(table, protocol, fold), other), run.predictions(fold)
        for part, rows in (("validation", today.validation), ("test", today.test)):
            if _speakers(frame[frame["part"] == part]) != _speakers(table.iloc[rows]):
                raise TrainingError(
                    f"'{recipe.name}' cannot build on {run.path}: the corpora have changed since, and it held other "
                    f"speakers out. Train '{other.name}' anew."
                )


def _other_runs(recipe: Recipe, protocol: str, fold: int) -> list[tuple[RunFolder, NetworkRecipe]]:
    found = []
    if isinstance(recipe, NetworkRecipe):
        if recipe.distillation is not None:
            found.append(teacher_run(recipe, recipe.distillation.teacher, protocol, fold))
        if recipe.start is not None:
            found.append(start_run(recipe, recipe.start.recipe, protocol, fold))
        if recipe.partner is not None:
            found.append(partner_run(recipe, recipe.partner.recipe, protocol, fold))
    return found


def _speakers(clips: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(clips["corpus"].astype(str), clips["speaker"].astype(str), strict=True))
