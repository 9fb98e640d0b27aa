"""The few settings of a model that are worth changing, each with the recipe's own value to begin with."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ser_core.training.parts import NO_AUGMENTATION
from ser_core.training.recipe import NetworkRecipe, Recipe

#: Kind of a classifier -> its settings: name -> (label, least, most, step).
_CLASSICAL: dict[str, dict[str, tuple[str, float, float, float]]] = {
    "svm": {"c": ("C (how much a mistake costs)", 0.001, 1000.0, 0.5)},
    "logistic-regression": {"c": ("C (less is simpler)", 0.0001, 1000.0, 0.01)},
    "k-nn": {"neighbours": ("Neighbours", 1, 500, 1)},
    "random-forest": {"trees": ("Trees", 1, 2000, 50), "min_samples_leaf": ("Clips in a leaf, at least", 1, 100, 1)},
    "gradient-boosting": {
        "iterations": ("Rounds", 1, 2000, 10), "learning_rate": ("Learning rate", 0.001, 1.0, 0.01),
    },
    "mlp": {"epochs": ("Epochs", 1, 2000, 10), "learning_rate": ("Learning rate", 1e-5, 1.0, 1e-4)},
}  # fmt: skip


def choose_settings(recipe: Recipe) -> dict[str, Any]:
    """Draw the settings and return those that differ from the recipe, by dotted name."""
    values = _network(recipe) if isinstance(recipe, NetworkRecipe) else _classical(recipe)
    values["seed"] = st.number_input(
        "Seed", 0, 2**31, recipe.seed, 1, key=f"train_seed_{recipe.name}",
        help="The same seed gives the same model again; another shows how much is chance.",
    )  # fmt: skip
    return values


def _network(recipe: NetworkRecipe) -> dict[str, Any]:
    settings, augmentation = recipe.optimiser, recipe.augmentation
    values: dict[str, Any] = {
        "optimiser.epochs": st.number_input(
            "Epochs", 1, 1000, settings.epochs, 1, key=f"train_epochs_{recipe.name}",
            help="How often it hears every clip. Fixed before the start: choosing the best epoch by the test would "
            "be cheating.",
        ),
        "optimiser.learning_rate": st.number_input(
            "Learning rate", 1e-6, 1.0, settings.learning_rate, 1e-4, format="%.5f", key=f"train_rate_{recipe.name}",
            help="How far it moves at each step: too small learns slowly, too large not at all.",
        ),
    }  # fmt: skip
    changes_clips = any(
        getattr(augmentation, name.split(".")[1]) for name in NO_AUGMENTATION
    )  # a recipe may have none itself
    augmented = st.toggle(
        "Change clips on the fly (augmentation)", changes_clips, key=f"train_augment_{recipe.name}",
        disabled=not changes_clips,
        help="Speed, pitch, noise, telephones and masks are drawn anew for each clip and epoch, only in training.",
    )  # fmt: skip
    return values if augmented else values | NO_AUGMENTATION


def _classical(recipe: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, (label, least, most, step) in _CLASSICAL.get(recipe.classifier.kind, {}).items():
        value, key = getattr(recipe.classifier, name), f"train_{name}_{recipe.name}"
        if isinstance(value, int):
            values[f"classifier.{name}"] = st.number_input(label, int(least), int(most), value, int(step), key=key)
        else:
            values[f"classifier.{name}"] = st.number_input(label, least, most, value, step, format="%.4g", key=key)
    return values
