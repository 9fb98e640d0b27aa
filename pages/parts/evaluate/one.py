"""One model or training under one protocol, in every way of looking at its answers."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.parts.evaluate.answers import show_confidence, show_groups
from pages.parts.evaluate.curves import show_curves
from pages.parts.evaluate.judged import Judged
from pages.parts.evaluate.mistakes import show_mistakes
from pages.parts.evaluate.scores import show_confusion, show_emotions, show_scores
from pages.parts.evaluate.sources import Source, judge, models, reports, trainings
from pages.parts.evaluate.words import INTERVAL
from pages.parts.train.common import protocol_words
from ser_core.corpora.statistics import corpus_title

_ALWAYS: dict[str, Callable[[Judged], None]] = {
    "Scores": show_scores,
    "Emotions": show_emotions,
    "Confusions": show_confusion,
}
#: What needs every single answer.
_DETAILED: dict[str, Callable[[Judged], None]] = {
    "Curves": show_curves,
    "Groups": show_groups,
    "Confidence": show_confidence,
    "Mistakes": show_mistakes,
}


def show_one() -> None:
    """Draw the choice and what is known."""
    source = choose_source("one", [*trainings(), *models()])
    if source is None:
        st.info(
            "There is nothing to judge yet: make a training on the page Train, or put a model into `models/`.",
            icon=":material/model_training:",
        )
        return
    protocol = choose_protocol("one", list(reports(source)))
    if protocol is None:
        st.info(
            "This one was not tested on speakers it had not heard, so nobody knows how good it is. Train it on the "
            "page Train under a protocol that holds speakers out.",
            icon=":material/help:",
        )
        return
    judged = judge(source, protocol)
    _headline(judged)
    views = _ALWAYS if judged.details is None else _ALWAYS | _DETAILED
    if judged.details is None and not judged.partial:
        st.info(
            "A model keeps its report, not its single answers: curves, groups of speakers, confidence and mistakes "
            "are shown for trainings. Choose the training it was made of, or train its recipe on the page Train.",
            icon=":material/info:",
        )
    if st.session_state.get("evaluate_view") not in views:
        st.session_state["evaluate_view"] = "Scores"
    view = st.segmented_control(
        "View", list(views), required=True, key="evaluate_view", label_visibility="collapsed"
    )  # fmt: skip
    views[view or "Scores"](judged)


def choose_source(key: str, sources: list[Source], label: str = "Model or training") -> Source | None:
    """Draw the choice of a model or a training; None where there is none."""
    by_key = {source.key: source for source in sources}
    name = f"evaluate_source_{key}"
    if st.session_state.get(name) not in by_key:
        st.session_state.pop(name, None)
    chosen = st.selectbox(label, list(by_key), format_func=lambda k: by_key[k].title, key=name) if by_key else None
    return by_key.get(chosen or "")


def choose_protocol(key: str, protocols: list[str]) -> str | None:
    """Draw the choice of a protocol; None where there is none."""
    name = f"evaluate_protocol_{key}"
    if st.session_state.get(name) not in protocols:
        st.session_state.pop(name, None)
    if not protocols:
        return None
    return st.selectbox(
        "Tested on", protocols, format_func=lambda p: f"{protocol_words(p)} ({p})", key=name,
        help="The protocol: which speakers were held out of the training. Scores of different protocols cannot be "
        "compared.",
    )  # fmt: skip


def _headline(judged: Judged) -> None:
    if judged.leaky:
        st.warning(
            "**These scores are inflated on purpose:** the test speakers were heard in training. They say nothing "
            "about new voices, and stand here only to show how much a random split flatters.",
            icon=":material/warning:",
        )
    if judged.partial:
        st.warning(
            "Not all folds of this protocol were trained: the scores cover some of its speakers and must not be "
            "compared with published ones.",
            icon=":material/warning:",
        )
    with st.container(key="evaluate_headline"):
        _metrics(judged)
    _tested(judged)


def _metrics(judged: Judged) -> None:
    columns = st.columns(4)
    for column, name, label in zip(columns, ("uar", "wa"), ("UAR", "Accuracy"), strict=False):
        part = judged.metrics[name]
        column.metric(label, f"{100 * (part.value or 0):.1f} %")
        if part.low is not None and part.high is not None:
            column.caption(f"95 % interval {100 * part.low:.1f} to {100 * part.high:.1f}")
    columns[2].metric("Guessing", f"{100 * judged.chance:.1f} %")
    columns[2].caption(f"one of {len(judged.labels)} emotions at random")
    columns[3].metric("People", f"{100 * judged.human.accuracy:.1f} %" if judged.human else "–")
    if judged.human is None:
        columns[3].caption("known for single corpora only")
    else:
        columns[3].caption("accuracy of listeners")


def _tested(judged: Judged) -> None:
    where = ", ".join(corpus_title(corpus) for corpus in judged.corpora)
    never = "" if judged.leaky else " that the models had never heard"
    words = f"{judged.clips:,} clips of {judged.speakers} speakers{never}{f', {where}' if where else ''}. {INTERVAL}"
    if judged.human is not None:
        doubt = "" if judged.human.verified else " (not compared with the publication itself)"
        words += (
            f" People: {judged.human.source}{doubt}; a model above them reads the actor's intention, which it was "
            "trained on and they were not told."
        )
    st.caption(words)
