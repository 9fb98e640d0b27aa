"""What is said of a recording: the summary in words, moments to jump to, the segments as a table, downloads."""

from __future__ import annotations

import json
from pathlib import PurePath

import pandas as pd
import streamlit as st

from pages.parts.recordings.judged import Judged
from pages.parts.show import chart_config
from ser_core.charts.recordings import recording_page, shares_figure
from ser_core.emotions import SYMBOLS
from ser_core.recogniser import AFFECT_FIELDS
from ser_core.recordings import turns
from ser_core.recordings.words import clock, summary_sentences

#: Pauses that a row of the table bridges, in seconds.
_BRIDGED_S = 3.0


def show_summary(judged: Judged) -> None:
    """Draw the sentences, the shares, and buttons that start the player at a moment."""
    timeline, summary = judged.timeline, judged.summary
    sentences = summary_sentences(timeline, summary)
    if not timeline.segments:
        st.warning(sentences[0], icon=":material/mic_off:")
        return
    left, right = st.columns([3, 2], gap="large")
    with left, st.container(key="recordings_summary"):
        for sentence in sentences:
            st.markdown(f"- {sentence}")
        moments = [
            (peak.start_s, f"{SYMBOLS[peak.emotion]} {peak.emotion} {peak.confidence:.0%}") for peak in summary.peaks
        ]
        moments += [
            (one.time_s, f"{SYMBOLS[one.before]} → {SYMBOLS[one.after]} turn") for one in summary.turning_points
        ]
        if moments:
            st.markdown("Listen from:")
        with st.container(horizontal=True, gap="small", key="recordings_moments"):
            for number, (time_s, words) in enumerate(sorted(moments)):
                st.button(
                    f"{clock(time_s)} {words}", icon=":material/play_arrow:", key=f"recordings_moment_{number}",
                    on_click=seek, args=(time_s,), width="content",
                )  # fmt: skip
    with right:
        figure = shares_figure(summary)
        shares = ", ".join(f"{emotion} {share:.0%}" for emotion, share in summary.shares.items())
        st.markdown("**Share of the time in which somebody speaks**")
        st.plotly_chart(figure, key="chart_shares", config=chart_config("shares"), alt=f"Shares: {shares}.")


def show_segments(judged: Judged) -> None:
    """Draw the turns as a table; choosing a row starts the player there."""
    found = turns(judged.timeline, _BRIDGED_S)
    table = pd.DataFrame(
        {
            "From": [clock(turn.start_s) for turn in found],
            "To": [clock(turn.end_s) for turn in found],
            "Emotion": [f"{SYMBOLS[turn.emotion]} {turn.emotion}" for turn in found],
            "Confidence": [f"{turn.confidence:.0%}" for turn in found],
            "Sure": ["yes" if turn.confidence >= judged.timeline.threshold else "no" for turn in found],
            "Valence": [round(turn.affect.valence, 2) for turn in found],
            "Arousal": [round(turn.affect.arousal, 2) for turn in found],
        }
    )
    st.markdown("**Segments** (neighbours of one emotion are joined; choose a row to listen from there)")
    st.dataframe(
        table, hide_index=True, key="recordings_table", height=min(420, 38 + 35 * max(1, len(table))), width="stretch",
        on_select=lambda: _chosen([turn.start_s for turn in found]), selection_mode="single-row",
    )  # fmt: skip


def show_downloads(judged: Judged) -> None:
    """Draw what can be taken away: every step as CSV, all of it as JSON, the charts and words as one web page."""
    timeline = judged.timeline
    stem = f"{PurePath(timeline.name).stem or 'recording'}-timeline"
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="downloads"):
        st.markdown("Download:", width="content")
        for label, data, ending, kind, icon in (
            ("CSV", lambda: csv_text(judged), "csv", "text/csv", "table"),
            ("JSON", lambda: json_text(judged), "json", "application/json", "data_object"),
            ("Report (HTML)", lambda: recording_page(timeline, judged.summary), "html", "text/html", "summarize"),
        ):
            st.download_button(
                label, data, file_name=f"{stem}.{ending}", mime=kind, key=f"download_{ending}",
                icon=f":material/{icon}:", on_click="ignore", type="tertiary",
            )  # fmt: skip


def csv_text(judged: Judged) -> str:
    """Return every step with its probabilities and readings, times in seconds."""
    labels = judged.timeline.labels
    columns = ["start_s", "end_s", "emotion", "confidence", *labels, *AFFECT_FIELDS]
    rows = [segment.to_dict() for segment in judged.timeline.segments]
    table = pd.DataFrame([row | row["probabilities"] for row in rows], columns=columns)
    return str(table.to_csv(index=False, float_format="%.4f"))


def json_text(judged: Judged) -> str:
    """Return the timeline, its turns and its summary."""
    parts = {"turns": [turn.to_dict() for turn in turns(judged.timeline)], "summary": judged.summary.to_dict()}
    return json.dumps(judged.timeline.to_dict() | parts, indent=1, ensure_ascii=False)


def seek(time_s: float) -> None:
    """Ask the player to go to a moment in seconds and start."""
    number, _ = st.session_state.get("recordings_seek", (0, 0.0))
    st.session_state["recordings_seek"] = (number + 1, time_s)


def _chosen(moments: list[float]) -> None:
    rows = st.session_state["recordings_table"]["selection"]["rows"]
    if rows:
        seek(moments[rows[0]])
