"""What stays as it was while the person visits another page; the classes of this server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ser_core.classroom.rooms import Rooms


def kept_choice(
    label: str, options: Sequence[str], key: str, first: str, *, words: Callable[[str], str] = str, hidden: bool = True
) -> str:
    """Draw a choice of one; it survives a visit to another page, which a widget's own state does not."""
    kept = f"{key}_kept"
    before = st.session_state.get(kept)
    default = before if before in options else first
    chosen = st.segmented_control(
        label, options, default=default, required=True, key=key, format_func=words,
        label_visibility="collapsed" if hidden else "visible",
    )  # fmt: skip
    st.session_state[kept] = chosen or default
    return str(st.session_state[kept])


@st.cache_resource(show_spinner=False)
def rooms() -> Rooms:
    """Return the classes that are open on this server, the same for all sessions."""
    return Rooms()
