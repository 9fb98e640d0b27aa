"""Evaluate: how good is a model with voices it has never heard, and how would one fool oneself about it?"""

from __future__ import annotations

import streamlit as st

from pages.parts.evaluate.audit import show_audit
from pages.parts.evaluate.board import show_board
from pages.parts.evaluate.lab import show_lab
from pages.parts.evaluate.one import show_one
from pages.parts.evaluate.two import show_two
from pages.parts.page import run_page
from pages.parts.show import set_style, show_image_choice

SECTIONS = {
    ":material/analytics: One model": show_one,
    ":material/compare_arrows: Two models": show_two,
    ":material/leaderboard: Leader-board": show_board,
    ":material/science: Leakage laboratory": show_lab,
    ":material/policy: Audit of a split": show_audit,
}
_STYLE = """
<style>
.st-key-evaluate .js-plotly-plot :is(.xtick, .ytick, .textpoint, .legendtext, .cbaxis) text,
.st-key-evaluate .js-plotly-plot :is(.xtitle, .ytitle, .legendtext, .cbtitle text) {
  fill: currentColor !important;
}
.st-key-evaluate .stColumn { min-width: min(100%, 15rem); }
.st-key-evaluate_headline .stColumn { min-width: 8.5rem; }
[class*=st-key-lab_way] .stColumn { min-width: min(100%, 10rem); }
.st-key-evaluate_section [role=radiogroup], .st-key-evaluate_view [role=radiogroup] { flex-wrap: wrap; }
</style>
"""


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    st.html(_STYLE)
    with st.container(key="evaluate"):
        st.title("How good is it, honestly?", anchor=False)
        show_image_choice()
        names = list(SECTIONS)
        section = st.segmented_control(
            "Section", names, default=names[0], required=True, key="evaluate_section", label_visibility="collapsed"
        )
        SECTIONS[section or names[0]]()


run_page(show_page)
