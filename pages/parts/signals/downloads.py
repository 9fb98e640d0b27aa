"""What can be taken away: the sound, its features frame by frame, its functionals."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.inputs import Sound
from ser_core.features.functionals import describe_functional, functionals
from ser_core.signals.analysis import Analysis
from ser_core.signals.export import arrays, frame_table


def show_downloads(sound: Sound, analysis: Analysis) -> None:
    """Draw the downloads of a sound and of the features of the part in view."""
    stem = PurePath(sound.name).stem or "sound"
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="downloads"):
        st.markdown("Download:", width="content")
        download("Sound", sound.waveform.to_wav, f"{stem}.wav", "audio/wav", "graphic_eq")
        download("Frames (CSV)", lambda: csv_text(frame_table(analysis)), f"{stem}-frames.csv", "text/csv", "table")
        download("Arrays (NPZ)", lambda: arrays(analysis), f"{stem}-features.npz", "application/zip", "data_array")
        download("Functionals (CSV)", lambda: csv_text(functional_table(sound)), f"{stem}-functionals.csv", "text/csv",
                 "functions")  # fmt: skip


def functional_table(sound: Sound) -> pd.DataFrame:
    """Return one row a functional: `functional`, `meaning`, `family`, `unit`, `value`."""
    rows = []
    for name, value in functionals(sound.waveform).items():
        family, unit, words = describe_functional(name)
        rows.append((name, words, family, unit, value))
    return pd.DataFrame(rows, columns=["functional", "meaning", "family", "unit", "value"])


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV."""
    return str(table.to_csv(index=False, float_format="%.6g"))


def download(label: str, data: Any, name: str, mime: str, icon: str) -> None:
    """Draw a button that saves *data*, or what a function returns when it is pressed."""
    key = f"download_{label.split(maxsplit=1)[0].lower()}"
    st.download_button(
        label, data, file_name=name, mime=mime, key=key, icon=f":material/{icon}:", on_click="ignore", type="tertiary"
    )
