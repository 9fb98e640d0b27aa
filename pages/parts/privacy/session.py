"""What this session holds in memory, and the button that forgets it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts.classroom.join import SEAT, give_up_seat
from pages.parts.inputs import Sound
from pages.parts.session_end import forget_session

_HOLDS = {
    "recordings_given": "a recording on the page Recordings",
    "recordings_judged": "the timeline of a recording",
    "calls_kept": "files on the page Calls",
    "calls_unpacked": "what is in the files on the page Calls",
    "calls_heard": "results about calls",
    "calls_journal": "numbers about finished calls",
    "predictions": "answers about sounds",
    SEAT: "a nickname and guesses in a class",
    "jobs": "work in the background on what you gave",
}


def show_session() -> None:
    """Draw what is held and the button."""
    held = _held()
    if held:
        st.markdown("In memory now: " + ", ".join(held) + ".")
    else:
        st.markdown("In memory now: nothing of yours.")
    st.button(
        "Delete everything of this session", key="privacy_forget", type="primary", icon=":material/delete_forever:",
        on_click=_forget, help="Sounds, results and settings on all pages; work in the background stops.",
    )  # fmt: skip
    if st.session_state.pop("privacy_forgot", False):
        st.success("Everything of this session was deleted.", icon=":material/check:")


def _held() -> list[str]:
    """Return in words what the session holds; a page's own choices are nothing to speak of."""
    state: Any = st.session_state
    sounds = sum(isinstance(value, Sound) for value in state.values())
    desk = state.get("live_desk")
    words = [f"{sounds} sound{'s' if sounds > 1 else ''}"] if sounds else []
    words += [what for key, what in _HOLDS.items() if (value := state.get(key)) is not None and _filled(value)]
    return [*words, "what was heard live"] if desk is not None and desk.listener is not None else words


def _filled(value: Any) -> bool:
    try:
        return len(value) > 0
    except TypeError:
        return True


def _forget() -> None:
    give_up_seat()
    forget_session()
    st.session_state["privacy_forgot"] = True
