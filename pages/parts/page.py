"""How every page but the first is run."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from ser_core.errors import SERError


def run_page(show_page: Callable[[], None]) -> None:
    """Draw a page; what the package refuses becomes a sentence."""
    if PagesManager.uses_pages_directory:
        # A server whose first visitor opens this page's own address runs it without app.py, since there is a folder
        # pages/.
        PagesManager.uses_pages_directory = False
        st.rerun()
    try:
        show_page()
    except SERError as failure:
        st.error(str(failure), icon=":material/error:")
