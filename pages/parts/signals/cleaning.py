"""Clean-up as a person does before analysis: heard and seen before and after, with its effect on the answer."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.inputs import Sound, take_sound
from pages.parts.models import wav_bytes
from pages.parts.show import save_table
from pages.parts.signals.before_after import answer_of, answer_words, show_before_after
from pages.parts.signals.downloads import download
from pages.parts.signals.effect_widgets import draw_effects
from pages.parts.signals.what_if import changed_sound
from ser_core.effects import CLEAN_UPS, CleanUp, clean_up, split_utterances
from ser_core.errors import SERError

_MOST_ANSWERED = 40


def show_cleaning(sound: Sound, folder: Path | None) -> None:
    """Draw the steps and what becomes of the sound."""
    st.caption(
        "What people do to a recording before they measure it. A model that was trained on untouched recordings may "
        "well do worse on a cleaned one: look at the answers."
    )
    values: dict[str, Any] = {}
    infos = list(CLEAN_UPS.values())
    starts = [number for number, info in enumerate(infos) if info.needs is None]
    for column, first, last in zip(
        st.columns(len(starts), gap="large"), starts, [*starts[1:], len(infos)], strict=True
    ):
        with column:
            values |= draw_effects(infos[first:last], "clean")
    try:
        steps = CleanUp(**values)
        with st.spinner("Cleaning up …"):
            after = changed_sound(sound, steps.describe(), lambda waveform: clean_up(waveform, steps), steps)
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.markdown(f"Done: **{steps.describe()}**")
    show_before_after(sound, after, folder)
    name = f"{PurePath(sound.name).stem or 'sound'}-clean.wav"
    with st.container(horizontal=True, gap="small"):
        download("Cleaned sound", after.waveform.to_wav, name, "audio/wav", "graphic_eq")
        st.button(
            "Go on with the cleaned sound", key="take_clean", icon=":material/check:", disabled=steps.is_identity,
            on_click=_take, args=(after,), help="All sections and the page Recognise then use it.",
        )  # fmt: skip
    _utterances(after, folder)


def _take(sound: Sound) -> None:
    take_sound(sound)
    for info in CLEAN_UPS.values():
        st.session_state[f"clean_{info.name}"] = info.default


def _utterances(sound: Sound, folder: Path | None) -> None:
    st.subheader("Split into utterances", anchor=False)
    gap = st.slider(
        "A pause this long separates two (seconds)", 0.1, 2.0, 0.3, step=0.05, key="utterance_gap",
        help="Shorter pauses stay inside an utterance.",
    )  # fmt: skip
    parts = split_utterances(sound.waveform, min_gap_s=gap)
    if not parts:
        st.info("No speech was found, so there is nothing to split.")
        return
    rows = []
    for number, (start, end) in enumerate(parts):
        row = {"number": number + 1, "start (s)": round(start, 2), "end (s)": round(end, 2)}
        if folder is not None and number < _MOST_ANSWERED:
            answer = answer_of(_part(sound, start, end), folder)
            row["answer"] = answer_words(answer) if answer is not None else ""
        rows.append(row)
    table = pd.DataFrame(rows)
    st.markdown(f"**{len(parts)}** utterance" + ("s" if len(parts) > 1 else "") + ", each answered on its own:")
    st.dataframe(table, hide_index=True, width="stretch", key="utterances", height="auto" if len(table) < 12 else 400)
    if folder is not None and len(parts) > _MOST_ANSWERED:
        st.caption(f"Only the first {_MOST_ANSWERED} are answered: cut out a part in Panels to see the others.")
    save_table(table, "utterances")
    number = st.selectbox(
        "Listen to", range(len(parts)), key="utterance",
        format_func=lambda place: f"{place + 1}: {parts[place][0]:.2f} to {parts[place][1]:.2f} s",
    )  # fmt: skip
    chosen = _part(sound, *parts[number or 0])
    st.audio(wav_bytes(chosen.waveform, chosen.digest), format="audio/wav")
    name = f"{PurePath(sound.name).stem or 'sound'}-{(number or 0) + 1}.wav"
    download("Utterance", chosen.waveform.to_wav, name, "audio/wav", "graphic_eq")


def _part(sound: Sound, start: float, end: float) -> Sound:
    title = f"{sound.title}, {start:.2f} to {end:.2f} s"
    return Sound("changed", title, sound.name, f"{sound.digest}:{start:.3f}:{end:.3f}", sound.waveform.cut(start, end))
