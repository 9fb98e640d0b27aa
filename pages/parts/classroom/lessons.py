"""The lessons: steps that lead to the real pages, tasks with a check, progress that stays for the session."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.parts.classroom.kept import kept_choice
from pages.parts.classroom.lesson_classifier import show_classifier_tasks
from pages.parts.classroom.lesson_people import show_bias_tasks
from pages.parts.classroom.lesson_rule import show_rule
from pages.parts.classroom.lesson_split import show_split_tasks
from pages.parts.classroom.tasks import done, show_tasks
from ser_core.classroom.lessons import LESSONS, Lesson, lesson
from ser_core.classroom.tasks import feature_tasks, sound_tasks, spectrogram_tasks

#: Page -> its file, what a link to it says, and its sign.
PAGES = {
    "signals": ("pages/signals.py", "Go to Signals", ":material/waves:"),
    "train": ("pages/train.py", "Go to Train", ":material/model_training:"),
    "evaluate": ("pages/evaluate.py", "Go to Evaluate", ":material/verified:"),
}


def show_lessons() -> None:
    """Draw the choice of the lesson, and the lesson."""
    st.markdown(
        "Each lesson sends you to a page of this program to find something out, and checks it here. Come back by "
        "**Classroom** in the menu: the lesson waits where you left it."
    )
    names = [part.name for part in LESSONS]
    numbers = {part.name: f"{number}. {part.title}" for number, part in enumerate(LESSONS, start=1)}

    def words(name: str) -> str:
        return f"{':material/check_circle: ' if _finished(name) else ''}{numbers[name]}"

    chosen = lesson(kept_choice("Lesson", names, "classroom_lesson", names[0], words=words))
    st.progress(
        sum(map(_finished, names)) / len(names), text=f"{sum(map(_finished, names))} of {len(names)} lessons finished"
    )
    _show(chosen)


def _show(chosen: Lesson) -> None:
    st.subheader(chosen.title, anchor=False)
    st.caption(f"About {chosen.minutes} minutes. Afterwards: {chosen.aim}")
    for number, step in enumerate(chosen.steps, start=1):
        st.markdown(f"**{number}.** {step.text}")
        if step.page in PAGES:
            file, label, icon = PAGES[step.page]
            st.page_link(file, label=label, icon=icon, width="content")
    st.markdown("#### Your turn")
    found = _TASKS[chosen.name]()
    st.session_state.setdefault("classroom_tasks", {})[chosen.name] = found
    if _finished(chosen.name):
        st.success("This lesson is finished. Well done.", icon=":material/celebration:")


def _finished(name: str) -> bool:
    """Return whether all tasks that a lesson set were solved."""
    asked = st.session_state.get("classroom_tasks", {}).get(name, ())
    return bool(asked) and all(done(name, task) for task in asked)


def _features() -> tuple[str, ...]:
    return (*show_tasks("features", feature_tasks()), show_rule("features"))


#: Each draws its tasks and returns their names.
_TASKS: dict[str, Callable[[], tuple[str, ...]]] = {
    "sound": lambda: show_tasks("sound", sound_tasks()),
    "spectrogram": lambda: show_tasks("spectrogram", spectrogram_tasks()),
    "features": _features,
    "classifier": lambda: show_classifier_tasks("classifier"),
    "split": lambda: show_split_tasks("split"),
    "bias": lambda: show_bias_tasks("bias"),
}
