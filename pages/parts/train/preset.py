"""One press for a class: a training that is finished within a minute and visibly learns."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.explore.data import available
from pages.parts.train.common import RUNS, act, go_to, manager
from ser_core.training.recipe import built_in_recipes, load_recipe, with_settings

_RECIPE = "classroom"


def show_preset(table: pd.DataFrame) -> None:
    """Draw the classroom preset where there is a corpus for it."""
    if _RECIPE not in built_in_recipes():
        return
    with st.container(border=True, key="train_preset"):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(
            "**In front of a class:** a small network on a few hundred clips learns within a minute. Watch the loss "
            "fall and the recall rise on speakers it does not hear; then let it judge your own voice."
        )
        right.button(
            "Classroom preset", key="train_classroom", icon=":material/school:", type="primary", on_click=act,
            args=(start_preset,),
        )  # fmt: skip


def start_preset() -> None:
    """Start the preset on the first of its corpora that is there, or on any."""
    recipe, found = load_recipe(_RECIPE), available()
    corpora = [corpus for corpus in recipe.corpora if corpus in found] or found[:1]
    name = manager().submit(with_settings(recipe, {"corpora": corpora}), recipe.protocol, folds=recipe.folds or None)
    go_to(RUNS, name)
