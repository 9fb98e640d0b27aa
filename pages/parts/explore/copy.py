"""What is wrong with this copy of the corpora, in words."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.explore.data import available, data_version
from pages.parts.jobs import background
from pages.parts.show import show_table
from ser_core.corpora.facts import CORPORA
from ser_core.corpora.statistics import corpus_title
from ser_core.corpora.verify import CorpusReport, verify_corpus
from ser_core.settings import settings

_LISTS = {
    "missing": "Missing",
    "extra": "No clip of this corpus",
    "silent": "Silent",
    "unreadable": "Cannot be read",
    "misnamed": "Wrongly named, or not what the name says",
    "stubs": "Git-LFS reference instead of the sound",
    "wrong_rate": "Another sample rate than the rest",
    "copies": "Further copies, not used",
}


def show_copy(table: pd.DataFrame, clips: pd.DataFrame) -> None:
    """Draw the verify report of one corpus."""
    names = [name for name in available() if name in CORPORA]
    if not names:
        st.info("Only the four published corpora can be compared with what they should hold.")
        return
    corpus = st.segmented_control(
        "Corpus", names, default=names[0], required=True, format_func=corpus_title, key="copy_corpus"
    )
    name = corpus or names[0]
    folder = settings().data / name

    def work(progress: Any, cancelled: Any) -> CorpusReport:
        return verify_corpus(name, folder, progress=progress, cancelled=cancelled)

    report: CorpusReport | None = background(
        f"verify:{data_version()}:{name}",
        f"Check {corpus_title(name)}",
        work,
        explain=f"Every clip of {corpus_title(name)} is decoded and compared with what the publisher's corpus holds. "
        "The first time takes up to a minute or two, in the background.",
    )
    if report is not None:
        _report(report)


def _report(report: CorpusReport) -> None:
    verdict, *rest = report.words()
    if report.as_published:
        st.success(verdict, icon=":material/check_circle:")
    else:
        st.warning(verdict, icon=":material/warning:")
    st.markdown("\n".join(f"- {sentence}" for sentence in rest))
    rows = [
        {"what": title, "clip": clip, "note": report.notes.get(clip, "")}
        for field, title in _LISTS.items()
        for clip in getattr(report, field)
    ]
    rows += [
        {
            "what": "The same sound" + (", labelled differently" if group in report.mislabelled else ""),
            "clip": ", ".join(group),
            "note": "",
        }
        for group in report.duplicates
    ]
    if rows:
        show_table(pd.DataFrame(rows), f"verify_{report.corpus}")
