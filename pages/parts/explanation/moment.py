"""Why at one moment of a long recording: its step is cut out and explained like any sound."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.explanation.why import Asked, show_questions
from pages.parts.inputs import Sound
from pages.parts.recordings.judged import Judged
from ser_core.charts.exploration import group_label
from ser_core.errors import SERError
from ser_core.explanation.parts import cut_moment, step_window
from ser_core.recordings.words import clock
from ser_core.untrusted import open_untrusted


def show_moment(judged: Judged, folder: Path) -> None:
    """Draw the choice of the moment, and the questions about it once it was taken."""
    timeline, duration = judged.timeline, judged.timeline.duration_s
    first = max(judged.summary.peaks or timeline.segments, key=lambda segment: segment.confidence)
    with st.expander("Why at this moment?", icon=":material/psychology_alt:", key="recordings_why"):
        if duration > 1.0:
            # The recording in the key: another one begins at its own strongest moment.
            moment = st.slider(
                "Moment (seconds)", 0.0, duration, round((first.start_s + first.end_s) / 2, 1), step=0.1,
                key=f"why_moment_{judged.given.digest[:16]}",
            )  # fmt: skip
        else:
            moment = duration / 2
        step, window = step_window(timeline, moment)
        segment = min(timeline.segments, key=lambda one: abs(one.start_s + one.end_s - sum(step)))
        st.markdown(
            f"At {clock(moment)} it sounds **{group_label(segment.emotion)}** ({segment.confidence:.0%}), judged from "
            f"{window[0]:.1f} to {window[1]:.1f} s. The steps around it count in that; alone it may sound different."
        )
        key = f"{judged.key}:{window[0]:.2f}-{window[1]:.2f}"
        if st.button("Explain this moment", icon=":material/play_arrow:", key="why_take"):
            _take(judged, key, window)
        taken: Sound | None = st.session_state.get("why_moment")
        if taken is not None and taken.digest == key:
            st.audio(taken.waveform.to_wav(), format="audio/wav")
            show_questions(Asked(taken, folder, spoken=True, label=segment.emotion))


def _take(judged: Judged, key: str, window: tuple[float, float]) -> None:
    name = judged.given.recording.name
    try:
        with st.spinner("Reading the recording up to there …"):
            waveform = cut_moment(open_untrusted(judged.given.data, name=name), *window)
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return
    title = f"{judged.given.title}, {window[0]:.1f} to {window[1]:.1f} s"
    st.session_state["why_moment"] = Sound("moment", title, name, key, waveform)
