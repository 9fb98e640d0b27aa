"""The judging of a recording: in the background, watched and stoppable; its result stays in the session."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.jobs import background, forget
from pages.parts.models import recogniser
from pages.parts.recordings.source import Given
from ser_core.recordings import Summary, Timeline, read_timeline, summarise
from ser_core.untrusted import open_untrusted


@dataclass(frozen=True)
class Judged:
    """A recording that was judged, and by what."""

    key: str
    given: Given
    timeline: Timeline
    summary: Summary


def judged(given: Given | None, folder: Path | None) -> Judged | None:
    """Start the judging of what is new, draw its progress; return the last result."""
    last: Judged | None = st.session_state.get("recordings_judged")
    if given is None or folder is None:
        return last
    key = _key(given, folder)
    if last is not None and last.key == key:
        return last
    model = recogniser(folder)
    name, held = given.recording.name, [given.data]  # let go once it is read: no sound outlives its visitor

    def work(progress: Any, cancelled: Any) -> Timeline:
        recording = open_untrusted(held.pop(), name=name)
        return read_timeline(model, recording, progress=progress, cancelled=cancelled)

    timeline = background(
        key, "Listening", work, name="recordings", unit=" s", at_once=True, private=True,
        explain="The recording is listened to from its beginning to its end.",
    )  # fmt: skip
    if timeline is None:
        return None
    forget(key, private=True)
    found = Judged(key, given, timeline, summarise(timeline))
    st.session_state["recordings_judged"] = found
    for stale in ("recordings_view", "recordings_seek"):
        st.session_state.pop(stale, None)
    return found


def _key(given: Given, folder: Path) -> str:
    """Return what names this visitor's recording and the model; nobody else can guess it."""
    session = st.session_state.setdefault("recordings_session", uuid.uuid4().hex)
    card = folder / "model.json"
    return f"recordings:{session}:{given.digest}:{folder}:{card.stat().st_mtime_ns if card.exists() else 0}"
