"""One clip after another: listen, guess, see. The same alone and in a class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from pages.parts.show import show_chart
from ser_core.audio import load_audio
from ser_core.charts.answer import probability_figure
from ser_core.charts.exploration import group_label, votes_figure
from ser_core.classroom.questions import Question
from ser_core.errors import SERError

Guess = Callable[[int, str], None]

_HEARD = {
    "never": "The model had not heard this speaker before.",
    "speaker": "The model has heard this speaker in training: with a new voice it would do worse.",
    "synthetic": "A synthetic voice: “meant” is the style that its settings imitate.",
}


def play(questions: Sequence[Question], guesses: Sequence[str], title: str, key: str, guess: Guess) -> bool:
    """Draw the next clip, or the answers about the last one; return True when all are answered and seen.

    *title* is the model's, *key* begins the widgets' names, *guess* is called with the clip's place and an emotion.
    """
    place, total = len(guesses), len(questions)
    if st.session_state.get(f"{key}_looking") and place:
        st.progress(place / total, text=f"Clip {place} of {total}")
        _show_verdict(questions[place - 1], guesses[-1])
        st.button(
            "Next clip" if place < total else "See the result", key=f"{key}_next", type="primary", shortcut="n",
            icon=":material/arrow_forward:", on_click=st.session_state.__setitem__, args=(f"{key}_looking", False),
        )  # fmt: skip
        _show_answers(questions[place - 1], title, f"{key}_{place}")
        return False
    if place >= total:
        return True
    st.progress(place / total, text=f"Clip {place + 1} of {total}")
    _ask(questions[place], place, key, guess)
    return False


def _ask(question: Question, place: int, key: str, guess: Guess) -> None:
    st.markdown("#### Listen. Which emotion did the actor mean?")
    wav = sound(question)
    if wav is not None:
        st.audio(wav, format="audio/wav", autoplay=place > 0, alt=f"Clip {place + 1}")
    with st.container(horizontal=True, key=f"{key}_choices"):
        for number, emotion in enumerate(question.choices, start=1):
            st.button(
                group_label(emotion), key=f"{key}_guess_{emotion}", shortcut=str(number), on_click=_take,
                args=(guess, place, emotion, key),
            )  # fmt: skip
    st.caption("Or press the number beside it on the keyboard. There is no way back: trust your first feeling.")


def _take(guess: Guess, place: int, emotion: str, key: str) -> None:
    try:
        guess(place, emotion)
        st.session_state[f"{key}_looking"] = True
    except SERError as error:
        st.session_state["classroom_complaint"] = str(error)


def show_complaint() -> None:
    """Say once what was refused when a button was pressed."""
    if sentence := st.session_state.pop("classroom_complaint", None):
        st.error(sentence, icon=":material/error:")


def _show_verdict(question: Question, guess: str) -> None:
    right = guess == question.intended
    box, icon = (st.success, ":material/check_circle:") if right else (st.warning, ":material/close:")
    words = "Right" if right else "Not what was meant"
    box(f"**{words}.** Meant: **{question.intended}**. You: **{guess}**.", icon=icon)


def _show_answers(question: Question, title: str, key: str) -> None:
    wav = sound(question)
    if wav is not None:
        st.audio(wav, format="audio/wav", alt="The same clip again")
    left, other = st.columns(2, gap="large")
    with left:
        answer = question.model_answer
        verdict = "right" if answer == question.intended else "wrong"
        st.markdown(f"**The model** ({title}): **{answer}**, {100 * question.model[answer]:.0f} %, {verdict}")
        shares = dict(question.model)
        said = ", ".join(f"{emotion} {share:.0%}" for emotion, share in shares.items())
        figure = probability_figure(shares, chance=1 / len(shares))
        show_chart(figure, f"{key}_model", f"The model's probabilities: {said}.", pd.DataFrame([shares]))
        st.caption(_HEARD[question.heard])
    with other:
        _show_crowd(question, key)


def _show_crowd(question: Question, key: str) -> None:
    if not question.votes:
        st.markdown("**Other people**")
        st.caption("Nobody's votes on this clip are published: of the four corpora, only CREMA-D gives them.")
        return
    crowd = question.crowd_answer
    verdict = "no majority" if crowd is None else f"{crowd}, {'right' if crowd == question.intended else 'wrong'}"
    st.markdown(f"**{sum(question.votes.values())} listeners** who heard only the voice: **{verdict}**")
    said = ", ".join(f"{emotion} {number}" for emotion, number in question.votes.items())
    figure = votes_figure(question.votes, question.intended)
    show_chart(figure, f"{key}_votes", f"Votes: {said}.", pd.DataFrame([question.votes]))
    st.caption("They were not told what the actor meant, and could choose among the same six emotions.")


def sound(question: Question) -> bytes | None:
    """Return a clip as WAV; where it cannot be read, say so and return None. Its name tells nothing to the browser."""
    try:
        return _wav(question.path, os.stat(question.path).st_mtime_ns)
    except OSError:
        st.error("This clip is gone from the machine: guess anything, and go on.", icon=":material/error:")
    except SERError:
        st.error("This clip cannot be played: guess anything, and go on.", icon=":material/error:")
    return None


@st.cache_resource(show_spinner=False, max_entries=128)
def _wav(path: str, version: int) -> bytes:
    return load_audio(path).to_wav()
