"""A student in a class: join by code and nickname, play, see the ranking."""

from __future__ import annotations

import streamlit as st

from pages.parts.classroom.kept import rooms
from pages.parts.classroom.play import play
from pages.parts.classroom.solo import show_figures
from ser_core.classroom.names import LONGEST_NAME
from ser_core.classroom.rooms import Room
from ser_core.classroom.scores import model_right, ranking, right
from ser_core.errors import ClassroomError

#: Where the session keeps the class and the seat in it, as code and secret.
SEAT = "classroom_seat"
_KEY = "classroom_class"
_POLL_S = 3.0


def show_student() -> None:
    """Draw the way into a class, or the class that was joined."""
    _come_back()
    seat: tuple[str, str] | None = st.session_state.get(SEAT)
    if seat is None:
        _show_door()
        return
    code, secret = seat
    try:
        room, student = rooms().room(code), rooms().student(code, secret)
    except ClassroomError as error:
        _leave()
        st.warning(str(error), icon=":material/info:")
        _show_door()
        return
    st.text(f"{room.title} · you are {student.nickname}")

    def guess(place: int, emotion: str) -> None:
        rooms().answer(code, secret, place, emotion)

    if play(room.questions, student.guesses, room.model, _KEY, guess):
        mine, model = right(room.questions, student.guesses), model_right(room.questions)
        total = len(room.questions)
        word = "You beat the model" if mine > model else "You and the model are equal" if mine == model else "Done"
        st.header(f"{word}: {mine} of {total}", anchor=False)
        show_figures("class", {"You": (mine, total), f"The model ({room.model})": (model, total)}, list(room.questions))
        st.markdown("**The ranking** (it moves while others still play)")
        st.fragment(_show_ranking, run_every=_POLL_S)(code)
    with st.popover("Leave", icon=":material/logout:", type="tertiary"):
        st.button("Leave, my score stays", key="classroom_leave", on_click=_leave)
        st.button("Leave, forget my nickname and guesses", key="classroom_forget", on_click=give_up_seat)


def _show_door() -> None:
    with st.form("classroom_join", border=True):
        left, right = st.columns(2)
        code = left.text_input("Code of the class", st.query_params.get("class", "")[:20], max_chars=20)
        name = right.text_input(
            "Nickname", max_chars=LONGEST_NAME, help="Everybody in the class sees it: better not your full name."
        )
        if st.form_submit_button("Join", type="primary", icon=":material/login:"):
            try:
                secret = rooms().join(code, name)
                room = rooms().room(code)
            except ClassroomError as error:
                st.error(str(error), icon=":material/error:")
                return
            _sit(room, secret)
            st.rerun()
    st.caption("Your teacher gives you the code. Nicknames and guesses stay in this machine's memory until the end.")


def _sit(room: Room, secret: str) -> None:
    st.session_state[SEAT] = (room.code, secret)
    st.session_state[f"{_KEY}_looking"] = False
    # In the address, so that a reload of the page, which begins a new session, does not cost the score.
    st.query_params.update({"class": room.code, "seat": secret})


def _come_back() -> None:
    """Take the seat again that the address names, after a reload."""
    code, secret = st.query_params.get("class", ""), st.query_params.get("seat", "")
    if SEAT in st.session_state or not secret:
        return
    try:
        rooms().student(code, secret)
    except ClassroomError:
        st.query_params.clear()
        return
    st.session_state[SEAT] = (code, secret)


def _leave() -> None:
    st.session_state.pop(SEAT, None)
    st.query_params.clear()


def give_up_seat() -> None:
    """Leave the class, if there is one; it forgets nickname and guesses."""
    if SEAT in st.session_state:
        rooms().leave(*st.session_state[SEAT])
        _leave()


def _show_ranking(code: str) -> None:
    try:
        show_ranking(rooms().room(code))
    except ClassroomError:
        st.rerun(scope="app")


def show_ranking(room: Room) -> None:
    """Draw the ranking; a table, in which a nickname is only text."""
    table = ranking(room)
    st.dataframe(
        table, hide_index=True, key="classroom_ranking", width="stretch", height=min(38 + 35 * max(1, len(table)), 560),
        column_config={
            "answered": st.column_config.ProgressColumn(
                "answered", min_value=0, max_value=len(room.questions), format="%d"
            ),
            "nickname": st.column_config.TextColumn("nickname", width="medium"),
            "place": st.column_config.NumberColumn("place", width=55),
            "right": st.column_config.NumberColumn("right", width=55),
        },
    )  # fmt: skip
