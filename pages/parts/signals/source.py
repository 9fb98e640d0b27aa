"""Where the sound comes from: an example, a corpus clip, a recording, an upload."""

from __future__ import annotations

import hashlib

import streamlit as st

from pages.parts.clip_choice import choose_clip, clip_title
from pages.parts.corpus_sounds import changed, read_clip
from pages.parts.explore.data import read_table
from pages.parts.inputs import (
    MAIN,
    Sound,
    complaint,
    current_sound,
    show_examples,
    show_recorders,
    show_uploader,
    take_sound,
)

_EXAMPLE, _CORPUS, _RECORD, _UPLOAD = (
    ":material/play_circle: Example",
    ":material/library_music: Corpus clip",
    ":material/mic: Record",
    ":material/upload_file: Upload",
)


def choose_sound(slot: str = MAIN) -> Sound | None:
    """Draw the ways to give a sound; return the one that was given last."""
    prefix = f"{slot}_" if slot else ""
    way = st.segmented_control(
        "Sound from",
        [_EXAMPLE, _CORPUS, _RECORD, _UPLOAD],
        default=_EXAMPLE,
        required=True,
        key=f"{prefix}source",
        label_visibility="collapsed",
    )
    came = st.session_state.get(f"{prefix}source_before") != way
    st.session_state[f"{prefix}source_before"] = way
    if way == _CORPUS:
        _show_corpus(slot, prefix, came)
    elif way == _RECORD:
        show_recorders(slot)
    elif way == _UPLOAD:
        show_uploader(slot)
    else:
        show_examples(slot)
    sound = current_sound(slot)
    if (sentence := complaint(slot)) is not None:
        kept = " What is shown is the sound before it." if sound else ""
        st.error(sentence + kept, icon=":material/error:")
    return sound


def _show_corpus(slot: str, prefix: str, came: bool) -> None:
    table = read_table()
    if table is None:
        st.info(
            "No corpus is on this machine yet: the page **Explore** says how to get one. The examples, a recording or "
            "a file work without.",
            icon=":material/folder_off:",
        )
        return
    clip = choose_clip(table, f"{prefix}signals")
    waveform = read_clip(clip) if clip is not None else None
    if clip is None or waveform is None:
        return
    version = f"{clip['path']}:{changed(clip)}"
    digest = hashlib.sha256(version.encode(errors="surrogateescape")).hexdigest()
    # Only when the choice is new: what was made from the clip (cleaned, say) would else be replaced on every rerun.
    if came or st.session_state.get(f"{prefix}corpus_taken") != digest:
        take_sound(Sound("corpus", clip_title(clip), f"{clip['clip']}.wav", digest, waveform), slot)
        st.session_state[f"{prefix}corpus_taken"] = digest
