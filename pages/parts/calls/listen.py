"""The batch: started by a press, watched, stopped, gone on with; its result stays in the session."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.calls.source import Given
from pages.parts.jobs import background, forget
from ser_core.calls import BatchModel, Call, Journal, Source, score_batch
from ser_core.settings import settings


@dataclass(frozen=True)
class Heard:
    """A finished batch: its calls, the sources in the same order, and the model's name."""

    key: str
    calls: list[Call]
    sources: list[Source]
    model: str


def listen(given: Given | None, folder: Path | None) -> Heard | None:
    """Draw the button or the progress; return the last batch that was finished."""
    if given is not None and folder is not None:
        key = _key(given, folder)
        last = st.session_state.get("calls_heard")
        if last is not None and last.key == key:
            return replace(last, sources=given.sources)  # whose agents may be read otherwise by now
        _listen(given, folder, key)
    return st.session_state.get("calls_heard")


def _listen(given: Given, folder: Path, key: str) -> None:
    with st.expander("Where the results are kept", icon=":material/lock:"):
        on_disk = st.toggle(
            "Keep finished calls in a file, so that a batch goes on even after a restart",
            key="calls_on_disk",
            help="Numbers only, neither sound nor names. Without it results are in memory until you leave.",
        )
        if on_disk:
            st.caption(f"File: `{_journal_path()}`; delete it whenever you like.")
    journal = Journal(_journal_path()) if on_disk else _memory()

    def work(progress: Any, cancelled: Any) -> list[Call]:
        model = BatchModel.load(folder)
        return score_batch(given.sources, model, journal, progress=progress, cancelled=cancelled)

    count = len(given.sources)
    calls = background(
        key, f"Listen to {count:,} {'call' if count == 1 else 'calls'}", work, name="calls", unit=" calls",
        private=True,
        explain="Every channel is judged as it was recorded. An hour of stereo takes a minute or two on two cores; "
        "you can stop at any time and go on later.",
    )  # fmt: skip
    if calls is not None:
        forget(key, private=True)
        st.session_state.pop("calls_one_kept", None)
        st.session_state["calls_heard"] = Heard(key, calls, given.sources, folder.name)
        st.rerun()


def _key(given: Given, folder: Path) -> str:
    """Return what names this visitor's batch; nobody else can guess it."""
    session = st.session_state.setdefault("calls_session", uuid.uuid4().hex)
    card = folder / "model.json"
    content = f"{given.key}|{folder}|{card.stat().st_mtime_ns if card.exists() else 0}"
    return f"calls:{session}:{hashlib.sha256(content.encode()).hexdigest()}"


def _memory() -> Journal:
    return st.session_state.setdefault("calls_journal", Journal())


def _journal_path() -> Path:
    return settings().runs / "calls" / "journal.jsonl"
