"""Classroom: play against the model, alone or as a class, and six short lessons."""

from __future__ import annotations

import streamlit as st

from pages.parts.classroom.group import show_group
from pages.parts.classroom.kept import kept_choice
from pages.parts.classroom.lessons import show_lessons
from pages.parts.classroom.solo import show_solo
from pages.parts.models import choose_model
from pages.parts.page import run_page
from pages.parts.show import set_style, show_image_choice

SECTIONS = {
    ":material/sports_esports: You against the model": show_solo,
    ":material/groups: A class": show_group,
    ":material/school: Lessons": show_lessons,
}
_STYLE = """
<style>
.st-key-classroom .js-plotly-plot :is(.xtick, .ytick, .textpoint, .bartext, .cbaxis) text,
.st-key-classroom .js-plotly-plot :is(.xtitle, .ytitle, .cbtitle text, .bartext) { fill: currentColor !important; }
.st-key-classroom .stColumn { min-width: min(100%, 15rem); }
.st-key-classroom [role=radiogroup] { flex-wrap: wrap; }
.st-key-classroom_code p { font-size: 3rem; font-weight: 700; letter-spacing: 0.2em; line-height: 1.1; }
[class*=st-key-classroom_figures] .stColumn { min-width: 7.5rem; }
</style>
"""


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    st.html(_STYLE)
    with st.container(key="classroom"):
        st.title("Classroom", anchor=False)
        folder = choose_model()
        show_image_choice()
        if folder is None:
            st.error("No model is installed: fetch the project again, or set SER_MODELS to a folder of bundles.")
            return
        names = list(SECTIONS)
        invited = names[1] if "class" in st.query_params else names[0]
        section = kept_choice("Section", names, "classroom_section", invited)
        SECTIONS[section]()


run_page(show_page)
