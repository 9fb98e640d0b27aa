"""Live: the emotion of a voice while it speaks, the last minute, and alarms."""

from __future__ import annotations

import contextlib
import threading

import streamlit as st

from pages.parts.live.alarms import show_alarms, show_log
from pages.parts.live.connection import show_connection
from pages.parts.live.desk import desk
from pages.parts.live.keep import show_keeping
from pages.parts.live.now import show_now
from pages.parts.models import choose_model, recogniser
from pages.parts.page import run_page
from pages.parts.show import set_style, show_image_choice
from ser_core.live import warm_up
from ser_core.recogniser import Recogniser

_ABOUT = """
A reading is taken three times a second from the last 3 seconds of sound, less after a pause of a second, and averaged
with the readings of the last half second. So it has two delays. The **delay** shown is the time from the arrival of a
sound to the moment its reading is on this page. On top of it, a *change* of emotion shows gradually, as the window
fills with the new one: after about 1 to 2 seconds of speech. After a second of silence no emotion is named. A machine
that is too slow for the model skips readings instead of falling behind.
"""

#: The page works several times a second: the sign that says so would flicker without end.
_STYLE = "<style>body:has(.st-key-live) [data-testid=stStatusWidget] { display: none; }</style>"


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    st.html(_STYLE)
    with st.container(key="live"):
        st.title("What does the voice sound like right now?", anchor=False)
        st.markdown(
            "Start, allow the microphone, and speak. **Your voice goes from this browser to this program and no "
            "further; it stays in memory, and nothing is kept unless you save it.**"
        )
        folder = choose_model()
        show_image_choice()
        if folder is None:
            st.error("No model is installed: fetch the project again, or set SER_MODELS to a folder of bundles.")
            return
        own = desk()
        own.model = recogniser(folder)
        _warm(own.model.card.name, own.model)
        if own.listener is not None and own.listening:
            own.listener.set_recogniser(own.model)
        left, right = st.columns([3, 2], gap="large")
        with left:
            show_connection(own)
            show_now(own, own.model.card)
        with right, st.container(key="live_alarms", border=True):
            show_alarms(own)
            show_log(own)
        show_keeping(own, own.model.card.name)
        with st.expander("How it listens, and what the delay is"):
            st.markdown(_ABOUT)


@st.cache_resource(show_spinner=False, max_entries=8)
def _warm(name: str, _model: Recogniser) -> None:
    """Let a model load its parts while the person reads the page, once for all visitors."""

    def work() -> None:
        with contextlib.suppress(Exception):  # a model that fails says so when it is asked
            warm_up(_model)

    threading.Thread(target=work, daemon=True).start()


run_page(show_page)
