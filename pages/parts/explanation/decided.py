"""What decided: the parts of a sound that an answer rests on, over waveform and spectrogram, and heard."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.explanation.kept import worked_out
from pages.parts.inputs import Sound
from pages.parts.models import predict, recogniser
from pages.parts.show import show_chart
from ser_core.audio import Waveform
from ser_core.charts.explanation import decisive_spectrogram_figure, decisive_waveform_figure, steps_figure
from ser_core.charts.exploration import group_label
from ser_core.explanation import Explanation, explain
from ser_core.explanation.parts import decisive_sound, rest_sound
from ser_core.presentation import percent

#: A fall of the probability by less than this is no sign that a part decided.
_LEAST_FALL = 0.02
_ABOUT = """
One part after another is replaced by noise as quiet as the recording's own background, and the model is asked again:
the further the probability of the emotion falls, the more that part decided. It shows what *this model* listens to,
which need not be what people go by. Orange (solid bars) speaks for the emotion, blue (hatched bars) against it. Framed
is the fifth of the time that counts most; outlined on the spectrogram, the fifth of its cells, without those that
hardly count.
"""


def show_decided(sound: Sound, folder: Path, *, spoken: bool = False, label: str | None = None) -> None:
    """Draw the choice of the emotion, the button that starts, and the explanation.

    *spoken* and *label* are as for :func:`ser_core.explanation.explain`; without a label the answer is explained.
    """
    model = recogniser(folder)
    label = label or predict(model, folder, sound).emotion
    if label is None:
        st.info("The model named no emotion here, so nothing decided.")
        return
    labels = list(model.card.labels)
    chosen = st.selectbox(
        "What speaks for", labels, index=labels.index(label), format_func=group_label,
        key=f"why_label_{model.card.name}_{sound.digest}", width=260,
    )  # fmt: skip
    waveform = sound.waveform

    def work(progress: Any, cancelled: Any) -> Explanation:
        return explain(model, waveform, label=chosen, spoken=spoken, progress=progress, cancelled=cancelled)

    found: Explanation | None = worked_out(
        f"decided:{chosen}", sound, folder, "Find what decided", work, unit=" questions",
        explain="The model is asked about a hundred times, each time with another part taken out: a second or two with "
        "a small model, longer with one that reads an encoder.",
    )  # fmt: skip
    if found is not None:
        _show(found, sound)


def _show(found: Explanation, sound: Sound) -> None:
    st.markdown(_sentence(found))
    _show_players(found, sound)
    spans = ", ".join(f"{start:.2f} to {end:.2f} s" for start, end in found.decisive())
    table = pd.DataFrame({"start_s": found.times_s[:-1], "end_s": found.times_s[1:], "log_odds": found.steps,
                          "decisive": found.mask() > 0})  # fmt: skip
    waveform = sound.waveform
    show_chart(decisive_waveform_figure(waveform, found), "why_waveform", f"Waveform; what decided: {spans}.")
    show_chart(steps_figure(waveform, found), "why_steps", f"What each stretch adds; most: {spans}.", table.round(4))
    st.markdown("**In time and frequency** (outlined: what counts most)")
    show_chart(
        decisive_spectrogram_figure(waveform, found), "why_spectrogram",
        f"Spectrogram with what decided for {found.label} outlined.",
    )  # fmt: skip
    st.caption(_ABOUT)
    name = f"{PurePath(sound.name).stem or 'sound'}-why.json"
    st.download_button(
        "Explanation (JSON)", json.dumps(found.to_dict(), indent=1), file_name=name, mime="application/json",
        key="download_why", icon=":material/data_object:", on_click="ignore", type="tertiary",
    )  # fmt: skip


def _sentence(found: Explanation) -> str:
    words = (
        f"The model gives **{group_label(found.label)}** {percent(found.probability)}. Without the framed parts it is "
        f"**{percent(found.without)}**; without as much elsewhere, {percent(found.without_random)} on average."
    )
    if found.without >= min(found.without_random, found.probability - _LEAST_FALL):
        words += " No part carries it alone: taking one out hardly lowers it."
    return words


def _show_players(found: Explanation, sound: Sound) -> None:
    """Draw the buttons that play only what decided, or all but that."""
    playing = f"why_playing_{sound.digest}_{found.label}"
    with st.container(horizontal=True, gap="small"):
        for key, words in (("decided", "Play only what decided"), ("rest", "Play all but that")):
            st.button(
                words, icon=":material/play_arrow:", key=f"why_play_{key}", on_click=st.session_state.__setitem__,
                args=(playing, key),
            )  # fmt: skip
    if (part := st.session_state.pop(playing, None)) is not None:
        waveform: Waveform = (decisive_sound if part == "decided" else rest_sound)(sound.waveform, found)
        st.audio(waveform.to_wav(), format="audio/wav", autoplay=True)
