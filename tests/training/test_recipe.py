"""Recipes: the built-in ones load, wrong ones get a sentence that names the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser_core.errors import RecipeError
from ser_core.training.recipe import (
    ClassicalRecipe,
    NetworkRecipe,
    built_in_recipes,
    load_recipe,
    parse_recipe,
    recipe_from_run,
)


@pytest.mark.parametrize("name", built_in_recipes())
def test_built_in_recipes_load_and_survive_json(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe_from_run({"recipe": recipe.model_dump(mode="json")}) == recipe


def test_kinds() -> None:
    assert isinstance(load_recipe("lite"), NetworkRecipe)
    assert isinstance(load_recipe("functionals-svm"), ClassicalRecipe)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('kind = "network"\nname = "mine"\n[optimiser]\nepochs = 3\n')
    recipe = load_recipe(str(path))
    assert isinstance(recipe, NetworkRecipe)
    assert recipe.optimiser.epochs == 3


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("kind = ", "not a TOML file"),
        ('kind = "network"', "'network.name' is wrong|'name' is wrong"),
        ('kind = "magic"\nname = "x"', "kind"),
        ('name = "x"', "kind"),
        ('kind = "network"\nname = "x"\nspeling = 1', "speling"),
        ('kind = "network"\nname = "x"\n[optimiser]\nepochs = 0', r"optimiser\.epochs"),
        ('kind = "network"\nname = "x"\n[optimiser]\nepochs = "many"', r"optimiser\.epochs"),
        ('kind = "network"\nname = "x"\n[network]\nchannels = "wide"', r"network\.channels"),
        ('kind = "network"\nname = "x"\ncorpora = ["iemocap"]', "iemocap"),
        ('kind = "network"\nname = "x"\ncorpora = []', "corpora"),
        ('kind = "classical"\nname = "x"\n[classifier]\nc = -1', r"classifier\.c"),
    ],
)
def test_wrong_recipes_get_a_sentence(text: str, part: str) -> None:
    with pytest.raises(RecipeError, match=part) as caught:
        parse_recipe(text)
    assert "\n" not in str(caught.value).strip()


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(RecipeError, match="lite"):
        load_recipe("no-such-recipe")
