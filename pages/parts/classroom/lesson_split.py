"""The lesson about splits: mend one, then ask the laboratory what a leak is worth."""

from __future__ import annotations

import streamlit as st

from pages.parts.classroom.tasks import done, mark, show_tasks
from pages.parts.evaluate.lab import lab_key
from pages.parts.explore.data import available
from pages.parts.jobs import Progress, background
from ser_core.classroom.split import FILES, LEAKY_TEST, split_outcome
from ser_core.classroom.tasks import split_tasks
from ser_core.corpora.facts import CORPORA
from ser_core.corpora.statistics import corpus_title
from ser_core.leakage.lab import LabReport, run_lab

_MEND = "mend"
#: The fewer clips, the sooner the class sees something.
_ORDER = ("savee", "ravdess", "tess", "cremad")


def show_split_tasks(lesson: str) -> tuple[str, ...]:
    """Draw the split to mend and the tasks about the laboratory; return the tasks' names."""
    with st.container(border=True, key="classroom_task_split_mend"):
        _show_mend(lesson)
    corpora = [name for name in _ORDER if name in available()]
    if not corpora:
        st.info(
            "The laboratory needs a corpus on this machine (the page Explore says how to get one); without, this "
            "lesson ends here.",
            icon=":material/folder_off:",
        )
        return (_MEND,)
    left, _ = st.columns(2)
    corpus = left.selectbox("Laboratory with", corpora, format_func=corpus_title, key="classroom_lab_corpus")
    report = _laboratory(corpus)
    if report is None:
        return _MEND, "laboratory"
    return _MEND, *show_tasks(lesson, split_tasks(report))


def _show_mend(lesson: str) -> None:
    st.markdown(
        "**Mend this split.** Four speakers, three clips each; a name begins with the speaker. Chance has dealt out "
        "these test files; all others are for training. Choose test files so that no speaker is in both."
    )
    if done(lesson, _MEND):
        st.success(st.session_state["classroom_mended"], icon=":material/check_circle:")
        return
    test = st.multiselect("Test files", FILES, default=LEAKY_TEST, key="classroom_mend")
    outcome = split_outcome(test)
    if outcome.honest:
        st.session_state["classroom_mended"] = f"Mended, with {', '.join(test)} in the test. {outcome.words}"
        mark(lesson, _MEND)
        st.rerun()
    st.warning(outcome.words, icon=":material/report:")


def _laboratory(corpus: str) -> LabReport | None:
    """Return what the laboratory found, started here or on its own page; None while there is nothing."""

    def work(progress: Progress, cancelled: object) -> LabReport:
        return run_lab(corpus, seeds=1, progress=progress, cancelled=cancelled)  # type: ignore[arg-type]

    clips = CORPORA[corpus].clips if corpus in CORPORA else 0
    report: LabReport | None = background(
        lab_key(corpus, 1), "Run the laboratory", work, name="classroom_lab",
        explain=f"Seven ways to train on {corpus_title(corpus)} ({clips:,} clips). The first time takes minutes, since "
        "every clip and an altered copy of it are measured; your teacher may have done so already. It is the "
        "laboratory of the page Evaluate with “Repeated 1 ×”, and runs once for the whole class.",
    )  # fmt: skip
    if report is not None:
        lines = [
            f"- {part.title}: **{100 * part.uar:.1f} %**"
            + ("" if part.honest else f", {100 * part.gain:+.1f} points over the honest way like it")
            for part in report.experiments
        ]
        st.markdown("UAR of the same model:\n" + "\n".join(lines))
    return report
