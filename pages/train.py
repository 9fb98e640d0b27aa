"""Train: teach a model of your own, watch it learn, use it, compare it."""

from __future__ import annotations

import streamlit as st

from pages.parts.page import run_page
from pages.parts.show import set_style, show_image_choice
from pages.parts.train.common import COMPARE, NEW, RUNS, arrive, show_complaint
from pages.parts.train.compare import show_compare
from pages.parts.train.form import show_new
from pages.parts.train.watch import show_runs

SECTIONS = {NEW: show_new, RUNS: show_runs, COMPARE: show_compare}
_STYLE = """
<style>
.st-key-train .js-plotly-plot :is(.xtick, .ytick, .textpoint, .legendtext, .annotation-text) text,
.st-key-train .js-plotly-plot :is(.xtitle, .ytitle, .legendtext, .cbtitle text, .textpoint text) {
  fill: currentColor !important;
}
.st-key-train .stColumn { min-width: min(100%, 15rem); }
.st-key-train_section [role=radiogroup] { flex-wrap: wrap; }
</style>
"""


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    st.html(_STYLE)
    with st.container(key="train"):
        st.title("Teach a model", anchor=False)
        show_image_choice()
        names = list(SECTIONS)
        arrive()
        section = st.segmented_control(
            "Section", names, required=True, key="train_section", label_visibility="collapsed"
        )
        show_complaint()
        SECTIONS[section or names[0]]()


run_page(show_page)
