"""A task of a lesson: the question, an answer, a check, hints on request; what is solved stays solved."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ser_core.classroom.tasks import NumberTask, Task, check

_STATE = "classroom_done"


def done(lesson: str, task: str) -> bool:
    """Return whether a task was solved in this session."""
    return (lesson, task) in st.session_state.get(_STATE, set())


def mark(lesson: str, task: str) -> None:
    """Write down that a task is solved."""
    st.session_state.setdefault(_STATE, set()).add((lesson, task))


def show_tasks(lesson: str, tasks: Sequence[Task]) -> tuple[str, ...]:
    """Draw tasks one below the other; return their names."""
    for task in tasks:
        with st.container(border=True, key=f"classroom_task_{lesson}_{task.name}"):
            _show(lesson, task)
    return tuple(task.name for task in tasks)


def _show(lesson: str, task: Task) -> None:
    key = f"classroom_{lesson}_{task.name}"
    st.markdown(task.question)
    if done(lesson, task.name):
        answer = "" if isinstance(task, NumberTask) else f"**{task.answer}.** "
        st.success(answer + task.why, icon=":material/check_circle:")
        return
    with st.form(f"{key}_form", border=False):
        given: float | str | None
        if isinstance(task, NumberTask):
            given = st.number_input(f"Your answer ({task.unit})", value=None, key=f"{key}_answer", width=260)
        else:
            given = st.radio("Your answer", task.options, index=None, key=f"{key}_answer", label_visibility="collapsed")
        pressed = st.form_submit_button("Check", icon=":material/done:")
    if pressed and check(task, given):
        mark(lesson, task.name)
        st.rerun()
    if pressed:
        st.warning(_wrong(task, given), icon=":material/close:")
    _hints(task.hints, key)


def _wrong(task: Task, given: float | str | None) -> str:
    if given is None:
        return "Give an answer first."
    if isinstance(task, NumberTask):
        return f"Not yet: it is {'less' if float(given) > task.answer else 'more'}."
    return "Not yet: look once more."


def _hints(hints: Sequence[str], key: str) -> None:
    shown = int(st.session_state.get(f"{key}_hints", 0))
    for hint in hints[:shown]:
        st.caption(f":material/lightbulb: {hint}")
    if shown < len(hints):
        st.button(
            "A hint" if not shown else "Another hint", key=f"{key}_hint", type="tertiary", icon=":material/lightbulb:",
            on_click=st.session_state.__setitem__, args=(f"{key}_hints", shown + 1),
        )  # fmt: skip
