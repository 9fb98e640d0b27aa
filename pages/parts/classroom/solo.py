"""You against the model: rounds of some clips, alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from pages.parts.classroom.game import Game, choose_game, make_questions
from pages.parts.classroom.play import play, show_complaint
from pages.parts.show import show_table
from ser_core.classroom.questions import Question
from ser_core.classroom.scores import crowd_right, model_right, right

_STATE, _KEY = "classroom_round", "classroom_solo"


@dataclass
class Round:
    """A game that goes on: its clips and the guesses so far."""

    game: Game
    questions: list[Question]
    guesses: list[str] = field(default_factory=list)

    def guess(self, place: int, emotion: str) -> None:
        """Write down a guess; a second one about the same clip does not count."""
        if place == len(self.guesses):
            self.guesses.append(emotion)


def show_solo() -> None:
    """Draw the choices of a game, the game, or its result."""
    show_complaint()
    current: Round | None = st.session_state.get(_STATE)
    if current is None:
        st.markdown(
            "Listen to actors, guess the emotion that they meant, and see what the model and other people made of it. "
            "Headphones help."
        )
        game = choose_game("classroom_solo")
        if game is not None and st.button("Start", key=f"{_KEY}_start", type="primary", icon=":material/play_arrow:"):
            _start(game)
            st.rerun()
        return
    if play(current.questions, current.guesses, current.game.title, _KEY, current.guess):
        _show_result(current)
    else:
        st.button("Stop this game", key=f"{_KEY}_stop", type="tertiary", icon=":material/stop:", on_click=_forget)


def _start(game: Game) -> None:
    with st.spinner("Choosing clips …"):
        st.session_state[_STATE] = Round(game, make_questions(game, secrets.randbits(32)))
    st.session_state[f"{_KEY}_looking"] = False


def _forget() -> None:
    st.session_state.pop(_STATE, None)


def _show_result(played: Round) -> None:
    questions, total = played.questions, len(played.questions)
    mine, model = right(questions, played.guesses), model_right(questions)
    word = "You win" if mine > model else "A draw" if mine == model else "The model wins"
    st.header(f"{word}: {mine} to {model}", anchor=False)
    show_figures("solo", {"You": (mine, total), f"The model ({played.game.title})": (model, total)}, questions)
    table = pd.DataFrame(
        {
            "clip": range(1, total + 1),
            "meant": [question.intended for question in questions],
            "you": played.guesses,
            "model": [question.model_answer for question in questions],
            "listeners": [(question.crowd_answer or "no majority") if question.votes else "" for question in questions],
            "file": [question.clip for question in questions],
        }
    )
    show_table(table if any(question.votes for question in questions) else table.drop(columns="listeners"), "round")
    if questions[0].heard == "speaker":
        st.caption("The model had heard these speakers in training, so its score is too good.")
    st.caption(
        f"{total} clips are few: by luck alone, scores of equals differ by {_luck(total)} or so. “Meant” is what the "
        "actor was asked to portray, not what anybody felt."
    )
    with st.container(horizontal=True):
        if st.button("Again, with other clips", key=f"{_KEY}_again", type="primary", icon=":material/replay:"):
            _start(played.game)
            st.rerun()
        st.button("Other voices or model", key=f"{_KEY}_other", icon=":material/tune:", on_click=_forget)


def _luck(total: int) -> int:
    """Return the standard deviation of the difference of two scores that are each right half of the time."""
    return max(1, round((2 * total * 0.25) ** 0.5))


def show_figures(key: str, scores: dict[str, tuple[int, int]], questions: list[Question]) -> None:
    """Draw scores side by side, and those of the crowd and of guessing."""
    crowd, rated = crowd_right(questions)
    shown = dict(scores)
    if rated:
        shown["Listeners' majority"] = (crowd, rated)
    with st.container(key=f"classroom_figures_{key}"):
        columns = st.columns(len(shown) + 1)
        for column, (name, (correct, of)) in zip(columns, shown.items(), strict=False):
            column.metric(name, f"{correct} of {of}" if of else "–")
        columns[-1].metric("Guessing", f"{len(questions) / len(questions[0].choices):.1f} of {len(questions)}")
