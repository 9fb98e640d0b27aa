"""Recipes: the built-in ones load, wrong ones get a sentence that names the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser_core.emotions import EMOTIONS
from ser_core.errors import RecipeError
from ser_core.training.recipe import (
    ClassicalRecipe,
    NetworkRecipe,
    built_in_recipes,
    candidates,
    load_recipe,
    parse_recipe,
    recipe_from_run,
    with_settings,
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
        ('kind = "network"\nname = "x"\n[front_end]\nn_fft = 64', "window must not exceed front_end.n_fft"),
        ('kind = "network"\nname = "x"\n[front_end]\nf_min = 7900', "f_min must lie below"),
        (
            'kind = "network"\nname = "x"\n[partner]\nrecipe = "lite"',
            "a partner answers beside a network on an encoder",
        ),
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


BASE = 'kind = "classical"\nname = "x"\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("labels = 5", "'labels' is wrong: 5 is no label set"),
        ("labels = true", "'labels' is wrong: use 8, 7, 6, 4"),
        ('labels = "four"', "'labels' is wrong: use 8, 7, 6, 4"),
        ('[labels]\ncalm = "bored"', "'labels' is wrong: 'bored' is no emotion"),
        ('[labels]\nbored = "calm"', "'labels' is wrong: 'bored' is no emotion"),
        ('[labels]\nskip = "calm"', "at least two"),
        ("[labels]\n" + "\n".join(f'{e} = "sad"' for e in EMOTIONS), "at least two classes"),
        ('[filters]\nsex = "other"', r"'filters\.sex'"),
        ('[filters]\nemotions = ["bored"]', r"'filters\.emotions\.0'"),
        ("[filters]\nmax_clips_per_speaker = -1", r"'filters\.max_clips_per_speaker'"),
        ('[classifier]\nkind = "oracle"', "'classifier' is wrong"),
        ('[classifier]\nkind = "random-forest"\nc = 1', r"'classifier\.c' is wrong"),
        ('[search]\n"classifier.depth" = [1]', r"'classifier\.depth'"),
        ('[search]\n"classifier.c" = [1, -1]', r"'classifier\.c'"),
        ('[search]\n"classifier.c" = []', r"needs values .*'classifier\.c'"),
        ('[search]\n"seed" = [1, 2]', "search needs values for settings of classifier.*'seed'"),
        ('[search]\n"front_end.n_mfcc" = [10, 20]', "not 'front_end.n_mfcc'"),
        ('[search]\n"optimiser.epochs" = [10, 20]', "no setting 'optimiser.epochs'"),
        (f'[search]\n"classifier.c" = {list(range(1, 66))}', "65 settings, at most 64"),
    ],
)
def test_wrong_new_settings_get_a_sentence(text: str, part: str) -> None:
    with pytest.raises(RecipeError, match=part) as caught:
        parse_recipe(BASE + text)
    assert "\n" not in str(caught.value).strip()


@pytest.mark.parametrize(
    ("kind", "settings"), [("random-forest", "trees = 7"), ("mlp", "hidden = [3, 4]"), ("k-nn", "neighbours = 2")]
)
def test_every_family_of_classifier_can_be_named(kind: str, settings: str) -> None:
    recipe = parse_recipe(f'{BASE}[classifier]\nkind = "{kind}"\n{settings}')
    assert isinstance(recipe, ClassicalRecipe)
    assert recipe.classifier.kind == kind
    assert parse_recipe(f"{BASE}[classifier]\nc = 2").classifier.model_dump()["kind"] == "svm"  # type: ignore[union-attr]


def test_the_network_takes_its_sizes_from_front_end_and_label_set() -> None:
    recipe = parse_recipe(
        'kind = "network"\nname = "x"\nlabels = 4\n[front_end]\nn_mels = 40\n[network]\nkind = "cnn"\nn_classes = 9'
    )
    assert isinstance(recipe, NetworkRecipe)
    assert (recipe.network.kind, recipe.network.n_mels, recipe.network.n_classes) == ("cnn", 40, 4)
    again = with_settings(recipe, {"labels": {"calm": "neutral", "disgust": "skip"}, "front_end.n_mels": 32})
    assert isinstance(again, NetworkRecipe)
    assert (again.network.n_mels, again.network.n_classes) == (32, 6)
    with pytest.raises(RecipeError, match=r"front_end\.n_mels"):
        with_settings(recipe, {"front_end.n_mels": 8})


def test_other_settings_are_checked() -> None:
    recipe = load_recipe("functionals-svm")
    other = with_settings(recipe, {"classifier.c": 10, "corpora": ["ravdess"], "seed": 3})
    assert isinstance(other, ClassicalRecipe)
    assert (other.classifier.model_dump()["c"], other.corpora, other.seed) == (10, ("ravdess",), 3)
    assert recipe.seed == 0
    for wrong in ({"classifier.c": 0}, {"classifier.depth": 1}, {"seed.x": 1}, {"corpora": 3}):
        with pytest.raises(RecipeError):
            with_settings(recipe, wrong)


def test_a_search_is_every_combination_in_order() -> None:
    recipe = parse_recipe(f'{BASE}[search]\n"classifier.c" = [1, 10]\n"classifier.kernel" = ["rbf", "linear"]')
    assert [list(settings.values()) for settings in candidates(recipe)] == [
        [1, "rbf"],
        [1, "linear"],
        [10, "rbf"],
        [10, "linear"],
    ]
    assert candidates(load_recipe("lite")) == []


def test_a_recipe_says_its_protocol_and_folds() -> None:
    recipe = parse_recipe(f'{BASE}protocol = "ravdess-emobox"\nfolds = [0, 2]')
    assert (recipe.protocol, recipe.folds) == ("ravdess-emobox", (0, 2))
    assert (load_recipe("lite").protocol, load_recipe("lite").folds) == ("joint", ())
    with pytest.raises(RecipeError, match=r"'protocol' is wrong: use one of .*joint"):
        parse_recipe(f'{BASE}protocol = "half and half"')
    with pytest.raises(RecipeError, match=r"'folds\.0' is wrong"):
        parse_recipe(f"{BASE}folds = [-1]")


def test_there_is_a_recipe_of_every_family() -> None:
    recipes = [load_recipe(name) for name in built_in_recipes()]
    classifiers = {recipe.classifier.kind for recipe in recipes if isinstance(recipe, ClassicalRecipe)}
    networks = {recipe.network.kind for recipe in recipes if isinstance(recipe, NetworkRecipe)}
    assert classifiers == {"svm", "logistic-regression", "random-forest", "k-nn", "gradient-boosting", "mlp"}
    assert networks == {"cnn", "crnn", "residual-cnn", "residual-crnn", "transformer", "encoder-head"}
    assert all(recipe.title and recipe.description for recipe in recipes)


@pytest.mark.parametrize("text", ["seed = " + "9" * 5000, "labels = " + "[" * 5000])
def test_endless_numbers_and_tables_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(RecipeError, match="is endless"):
        parse_recipe(text)
