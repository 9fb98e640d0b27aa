"""Calls: an archive of calls, the dissatisfied callers first, agents compared, each moment one press away."""

from __future__ import annotations

import streamlit as st

from pages.parts.calls.listen import listen
from pages.parts.calls.one import show_one
from pages.parts.calls.results import make_view, show_agents, show_calls, show_files
from pages.parts.calls.source import choose_calls
from pages.parts.models import choose_model
from pages.parts.page import run_page
from pages.parts.show import set_style, show_image_choice

CALLS, AGENTS = ":material/call: Calls", ":material/support_agent: Agents"
_STYLE = """
<style>
.st-key-calls .js-plotly-plot :is(.xtick, .ytick, .textpoint, .legendtext) text,
.st-key-calls .js-plotly-plot :is(.xtitle, .ytitle, .legendtext, .annotation-text) { fill: currentColor !important; }
.st-key-calls .stColumn { min-width: min(100%, 13rem); }
.st-key-calls_section [role=radiogroup], .st-key-calls_way [role=radiogroup] { flex-wrap: wrap; }
.st-key-calls [data-testid=stText] { overflow-wrap: anywhere; white-space: pre-wrap; }
</style>
"""


def show_page() -> None:
    """Draw the whole page."""
    set_style()
    st.html(_STYLE)
    with st.container(key="calls"):
        st.title("Which calls went badly?", anchor=False)
        st.markdown(
            "Many calls at once: the dissatisfied callers first, how agents compare, and the moment to listen to. "
            "**Your audio stays on this machine.**"
        )
        folder = choose_model()
        show_image_choice()
        heard = listen(choose_calls(), folder)
        if heard is None:
            return
        view = make_view(heard)
        section = st.segmented_control(
            "Section", [CALLS, AGENTS], default=CALLS, required=True, key="calls_section", label_visibility="collapsed"
        )
        if section == AGENTS:
            show_agents(view)
        else:
            show_calls(view)
            show_one(view)
        show_files(view)


run_page(show_page)
