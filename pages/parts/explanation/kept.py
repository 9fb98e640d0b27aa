"""What was worked out about this visitor's sounds: in the background, then kept in the session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.inputs import Sound
from pages.parts.jobs import Work, background, forget

_KEPT = 24


def worked_out(what: str, sound: Sound, folder: Path, label: str, work: Work, *, explain: str, unit: str = "") -> Any:
    """Return what *work* gives, or None while there is none: then a button or the progress is drawn.

    *what* names the question; *label*, *work*, *explain* and *unit* are as for
    :func:`pages.parts.jobs.background`.
    """
    kept, key = _results(), _key(what, sound, folder)
    if key not in kept:
        name = f"why_{what.partition(':')[0]}"
        result = background(key, label, work, explain=explain, name=name, unit=unit, private=True)
        if result is None:
            return None
        forget(key, private=True)
        _keep(key, result)
    return kept[key]


def at_once(what: str, sound: Sound, make: Callable[[], Any]) -> Any:
    """Return what *make* gives, made once a session; for what takes about a second."""
    kept, key = _results(), _key(what, sound, Path())
    if key not in kept:
        with st.spinner("Measuring the voice …"):
            _keep(key, make())
    return kept[key]


def _results() -> dict[str, Any]:
    results: dict[str, Any] = st.session_state.setdefault("explanations", {})
    return results


def _keep(key: str, result: Any) -> None:
    kept = _results()
    kept[key] = result
    while len(kept) > _KEPT:
        kept.pop(next(iter(kept)))


def _key(what: str, sound: Sound, folder: Path) -> str:
    card = folder / "model.json"
    return f"why:{what}:{sound.digest}:{folder}:{card.stat().st_mtime_ns if card.exists() else 0}"
