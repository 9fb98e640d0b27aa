"""Recognise: give a voice, see which emotion it carries and how far to trust that."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.browser_side import reveal_result, set_style
from pages.parts.explanation.why import show_why
from pages.parts.inputs import Sound, complaint, current_sound, show_inputs
from pages.parts.models import choose_model, predict, recogniser
from pages.parts.results import (
    show_affect,
    show_downloads,
    show_probabilities,
    show_problems,
    show_trust,
    show_verdict,
    show_voice,
)
from ser_core.bundle import ModelCard
from ser_core.errors import SERError
from ser_core.recogniser import Prediction

NO_MODEL = (
    "No model is installed: the folder models/ holds none. Fetch the project again, or set SER_MODELS to a folder "
    "of bundles, and reload this page."
)


def show_page() -> None:
    """Draw the whole page."""
    set_style()
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
        try:
            model = recogniser(folder) if folder is not None else None
            answer = predict(model, folder, sound) if model is not None and folder is not None else None
        except SERError as error:
            st.error(str(error), icon=":material/error:")
            answer = None
        if answer is None or model is None:
            show_voice(sound)
        else:
            show_answer(answer, model.card, sound)
            if answer.emotion is not None:
                with st.expander("Why this answer?", icon=":material/psychology_alt:", key="why_answer"):
                    show_why(sound, folder)
            show_trust(model.card, answer)
        st.page_link(
            "pages/signals.py", label="Look closer: see what this voice does", icon=":material/waves:", width="content"
        )
        reveal_result(f"{sound.origin}:{sound.digest}")


def show_answer(answer: Prediction, card: ModelCard, sound: Sound) -> None:
    """Draw what the model says: what is wrong with the recording, the words, the bars."""
    show_problems(answer)
    left, right = st.columns([5, 6], gap="large")
    with left:
        show_verdict(answer, card)
        if answer.emotion is None:
            show_downloads(answer, sound, classes=len(card.labels))
        else:
            show_voice(sound)
    with right:
        if answer.emotion is None:
            show_voice(sound)
        else:
            show_probabilities(answer, classes=len(card.labels))
            show_downloads(answer, sound, classes=len(card.labels))
    show_affect(answer)


show_page()
