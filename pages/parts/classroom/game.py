"""What to play with: the corpus, the model to play against, and the clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from pages.parts.corpus_sounds import all_votes
from pages.parts.explore.data import read_table
from pages.parts.models import FIRST, recogniser
from ser_core.bundle import list_bundles, load_card
from ser_core.classroom.held_out import FILE_NAME, read_held_out
from ser_core.classroom.questions import Question, example_questions, heard_questions, playable, unheard_questions
from ser_core.corpora.statistics import corpus_title
from ser_core.errors import SERError

EXAMPLES = "examples"
LENGTHS = (5, 10, 20)
#: In front of those without kept answers; the larger of the shipped ones first.
_ORDER = ("base", "tiny", FIRST)


@dataclass(frozen=True)
class Game:
    """What was chosen: a corpus (or the built-in voices), the name of a model, its title, the number of clips."""

    corpus: str
    model: str
    title: str
    number: int


def choose_game(key: str) -> Game | None:
    """Draw the choices, *key* beginning the widgets' names; None where there is no model."""
    table = read_table()
    corpora = sorted(set(table["corpus"].astype(str))) if table is not None else []
    left, middle, right = st.columns(3)
    corpus = left.selectbox(
        "Voices", [*corpora, EXAMPLES], key=f"{key}_corpus",
        format_func=lambda name: "Built-in voices (synthetic)" if name == EXAMPLES else corpus_title(name),
    )  # fmt: skip
    unheard = [] if corpus == EXAMPLES or table is None else _unheard_models(table, corpus)
    titles = _titles()
    if not titles:
        st.error("No model is installed: fetch the project again, or set SER_MODELS to a folder of bundles.")
        return None
    order = sorted(titles, key=lambda name: (name not in unheard, _rank(name, corpus), name))
    model = middle.selectbox("Against", order, key=f"{key}_model_{corpus}", format_func=titles.__getitem__)
    if corpus == EXAMPLES:
        number = LENGTHS[-1]
        right.caption("Six clips: there are no more built-in voices.")
    else:
        number = right.segmented_control("Clips", LENGTHS, default=10, required=True, key=f"{key}_number") or 10
    st.caption(_about(corpus, model in unheard, titles[model], known=table is not None))
    return Game(corpus, model, titles[model], number)


def make_questions(game: Game, seed: int) -> list[Question]:
    """Return the clips of a game.

    Raises
    ------
    SERError
        With a sentence, where it cannot be played.
    """
    folder = list_bundles()[game.model]
    if game.corpus == EXAMPLES:
        return example_questions(recogniser(folder), seed)
    table = read_table()
    clips = table[(table["corpus"] == game.corpus).to_numpy(bool)] if table is not None else pd.DataFrame()
    kept = _held_out(str(folder), _version(folder))
    votes = _votes(game.corpus)
    if kept is not None and game.corpus in playable(clips, kept):
        return unheard_questions(clips, kept, game.number, seed, votes)
    return heard_questions(clips, recogniser(folder), game.number, seed, votes)


def _about(corpus: str, unheard: bool, title: str, *, known: bool) -> str:
    if corpus == EXAMPLES:
        words = (
            "A speech synthesiser made these six voices; no model was trained on them. They imitate a way of speaking "
            "and are no measure of people or models."
        )
        return words if known else f"{words} With a corpus on this machine you hear actors: the page Explore says how."
    if unheard:
        return (
            f"{title} answers as it did in its test: each answer is of a model of its recipe that was trained "
            "**without this speaker**, and chooses among the same emotions as you."
        )
    return (
        f"**{title} may have heard these speakers in training**, so its answers look better than they would with new "
        "voices. For a fair game choose a model that is listed before it."
    )


def _unheard_models(table: pd.DataFrame, corpus: str) -> list[str]:
    clips, found = table[(table["corpus"] == corpus).to_numpy(bool)], []
    for name, folder in list_bundles().items():
        kept = _held_out(str(folder), _version(folder))
        if kept is not None and corpus in playable(clips, kept):  # as when questions are made
            found.append(name)
    return found


def _rank(name: str, corpus: str) -> int:
    order = (FIRST, "tiny", "base") if corpus == EXAMPLES else _ORDER
    return order.index(name) if name in order else len(order)


def _votes(corpus: str) -> pd.DataFrame | None:
    try:
        return all_votes("voice") if corpus == "cremad" else None
    except SERError:  # a copy without the votes is played without them
        return None


@st.cache_data(show_spinner=False, ttl=60)
def _titles() -> dict[str, str]:
    titles = {}
    for name, folder in list_bundles().items():
        try:
            titles[name] = load_card(folder).title
        except SERError:  # a damaged model is not offered
            continue
    return titles


def _version(folder: Path) -> tuple[int, ...]:
    files = (folder / "model.json", folder / FILE_NAME)
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


@st.cache_resource(show_spinner=False, max_entries=8)
def _held_out(folder: str, version: tuple[int, ...]) -> pd.DataFrame | None:
    if not version[1]:
        return None
    try:
        return read_held_out(Path(folder), load_card(folder))
    except SERError:
        return None
