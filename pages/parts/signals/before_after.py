"""A sound before and after it was changed: heard, seen, measured, and what the recogniser makes of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.parts.inputs import Sound
from pages.parts.models import predict, recogniser, wav_bytes
from pages.parts.show import chart_config, save_chart, show_chart
from ser_core.charts.comparison import change_figure
from ser_core.charts.exploration import group_label
from ser_core.charts.signals import pitch_panel, spectrogram_figure, waveform_panel
from ser_core.errors import SERError
from ser_core.recogniser import Prediction
from ser_core.signals.analysis import Analysis
from ser_core.signals.notes import key_measures

_PICTURES = {
    "waveform": waveform_panel,
    "spectrogram": lambda analysis: spectrogram_figure(analysis, height=220),
    "pitch": pitch_panel,
}
_LONGEST_S = 120.0
_KEPT = 24


def show_before_after(before: Sound, after: Sound, folder: Path | None) -> None:
    """Draw both sounds side by side, then their measures and the answers."""
    picture = st.segmented_control(
        "See", list(_PICTURES), default="spectrogram", required=True, key="before_after_picture"
    )
    longest = max(before.waveform.duration_s, after.waveform.duration_s)
    numbers: list[dict[str, float]] = []
    with st.container(key="before_after"):
        for column, sound, title in zip(st.columns(2), (before, after), ("Before", "After"), strict=True):
            with column:
                st.markdown(f"**{title}** ({sound.waveform.duration_s:.2f} s)")
                st.audio(wav_bytes(sound.waveform, sound.digest), format="audio/wav")
                analysis = Analysis(sound.waveform, None, 0.0, min(sound.waveform.duration_s, _LONGEST_S))
                numbers.append(_kept("measures", sound, analysis, key_measures))
                figure = _kept(str(picture), sound, analysis, _PICTURES[picture or "spectrogram"])
                # The same scale of time, so that a faster voice looks shorter.
                figure.update_xaxes(range=[0, min(longest, _LONGEST_S)])
                key = f"{title.lower()}_{picture}"
                alt = f"{str(picture).capitalize()} {title.lower()} the change."
                st.plotly_chart(figure, key=f"chart_{key}", config=chart_config(key), alt=alt)
                save_chart(figure, key, alt)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**What can be measured**")
        st.dataframe(measures(*numbers), hide_index=True, width="stretch", key="measures")
    with right:
        _answers(before, after, folder)


def _kept(what: str, sound: Sound, analysis: Analysis, make: Callable[[Analysis], Any]) -> Any:
    """Return what *make* gives for a sound, made once a session: every widget on the page draws all of it anew."""
    kept: dict[tuple[str, str], Any] = st.session_state.setdefault("before_after_kept", {})
    key = (what, sound.digest)
    if key not in kept:
        kept[key] = make(analysis)
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)))
    return kept[key]


def measures(old: dict[str, float], new: dict[str, float]) -> pd.DataFrame:
    """Return pitch, range, level, brightness, tempo and length of both."""
    rows = [(name, *(f"{one[name]:.4g}" if np.isfinite(one[name]) else "–" for one in (old, new))) for name in old]
    return pd.DataFrame(rows, columns=["", "before", "after"])


def answer_of(sound: Sound, folder: Path | None) -> Prediction | None:
    """Return the recogniser's answer; where there is none, say why."""
    if folder is None:
        st.caption("No model is installed, so there is no answer to compare.")
        return None
    try:
        return predict(recogniser(folder), folder, sound)
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return None


def answer_words(answer: Prediction) -> str:
    """Return an answer in a few words."""
    if answer.emotion is None:
        return "no answer"
    return f"{group_label(answer.emotion)} {100 * answer.confidence:.0f} %" + ("" if answer.sure else " (not sure)")


def _answers(before: Sound, after: Sound, folder: Path | None) -> None:
    st.markdown("**What the recogniser answers**")
    old, new = answer_of(before, folder), answer_of(after, folder)
    if old is None or new is None:
        return
    st.markdown(f"Before: **{answer_words(old)}** · After: **{answer_words(new)}**")
    for prediction, when in ((old, "before"), (new, "after")):
        for message in prediction.warnings:
            st.caption(f":material/warning: {when}: {message}")
    if old.emotion is None or new.emotion is None:
        return
    table = pd.DataFrame({"emotion": list(old.probabilities), "before": old.probabilities.values(),
                          "after": new.probabilities.values()})  # fmt: skip
    said = ", ".join(f"{row.emotion} {row.before:.0%} to {row.after:.0%}" for row in table.itertuples())
    show_chart(change_figure(old.probabilities, new.probabilities), "answers", f"Probabilities: {said}.", table)
