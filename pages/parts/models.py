"""The choice of the model, and predictions by it, kept so that a rerun costs nothing."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.inputs import Sound
from ser_core.audio import Waveform
from ser_core.bundle import list_bundles, load_card
from ser_core.errors import SERError
from ser_core.recogniser import Prediction, Recogniser

#: The model offered first where it is there.
FIRST = "lite"

_KEPT = 64


def choose_model() -> Path | None:
    """Draw the choice of the model in the sidebar; return its folder, or None where there is no model at all."""
    bundles = list_bundles()
    names = sorted(bundles, key=lambda name: (name != FIRST, name))
    with st.sidebar:
        st.subheader("🎙️ SER Studio", anchor=False)
        if not names:
            return None
        name = st.selectbox("Model", names, format_func=lambda name: _title(bundles[name], name), key="model")
        st.caption(
            "Everything runs on this machine: no account, no telemetry. The menu at the top right has the light and "
            "the dark theme."
        )
        return bundles[name]


def recogniser(folder: Path) -> Recogniser:
    """Return the model in *folder*, loaded once for all visitors and again when it was replaced.

    Raises
    ------
    SERError
        With one sentence, when it is missing, damaged or of a newer format.
    """
    return _load(str(folder), _version(folder))


def predict(model: Recogniser, folder: Path, sound: Sound) -> Prediction:
    """Return the model's answer for *sound*, computed once a session."""
    # In the session's state, so that one visitor's sounds never reach another. Not st.cache_data: a pickle of
    # a result refuses to come back once a developer's reload has replaced its class.
    kept: dict[tuple[str, str, int], Prediction] = st.session_state.setdefault("predictions", {})
    key = (sound.digest, str(folder), _version(folder))
    if key not in kept:
        with st.spinner("Listening …"):
            kept[key] = model.predict(sound.waveform)
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)))
    return kept[key]


def _version(folder: Path) -> int:
    """Return what changes when a bundle is replaced."""
    card = folder / "model.json"
    return card.stat().st_mtime_ns if card.exists() else 0


@st.cache_resource(show_spinner="Loading the model …", max_entries=4)
def _load(folder: str, version: int) -> Recogniser:
    return Recogniser.load(folder)


@st.cache_data(show_spinner=False, scope="session", max_entries=2)
def wav_bytes(_waveform: Waveform, digest: str) -> bytes:
    """Return what the model hears as a WAV file, which every browser plays."""
    return _waveform.to_wav()


def _title(folder: Path, name: str) -> str:
    try:
        return str(load_card(folder).title)
    except SERError:
        return f"{name} (damaged)"
