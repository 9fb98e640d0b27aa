"""Other recipes' runs, from which a training takes something: a teacher's answers, a partner's half of the answer."""

from __future__ import annotations

from collections.abc import Iterable

from ser_core.errors import TrainingError
from ser_core.networks.adapted import AdaptedEncoderConfig
from ser_core.networks.layers import ClipNetwork
from ser_core.training.network import load_weights
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run
from ser_core.training.runs import RunFolder
from ser_core.training.search import chosen_recipe


def teacher_run(recipe: NetworkRecipe, name: str, protocol: str, fold: int) -> tuple[RunFolder, NetworkRecipe]:
    """Return the run of the teacher *name* under the same protocol, and the recipe that its fold was trained with.

    With the same corpora and protocol, its model of a fold has heard none of the fold's test speakers.

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


def start_of(recipe: NetworkRecipe, protocol: str, fold: int) -> ClipNetwork | None:
    """Return the network that the recipe's training of a fold begins with, None where it begins with random numbers.

    Raises
    ------
    TrainingError
        As :func:`teacher_run` does; and if that network has other sizes, or its weights cannot be read.
    """
    if recipe.start is None:
        return None
    run, other = teacher_run(recipe, recipe.start.recipe, protocol, fold)
    if other.network != recipe.network or other.front_end != recipe.front_end:
        raise TrainingError(f"'{recipe.name}' cannot begin with {run.path}: front end and network must be the same.")
    return load_weights(other.network, run.fold(fold) / "weights.safetensors")


def check_others(recipe: Recipe, protocol: str, folds: Iterable[int]) -> None:
    """Raise TrainingError, as those above do, where a recipe lacks what it builds on for some of the folds."""
    if not isinstance(recipe, NetworkRecipe):
        return
    for fold in folds:
        start_of(recipe, protocol, fold)
        if recipe.distillation is not None:
            teacher_run(recipe, recipe.distillation.teacher, protocol, fold)
        if recipe.partner is not None:
            partner_run(recipe, recipe.partner.recipe, protocol, fold)
