"""What the sections share: the trainings, what is said about one, and acting on one."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from ser_core.errors import SERError
from ser_core.protocols import kind_of
from ser_core.training.listing import Run
from ser_core.training.manager import RunManager
from ser_core.training.progress import duration_words

NEW = ":material/add_circle: New training"
RUNS = ":material/monitoring: Trainings"
COMPARE = ":material/compare: Compare"

#: Status -> its sign and words.
STATUS = {
    "queued": (":material/hourglass_top:", "waits for its turn"),
    "running": (":material/directions_run:", "is learning"),
    "paused": (":material/pause_circle:", "is paused"),
    "finished": (":material/check_circle:", "is finished"),
    "failed": (":material/error:", "has stopped with an error"),
    "cancelled": (":material/cancel:", "was cancelled"),
    "interrupted": (":material/power_off:", "was interrupted"),
}

_SPLITS = {
    "cremad-evar": "CREMA-D, the published test speakers",
    "ravdess-emobox": "RAVDESS, the published six folds of speakers",
    "savee-loso": "SAVEE, one speaker left out at a time",
    "tess-loso": "TESS, one speaker left out at a time",
    "joint": "All four corpora together, test speakers of all left out",
    "speaker-5fold": "Speakers dealt out: each is tested once",
    "all": "No test: everything is trained on",
    "random-leaky": "At random (leaky: scores come out too high)",
}


def manager() -> RunManager:
    """Return the trainings of `SER_RUNS`."""
    return RunManager()


def protocol_words(protocol: str) -> str:
    """Return how a protocol splits, for a person."""
    if protocol in _SPLITS:
        return _SPLITS[protocol]
    words = kind_of(protocol)
    return words[:1].upper() + words[1:]


def act(action: Callable[..., object], *arguments: object, **options: object) -> None:
    """Do something to a training; what went wrong is said when the page is drawn next."""
    st.session_state["train_complaint"] = None
    try:
        action(*arguments, **options)
    except SERError as error:
        st.session_state["train_complaint"] = str(error)


def show_complaint() -> None:
    """Say what went wrong when a button was pressed."""
    if sentence := st.session_state.get("train_complaint"):
        st.error(sentence, icon=":material/error:")


def go_to(section: str, run: str | None = None) -> None:
    """Show another section, and a training in it, when the page is drawn next."""
    st.session_state["train_go"] = (section, run)


def arrive() -> None:
    """Choose the section and the training that were asked for; before their widgets are drawn."""
    section, run = st.session_state.pop("train_go", (None, None))
    st.session_state.setdefault("train_section", NEW)
    if section is not None:
        st.session_state["train_section"] = section
    if run is not None:
        st.session_state["train_run"] = run


def status_words(run: Run) -> str:
    """Return what a training does, since when, in a few words with a sign."""
    sign, words = STATUS[run.state.status]
    if run.stopping and run.state.status == "running":
        return ":material/pause_circle: stops after this epoch"
    if run.state.status == "queued" and run.place:
        words += f" (number {run.place} in the queue)"
    if run.state.began_s and run.state.status == "running":
        words += f", for {duration_words(max(1.0, time.time() - run.state.began_s))} now"
    return f"{sign} {words}"
