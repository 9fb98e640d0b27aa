"""Two trainings on the same test clips: is one better, or was it luck?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.evaluate.one import choose_protocol, choose_source
from pages.parts.evaluate.sources import answers, trainings, version_of
from pages.parts.evaluate.words import percent
from pages.parts.show import show_chart
from ser_core.charts.evaluation import agreement_figure, difference_figure
from ser_core.errors import SERError
from ser_core.evaluation.comparison import Comparison, compare


def show_two() -> None:
    """Draw the choice of two trainings and how they differ."""
    found = trainings()
    if len(found) < 2:
        st.info(
            "Two finished trainings are needed, since only they keep every single answer (a model keeps its report "
            "only): make one more on the page Train, under the same protocol.",
            icon=":material/compare_arrows:",
        )
        return
    left, right = st.columns(2, gap="large")
    with left:
        first = choose_source("first", found, "First")
    with right:
        second = choose_source("second", [source for source in found if source != first], "Second")
    if first is None or second is None:
        return
    try:
        tested = [answers(source) for source in (first, second)]
    except (SERError, OSError, ValueError) as error:
        words = str(error) if isinstance(error, SERError) else "Its files are damaged: train it anew."
        st.warning(f"One of the two cannot be judged. {words}", icon=":material/warning:")
        return
    common = [protocol for protocol in tested[0] if protocol in tested[1]]
    protocol = choose_protocol("two", common)
    if protocol is None:
        st.info(
            "These two were not tested under the same protocol, so they cannot be compared: train one of them again "
            "under the protocol of the other.",
            icon=":material/rule:",
        )
        return
    versions = (version_of(first), version_of(second))
    try:
        result = _compare(first.key, second.key, versions, protocol, tested)
    except SERError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    _show(result)


@st.cache_resource(show_spinner="Comparing …", max_entries=16)
def _compare(
    first: str, second: str, versions: tuple[int, int], protocol: str, _tested: list[dict[str, list[pd.DataFrame]]]
) -> Comparison:
    return compare(_tested[0][protocol], _tested[1][protocol], protocol)


def _show(result: Comparison) -> None:
    st.markdown(f"**{result.words}**")
    with st.container(key="evaluate_headline"):
        columns = st.columns(4)
    columns[0].metric("UAR, first", percent(result.uar_first))
    columns[1].metric("UAR, second", percent(result.uar_second))
    columns[2].metric("McNemar p", "< 0.001" if result.mcnemar_p < 0.001 else f"{result.mcnemar_p:.3f}")
    columns[3].metric("Clips", f"{result.clips:,}")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("The difference", anchor=False)
        rows = pd.DataFrame(
            [
                {"name": "UAR", "value": result.uar_difference, **_ends(result.uar_difference_ci95)},
                {"name": "Accuracy", "value": result.wa_difference, **_ends(result.wa_difference_ci95)},
            ]
        )
        show_chart(difference_figure(rows), "evaluate_difference", result.words, rows)
        st.caption(
            "First minus second, with 95 % intervals: the test speakers are drawn anew 2,000 times, the same for both "
            "models. Where an interval crosses the dotted line, other speakers might have turned the result round."
        )
    with right:
        st.subheader("Who was right where", anchor=False)
        numbers = (result.both_right, result.only_first, result.only_second, result.neither)
        names = ("both right", "only the first", "only the second", "neither")
        alt = ", ".join(f"{name}: {number}" for name, number in zip(names, numbers, strict=True))
        table = pd.DataFrame({"who": names, "clips": numbers})
        show_chart(agreement_figure(*numbers), "evaluate_agreement", alt, table)
        st.caption(
            f"McNemar's test looks only at the clips that one of the two got right: {result.only_first:,} against "
            f"{result.only_second:,}. Its p says how likely so unequal numbers are if both models were equally good. "
            "It takes clips of one speaker for independent, which they are not, so go by the interval when they "
            "disagree."
        )


def _ends(interval: tuple[float, float]) -> dict[str, float]:
    return {"low": interval[0], "high": interval[1]}
