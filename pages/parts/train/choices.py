"""What to learn from, which model, which emotions, and how to split."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.explore.data import available, data_version
from pages.parts.train.common import protocol_words
from ser_core.charts.training import label_text
from ser_core.corpora.facts import CORPORA
from ser_core.corpora.statistics import corpus_title
from ser_core.emotions import LABEL_SETS, label_names
from ser_core.errors import SERError
from ser_core.protocols import ALL, JOINT, LEAKY, SPEAKER, make_split, protocol_names, published, published_names
from ser_core.training.recipe import Recipe, built_in_recipes, load_recipe, parse_recipe

#: Offered first where it is there.
_FIRST = "lite"
_LARGEST_RECIPE = 100_000
_OWN_LABELS = "as the recipe says"


def choose_recipe() -> Recipe | None:
    """Return the recipe to begin with: one that comes with the program, or a person's own."""
    with st.expander("Begin with a recipe of your own (TOML)", icon=":material/upload_file:"):
        given = st.file_uploader("Recipe", type=["toml"], key="train_upload", label_visibility="collapsed")
    try:
        if given is not None:
            if given.size > _LARGEST_RECIPE:
                st.error("That file is too large for a recipe: choose a TOML file.")
                return None
            own = parse_recipe(given.getvalue().decode("utf-8", "replace"), given.name)
            st.success(f"Settings begin as {given.name} has them.", icon=":material/receipt_long:")
            return own
        names = sorted(built_in_recipes(), key=lambda name: (name != _FIRST, name))
        titles = {name: load_recipe(name) for name in names}
        name = st.selectbox(
            "Model", names, format_func=lambda name: titles[name].title or name, key="train_recipe_name"
        )
        st.caption(titles[name].description)
        return titles[name]
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return None


def choose_corpora(recipe: Recipe) -> list[str]:
    """Return the corpora to learn from."""
    found = available()
    wanted = [corpus for corpus in recipe.corpora if corpus in found] or found
    chosen = st.pills(
        "Learn from", found, selection_mode="multi", default=wanted, format_func=corpus_title,
        key=f"train_corpora_{recipe.name}",
    )  # fmt: skip
    return [corpus for corpus in found if corpus in chosen]


def choose_labels(recipe: Recipe) -> Any:
    """Return the label set."""
    own = not isinstance(recipe.labels, int)
    options = [*([_OWN_LABELS] if own else []), *sorted(LABEL_SETS, reverse=True)]
    chosen = st.segmented_control(
        "Emotions", options, default=_OWN_LABELS if own else recipe.labels, required=True,
        key=f"train_labels_{recipe.name}",
        help="With fewer, clips of the others are left out of training and test. A table of your own goes into the "
        "recipe's TOML.",
    )  # fmt: skip
    labels = recipe.labels if chosen in (_OWN_LABELS, None) else chosen
    st.caption(label_text(label_names(labels)))
    return labels


def choose_protocol(table: pd.DataFrame, recipe: Recipe) -> str:
    """Return who is kept out of training, to be tested on."""
    corpora = sorted(set(table["corpus"]))
    options = _possible_protocols(table, tuple(corpora), data_version())
    first = SPEAKER if SPEAKER in options else options[0]
    if recipe.protocol in options:
        first = recipe.protocol
    elif len(corpora) == 1:
        own = [name for name in published_names() if published(name)["corpus"] == corpora[0]]
        first = next((name for name in own if name in options), first)
    options = [first, *(name for name in options if name != first)]
    protocol = st.selectbox(
        "Test on", options, format_func=protocol_words, key=f"train_protocol_{recipe.name}_{'-'.join(corpora)}",
        help="Who is kept out of training, to be tested on. Speakers never heard before tell how good a model is.",
    )  # fmt: skip
    if protocol == LEAKY:
        st.warning("The same speakers in training and test: only to show how that inflates a score.")
    if protocol == ALL:
        st.warning("Without a test nobody knows how good the model is: train it under another protocol as well.")
    return str(protocol)


@st.cache_data(show_spinner=False, max_entries=32)
def _possible_protocols(_table: pd.DataFrame, corpora: tuple[str, ...], version: int) -> list[str]:
    """Return the protocols whose test speakers are there."""
    possible = []
    for name in protocol_names():
        try:
            if name in published_names() and published(name)["corpus"] not in corpora:
                continue
            if name == JOINT and not set(CORPORA) <= set(corpora):
                continue
            make_split(_table, name, 0)
            possible.append(name)
        except SERError:
            continue
    return possible or [ALL]
