"""Other recipes' runs, from which a training takes something: a teacher's answers, a partner's half of the answer."""

from __future__ import annotations

from collections.abc import Iterable

from ser_core.errors import TrainingError
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run
from ser_core.training.runs import RunFolder


def other_run(recipe: NetworkRecipe, name: str, protocol: str, fold: int) -> tuple[RunFolder, NetworkRecipe]:
    """Return the run of the recipe *name* under the same protocol, and that recipe.

    Its model of a fold has heard none of the fold's test speakers, as the one that is trained has not.

    Raises
    ------
    TrainingError
        If it has not finished the fold, or is no network of the same label set.
    """
    run = RunFolder.at(f"{name}-{protocol}")
    if not run.finished(fold) or run.read()["protocol"] != protocol:
        raise TrainingError(
            f"'{recipe.name}' builds on '{name}', whose run {run.name} has not finished fold {fold}: train '{name}' "
            f"under protocol '{protocol}' first, or take it out of the recipe."
        )
    other = recipe_from_run(run.read())
    if not isinstance(other, NetworkRecipe) or other.labels != recipe.labels:
        raise TrainingError(f"'{recipe.name}' cannot build on {run.path}: it must be a network of the same label set.")
    return run, other


def check_others(recipe: Recipe, protocol: str, folds: Iterable[int]) -> None:
    """Raise TrainingError, as :func:`other_run` does, where a recipe lacks what it builds on for some of the folds."""
    if not isinstance(recipe, NetworkRecipe):
        return
    names = [recipe.distillation.teacher] if recipe.distillation else []
    names += [recipe.partner.recipe] if recipe.partner else []
    for fold in folds:
        for name in names:
            other_run(recipe, name, protocol, fold)
