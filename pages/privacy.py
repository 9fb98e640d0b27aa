"""Privacy: what happens to a voice, what is kept, and how everything is deleted."""

from __future__ import annotations

import streamlit as st

from pages.parts.page import run_page
from pages.parts.privacy.machine import show_machine
from pages.parts.privacy.promise import PROMISE
from pages.parts.privacy.session import show_session
from pages.parts.show import set_style


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    with st.container(key="privacy"):
        st.title("What happens to your voice?", anchor=False)
        st.markdown(PROMISE)
        st.subheader("In memory: this session", anchor=False)
        show_session()
        st.subheader("On disk: this machine", anchor=False)
        show_machine()


run_page(show_page)
