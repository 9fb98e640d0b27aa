"""What if the voice were higher, livelier, faster, on the telephone? Hear it, see it, ask the recogniser again."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePath
from typing import Any

import streamlit as st

from pages.parts.inputs import Sound
from pages.parts.signals.before_after import show_before_after
from pages.parts.signals.downloads import download
from pages.parts.signals.effect_widgets import defaults, draw_effects
from ser_core.audio import Waveform
from ser_core.effects import EFFECTS, VoiceChange, apply
from ser_core.errors import SERError

_PREFIX = "what_if"
_GROUPS = {
    "voice": ":material/record_voice_over: The voice",
    "surroundings": ":material/forest: Around it",
    "transmission": ":material/call: On the way",
}
#: One press: what a teacher shows first.
PRESETS: dict[str, dict[str, Any]] = {
    "Higher": {"pitch_semitones": 4.0},
    "Lower": {"pitch_semitones": -4.0},
    "Livelier": {"range_factor": 1.8},
    "Monotone": {"range_factor": 0.0},
    "Faster": {"speed": 1.4},
    "Slower": {"speed": 0.7},
    "Raised voice": {"effort_db_per_octave": 6.0, "level_db": 6.0},
    "Telephone": {"telephone": True},
    "In a crowd": {"noise": "babble", "snr_db": 5.0},
    "Poor internet": {"codec": "opus", "kbit_s": 6.0},
}
_KEPT = 12


def show_what_if(sound: Sound, folder: Path | None) -> None:
    """Draw the settings and what becomes of the sound."""
    st.caption("Change one thing at a time, and see which changes move the answer. The words stay the same.")
    with st.container(horizontal=True, gap="small", key="presets"):
        for name in PRESETS:
            st.button(name, key=f"preset_{name}", on_click=_press, args=(name,))
        st.button("Nothing", icon=":material/replay:", key="preset_none", on_click=_press, args=(None,))
    values: dict[str, Any] = {}
    for column, (group, title) in zip(st.columns(3, gap="large"), _GROUPS.items(), strict=True):
        with column:
            st.markdown(f"**{title}**")
            values |= draw_effects([info for info in EFFECTS.values() if info.group == group], _PREFIX)
    try:
        change = VoiceChange(**{name: value for name, value in values.items() if value is not None})
        with st.spinner("Changing the sound …"):
            after = changed_sound(sound, change.describe(), lambda waveform: apply(waveform, change), change)
    except SERError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.markdown(f"Changed: **{change.describe()}**")
    show_before_after(sound, after, folder)
    name = f"{PurePath(sound.name).stem or 'sound'}-changed.wav"
    download("Changed sound", after.waveform.to_wav, name, "audio/wav", "graphic_eq")


def changed_sound(sound: Sound, words: str, work: Any, settings: Any) -> Sound:
    """Return what *work* makes of a sound, computed once a session for the same *settings*; unchanged, the sound."""
    if settings.is_identity:
        return sound
    kept: dict[str, Sound] = st.session_state.setdefault("changed_sounds", {})
    digest = hashlib.sha256(f"{sound.digest}:{settings!r}".encode()).hexdigest()
    if digest not in kept:
        waveform: Waveform = work(sound.waveform)
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[digest] = Sound("changed", f"{sound.title} ({words})", sound.name, digest, waveform)
    return kept[digest]


def _press(name: str | None) -> None:
    st.session_state.update(defaults(EFFECTS.values(), _PREFIX))
    for field, value in PRESETS.get(name or "", {}).items():
        st.session_state[f"{_PREFIX}_{field}"] = value
