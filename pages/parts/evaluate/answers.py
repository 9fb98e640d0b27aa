"""What only single answers tell: groups of speakers, and how much confidence is worth."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.evaluate.judged import Judged
from pages.parts.evaluate.words import GROUPS, METRICS, percent
from pages.parts.show import show_chart
from ser_core.charts.evaluation import coverage_figure, intervals_figure, reliability_figure
from ser_core.corpora.statistics import corpus_title
from ser_core.evaluation.details import Group

#: More groups than this are drawn in part.
_MOST_GROUPS = 40


def show_groups(judged: Judged) -> None:
    """Draw the score of each group of clips that have something in common."""
    assert judged.details is not None
    known = {name: groups for name, groups in judged.details.groups.items() if groups and name in GROUPS}
    names = [name for name in GROUPS if name in known and (len(known[name]) > 1 or name == "speaker")]
    if not names:
        st.info("Nothing is known by which these clips could be grouped: the corpus is not here.")
        return
    if st.session_state.get("evaluate_group") not in names:
        st.session_state["evaluate_group"] = names[0]
    left, right = st.columns([3, 1])
    chosen = left.segmented_control(
        "By", names, required=True, key="evaluate_group", format_func=lambda name: GROUPS[name][0]
    )
    measure = right.segmented_control(
        "Measure", ["uar", "wa"], default="uar", required=True, key="evaluate_group_metric",
        format_func=lambda name: METRICS[name][0],
    )  # fmt: skip
    name, measure = chosen or names[0], measure or "uar"
    table = _group_table(known[name], name, measure)
    title = METRICS[measure][0]
    shown = table.sort_values("value", kind="stable") if len(table) > 6 else table
    words = ""
    if len(shown) > _MOST_GROUPS:
        half = _MOST_GROUPS // 2
        shown = pd.concat([shown.head(half), shown.tail(half)])
        words = f" The {half} lowest and the {half} highest of {len(table)}; the CSV has all."
    shown = shown.assign(guessing=judged.chance)
    figure = intervals_figure(shown, f"{title} (%)", row_height=34)
    ends = table.loc[[table["value"].idxmin(), table["value"].idxmax()]]
    said = " to ".join(
        f"{row.name_} {percent(row.value)}" for row in ends.rename(columns={"name": "name_"}).itertuples()
    )
    show_chart(figure, f"evaluate_groups_{name}", f"{title} by {name}: from {said}.", table)
    st.caption(f"{GROUPS[name][1]} {title}: {METRICS[measure][1]}{words} {_absent(judged, known)}")


def show_confidence(judged: Judged) -> None:
    """Draw what confidence is worth: reliability, and accuracy against coverage."""
    details = judged.details
    assert details is not None
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Is it as often right as it is sure?", anchor=False)
        bins = pd.DataFrame([part.model_dump() for part in details.reliability])
        said = ", ".join(
            f"{100 * b.confidence:.0f} % sure, {100 * b.accuracy:.0f} % right" for b in details.reliability
        )
        show_chart(reliability_figure(details.reliability), "evaluate_reliability", f"Reliability: {said}.", bins)
        for name in ("ece", "brier"):
            part = details.metrics[name]
            between = f" ({part.low:.3f} to {part.high:.3f})" if part.low is not None and part.high is not None else ""
            value = "–" if part.value is None else f"{part.value:.3f}{between}"
            st.markdown(f"**{METRICS[name][0]} {value}:** {METRICS[name][1]}")
        st.caption(
            "Points above the dotted line: the model is too modest; below: too sure. Large points: many answers."
        )
    with right:
        st.subheader("What if it answers only where it is sure?", anchor=False)
        part = details.abstaining
        curve = pd.DataFrame({"coverage": part.coverage, "accuracy": part.accuracy, "confidence": part.confidence})
        words = f"At its own threshold it answers {percent(part.chosen_coverage)} of the clips"
        if part.chosen_accuracy is not None:
            words += f", and {percent(part.chosen_accuracy)} of these answers are right"
        show_chart(coverage_figure(part), "evaluate_coverage", f"Accuracy against coverage. {words}.", curve)
        st.markdown(f"**{words}.**")
        st.caption(
            "From right to left the model keeps silent more often; a good one is then right more often. Here all "
            "eight emotions are allowed as answers, as in use, so the right end may lie below the accuracy above."
        )


def _group_table(groups: list[Group], by: str, measure: str) -> pd.DataFrame:
    rows = []
    for group in groups:
        estimate = group.uar if measure == "uar" else group.wa
        rows.append(
            {
                "name": _group_name(group.value, by),
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "clips": group.clips,
                "speakers": group.speakers,
            }
        )
    table = pd.DataFrame(rows).astype({"value": float, "low": float, "high": float})
    return table.dropna(subset=["value"]).reset_index(drop=True)


def _group_name(value: str, by: str) -> str:
    if by == "speaker":
        corpus, speaker = value.split("/", 1)
        return f"{corpus_title(corpus)} {speaker}"
    return corpus_title(value) if by == "corpus" else value


def _absent(judged: Judged, known: dict[str, list[Group]]) -> str:
    missing = [GROUPS[name][0].lower() for name in ("age", "intensity", "sentence") if name not in known]
    if not missing:
        return ""
    return f"Not told here: {', '.join(missing)}."
