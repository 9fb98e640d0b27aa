"""The four corpora without any copy of them: what is in them, what people make of them, how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.explore.data import available
from pages.parts.jobs import background, forget, is_known
from pages.parts.show import save_table
from ser_core.charts.exploration import group_label
from ser_core.corpora.cremad import STARTER_CLIPS
from ser_core.corpora.download import download_starter_pack
from ser_core.corpora.facts import CORPORA, CorpusFacts, size_words
from ser_core.settings import settings


def show_about() -> None:
    """Draw the published facts of the four corpora and how to get them."""
    found = available()
    if not found:
        _how_to_start()
    _starter_pack(found)
    st.markdown(
        "Most of what is known about emotion in the voice comes from **actors** who were asked to portray it. These "
        "four corpora are used most; each teaches something else, and none of them is everyday speech."
    )
    for pair in (("cremad", "ravdess"), ("savee", "tess")):
        for column, corpus in zip(st.columns(2, gap="medium"), pair, strict=True):
            with column.container(border=True, height="stretch", key=f"about_{corpus}"):
                _card(corpus, CORPORA[corpus], here=corpus in found)
    save_table(facts_table(), "corpora_facts")
    _what_to_know()


def facts_table() -> pd.DataFrame:
    """Return the published facts, one row a corpus."""
    rows = []
    for name, facts in CORPORA.items():
        row = {"folder": name} | vars(facts) | {"emotions": ", ".join(facts.emotions)}
        rows.append(row)
    return pd.DataFrame(rows)


def _how_to_start() -> None:
    st.info(
        f"No corpus was found in `{settings().data}`, so this page shows what is published. Put a corpus into a "
        "folder named " + ", ".join(f"`{name}`" for name in CORPORA) + " there, or set `SER_DATA` to the folder that "
        "holds them, and reload this page: then it counts, plays and compares the clips themselves.",
        icon=":material/folder_open:",
    )


def _starter_pack(found: list[str]) -> None:
    """Offer a few real voices on one press."""
    key = f"starter:{settings().data}"
    if "cremad" in found and not is_known(key):
        return

    def work(progress: Any, cancelled: Any) -> Path:
        return download_starter_pack(progress=progress, cancelled=cancelled)

    with st.container(border=True, key="starter"):
        facts = CORPORA["cremad"]
        done = background(
            key,
            f"Fetch {len(STARTER_CLIPS)} real voices",
            work,
            explain=f"**Real voices within seconds:** {len(STARTER_CLIPS)} clips of CREMA-D (licence: "
            f"[{facts.licence}]({facts.licence_url}), which allows this) are fetched from their publisher into "
            f"`{settings().data / 'cremad'}`. This is the only time that this page uses the internet.",
        )
    if done is not None:
        forget(key)
        st.rerun()


def _card(corpus: str, facts: CorpusFacts, *, here: bool) -> None:
    st.subheader(facts.title + (" :material/check_circle:" if here else ""), anchor=False)
    st.caption(
        f"{facts.language}, {facts.year}" + (" · a copy is on this machine" if here else " · not on this machine")
    )
    st.markdown(
        f"**{facts.clips:,}** clips · **{facts.speakers}** speakers · **{facts.hours:.1f}** hours · "
        f"{facts.clips // facts.speakers:,} clips a speaker"
    )
    st.markdown(f"{facts.speakers_note}; {facts.material}.")
    st.markdown(" · ".join(group_label(emotion) for emotion in facts.emotions))
    if facts.listeners:
        st.markdown(f":material/hearing: {facts.listeners}.")
    with st.expander("How to get it"):
        st.markdown(f"{facts.obtain}")
        if not (facts.accept_licence and facts.download_bytes is None and corpus == "savee"):
            st.code(f"python scripts/corpora.py download {corpus}", language="bash")
        st.markdown(
            f"Size: {size_words(facts.download_bytes)}. Licence: [{facts.licence}]({facts.licence_url}). "
            f"[Its page]({facts.url}). Files are named like `{facts.example}`, recorded at "
            f"{facts.sample_rate / 1000:g} kHz."
        )
        st.caption(facts.source)


def _what_to_know() -> None:
    with st.expander("What to know before training on them", icon=":material/school:"):
        st.markdown(
            "- **Speakers matter more than clips.** TESS has 2,800 clips but two speakers: whoever tests on one has "
            "trained on a single voice. CREMA-D's 91 speakers say more about a new voice.\n"
            "- **Never split at random.** A clip of the same speaker in training and test lets a model recognise the "
            "voice instead of the emotion. Figures of 92 to 98 % come from this.\n"
            "- **Rooms give labels away.** Each corpus has its own microphone, level and pauses; pooled, these alone "
            "tell the corpus, and with it which emotions are possible.\n"
            "- **Classes differ.** Only RAVDESS has calm; CREMA-D has no surprised; neutral is rarer or commoner than "
            "the others, depending on the corpus.\n"
            "- **Listeners disagree.** People who only hear a clip often miss what the actor meant: a label is an "
            "intention, not what everybody hears."
        )
