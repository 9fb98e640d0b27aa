"""Which calls: uploads or a folder, and who is who in them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.parts.inputs import largest_upload
from ser_core.calls import Source, list_sources, uploaded_sources
from ser_core.errors import SERError

UPLOAD, FOLDER = ":material/upload_file: Upload", ":material/folder: Folder on this machine"


@dataclass(frozen=True)
class Given:
    """What the person gave: calls, and a key that changes with them."""

    key: str
    sources: list[Source]


def choose_calls() -> Given | None:
    """Draw the ways in; return the calls, None while there are none or they cannot be used."""
    ways = [UPLOAD, FOLDER] if at_this_machine() else [UPLOAD]
    with st.container(border=True, key="calls_source"):
        way = UPLOAD
        if len(ways) > 1:
            way = st.segmented_control(
                "Where the calls are", ways, default=st.session_state.get("calls_way_kept", UPLOAD), required=True,
                key="calls_way",
            )  # fmt: skip
            st.session_state["calls_way_kept"] = way
        if way == FOLDER:
            _ask_folder()
        else:
            _ask_files()
        pattern = _ask_names()
        try:
            return _from_folder(pattern) if way == FOLDER else _from_files(pattern)
        except SERError as error:
            st.error(str(error), icon=":material/error:")
            return None


def at_this_machine() -> bool:
    """Return whether the visitor sits at the machine that runs the app: others may not read its folders."""
    forwarded = any(st.context.headers.get(name) for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    return not forwarded and _is_this_machine(st.context.ip_address)


def _is_this_machine(address: str | None) -> bool:
    """Return whether a visitor's address is this machine's own; Streamlit gives none for some of these."""
    try:
        found = ipaddress.ip_address(address) if address is not None else None
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)  # ::ffff:127.0.0.1, where the server listens by IPv6
    return found is None or (mapped or found).is_loopback


def _ask_files() -> None:
    st.file_uploader(
        "Sound files, a ZIP of them, and maybe a manifest (CSV)",
        accept_multiple_files=True,
        key="calls_files",
        on_change=_keep_files,
        max_upload_size=largest_upload(),
        help="A call is one file: wav, flac, ogg, opus, mp3, aiff, webm, m4a or mp4, at best in stereo with one person "
        "a channel.",
    )
    kept = st.session_state.get("calls_kept", [])
    if kept and not st.session_state.get("calls_files"):  # the box itself is empty after another page was seen
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"Still here: {', '.join(name for _, name, _ in kept[:3])}{' …' if len(kept) > 3 else ''}")
            st.button("Remove", key="calls_remove", on_click=_drop_files, icon=":material/delete:", type="tertiary")


def _keep_files() -> None:
    files = st.session_state.get("calls_files") or []
    # In the session's state, in memory: the box forgets them when another page is opened.
    st.session_state.pop("calls_unpacked", None)  # what was taken away must not stay in it
    st.session_state["calls_kept"] = [(file.file_id, file.name, file.getvalue()) for file in files]


def _drop_files() -> None:
    for name in ("calls_kept", "calls_unpacked"):
        st.session_state.pop(name, None)


def _ask_folder() -> None:
    text = st.text_input(
        "Folder or ZIP file on this machine", value=st.session_state.get("calls_folder_kept", ""),
        key="calls_folder", placeholder="/home/me/calls",
        help="Searched with the folders in it. A file manifest.csv in it is used. Links are not followed.",
    )  # fmt: skip
    st.session_state["calls_folder_kept"] = text.strip()


def _ask_names() -> str:
    with st.expander("Who is the agent? (file names or a manifest)", icon=":material/badge:"):
        pattern = st.text_input(
            "Pattern of file names", value=st.session_state.get("calls_pattern_kept", ""), key="calls_pattern",
            placeholder="{agent}_{call}",
            help="`{agent}` and `{call}` stand for what is to be read, `*` for anything; with a / also folders, such "
            "as `{agent}/*`.",
        )  # fmt: skip
        st.session_state["calls_pattern_kept"] = pattern.strip()
        st.markdown(
            "Or give a **manifest** with the calls: a CSV file with the column `file` and any of `agent`, `caller` "
            "(left or right) and `call_id`."
        )
        st.code("file,agent,caller,call_id\nmonday/0001.wav,Amal,right,0001", language=None)
    return pattern.strip()


def _from_files(pattern: str) -> Given | None:
    kept = st.session_state.get("calls_kept", [])
    if not kept:
        return None
    key = "|".join(identity for identity, _, _ in kept)
    known = st.session_state.get("calls_unpacked")
    if known is None or known[0] != (key, pattern):  # the directory of a large ZIP takes a second
        sources = uploaded_sources([(name, data) for _, name, data in kept], pattern=pattern)
        known = st.session_state["calls_unpacked"] = ((key, pattern), sources)
    return Given(key, known[1])


def _from_folder(pattern: str) -> Given | None:
    text = st.session_state.get("calls_folder_kept", "")
    if not text:
        return None
    place = Path(text).expanduser()
    # Reading a large tree takes a while: once for each folder and pattern, and again on the person's word.
    again = st.button("Read the folder again", key="calls_again", icon=":material/refresh:", type="tertiary")
    known = st.session_state.get("calls_listed")
    if again or known is None or known[0] != (text, pattern):
        with st.spinner("Reading the folder …"):
            number = (known[2] if known else 0) + again
            known = ((text, pattern), list_sources([place], pattern=pattern), number)
        st.session_state["calls_listed"] = known
    names = "|".join(source.name for source in known[1])
    return Given(f"{text}|{known[2]}|{names}", known[1])
