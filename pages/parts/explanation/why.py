"""Four questions about an answer: what decided, how the voice differs, what would change it, what sounds alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from pages.parts.explanation.change import show_change
from pages.parts.explanation.decided import show_decided
from pages.parts.explanation.similar import show_similar
from pages.parts.explanation.voice import show_voice
from pages.parts.inputs import Sound
from ser_core.errors import SERError
from ser_core.explanation import LONGEST_S

_STYLE = """
<style>
.st-key-why .js-plotly-plot :is(.xtick, .ytick) text, .st-key-why .js-plotly-plot :is(.ytitle, .cbtitle text),
.st-key-why .js-plotly-plot .cbaxis text { fill: currentColor !important; }
.st-key-why [role=radiogroup] { flex-wrap: wrap; }
</style>
"""
#: A recording is offered in parts once it is longer than what is explained at a time by this, in seconds.
_SLACK_S = 1.0


@dataclass(frozen=True)
class Asked:
    """What is to be explained: a sound, the model's folder, and what a timeline said of it.

    Attributes
    ----------
    spoken
        The sound is a stretch of speech cut out of a recording, and is read as it is.
    label
        The emotion that was named there; None asks the model.
    """

    sound: Sound
    folder: Path
    spoken: bool = False
    label: str | None = None


_QUESTIONS: dict[str, Callable[[Asked], None]] = {
    ":material/my_location: What decided": lambda asked: show_decided(
        asked.sound, asked.folder, spoken=asked.spoken, label=asked.label
    ),
    ":material/compare_arrows: Against other voices": lambda asked: show_voice(asked.sound),
    ":material/swap_vert: What would change it": lambda asked: show_change(asked.sound, asked.folder),
    ":material/hearing: What sounds alike": lambda asked: show_similar(asked.sound),
}


def show_why(sound: Sound, folder: Path | None) -> None:
    """Draw the questions about a sound and the answer to the chosen one."""
    if folder is None:
        st.info("No model is installed, so there is no answer to explain.")
        return
    show_questions(Asked(_chosen_part(sound), folder))


def show_questions(asked: Asked) -> None:
    """Draw the questions about what was asked, and the answer to the chosen one."""
    st.html(_STYLE)
    names = list(_QUESTIONS)
    with st.container(key="why"):
        chosen = st.segmented_control(
            "Question", names, default=names[0], required=True, key="why_question", label_visibility="collapsed"
        )
        try:
            _QUESTIONS[chosen or names[0]](asked)
        except SERError as failure:
            st.warning(str(failure), icon=":material/info:")


def _chosen_part(sound: Sound) -> Sound:
    """Draw the choice of a part of a longer recording; return the part as a sound."""
    duration = sound.waveform.duration_s
    if duration <= LONGEST_S + _SLACK_S:
        return sound
    start, end = st.slider(
        f"Part to explain, with at most {LONGEST_S:g} s of speech (seconds)", 0.0, duration, (0.0, LONGEST_S), step=0.1,
        key=f"why_part_{sound.digest[:16]}",
    )  # fmt: skip
    part = sound.waveform.cut(start, max(end, start + 0.1))
    return replace(sound, waveform=part, digest=f"{sound.digest}:{start:.1f}-{end:.1f}",
                   title=f"{sound.title}, {start:.1f} to {end:.1f} s")  # fmt: skip
