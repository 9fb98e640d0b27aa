"""Clips and votes read from the corpora, kept for all visitors: nothing here is anybody's own recording."""

from __future__ import annotations

import os

import pandas as pd
import streamlit as st

from ser_core.audio import Waveform, load_audio
from ser_core.corpora.votes import read_votes
from ser_core.errors import AudioError
from ser_core.settings import settings


def read_clip(clip: pd.Series) -> Waveform | None:
    """Return the sound of a row of the table; where it cannot be read, say so and return None."""
    try:
        return _load(str(clip["path"]), changed(clip))
    except AudioError as error:
        st.error(str(error), icon=":material/error:")
        return None


def clip_wav(clip: pd.Series) -> bytes:
    """Return a clip that can be read as a WAV file, which every browser plays."""
    return _wav(str(clip["path"]), changed(clip))


def changed(clip: pd.Series) -> int:
    """Return when the clip's file was changed, 0 where it is gone."""
    try:
        return os.stat(str(clip["path"])).st_mtime_ns
    except OSError:
        return 0


def all_votes(modality: str) -> pd.DataFrame:
    """Return the votes of CREMA-D's listeners; raises as :func:`ser_core.corpora.votes.read_votes` does."""
    return _votes(str(settings().data / "cremad"), modality)


@st.cache_resource(show_spinner="Reading the votes …", max_entries=6)
def _votes(folder: str, modality: str) -> pd.DataFrame:
    return read_votes(folder, modality)


@st.cache_resource(show_spinner=False, max_entries=64)
def _load(path: str, version: int) -> Waveform:
    return load_audio(path)


@st.cache_data(show_spinner=False, max_entries=64)
def _wav(path: str, version: int) -> bytes:
    return _load(path, version).to_wav()
