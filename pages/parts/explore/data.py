"""The table of clips, read once for all visitors, and the filters that apply to everything on the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from ser_core.charts.exploration import group_label
from ser_core.corpora import read_corpora
from ser_core.corpora.facts import CORPORA
from ser_core.corpora.own import own_corpora
from ser_core.corpora.statistics import corpus_title, facet_values, filter_clips
from ser_core.corpora.table import holds_files
from ser_core.errors import SERError
from ser_core.settings import settings

_CHOICES = ("corpus", "emotion", "sex", "intensity", "speaker")
_RANGES = ("age", "duration_s")


def available() -> list[str]:
    """Return the corpora that have a folder with files in it: those of the four, then a person's own."""
    root = settings().data
    # A download that has only begun has made its folders, and is no corpus yet.
    published = [name for name in CORPORA if holds_files(root / name)]
    return published + (own_corpora(root) if root.is_dir() else [])


def data_version() -> int:
    """Return what changes when a file of any corpus comes or goes."""
    root = settings().data
    return hash((str(root), *(_version(root / name) for name in available())))


def read_table() -> pd.DataFrame | None:
    """Return the table of all clips there are, None where there is none; say which folder could not be used."""
    root = settings().data
    tables = []
    for corpus in available():
        try:
            with st.spinner(f"Reading {corpus_title(corpus)} …", show_time=True):
                tables.append(_read(corpus, str(root), _version(root / corpus)))
        except SERError as error:
            st.warning(str(error), icon=":material/folder_off:")
    return pd.concat(tables, ignore_index=True) if tables else None


@st.cache_resource(show_spinner=False, max_entries=16)
def _read(corpus: str, root: str, version: int) -> pd.DataFrame:
    # A resource, not data: the table is never changed, and a copy for every rerun would cost more than the rest.
    return read_corpora([corpus], root)


def _version(folder: Path) -> int:
    """Return what changes when a file below *folder* comes or goes (the button reads changed files again)."""
    return hash(tuple((place, os.stat(place).st_mtime_ns) for place, _, _ in sorted(os.walk(folder))))


def show_filters(table: pd.DataFrame) -> pd.DataFrame:
    """Draw the filters; return the clips that fit, numbered from 0."""
    chosen = st.session_state
    with st.expander(_summary(table), icon=":material/filter_alt:", key="explore_filters"):
        _choices(table)
        left, right = st.columns(2, gap="large")
        with left:
            age = _range(table, "age", "Age in years", 1.0)
        with right:
            duration = _range(table, "duration_s", "Duration in seconds", 0.1)
        with st.container(horizontal=True):
            st.button("Take all filters away", on_click=_reset, key="filter_reset", icon=":material/filter_alt_off:")
            st.button("Read the folders again", on_click=_read.clear, key="read_again", icon=":material/refresh:")
    return filter_clips(
        table,
        corpora=chosen.get("filter_corpus") or None,
        emotions=chosen.get("filter_emotion") or None,
        speakers=chosen.get("filter_speaker") or None,
        sexes=chosen.get("filter_sex") or None,
        intensities=chosen.get("filter_intensity") or None,
        age=age,
        duration=duration,
    )


def filters_set() -> list[str]:
    """Return the names of the filters that restrict anything."""
    state = st.session_state
    names = [name for name in _CHOICES if state.get(f"filter_{name}")]
    return names + [name for name in _RANGES if state.get(f"filter_{name}_set")]


def _summary(table: pd.DataFrame) -> str:
    names = [name.removesuffix("_s") for name in filters_set()]
    if not names:
        return f"Filters: none, so all {len(table):,} clips are shown"
    return f"Filters: {', '.join(names)}"


def _choices(table: pd.DataFrame) -> None:
    _pills(table, "corpus", "Corpus", corpus_title)
    _pills(table, "emotion", "Emotion", group_label)
    left, right = st.columns(2, gap="large")
    with left:
        _pills(table, "sex", "Sex", str)
    with right:
        _pills(table, "intensity", "Intensity", str)
    corpora = st.session_state.get("filter_corpus")
    part = filter_clips(table, corpora=corpora) if corpora else table
    speakers = facet_values(part, "speaker")
    kept = [speaker for speaker in st.session_state.get("filter_speaker", []) if speaker in set(speakers)]
    st.session_state["filter_speaker"] = kept  # a corpus that is filtered out takes its speakers along
    st.multiselect("Speaker", speakers, key="filter_speaker", placeholder="all speakers")


def _pills(table: pd.DataFrame, name: str, label: str, words: Callable[[str], str]) -> None:
    values: Sequence[str] = facet_values(table, name)
    if len(values) > 1:
        st.pills(label, values, selection_mode="multi", format_func=words, key=f"filter_{name}")


def _range(table: pd.DataFrame, column: str, label: str, step: float) -> tuple[float, float] | None:
    """Draw a range; return it when it is narrower than the data, None otherwise (unknown values then stay in)."""
    values = table[column].astype("Float64").dropna()
    key = f"filter_{column}"
    if not len(values) or values.min() == values.max():
        return None
    low, high = step * (values.min() // step), step * -(-values.max() // step)
    low, high = round(float(low), 2), round(float(high), 2)
    help_text = "Narrower than all, it leaves out the clips whose age is not given." if column == "age" else None
    chosen = st.slider(label, low, high, (low, high), step, key=key, help=help_text)
    st.session_state[f"{key}_set"] = chosen != (low, high)
    return chosen if chosen != (low, high) else None


def _reset() -> None:
    for name in (*_CHOICES, *_RANGES):
        st.session_state.pop(f"filter_{name}", None)
