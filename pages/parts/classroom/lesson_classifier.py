"""The lesson about a first classifier: its tasks are about the class's own training, or a shipped model."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts.classroom.tasks import show_tasks
from pages.parts.models import FIRST
from pages.parts.train.common import manager
from ser_core.bundle import list_bundles, load_card
from ser_core.classroom.tasks import report_tasks
from ser_core.errors import SERError
from ser_core.training.listing import report_of

#: The recipe of the classroom preset.
CLASSROOM = "classroom"
_PROTOCOL = "ravdess-emobox"


def show_classifier_tasks(lesson: str) -> tuple[str, ...]:
    """Draw what the tasks are about, and the tasks; return their names."""
    reports = _reports()
    if not reports:
        st.info("No training is finished here and no shipped model has a report: train one on the page Train.")
        return ("none",)
    name = st.selectbox("About", list(reports), key="classroom_classifier_run")
    if name == next(reversed(reports)) and len(reports) == 1:
        st.caption(
            "No classroom training is finished here. Without one (or without a corpus), use the shipped model: page "
            "**Evaluate**, *One model*, tested on RAVDESS."
        )
    return show_tasks(lesson, report_tasks(reports[name]))


def _reports() -> dict[str, dict[str, Any]]:
    """Return evaluation objects by what to call them: finished classroom trainings, the newest first, then a model."""
    found: dict[str, dict[str, Any]] = {}
    for run in manager().look():
        if run.recipe is None or run.recipe.name != CLASSROOM or run.state.status != "finished":
            continue
        try:
            found |= {f"{run.name} (training)": report for report in report_of(run).values()}
        except (SERError, OSError, ValueError, KeyError):  # damaged: the page Train says so
            continue
    folder = list_bundles().get(FIRST)
    if folder is not None:
        try:
            card = load_card(folder)
        except SERError:
            return found
        if _PROTOCOL in card.evaluation:
            found[f"{card.title} on RAVDESS (model that ships)"] = card.evaluation[_PROTOCOL]
    return found
