"""The choice of the model, and predictions by it, kept so that a rerun costs nothing."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.events import milliseconds, note
from pages.parts.inputs import Sound
from pages.parts.jobs import background, forget
from ser_core.audio import Waveform
from ser_core.bundle import list_bundles, load_card
from ser_core.encoder_files import (
    ENCODERS,
    LIBRARIES_MISSING,
    encoder_folder,
    encoders_of,
    fetch_encoder,
    libraries_here,
)
from ser_core.errors import SERError
from ser_core.recogniser import Prediction, Recogniser

#: The model offered first where it is there.
FIRST = "lite"

_KEPT = 64


def choose_model() -> Path | None:
    """Draw the choice of the model in the sidebar; return its folder, or None where there is no model at all.

    A model whose encoder is not on this machine is offered with a button that fetches it; until then the first model
    that needs none answers.
    """
    bundles = list_bundles()
    names = sorted(bundles, key=lambda name: (name != FIRST, name))
    with st.sidebar:
        st.subheader("🎙️ SER Studio", anchor=False)
        if not names:
            return None
        name = st.selectbox("Model", names, format_func=lambda name: _title(bundles[name], name), key="model")
        encoder = _missing_encoder(bundles[name])
        if encoder is not None:
            name = _stand_in(bundles, names)
            _offer_encoder(encoder, _title(bundles[name], name) if name else None)
        st.caption(
            "Everything runs on this machine: no account, no telemetry. The menu at the top right has the light and "
            "the dark theme."
        )
        return bundles[name] if name else None


def _missing_encoder(folder: Path) -> str | None:
    """Return the first encoder that a model reads and that is not on this machine."""
    try:
        encoders = encoders_of(load_card(folder))
    except SERError:
        return None  # a damaged model says so where it is used
    return next((encoder for encoder in encoders if encoder_folder(encoder) is None), None)


def _stand_in(bundles: Mapping[str, Path], names: list[str]) -> str | None:
    return next((name for name in names if _missing_encoder(bundles[name]) is None), None)


def _offer_encoder(encoder: str, stand_in: str | None) -> None:
    """Draw what fetching an encoder means, and the button that does it in the background."""
    facts = ENCODERS.get(encoder)
    terms = f"{facts.size_words}, {facts.licence}" if facts else "from the hub"

    def work(progress: Any, cancelled: Any) -> Path:
        return fetch_encoder(
            encoder, progress=lambda *counts: progress(*(n // 10**6 for n in counts)), cancelled=cancelled
        )

    with st.container(border=True, key="encoder"):
        if stand_in:
            st.info(f"Until its encoder is here, **{stand_in}** answers.", icon=":material/swap_horiz:")
        if not libraries_here():
            st.markdown(LIBRARIES_MISSING)
            return
        about = f"{facts.about}. Licence of its weights: [{facts.licence}]({facts.licence_url})." if facts else ""
        done = background(
            f"encoder:{encoder}", f"Get the encoder ({terms})", work, name="encoder", unit=" MB",
            explain=f"This model reads `{encoder}`. {about} It is fetched once from the Hugging Face hub; your audio "
            "stays here.",
        )  # fmt: skip
    if done is not None:
        forget(f"encoder:{encoder}")
        st.rerun()


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
        begun = time.monotonic()
        with st.spinner("Listening …"):
            kept[key] = model.predict(sound.waveform)
        note("answer", ms=milliseconds(begun))
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)))
    return kept[key]


def _version(folder: Path) -> int:
    """Return what changes when a bundle is replaced."""
    card = folder / "model.json"
    return card.stat().st_mtime_ns if card.exists() else 0


@st.cache_resource(show_spinner="Loading the model …", max_entries=4)
def _load(folder: str, version: int) -> Recogniser:
    model = Recogniser.load(folder)
    # Streamlit collects garbage after every run of a page and every look at a job's progress. Walking through all that
    # libraries and models hold took a quarter of a second each time, in which no other thread could work.
    gc.collect()
    gc.freeze()
    return model


@st.cache_data(show_spinner=False, scope="session", max_entries=2)
def wav_bytes(_waveform: Waveform, digest: str) -> bytes:
    """Return what the model hears as a WAV file, which every browser plays."""
    return _waveform.to_wav()


def _title(folder: Path, name: str) -> str:
    try:
        return str(load_card(folder).title)
    except SERError:
        return f"{name} (damaged)"
