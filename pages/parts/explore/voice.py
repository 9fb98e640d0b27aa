"""What the voice does in each emotion: pitch, loudness, speaking rate, brightness."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.explore.data import data_version
from pages.parts.jobs import background
from pages.parts.show import show_chart, show_table
from ser_core.charts.exploration import box_figure, violin_figure
from ser_core.exploration.acoustics import (
    MEASURES,
    box_summary,
    is_measured,
    measure_clips,
    relative_to_speaker,
    violin_summary,
)

_BY = {"emotion": "emotion", "corpus": "corpus", "sex": "sex", "intensity": "intensity", "speaker": "speaker"}
_VOICE = [name for name, measure in MEASURES.items() if measure.about == "voice"] + ["level_dbfs"]
_MOST_GROUPS = 12


def measured(table: pd.DataFrame) -> pd.DataFrame | None:
    """Return *table* with its measures; None while they are computed, which is drawn."""

    def work(progress: Any, cancelled: Any) -> pd.DataFrame:
        return measure_clips(table, progress=progress, cancelled=cancelled)

    with st.spinner("Looking for earlier measurements …"):
        ready = is_measured(table)
    result: pd.DataFrame | None = background(
        f"measures:{data_version()}",
        "Measure all clips",
        work,
        explain=f"Pitch, loudness, tempo and more have to be measured in {len(table):,} clips once. That takes some "
        "minutes in the background; you can stop it, and what is finished is kept.",
        at_once=ready,
    )
    return result


def show_voice(table: pd.DataFrame, clips: pd.DataFrame) -> None:
    """Draw acoustic statistics by emotion."""
    measures = measured(table)
    if measures is None:
        return
    here = measures[measures["path"].isin(clips["path"])].reset_index(drop=True)
    first, second, third = st.columns(3)
    name = first.selectbox("Measure", _VOICE, format_func=_title, key="voice_measure")
    by = second.selectbox("By", list(_BY), key="voice_by")
    within = third.selectbox("Side by side", ["nothing", *(value for value in _BY if value != by)], key="voice_within")
    relative = st.toggle("Relative to each speaker's own median (so that sex and age cancel out)", key="voice_relative")
    unit = MEASURES[name].unit
    if relative:
        here, unit = relative_to_speaker(here, name), "semitones" if name == "f0_median_hz" else unit
    _figure(
        here, name, by, None if within == "nothing" else within, f"{MEASURES[name].title} ({unit})".replace(" ()", "")
    )
    st.caption(MEASURES[name].description + " Boxes hold the middle half, whiskers reach 1.5 times as far.")


def _figure(here: pd.DataFrame, name: str, by: str, within: str | None, axis: str) -> None:
    table = box_summary(here, name, by, within)
    if table.empty:
        st.info("None of these clips has this measure.")
        return
    medians = ", ".join(f"{row.group} {row.median:.3g}" for row in table.head(20).itertuples())
    alt = f"Medians of {axis}: {medians}."
    if within is not None and table["within"].nunique() > _MOST_GROUPS:
        st.info(
            f"Only the first {_MOST_GROUPS} are drawn: narrow the filters to see others. The table has all of them."
        )
    groups = list(dict.fromkeys(table["within"]))[:_MOST_GROUPS] if within is not None else []
    shown = table[table["within"].isin(groups)] if within is not None else table
    kind = st.segmented_control("Drawn as", ["boxes", "violins"], default="boxes", required=True, key="voice_kind")
    if kind == "violins" and within is None:
        density = violin_summary(here, name, by)
        show_chart(violin_figure(density, axis), f"{name}_violins", alt, density)
    else:
        show_chart(box_figure(shown, axis, "within" if within is not None else None), f"{name}_boxes", alt, table)
    with st.expander("The numbers"):
        show_table(table, f"{name}_by_{by}")


def _title(name: str) -> str:
    return MEASURES[name].title
