"""The leakage laboratory: the same quick model, trained honestly and with each of the usual mistakes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.evaluate.words import percent
from pages.parts.explore.data import available, data_version
from pages.parts.jobs import Progress, background, forget, is_known
from pages.parts.show import show_chart
from ser_core.charts.evaluation import intervals_figure
from ser_core.corpora.statistics import corpus_title
from ser_core.leakage.lab import Experiment, LabReport, run_lab
from ser_core.leakage.words import EXPLANATIONS, HONEST, TITLES

_FIRST = "ravdess"
#: A smaller gain is none to be alarmed about.
_VISIBLE = 0.005
_HONEST, _FOOLED = "to be believed", "a way to fool yourself"


def show_lab() -> None:
    """Draw the choice of the corpus, the run of the experiments, and what came out."""
    st.markdown(
        "A score can be raised by 20 points without a better model. Here one quick model (a support vector "
        "machine on statistics of the voice) is trained on the same clips in each of the usual ways, and the scores "
        "stand side by side."
    )
    corpora = sorted(available(), key=lambda name: name != _FIRST)
    if not corpora:
        st.info(
            "There is no corpus here to experiment on: the page Explore says how to get one.", icon=":material/folder:"
        )
        _ways()
        return
    left, right = st.columns(2, gap="large")
    corpus = left.selectbox("Corpus", corpora, format_func=corpus_title, key="lab_corpus")
    seeds = right.selectbox("Repeated", [1, 3, 5], index=1, format_func=lambda n: f"{n} ×", key="lab_seeds")
    key = lab_key(corpus, seeds)

    def work(progress: Progress, cancelled: object) -> LabReport:
        return run_lab(corpus, seeds=seeds, progress=progress, cancelled=cancelled)  # type: ignore[arg-type]

    report = background(
        key, "Run the laboratory", work,
        explain=f"Seven ways to train, each {seeds} ×, all with {corpus_title(corpus)} (of large corpora some 2,000 "
        "clips). The first time takes several minutes, since every clip and an altered copy of it are measured; after "
        "that about a minute. Others may use the page meanwhile.",
    )  # fmt: skip
    if report is None:
        if not is_known(key):
            _ways()
        return
    _show(report)
    st.button("Run it again", key="lab_again", on_click=forget, args=(key,), icon=":material/replay:", type="tertiary")


def lab_key(corpus: str, seeds: int) -> str:
    """Return what names a run of the laboratory, for every page that shows it."""
    return f"lab:{corpus}:{seeds}:{data_version()}"


def _ways() -> None:
    """Say what the experiments are."""
    st.subheader("The experiments", anchor=False)
    for name, title in TITLES.items():
        sign = ":material/verified:" if name in HONEST else ":material/report:"
        st.markdown(f"- {sign} **{title}.** {EXPLANATIONS[name]}")


def _show(report: LabReport) -> None:
    st.subheader(_finding(report), anchor=False)
    rows = pd.DataFrame(
        {
            "name": entry.title,
            "value": entry.uar,
            "low": entry.uar_ci95[0],
            "high": entry.uar_ci95[1],
            "kind": _HONEST if entry.honest else _FOOLED,
            "guessing": report.chance,
        }
        for entry in report.experiments
    )
    said = ", ".join(f"{entry.title} {percent(entry.uar)}" for entry in report.experiments)
    table = pd.DataFrame([entry.model_dump(exclude={"explanation"}) for entry in report.experiments])
    show_chart(intervals_figure(rows, "UAR (%)", row_height=46), "evaluate_lab", f"UAR: {said}.", table)
    st.caption(
        f"{report.clips:,} clips of {report.speakers} speakers in {corpus_title(report.corpus)}, {report.classes} "
        "emotions; all repetitions pooled. UAR: of each emotion's clips, the share that was recognised, averaged. "
        "Intervals are 95 %, from drawing the speakers anew."
    )
    titles = {entry.name: entry.title for entry in report.experiments}
    for entry in report.experiments:
        _explain(entry, titles)


def _explain(entry: Experiment, titles: dict[str, str]) -> None:
    with st.container(border=True, key=f"lab_way_{entry.name}"):
        sign = ":material/verified:" if entry.honest else ":material/report:"
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.markdown(f"{sign} **{entry.title}**")
        left.markdown(entry.explanation)
        right.metric(
            "UAR", percent(entry.uar), f"{100 * entry.gain:+.1f} points" if entry.reference else None,
            delta_color="off" if entry.honest or abs(entry.gain) < _VISIBLE else "inverse",
        )  # fmt: skip
        if entry.reference:
            low, high = (100 * end for end in entry.gain_ci95)
            right.caption(f"({low:+.1f} to {high:+.1f}) against “{titles[entry.reference]}”")


def _finding(report: LabReport) -> str:
    by_name = {entry.name: entry for entry in report.experiments}
    honest, worst = by_name["speakers"], max(report.experiments, key=lambda entry: entry.gain)
    if worst.honest or worst.gain <= 0:
        return f"With new voices: {percent(honest.uar)}. On this corpus none of the mistakes paid."
    return (
        f"With new voices: {percent(honest.uar)}. {worst.title}: {percent(worst.uar)}, which is "
        f"{100 * worst.gain:.0f} points too good to be true."
    )
