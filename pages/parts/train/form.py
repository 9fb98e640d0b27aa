"""A new training: what to learn from, which model, how to split; how long it will take; start."""

from __future__ import annotations

import os

import pandas as pd
import streamlit as st

from pages.parts.explore.data import data_version, read_table
from pages.parts.train.choices import choose_corpora, choose_labels, choose_protocol, choose_recipe
from pages.parts.train.common import RUNS, act, go_to, manager
from pages.parts.train.preset import show_preset
from pages.parts.train.settings import choose_settings
from ser_core.errors import SERError
from ser_core.protocols import fold_count
from ser_core.training.features import features_cached
from ser_core.training.progress import clip_cost, duration_words, estimate, read_progress
from ser_core.training.recipe import Recipe, with_settings
from ser_core.training.recipe_text import recipe_toml


def show_new() -> None:
    """Draw the choices, what they come to, and the button that starts."""
    table = read_table()
    if table is None:
        _how_to_start()
        return
    show_preset(table)
    base = choose_recipe()
    if base is None:
        return
    left, right = st.columns(2, gap="large")
    with left:
        corpora = choose_corpora(base)
        if not corpora:
            st.info("Choose at least one corpus to learn from.")
            return
        part = table[table["corpus"].isin(corpora)].reset_index(drop=True)
        labels = choose_labels(base)
        protocol = choose_protocol(part, base)
        quick = st.toggle(
            "First fold only", base.folds == (0,), key=f"train_quick_{base.name}",
            help="Quicker and rougher: one model and few test speakers, not to be compared with published figures.",
        )  # fmt: skip
    with right:
        changes = choose_settings(base)
    folds = (0,) if quick else ()
    chosen = {"corpora": corpora, "labels": labels, "protocol": protocol, "folds": list(folds)}
    try:
        recipe = with_settings(base, chosen | changes)
    except SERError as error:
        st.error(str(error))
        return
    _start(recipe, folds or tuple(range(fold_count(protocol, part))), part)


def _how_to_start() -> None:
    st.info(
        "A model learns from recordings whose emotion is known, and there are none on this machine yet. The page "
        "Explore says where the four corpora come from, and fetches a few real voices within seconds; your own "
        "recordings work too: put a folder with a `corpus.toml` beside them.",
        icon=":material/folder_open:",
    )
    st.page_link("pages/explore.py", label="Get a corpus", icon=":material/travel_explore:")


def _start(recipe: Recipe, folds: tuple[int, ...], table: pd.DataFrame) -> None:
    """Draw what it comes to, and the button."""
    jobs = min(os.cpu_count() or 1, len(folds))
    with st.container(border=True, key="train_start_card"):
        st.markdown(_estimate_words(recipe, folds, jobs, table))
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            name = st.text_input(
                "Name",
                placeholder=f"{recipe.name}-{recipe.protocol}",
                key="train_name",
                help="Of its folder; may stay empty.",
            )
            pressed = st.button("Start the training", key="train_start", type="primary", icon=":material/play_arrow:")
    if pressed:  # not by a callback, whose arguments would be from before a number that was typed last
        start(recipe, folds, name.strip() or None)
        st.rerun()
    with st.expander("The same as a recipe and a command", icon=":material/terminal:"):
        text = recipe_toml(recipe)
        st.code(text, language="toml")
        st.download_button(
            "Recipe", lambda: text, f"{recipe.name}.toml", "text/plain", key="train_recipe_download", on_click="ignore",
            icon=":material/download:", type="tertiary",
        )  # fmt: skip
        st.code(f"python scripts/train.py {recipe.name}.toml", language="bash")


def start(recipe: Recipe, folds: tuple[int, ...], name: str | None) -> None:
    """Start a training, or queue it, and show it."""

    def submit() -> None:
        go_to(RUNS, manager().submit(recipe, recipe.protocol, name, folds=folds))

    act(submit)


def _estimate_words(recipe: Recipe, folds: tuple[int, ...], jobs: int, table: pd.DataFrame) -> str:
    cached = _cached(table, recipe, tuple(recipe.corpora), recipe.front_end.model_dump_json(), data_version())
    expected = estimate(recipe, len(table), len(folds), jobs, cached=cached, runs=_measured())
    times = f"{len(folds)} training{'s' if len(folds) > 1 else ''} (one a fold)"
    basis = "measured on this machine" if expected.measured else "a rough guess before the first training of its kind"
    waiting = sum(run.active for run in manager().look())
    queue = f" It waits until {waiting} other{'s have' if waiting > 1 else ' has'} finished." if waiting else ""
    search = " Trying settings takes longer." if recipe.search else ""
    return (
        f"{len(table):,} clips, {times}: about **{duration_words(expected.seconds)}** ({basis})."
        f"{'' if cached else ' The clips are measured first, once.'}{search}{queue}"
    )


@st.cache_data(show_spinner=False, max_entries=32, ttl=60)
def _cached(_table: pd.DataFrame, _recipe: Recipe, corpora: tuple[str, ...], front_end: str, version: int) -> bool:
    return features_cached(_recipe, _table)


def _measured() -> list[tuple[Recipe, float]]:
    """Return what earlier trainings cost for a clip and epoch, the newest first."""
    found = []
    for run in manager().look():
        cost = clip_cost(read_progress(run.folder, run.state, run.folds), run.state.clips)
        if cost is not None and run.recipe is not None:
            found.append((run.recipe, cost))
    return found
