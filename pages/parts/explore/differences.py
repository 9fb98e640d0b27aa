"""How corpora differ as recordings, and how much that alone gives away."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.explore.data import data_version
from pages.parts.explore.voice import measured
from pages.parts.jobs import background
from pages.parts.show import show_chart, show_table
from ser_core.charts.exploration import box_figure, matrix_figure
from ser_core.corpora.statistics import corpus_title
from ser_core.exploration.acoustics import CUES, MEASURES
from ser_core.exploration.cues import CueResult, corpora_differ, cues_predict


def show_differences(table: pd.DataFrame, clips: pd.DataFrame) -> None:
    """Draw level, bandwidth, silence and length by corpus, and what they alone predict."""
    measures = measured(table)
    if measures is None:
        return
    st.markdown(
        "A corpus is a room, a microphone and an editor as much as its voices. Where these differ, a model trained on "
        "pooled corpora can answer from them, and score well for the wrong reason."
    )
    here = measures[measures["path"].isin(clips["path"])].reset_index(drop=True)
    name = st.selectbox("Cue", CUES, format_func=lambda cue: MEASURES[cue].title, key="cue")
    differ = corpora_differ(here)
    part = differ[differ["cue"] == MEASURES[name].title]
    if len(part):
        medians = ", ".join(f"{corpus_title(row.group)} {row.median:.3g}" for row in part.itertuples())
        axis = f"{MEASURES[name].title} ({MEASURES[name].unit})"
        show_chart(box_figure(part, axis), f"cue_{name}", f"Medians of {axis}: {medians}.", differ)
        st.caption(MEASURES[name].description)
    st.subheader("What can be told without hearing a word", anchor=False)
    _predictions(measures)


def _predictions(measures: pd.DataFrame) -> None:
    def work(progress: Any, cancelled: Any) -> list[CueResult]:
        return cues_predict(measures)

    results: list[CueResult] | None = background(
        f"cues:{data_version()}",
        "Ask a classifier that hears only these cues",
        work,
        explain="A random forest gets only these seven numbers, never the voice, and is tested on speakers it was not "
        "trained on. It takes up to a minute; filters do not change it.",
    )
    if results is None:
        return
    st.markdown("\n".join(f"- {result.words}" for result in results))
    rows = [
        {
            "corpus": corpus_title(result.corpus), "predicted": result.target, "from": result.source,
            "uar": result.uar, "low": result.uar_ci95[0], "high": result.uar_ci95[1], "chance": result.chance,
            "clips": result.clips, "speakers": result.speakers,
        }
        for result in results
    ]  # fmt: skip
    show_table(pd.DataFrame(rows), "cues_predict")
    for result in results:
        if result.target == "corpus":
            matrix = pd.DataFrame(result.confusion, index=list(result.classes), columns=list(result.classes))
            flat = matrix.reset_index(names="true")
            show_chart(matrix_figure(matrix, "true", "answered"), "cues_confusion", result.words, flat)
