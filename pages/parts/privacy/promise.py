"""What the app promises, on every page in the sidebar and in full on the page Privacy."""

from __future__ import annotations

import streamlit as st

from pages.parts.session_end import GRACE_S

PROMISE = f"""
- **Your voice stays on the machine that runs this program.** The page sends it there and nowhere else: no account, no
  telemetry, no service on the internet. If that machine is your own, it never leaves it.
- **It lies in memory only**, for you alone. No other visitor sees or hears it. It is gone when you give something else
  in its place, when you delete it below, or {GRACE_S:.0f} seconds after you close this page.
- **Nothing is kept on disk unless you say so**: what you download, a training you start, and finished calls if you
  switch that on. These are listed below.
- **In a class**, your nickname and guesses are in memory for all of the class until it is closed, 8 hours at most.
- **The log holds neither your voice nor what you called it**: times, the page, how long it took, and made-up numbers.
"""
IN_BRIEF = "Your audio stays in this machine's memory and is gone when you leave."


def show_in_brief() -> None:
    """Draw the promise in one line, with the way to the whole of it."""
    with st.sidebar, st.container(key="promise"):
        st.caption(f":material/lock: {IN_BRIEF}")
        st.page_link("pages/privacy.py", label="Read more, or delete", icon=":material/delete:")
