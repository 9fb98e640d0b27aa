"""One recording, panel under panel on one time axis, each with what it is, what it says and what it cannot say."""

from __future__ import annotations

import hashlib
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts.inputs import Sound, take_sound
from pages.parts.models import wav_bytes
from pages.parts.show import chart_config, save_chart
from pages.parts.signals import cursor
from pages.parts.signals.downloads import show_downloads
from pages.parts.signals.settings import choose_settings
from ser_core.charts.signals import PANELS, waveform_panel
from ser_core.errors import SERError
from ser_core.signals.analysis import CONTOURS, WHOLE_S, Analysis
from ser_core.signals.notes import panel_note
from ser_core.signals.words import WORDS

_FIRST = ["waveform", "spectrogram", "pitch", "intensity"]
_SPECTRAL = ["centroid", "bandwidth", "rolloff", "flatness", "flux", "zcr", "rms"]
_DELTAS = {"coefficients": 0, "deltas": 1, "delta-deltas": 2}
_LONG_VIEW_S = 30.0
_KEPT = 60


@st.fragment
def show_panels(sound: Sound) -> None:
    """Draw the player, the choice of panels, and the panels."""
    duration = sound.waveform.duration_s
    names = st.pills(
        "Panels",
        list(WORDS),
        selection_mode="multi",
        default=_FIRST,
        format_func=lambda name: WORDS[name].title,
        key="panel_names",
    )
    settings = choose_settings()
    with st.container(key=cursor.PLAYER):
        st.audio(wav_bytes(sound.waveform, sound.digest), format="audio/wav")
    _undo_button(sound)
    start, end = _part_in_view(sound)
    with st.container(key=cursor.PANELS):
        cursor.mount_cursor(start, end, duration, on_zoom=lambda: _zoom(sound))
        analysis = Analysis(sound.waveform, settings, start, end)
        for name in WORDS:
            if name in names:
                _panel(name, analysis, sound)
    st.caption(
        "Click into a panel to move the player there; drag over a stretch to see it alone; double-click for everything."
    )
    show_downloads(sound, analysis)


def _part_in_view(sound: Sound) -> tuple[float, float]:
    """Draw the choice of the part in view; return its limits in seconds."""
    duration, key = sound.waveform.duration_s, _range_key(sound)
    if duration < 1.0:
        return 0.0, duration
    if key not in st.session_state:
        st.session_state[key] = (0.0, duration if duration <= WHOLE_S else _LONG_VIEW_S)
    if duration > WHOLE_S:
        overview = waveform_panel(Analysis(sound.waveform)).update_layout(height=110)
        overview.add_vrect(*st.session_state[key], fillcolor="#56B4E9", opacity=0.3, line_width=0)
        st.plotly_chart(overview, key="chart_overview", config=chart_config("overview"), alt="The whole recording.")
    step = 0.05 if duration <= WHOLE_S else 1.0
    whole = (0.0, duration)
    with st.container(horizontal=True, vertical_alignment="bottom", key="part_in_view"):
        start, end = st.slider("Part in view (seconds)", 0.0, duration, step=step, format="%.2f", key=key)
        st.button(
            "All", icon=":material/fit_width:", key="view_all", width="content", disabled=(start, end) == whole,
            on_click=lambda: st.session_state.update({key: whole}), help="Show the whole recording",
        )  # fmt: skip
        _keep_button(sound, start, end, whole=(start, end) == whole)
    return start, max(end, min(duration, start + 0.05))


def _undo_button(sound: Sound) -> None:
    """Draw the way back from a part to the recording it was cut from."""
    before: dict[str, Sound] = st.session_state.setdefault("sounds_before_cutting", {})
    if sound.digest in before and st.button("Back to the whole recording", icon=":material/undo:", key="view_undo"):
        take_sound(before[sound.digest])
        st.rerun(scope="app")


def _keep_button(sound: Sound, start: float, end: float, *, whole: bool) -> None:
    """Draw the button that goes on with the part in view alone."""
    if st.button(
        "Keep", icon=":material/content_cut:", key="view_keep", width="content", disabled=whole,
        help="Go on with this part alone, in every section",
    ):  # fmt: skip
        title = f"{sound.title}, {start:.2f} to {end:.2f} s"
        digest = hashlib.sha256(f"{sound.digest}:{start}:{end}".encode()).hexdigest()
        st.session_state["sounds_before_cutting"][digest] = sound
        take_sound(Sound("changed", title, sound.name, digest, sound.waveform.cut(start, end)))
        st.rerun(scope="app")


def _range_key(sound: Sound) -> str:
    return f"in_view_{sound.digest[:12]}"


def _zoom(sound: Sound) -> None:
    dragged = st.session_state["signals_cursor"].get("range")
    if dragged:
        start, end = (min(max(0.0, float(value)), sound.waveform.duration_s) for value in dragged)
        st.session_state[_range_key(sound)] = (round(start, 2), min(round(end, 2), sound.waveform.duration_s))


def _panel(name: str, analysis: Analysis, sound: Sound) -> None:
    words = WORDS[name]
    left, right = st.columns([2, 1], gap="medium")
    with right:
        options = _options(name)
        st.caption(f"{words.what}\n\n**Says:** {words.emotion}\n\n**Cannot say:** {words.limits}")
    with left:
        st.markdown(f"**{words.title}**")
        try:
            figure, note = _drawn(name, analysis, sound, options)
        except SERError as error:
            st.error(str(error), icon=":material/error:")
            return
        alt = f"{words.title} of {sound.name} from {analysis.start_s:.2f} to {analysis.end_s:.2f} seconds."
        st.plotly_chart(figure, key=f"chart_{name}", config=chart_config(name), alt=alt)
        if note:
            st.caption(note)
        save_chart(figure, name, f"{words.title}: {sound.name}")


def _options(name: str) -> dict[str, Any]:
    """Draw what can be chosen in a panel; return it as its function's arguments."""
    if name == "spectral":
        chosen = st.selectbox(
            "Measure", _SPECTRAL, format_func=lambda contour: CONTOURS[contour].title, key="spectral_measure"
        )
        return {"name": chosen}
    if name == "mfcc":
        chosen = st.selectbox("Show", list(_DELTAS), key="mfcc_order")
        return {"order": _DELTAS[chosen]}
    return {}


def _drawn(name: str, analysis: Analysis, sound: Sound, options: dict[str, Any]) -> tuple[go.Figure, str]:
    """Return a panel's figure and the sentence of numbers below it, computed once a session."""
    # In the session's state, so that one visitor's sounds never reach another.
    kept: dict[Any, tuple[go.Figure, str]] = st.session_state.setdefault("panel_figures", {})
    key = (sound.digest, name, analysis.settings, analysis.start_s, analysis.end_s, *options.items())
    if key not in kept:
        kept[key] = (PANELS[name](analysis, **options), panel_note(name, analysis))
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)))
    return kept[key]
