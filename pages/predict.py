"""Recognise: give a voice, see which emotion it carries and how far to trust that."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.inputs import Sound, complaint, current_sound, show_inputs
from pages.parts.models import choose_model, predict, recogniser
from pages.parts.results import (
    prepare_view,
    show_downloads,
    show_probabilities,
    show_problems,
    show_trust,
    show_verdict,
    show_voice,
)
from ser_core.errors import SERError

NO_MODEL = (
    "No model is installed: the folder models/ holds none. Fetch the project again, or set SER_MODELS to a folder "
    "of bundles, and reload this page."
)


def show_page() -> None:
    """Draw the whole page."""
    st.title("Which emotion does this voice carry?", anchor=False)
    st.markdown(
        "Listen to an example, speak, or drop a recording. **Your audio stays on this machine, in memory only.**"
    )
    folder = choose_model()
    show_inputs()
    sound = current_sound()
    if (sentence := complaint()) is not None:
        kept = " What is shown below is the sound before it." if sound else ""
        st.error(sentence + kept, icon=":material/error:")
    if folder is None:
        st.error(NO_MODEL)
    if sound is None:
        with st.container(key="empty"):
            st.info("The answer appears here: press one of the examples to see one.", icon=":material/arrow_upward:")
        return
    show_result(sound, folder)


def show_result(sound: Sound, folder: Path | None) -> None:
    """Draw the answer about *sound* by the model in *folder*, or why there is none."""
    with st.container(key="result"):
        with st.container(key="result_title"):
            st.markdown(f"#### {sound.title}")
        answer, voice = None, st.container()
        if folder is not None:
            try:
                model = recogniser(folder)
                answer = predict(model, folder, sound)
            except SERError as error:
                st.error(str(error), icon=":material/error:")
        if answer is None:
            with voice:
                show_voice(sound)
            return
        with voice:
            show_problems(answer)
        words, bars = st.columns([5, 6], gap="large")
        with words:
            show_verdict(answer, model.card.threshold)
            show_voice(sound)
        with bars:
            if answer.emotion is not None:
                show_probabilities(answer, classes=len(model.card.labels))
            show_downloads(answer, sound, classes=len(model.card.labels))
        show_trust(model.card, answer)
        prepare_view(sound)


show_page()
