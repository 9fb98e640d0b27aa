"""A map of clips: what sounds alike lies close together; a click plays the clip."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.corpus_sounds import clip_wav, read_clip
from pages.parts.explore.data import data_version
from pages.parts.jobs import background
from pages.parts.show import chart_config, save_chart
from ser_core.bundle import list_bundles
from ser_core.charts.exploration import group_label, map_figure
from ser_core.corpora.statistics import corpus_title
from ser_core.exploration.acoustics import is_measured
from ser_core.exploration.embedding import ClipMap, map_clips

_METHODS = {"pca": "PCA", "tsne": "t-SNE"}
_FUNCTIONALS = "what can be measured (functionals)"


def show_map(table: pd.DataFrame, clips: pd.DataFrame) -> None:
    """Draw the map of the clips that the filters leave."""
    first, second, third = st.columns(3)
    source = first.selectbox("From", [_FUNCTIONALS, *sorted(list_bundles())], key="map_source", format_func=_source)
    method = second.selectbox("Method", list(_METHODS), format_func=_METHODS.__getitem__, key="map_method")
    by = third.selectbox("Colour and sign by", ["emotion", "corpus", "sex", "speaker"], key="map_by")
    result = _map(table, method, None if source == _FUNCTIONALS else source)
    if result is None:
        return
    points = result.clips[result.clips["path"].isin(clips["path"])].reset_index(drop=True)
    if points.empty:
        st.info("None of the clips on the map is left by the filters.")
        return
    figure = map_figure(points, by, result.explained)
    alt = f"Map of {len(points)} clips by {_METHODS[method]}, coloured by {by}."
    event: Any = st.plotly_chart(
        figure, key="chart_map", config=chart_config("clip_map"), alt=alt, on_select="rerun", selection_mode="points"
    )
    save_chart(figure, "clip_map", alt, points.drop(columns="path"))
    st.caption(
        f"{len(points):,} of {len(clips):,} clips, drawn evenly over corpora and emotions. Click a point to hear it. "
        + (
            "PCA keeps large distances and hides small ones."
            if method == "pca"
            else "t-SNE keeps neighbours, not distances."
        )
    )
    _play(points, event)


def _source(name: str) -> str:
    return name if name == _FUNCTIONALS else f"what the model {name} makes of it"


def _map(table: pd.DataFrame, method: Any, model: str | None) -> ClipMap | None:
    def work(progress: Any, cancelled: Any) -> ClipMap:
        return map_clips(table, method, model=model, progress=progress, cancelled=cancelled)

    result: ClipMap | None = background(
        f"map:{data_version()}:{method}:{model}",
        "Draw the map",
        work,
        explain="The clips have to be analysed first: seconds to some minutes, in the background, and only once.",
        at_once=model is None and is_measured(table),
    )
    return result


def _play(points: pd.DataFrame, event: Any) -> None:
    chosen = [point["customdata"][0] for point in event["selection"]["points"] if point.get("customdata")]
    rows = points[points["clip"].isin(chosen)]
    if rows.empty:
        return
    clip = rows.iloc[0]
    with st.container(border=True, key="map_clip"):
        st.markdown(
            f"**{clip['clip']}**: {group_label(str(clip['emotion']))}, speaker {clip['speaker']}, "
            f"{corpus_title(str(clip['corpus']))}"
        )
        if read_clip(clip) is not None:
            st.audio(clip_wav(clip), format="audio/wav")
