"""Explore: what is in the corpora, to see, to hear and to doubt."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from pages.parts.explore.about import show_about
from pages.parts.explore.copy import show_copy
from pages.parts.explore.counts import show_counts
from pages.parts.explore.data import read_table, show_filters
from pages.parts.explore.differences import show_differences
from pages.parts.explore.listen import show_listen
from pages.parts.explore.map import show_map
from pages.parts.explore.people import show_people
from pages.parts.explore.voice import show_voice
from pages.parts.page import run_page
from pages.parts.show import set_style, show_image_choice

Draw = Callable[[pd.DataFrame, pd.DataFrame], None]

#: What is drawn from the clips: the section's name -> its function of (all clips, those that the filters leave).
SECTIONS: dict[str, Draw] = {
    ":material/bar_chart: Counts": show_counts,
    ":material/headphones: Listen": show_listen,
    ":material/hearing: What people hear": show_people,
    ":material/graphic_eq: Voice by emotion": show_voice,
    ":material/scatter_plot: Map": show_map,
    ":material/compare_arrows: How corpora differ": show_differences,
    ":material/fact_check: This copy": show_copy,
}
ABOUT = ":material/menu_book: The corpora"


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    with st.container(key="explore"):
        st.title("What is in the corpora?", anchor=False)
        table = read_table()
        if table is None:
            show_about()
            return
        show_image_choice()
        names = [ABOUT, *SECTIONS]
        section = st.segmented_control(
            "Section", names, default=ABOUT, required=True, key="explore_section", label_visibility="collapsed"
        )
        if section == ABOUT or section is None:
            show_about()
            return
        show_section(SECTIONS[section], table)


def show_section(draw: Draw, table: pd.DataFrame) -> None:
    """Draw the filters and one section of what they leave."""
    clips = show_filters(table)
    if clips.empty:
        st.info("No clip fits these filters: take one of them away.", icon=":material/filter_alt_off:")
        return
    with st.container(key="section"):
        draw(table, clips)


run_page(show_page)
