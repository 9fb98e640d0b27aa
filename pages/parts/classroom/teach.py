"""The teacher of a class: open it, show the code, look on, compare, save, close."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import streamlit as st

from pages.parts.classroom.game import choose_game, make_questions
from pages.parts.classroom.join import show_ranking
from pages.parts.classroom.kept import rooms
from pages.parts.classroom.solo import show_figures
from pages.parts.show import show_chart, show_table
from ser_core.charts.evaluation import share_figure
from ser_core.classroom.certificate import local_addresses
from ser_core.classroom.names import LONGEST_TITLE
from ser_core.classroom.rooms import Room
from ser_core.classroom.scores import (
    class_confusion,
    class_csv,
    class_right,
    clip_table,
    model_confusion,
    model_right,
    shares,
)
from ser_core.errors import ClassroomError, SERError

_STATE = "classroom_taught"
_POLL_S = 3.0


def show_teacher() -> None:
    """Draw the form that opens a class, or the class."""
    taught: tuple[str, str] | None = st.session_state.get(_STATE)
    if taught is None:
        _show_form()
        return
    code, key = taught
    try:
        room = rooms().check_key(code, key)
    except ClassroomError:
        st.session_state.pop(_STATE, None)
        st.info("That class is over.", icon=":material/event_available:")
        _show_form()
        return
    _show_door(room, key)
    st.fragment(_look_on, run_every=_POLL_S)(code)
    _manage(room, key)
    st.subheader("The class and the model, clip by clip", anchor=False)
    if st.toggle(
        "Show the answers", key="classroom_answers",
        help="Names the meant emotion of every clip: better when all have finished, if your screen is on the wall.",
    ):  # fmt: skip
        _compare(room)


def _show_form() -> None:
    st.markdown("Everybody in the class hears the same clips, each in an own browser, and guesses at an own pace.")
    title = st.text_input("Name of the class", "Our class", max_chars=LONGEST_TITLE, key="classroom_title")
    game = choose_game("classroom_teach")
    if game is not None and st.button("Open the class", key="classroom_open", type="primary", icon=":material/add:"):
        try:
            with st.spinner("Choosing clips …"):
                questions = make_questions(game, secrets.randbits(32))
            room, key = rooms().open(title, questions, game.title)
        except SERError as error:
            st.error(str(error), icon=":material/error:")
            return
        st.session_state[_STATE] = (room.code, key)
        st.rerun()
    with (
        st.expander("Come back to a class that is open", icon=":material/key:"),
        st.form("classroom_back", border=False),
    ):
        code = st.text_input("Code of the class", max_chars=20)
        key = st.text_input("Teacher's key", type="password", max_chars=40)
        if st.form_submit_button("Come back"):
            try:
                room = rooms().check_key(code, key)
            except ClassroomError as error:
                st.error(str(error), icon=":material/error:")
                return
            st.session_state[_STATE] = (room.code, key.strip())
            st.rerun()


def _show_door(room: Room, key: str) -> None:
    left, right = st.columns([1, 2], gap="large", vertical_alignment="center")
    with left, st.container(key="classroom_code"):
        st.markdown(room.code)
    with right:
        st.text(room.title)
        st.markdown("Students open this address, or choose **Classroom**, **A class**, and type the code:")
        addresses, local = _addresses()
        st.code("\n".join(f"{address}?class={room.code}" for address in addresses), language=None)
        if local:
            st.caption(
                "You opened this page as “localhost”, which students cannot. Above is this machine's number in its "
                "network, as far as it is known; whether it can be reached there depends on the network."
            )
        with st.expander("Your key, to come back after a reload", icon=":material/key:"):
            st.code(key, language=None)
            st.caption("Keep it to yourself: with it one can close the class and take names off the list.")


def _addresses() -> tuple[list[str], bool]:
    """Return where students find this page, and whether that had to be guessed."""
    here = urlsplit((st.context.url or "").split("?")[0])
    if here.hostname not in ("localhost", "127.0.0.1", "::1"):
        return [here.geturl()], False
    port = f":{here.port}" if here.port else ""
    numbers = [f"[{number}]" if ":" in number else number for number in local_addresses()[:1]]
    return [f"{here.scheme}://{number}{port}{here.path}" for number in numbers or ["localhost"]], True


def _look_on(code: str) -> None:
    try:
        room = rooms().room(code)
    except ClassroomError:
        st.rerun(scope="app")
        return
    correct, made = class_right(room)
    done = sum(len(student.guesses) == len(room.questions) for student in room.students)
    st.markdown(f"**{len(room.students)}** students, **{done}** of them finished")
    total = len(room.questions)
    scores = {"The class": (correct, made), f"The model ({room.model})": (model_right(room.questions), total)}
    show_figures("teach", scores, list(room.questions))
    if room.students:
        show_ranking(room)
    else:
        st.info("Nobody has joined yet.", icon=":material/hourglass_empty:")
    # Made at once, not at the press: Streamlit drops what a press has made as soon as two other sessions were drawn.
    st.download_button(
        "All guesses (CSV)", class_csv(room), f"class-{room.code}.csv", "text/csv", key="classroom_csv",
        on_click="ignore", icon=":material/table:",
    )  # fmt: skip


def _compare(room: Room) -> None:
    if not class_right(room)[1]:
        st.caption("Nobody has guessed yet.")
        return
    # Not drawn anew by itself: its downloads would come and go under the teacher's hand.
    st.button("With the newest guesses", key="classroom_newest", icon=":material/refresh:", type="tertiary")
    for column, name, table in zip(
        st.columns(2, gap="large"),
        ("The class", "The model"),
        (class_confusion(room), model_confusion(room.questions)),
        strict=True,
    ):
        with column:
            st.markdown(f"**{name}**: what was meant (rows), what was answered (columns), in %")
            figure = share_figure(shares(table).to_numpy().tolist(), list(table.columns))
            key = "classroom_confusion_" + name.split()[1]
            show_chart(figure, key, f"Confusion matrix: {name}.", table.reset_index(names="meant"))
    show_table(clip_table(room), "classroom_clips")


def _manage(room: Room, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.popover("Take a name off the list", icon=":material/person_remove:"):
            names = [student.nickname for student in rooms().room(room.code).students]
            name = st.selectbox("Nickname", names, key="classroom_remove_name", placeholder="nobody has joined")
            if st.button("Take it off", key="classroom_remove", disabled=name is None):
                rooms().remove(room.code, key, str(name))
                st.rerun()
        with st.popover("Close the class", icon=":material/close:"):
            st.markdown("All guesses and nicknames are forgotten at once. Save the CSV first if you want it.")
            if st.button("Close it now", key="classroom_close", type="primary"):
                rooms().close(room.code, key)
                st.session_state.pop(_STATE, None)
                st.rerun()
    st.caption("Nothing of a class is written to disk; it ends by itself after eight hours, or with the program.")
