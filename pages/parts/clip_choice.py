"""The choice of one clip of the corpora, and its title."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ser_core.charts.exploration import group_label
from ser_core.corpora.sentences import sentence_text
from ser_core.corpora.statistics import corpus_title, facet, facet_values


def choose_clip(clips: pd.DataFrame, key: str) -> pd.Series | None:
    """Draw corpus, emotion, speaker and clip, each leaving its share of the clips to the next.

    *key* begins the names of the widgets.
    """
    columns = st.columns(4)
    chosen = clips
    for column, name, label in zip(
        columns, ("corpus", "emotion", "speaker"), ("Corpus", "Emotion", "Speaker"), strict=False
    ):
        values = facet_values(chosen, name)
        _keep_possible(f"{key}_{name}", values)
        words = (lambda value: value.split("/", 1)[1]) if name == "speaker" else group_label
        value = column.selectbox(label, values, format_func=words, key=f"{key}_{name}")
        chosen = chosen[(facet(chosen, name) == value).to_numpy(bool)]
    names = list(chosen["clip"])
    _keep_possible(f"{key}_clip", names)
    rows = chosen.set_index("clip")
    label = {
        name: f"{sentence_text(rows['corpus'].iloc[0], str(rows.at[name, 'sentence']))} ({name})" for name in names
    }
    name = columns[3].selectbox("Clip", names, format_func=label.__getitem__, key=f"{key}_clip")
    return chosen[chosen["clip"] == name].iloc[0] if name is not None else None


def _keep_possible(key: str, values: list[str]) -> None:
    """Forget a choice that the choices before it have made impossible."""
    if st.session_state.get(key) not in values:
        st.session_state.pop(key, None)


def clip_title(clip: pd.Series) -> str:
    """Return what is said, how, by whom and in which corpus."""
    parts = [f"“{sentence_text(clip['corpus'], str(clip['sentence']))}”", group_label(str(clip["emotion"]))]
    if pd.notna(clip["intensity"]):
        parts.append(f"{clip['intensity']} intensity")
    who = [str(clip[name]) for name in ("sex", "age") if pd.notna(clip[name])]
    speaker = f"speaker {clip['speaker']}" + (f" ({', '.join(who)})" if who else "")
    return ", ".join([*parts, speaker, corpus_title(str(clip["corpus"]))])
