"""The timeline of a recording: the player, the waveform in colours, a lane an emotion, the curves, one cursor."""

from __future__ import annotations

import streamlit as st

from pages.parts.recordings.judged import Judged
from pages.parts.show import chart_config, save_chart
from pages.parts.signals import cursor
from ser_core.charts.recordings import BOTTOM, LEFT, RIGHT, curves_figure, lanes_figure, waveform_lane
from ser_core.recordings.words import clock

_FIGURES = {
    "timeline_waveform": ("Waveform, coloured by emotion", waveform_lane),
    "timeline_emotions": ("Emotions (hatched: the model is not sure)", lanes_figure),
    "timeline_curves": ("Valence and arousal", curves_figure),
}
_STEP_S = 1.0


@st.fragment
def show_timeline(judged: Judged) -> None:
    """Draw the player, the choice of the part in view and the figures."""
    timeline = judged.timeline
    with st.container(key=cursor.PLAYER):
        st.audio(judged.given.data, format=mime(judged.given.data))
    start, end = _part_in_view(timeline.duration_s)
    with st.container(key=cursor.PANELS):
        cursor.mount_cursor(
            start, end, timeline.duration_s, key="recordings_cursor", on_zoom=lambda: _zoom(timeline.duration_s),
            margins=(LEFT, RIGHT, BOTTOM), clock=True, seek=st.session_state.get("recordings_seek"),
        )  # fmt: skip
        for key, (title, draw) in _FIGURES.items():
            st.markdown(f"**{title}**")
            figure = draw(timeline, start, end)
            alt = f"{title} of {timeline.name} from {clock(start)} to {clock(end)}."
            st.plotly_chart(figure, key=f"chart_{key}", config=chart_config(key), alt=alt)
            save_chart(figure, key, f"{title}: {timeline.name}")
    st.caption(
        "Click into a figure to move the player there; drag over a stretch to see it alone; double-click for "
        "everything. Valence and arousal are derived from the classes, not heard anew."
    )


def _part_in_view(duration: float) -> tuple[float, float]:
    """Draw the choice of the part in view; return its limits in seconds."""
    if duration <= 3 * _STEP_S:
        return 0.0, max(duration, 0.1)
    st.session_state.setdefault("recordings_view", (0.0, duration))
    whole = (0.0, duration)
    with st.container(horizontal=True, vertical_alignment="bottom", key="recordings_part"):
        start, end = st.slider("Part in view (seconds)", 0.0, duration, step=_STEP_S, key="recordings_view")
        st.button(
            "All", icon=":material/fit_width:", key="recordings_all", width="content", disabled=(start, end) == whole,
            on_click=lambda: st.session_state.update(recordings_view=whole), help="Show the whole recording",
        )  # fmt: skip
    return start, max(end, min(duration, start + _STEP_S))


def _zoom(duration: float) -> None:
    dragged = st.session_state["recordings_cursor"].get("range")
    if dragged:
        start, end = (min(max(0.0, float(value)), duration) for value in dragged)
        st.session_state["recordings_view"] = (start, end)


def mime(data: bytes) -> str:
    """Return what a browser is told a sound file is, by its first bytes."""
    if data[:4] == b"RIFF":
        return "audio/wav"
    if data[:4] == b"OggS":
        return "audio/ogg"
    if data[:4] == b"fLaC":
        return "audio/flac"
    if data[:4] == b"\x1aE\xdf\xa3":
        return "audio/webm"
    return "audio/mp4" if data[4:8] == b"ftyp" else "audio/mpeg"
