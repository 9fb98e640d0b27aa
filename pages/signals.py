"""Signals: see what the voice does, from air pressure to the picture a network reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts.explanation.why import show_why
from pages.parts.inputs import Sound
from pages.parts.models import choose_model
from pages.parts.page import run_page
from pages.parts.show import set_style, show_image_choice
from pages.parts.signals.cleaning import show_cleaning
from pages.parts.signals.comparison import show_comparison
from pages.parts.signals.model_input import show_model_input
from pages.parts.signals.panels import show_panels
from pages.parts.signals.source import choose_sound
from pages.parts.signals.what_if import show_what_if

Draw = Callable[[Sound, Path | None], None]

#: The section's name -> its function of (the sound, the model's folder).
SECTIONS: dict[str, Draw] = {
    ":material/stacked_line_chart: Panels": lambda sound, _: show_panels(sound),
    ":material/compare: Compare two": lambda sound, _: show_comparison(sound),
    ":material/experiment: What if": show_what_if,
    ":material/cleaning_services: Clean up": show_cleaning,
    ":material/memory: What the model reads": show_model_input,
    ":material/psychology_alt: Why": show_why,
}


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    with st.container(key="signals"):
        st.title("What does the voice do?", anchor=False)
        folder = choose_model()
        show_image_choice()
        sound = choose_sound()
        if sound is None:
            st.info("Press one of the examples, or give a sound of your own.", icon=":material/arrow_upward:")
            return
        st.markdown(f"#### {sound.title}")
        names = list(SECTIONS)
        section = st.segmented_control(
            "Section", names, default=names[0], required=True, key="signals_section", label_visibility="collapsed"
        )
        SECTIONS[section or names[0]](sound, folder)


run_page(show_page)
