"""What sounds alike: the nearest corpus clips to listen to, and which emotion their actors intended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.clip_choice import clip_title
from pages.parts.corpus_sounds import clip_wav, read_clip
from pages.parts.explanation.kept import at_once
from pages.parts.explore.data import data_version, read_table
from pages.parts.inputs import Sound
from pages.parts.jobs import background
from ser_core.charts.exploration import group_label
from ser_core.explanation.neighbours import FAMILIES, example_voices, nearest_clips
from ser_core.exploration.acoustics import functional_matrix
from ser_core.exploration.sampling import sample_evenly
from ser_core.features.functionals import FunctionalsConfig, functional_vector, functionals
from ser_core.features.store import is_cached

#: Clips that are measured where those of the corpora are not yet.
_SAMPLE = 1000


def show_similar(sound: Sound) -> None:
    """Draw the nearest clips with their players."""
    values = at_once("functionals", sound, lambda: functionals(sound.waveform))
    vector = np.array(list(values.values()), dtype=np.float32)
    found = _corpus_clips()
    table, matrix = found if found is not None else example_voices()
    nearest = nearest_clips(vector, table, matrix)
    if found is None:
        st.markdown("Nearest among the **built-in synthetic voices** (no actor: the style that was imitated):")
    else:
        counts = nearest["emotion"].value_counts()
        words = ", ".join(f"{count} × {group_label(str(emotion))}" for emotion, count in counts.items())
        st.markdown(f"What the actors of the nearest clips intended: **{words}**.")
    for place, (_, clip) in enumerate(nearest.iterrows(), 1):
        title = f"{clip['title']}: {group_label(str(clip['emotion']))}" if found is None else clip_title(clip)
        st.markdown(f"{place}. {title} (distance {clip['distance']:.1f})")
        if read_clip(clip) is not None:
            st.audio(clip_wav(clip), format="audio/wav")
    st.caption(
        f"Of {len(table):,} clips, at most one a speaker. Near is what is alike in {', '.join(FAMILIES[:-1])} and "
        f"{FAMILIES[-1]}, each counting alike, in standard deviations over the corpora. Who speaks counts as well as "
        "how, so neighbours need not have the same emotion."
    )


def _corpus_clips() -> tuple[pd.DataFrame, np.ndarray] | None:
    """Return corpus clips and their functionals; where they are not measured yet, offer to, and return None."""
    table = read_table()
    if table is None:
        return None
    version = data_version()
    whole, part = f"why:clips:{version}", f"why:sample:{version}"
    if _measured(table):
        return background(whole, "Read", lambda *_: (table, functional_matrix(table)), explain="", at_once=True,
                          name="why_clips")  # fmt: skip
    chosen = table.iloc[sample_evenly(table, _SAMPLE)].reset_index(drop=True)

    def work(progress: Any, cancelled: Any) -> tuple[pd.DataFrame, np.ndarray]:
        return chosen, functional_matrix(chosen, progress=progress, cancelled=cancelled)

    result: tuple[pd.DataFrame, np.ndarray] | None = background(
        part, f"Measure {len(chosen):,} corpus clips", work, name="why_clips", unit=" clips",
        at_once=_measured(chosen),
        explain=f"The corpora on this machine are not measured yet. Once {len(chosen):,} of their clips are, drawn "
        "evenly, the nearest of them appear here: some minutes in the background, and only once.",
    )  # fmt: skip
    return result


def _measured(table: pd.DataFrame) -> bool:
    return is_cached(table, FunctionalsConfig(), extract=functional_vector, dtype=np.float32, skip_unreadable=True)
