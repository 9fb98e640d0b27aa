"""What would change the answer: the smallest change of the voice with which the model names another emotion."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

import streamlit as st

from pages.parts.explanation.kept import at_once, worked_out
from pages.parts.inputs import Sound
from pages.parts.models import predict, recogniser
from ser_core.charts.exploration import group_label
from ser_core.explanation.changes import Search, change_words, changed_voice, find_change

_ANY = "any other emotion"


def show_change(sound: Sound, folder: Path) -> None:
    """Draw the choice of the emotion, the button that starts, and what was found."""
    model = recogniser(folder)
    answer = predict(model, folder, sound).emotion
    if answer is None:
        st.info("The model named no emotion here, so there is no answer to change.")
        return
    others = [_ANY, *(label for label in model.card.labels if label != answer)]
    wanted = st.selectbox(
        f"What would turn {answer} into", others, key=f"why_target_{model.card.name}_{sound.digest}", width=260,
        format_func=lambda name: name if name == _ANY else group_label(name),
    )  # fmt: skip
    target, waveform = None if wanted == _ANY else wanted, sound.waveform

    def work(progress: Any, cancelled: Any) -> Search:
        return find_change(model, waveform, target=target, progress=progress, cancelled=cancelled)

    found: Search | None = worked_out(
        f"change:{wanted}", sound, folder, "Look for a change", work, unit=" voices",
        explain="The voice is made anew, higher and lower, faster and slower, livelier and flatter, raised and held "
        "back, by more and more until the answer changes: some seconds.",
    )  # fmt: skip
    if found is not None:
        _show(found, sound)


def _show(found: Search, sound: Sound) -> None:
    st.markdown(found.words())
    if found.change is not None and found.after is not None:
        change = found.change
        data = at_once(f"changed:{change.describe()}", sound, lambda: changed_voice(sound.waveform, change).to_wav())
        before, after = st.columns(2)
        before.markdown(f"**Before**: {found.before.emotion}")
        before.audio(at_once("unchanged", sound, sound.waveform.to_wav), format="audio/wav")
        after.markdown(f"**After**: {found.after.emotion}, with {change_words(change)}")
        after.audio(data, format="audio/wav")
        st.download_button(
            "Changed voice", data, file_name=f"{PurePath(sound.name).stem or 'sound'}-changed.wav", mime="audio/wav",
            key="download_why_changed", icon=":material/graphic_eq:", on_click="ignore", type="tertiary",
        )  # fmt: skip
    st.caption(
        "The words stay the same; only how they are said changes. The level is not tried, since no model here reads "
        "it. To turn the knobs yourself: page **Signals**, section **What if**."
    )
