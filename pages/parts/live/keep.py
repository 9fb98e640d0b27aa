"""After the stop: hear it, keep it or drop it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.parts.live.desk import Desk
from pages.parts.show import show_chart
from ser_core.charts.live import session_figure
from ser_core.live import alarms_table, readings_table, session_json
from ser_core.spreadsheets import guarded


def show_keeping(desk: Desk, model: str) -> None:
    """Draw what was heard from start to stop, with downloads and the button that drops it."""
    listener = desk.listener
    if listener is None or desk.listening or not (readings := listener.readings()):
        return
    events = listener.events()
    with st.container(key="live_keep", border=True):
        st.subheader(f"What was heard: {listener.sound.duration_s:.0f} s", anchor=False)
        st.audio(desk.wav(), format="audio/wav")
        table = readings_table(readings)
        alt = f"Emotions, valence and arousal over {listener.sound.duration_s:.0f} seconds; {len(events)} alarms."
        show_chart(session_figure(readings, events), "live_session", alt, table, title="Live session")
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key="live_downloads"):
            st.markdown("Keep:", width="content")
            _download("Sound", desk.wav, "live.wav", "audio/wav", "graphic_eq")
            start = listener.sound.recording_start_s
            text = session_json(readings, events, model, start)
            _download("JSON", lambda: text, "live.json", "application/json", "data_object")
            alarms = str(guarded(alarms_table(events)).to_csv(index=False))
            _download("Alarms", lambda: alarms, "live-alarms.csv", "text/csv", "notifications")
            st.button("Drop everything", key="live_drop", icon=":material/delete:", on_click=desk.drop)
        st.caption(
            "It lies in memory only, and is gone when you drop it, start anew, or close this page."
            + (f" The sound begins at {start:.0f} s: half an hour is kept." if start else "")
        )


def _download(label: str, data: Callable[[], str | bytes], name: str, mime: str, icon: str) -> None:
    st.download_button(
        label, data, file_name=name, mime=mime, key=f"live_save_{label.lower()}", icon=f":material/{icon}:",
        on_click="ignore", type="tertiary",
    )  # fmt: skip
