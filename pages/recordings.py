"""Recordings: minutes to hours, judged step by step, with a player that follows and seeks."""

from __future__ import annotations

import streamlit as st

from pages.parts.explanation.moment import show_moment
from pages.parts.models import choose_model
from pages.parts.page import run_page
from pages.parts.recordings.judged import judged
from pages.parts.recordings.outcome import show_downloads, show_segments, show_summary
from pages.parts.recordings.source import choose_recording
from pages.parts.recordings.timeline import show_timeline
from pages.parts.show import set_style, show_image_choice

_ABOUT = """
Speech is looked for first; what lies between is not judged. Speech with pauses under 0.7 s is one stretch, divided
into steps of about 1.5 s. Each step is judged from the 3 s around it, never across a longer pause. Then a hidden Markov
model smooths the answers over time: an emotion goes on rather than changes. All voices of a recording are judged as
one; for calls with a voice on each channel take the page **Calls**. A strong moment is where the model is surest of an
emotion other than neutral and calm; the mood turns where the 20 s of speech before and after differ most.
"""


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    with st.container(key="recordings"):
        st.title("What is felt when?", anchor=False)
        st.markdown(
            "Give a recording of minutes to hours and see its emotions over time. "
            "**Your audio stays on this machine, in memory only.**"
        )
        folder = choose_model()
        show_image_choice()
        if folder is None:
            st.error("No model is installed: fetch the project again, or set SER_MODELS to a folder of bundles.")
            return
        given = choose_recording()
        found = judged(given, folder)
        if found is None:
            if given is None:
                st.info("Listen to the example, or give a recording of your own.", icon=":material/arrow_upward:")
            return
        st.markdown(f"#### {found.given.title}")
        show_summary(found)
        if found.timeline.segments:
            show_timeline(found)
            show_segments(found)
            show_moment(found, folder)
            show_downloads(found)
        with st.expander("How it listens"):
            st.markdown(_ABOUT)


run_page(show_page)
