"""What is kept on disk, and the way to remove it; only for whoever sits at this machine."""

from __future__ import annotations

import streamlit as st

from pages.parts.calls.source import at_this_machine
from ser_core.errors import SERError
from ser_core.kept import Kept, delete_kept, kept_parts
from ser_core.settings import settings

_ELSEWHERE = (
    "You are visiting another machine: only whoever sits at it may delete its files. Nothing of yours is among them "
    "unless you started a training there or had finished calls kept."
)


def show_machine() -> None:
    """Draw what is kept and the buttons that remove it."""
    if (sentence := st.session_state.pop("privacy_said", None)) is not None:
        (st.error if st.session_state.pop("privacy_failed", False) else st.success)(sentence)
    if not at_this_machine():
        st.info(_ELSEWHERE, icon=":material/info:")
        return
    parts = kept_parts()
    for part in parts:
        _show(part)
    there = [part.name for part in parts if part.places]
    if there:
        sure = st.checkbox(
            "Yes, remove all of it from this machine for good, trainings and models made here too", key="privacy_sure"
        )
        st.button(
            "Delete all files listed above", key="privacy_delete_all", disabled=not sure, on_click=_delete,
            args=(there,), icon=":material/delete_forever:",
        )  # fmt: skip
    st.caption(
        f"Corpora in `{settings().data}`, your own included, are yours: this program never deletes them. "
        "Remove that folder yourself. What you downloaded from a page lies where your browser put it."
    )


def _show(part: Kept) -> None:
    with st.container(border=True, key=f"privacy_{part.name}"):
        size = f"{part.megabytes:,.1f} MB" if part.places else "none"
        st.markdown(f"**{part.title}**: {size}")
        st.caption(part.about)
        if part.places:
            with st.expander("Where, and delete only these"):
                for place in part.places[:20]:
                    st.text(str(place))
                sure = st.checkbox("Yes, for good", key=f"privacy_sure_{part.name}")
                st.button(
                    f"Delete: {part.title.lower()}", key=f"privacy_delete_{part.name}", disabled=not sure,
                    on_click=_delete, args=([part.name],), icon=":material/delete:",
                )  # fmt: skip


def _delete(names: list[str]) -> None:
    try:
        for name in names:
            delete_kept(name)
    except SERError as error:
        st.session_state["privacy_said"], st.session_state["privacy_failed"] = str(error), True
    else:
        st.session_state["privacy_said"] = "These files were deleted."
    for key in [key for key in st.session_state if str(key).startswith("privacy_sure")]:
        st.session_state[key] = False
