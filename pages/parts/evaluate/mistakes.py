"""The most confident mistakes, to listen to."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.corpus_sounds import clip_wav, read_clip
from pages.parts.evaluate.judged import Judged
from pages.parts.show import show_table
from ser_core.charts.exploration import group_label
from ser_core.corpora.statistics import corpus_title
from ser_core.evaluation.details import Mistake

_PLAYED = 12


def show_mistakes(judged: Judged) -> None:
    """Draw the most confident mistakes, to listen to."""
    assert judged.details is not None
    mistakes = judged.details.mistakes
    if not mistakes:
        st.success("Not a single wrong answer.")
        return
    st.markdown(
        "The wrong answers of which the model was surest, each in the emotions of this test. Listen: sometimes the "
        "model is deaf, sometimes the actor is unclear, sometimes the label is doubtful."
    )
    trues = ["all", *dict.fromkeys(mistake.truth for mistake in mistakes)]
    if st.session_state.get("evaluate_mistake_truth") not in trues:
        st.session_state["evaluate_mistake_truth"] = "all"
    truth = st.selectbox("Meant was", trues, format_func=group_label, key="evaluate_mistake_truth")
    chosen = [mistake for mistake in mistakes if truth in ("all", None, mistake.truth)]
    for mistake in chosen[:_PLAYED]:
        _mistake(mistake)
    table = pd.DataFrame([mistake.model_dump(exclude={"path"}) for mistake in chosen])
    st.subheader(f"The {len(chosen)} surest", anchor=False)
    show_table(table, "evaluate_mistakes")


def _mistake(mistake: Mistake) -> None:
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.markdown(
            f"Meant **{group_label(mistake.truth)}**, heard **{group_label(mistake.answer)}** "
            f"({100 * mistake.confidence:.0f} % sure)"
        )
        left.caption(f"{corpus_title(mistake.corpus)}, speaker {mistake.speaker}, {mistake.clip}")
        with right:
            if mistake.path is None:
                st.caption("The corpus is not here, so it cannot be played.")
                return
            clip = pd.Series({"path": mistake.path})
            if read_clip(clip) is not None:
                st.audio(clip_wav(clip), format="audio/wav")
