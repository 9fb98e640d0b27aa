"""The lesson about bias: groups of speakers as the card of a model has them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.classroom.tasks import show_tasks
from pages.parts.show import show_chart
from ser_core.bundle import ModelCard, list_bundles, load_card
from ser_core.charts.evaluation import intervals_figure
from ser_core.classroom.tasks import bias_tasks
from ser_core.corpora.statistics import corpus_title
from ser_core.errors import SERError


def show_bias_tasks(lesson: str) -> tuple[str, ...]:
    """Draw the groups of a model and the tasks about them; return their names."""
    cards = _cards()
    if not cards:
        st.info("No model here has figures about groups of speakers in its card.", icon=":material/info:")
        return ("none",)
    left, _ = st.columns(2)
    name = left.selectbox("Model", list(cards), format_func=lambda name: cards[name].title, key="classroom_bias_model")
    people = _people(cards[name])
    rows = pd.DataFrame(
        {
            "name": f"{corpus_title(corpus)}: {_words(value)} ({group['speakers']})",
            "value": group["uar"],
            "low": (group["uar_ci95"] or [float("nan")] * 2)[0],
            "high": (group["uar_ci95"] or [float("nan")] * 2)[1],
        }
        for corpus, parts in people.items()
        for value, group in parts.get("sex", {}).get("groups", {}).items()
    )
    said = ", ".join(
        f"{row.name_} {100 * row.value:.1f} %" for row in rows.rename(columns={"name": "name_"}).itertuples()
    )
    figure = intervals_figure(rows, "UAR (%)", row_height=34)
    show_chart(figure, "classroom_people", f"UAR of women and men by corpus: {said}.", rows)
    st.caption(
        "In brackets: the number of speakers. From the model's card, of speakers whom the models had not heard; "
        "intervals of 95 % over speakers. The CSV has the figures with all digits."
    )
    with st.expander("What this model's card says about its limits", icon=":material/description:"):
        st.markdown("\n".join(f"- {limit}" for limit in cards[name].limits))
    return show_tasks(lesson, bias_tasks(people))


def _cards() -> dict[str, ModelCard]:
    found = {}
    for name, folder in sorted(list_bundles().items()):
        try:
            card = load_card(folder)
        except SERError:
            continue
        if _people(card):
            found[name] = card
    return found


def _people(card: ModelCard) -> dict[str, dict[str, Any]]:
    return {
        report["corpus"]: report["people"]
        for report in card.evaluation.values()
        if report.get("people", {}).get("sex") and report.get("corpus")
    }


def _words(value: str) -> str:
    return {"female": "women", "male": "men"}.get(value, value)
