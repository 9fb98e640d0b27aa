"""What people hear: the votes of CREMA-D's listeners, beside a model that had not heard the speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.corpus_sounds import all_votes, clip_wav, read_clip
from pages.parts.models import choose_model
from pages.parts.show import show_chart, show_table
from ser_core.bundle import load_card
from ser_core.charts.exploration import group_label, histogram_figure, matrix_figure, votes_figure
from ser_core.corpora.votes import CHOICES, MODALITIES, listeners_confusion, listeners_summary, most_agreed, votes_of
from ser_core.errors import SERError

_PROTOCOL = "cremad-evar"
_MODALITIES = {"voice": "the voice", "face": "the face", "both": "both"}


def show_people(table: pd.DataFrame, clips: pd.DataFrame) -> None:
    """Draw what the crowd heard in the clips of CREMA-D that the filters leave."""
    here = clips[clips["corpus"] == "cremad"]
    if here.empty:
        st.info("Only CREMA-D publishes what people heard in its clips, and none of them is left by the filters.")
        return
    given = st.segmented_control(
        "People were given", list(MODALITIES), format_func=_MODALITIES.__getitem__, default="voice", required=True,
        key="votes_modality",
    )  # fmt: skip
    try:
        votes = all_votes(given or "voice")
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return
    votes = votes[votes["clip"].isin(here["clip"])].reset_index(drop=True)
    if votes.empty:
        st.info("None of these clips was rated.")
        return
    _overview(votes)
    left, right = st.columns(2, gap="large")
    with left:
        _listeners(votes)
    with right:
        _model(given or "voice")
    _agreement(votes)
    _extremes(votes, here)


def _overview(votes: pd.DataFrame) -> None:
    numbers = listeners_summary(votes)
    with st.container(horizontal=True, gap="large", key="vote_metrics"):
        for label, value in (
            ("Votes", f"{numbers['votes']:,}"),
            ("Right", f"{100 * numbers['accuracy']:.1f} %"),
            ("Right, by majority", f"{100 * numbers['accuracy_of_majority']:.1f} %"),
            ("Agreement", f"{100 * numbers['agreement']:.0f} %"),
        ):
            st.metric(label, value, width="content")
    st.markdown(numbers["words"])


def _listeners(votes: pd.DataFrame) -> None:
    st.markdown("**What people heard** for each intended emotion, in percent")
    confusion = listeners_confusion(votes)
    confusion = confusion[confusion.sum(axis=1) > 0]
    percent = 100 * confusion.div(confusion.sum(axis=1), axis=0)
    said = ", ".join(f"{name} {percent.at[name, name]:.0f} %" for name in percent.index)
    figure = matrix_figure(percent.round(), "meant", "heard", "%", top=100)
    show_chart(figure, "listeners_confusion", f"Recognised by people: {said}.", confusion.reset_index(names="meant"))


def _model(given: str) -> None:
    folder = choose_model()
    evaluation: dict[str, Any] | None = load_card(folder).evaluation.get(_PROTOCOL) if folder is not None else None
    if folder is None or evaluation is None:
        st.caption("The model that is chosen has no record on CREMA-D.")
        return
    title = load_card(folder).title
    st.markdown(f"**What the model {title} answered**, in percent, for speakers it had not heard")
    matrix = pd.DataFrame(evaluation["confusion"], index=evaluation["labels"], columns=evaluation["labels"])
    percent = (100 * matrix.div(matrix.sum(axis=1), axis=0)).round()
    alt = f"Recognised by {title}: " + ", ".join(f"{name} {percent.at[name, name]:.0f} %" for name in percent.index)
    show_chart(
        matrix_figure(percent, "meant", "answered", "%", top=100),
        "model_confusion",
        alt,
        matrix.reset_index(names="meant"),
    )
    clips = int(np.sum(evaluation["confusion"]))
    st.caption(
        f"{clips:,} clips of the {len(evaluation['folds'][0]['test_speakers'])} test speakers of {_PROTOCOL} "
        "(filters do not change this). "
        + ("It hears the voice only; people here saw more. " if given != "voice" else "")
        + "Beating people means reading the actor's intention better, which the model was taught and people were not."
    )


def _agreement(votes: pd.DataFrame) -> None:
    st.subheader("How far people agree", anchor=False)
    clips, edges = np.histogram(votes["agreement"], np.linspace(0, 1, 21))
    table = pd.DataFrame({"group": "all clips", "start_s": edges[:-1], "end_s": edges[1:], "clips": clips})
    named = table.rename(columns={"start_s": "from_share", "end_s": "to_share"}).drop(columns="group")
    by = votes.groupby("intended")[["agreement", "right"]].mean().reindex(list(CHOICES)).dropna()
    left, right = st.columns(2, gap="large")
    with left:
        figure = histogram_figure(table, "share of the commonest answer").update_layout(showlegend=False)
        show_chart(figure, "agreement", "Histogram of the share of the commonest answer.", named)
    with right:
        st.markdown("Mean share of votes for the commonest answer, and for the intended one:")
        show_table(by.reset_index(names="meant"), "agreement_by_emotion")


def _extremes(votes: pd.DataFrame, clips: pd.DataFrame) -> None:
    st.subheader("Hear for yourself", anchor=False)
    which = st.segmented_control(
        "Clips people", ["agree on most", "agree on least"], default="agree on most", required=True, key="votes_extreme"
    )
    found = most_agreed(votes, 12, least=which == "agree on least")
    _player(found, votes, clips)
    show_table(found, "most_agreed" if which == "agree on most" else "least_agreed")


def _player(found: pd.DataFrame, votes: pd.DataFrame, clips: pd.DataFrame) -> None:
    meant = dict(zip(found["clip"], found["intended"], strict=True))
    if st.session_state.get("votes_clip") not in meant:
        st.session_state.pop("votes_clip", None)
    left, right = st.columns(2, gap="large")
    with left:
        name = st.selectbox(
            "Clip", list(meant), format_func=lambda clip: f"{clip}, meant {group_label(meant[clip])}", key="votes_clip"
        )
        rows = clips[clips["clip"] == name]
        if len(rows) and read_clip(rows.iloc[0]) is not None:
            st.audio(clip_wav(rows.iloc[0]), format="audio/wav")
    numbers = votes_of(votes, str(name))
    if numbers:
        with right:
            said = ", ".join(f"{emotion} {number}" for emotion, number in numbers.items())
            show_chart(votes_figure(numbers, meant[str(name)]), "extreme_votes", f"Votes: {said}.")
