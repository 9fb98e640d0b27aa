"""The settings that teach: what they change is seen at once."""

from __future__ import annotations

import streamlit as st

from ser_core.signals.settings import ViewSettings

_SHAPES = ["hann", "hamming", "blackman", "rectangular"]
_KEYS = ("window_ms", "hop_ms", "n_mels", "shape", "range_db", "scale", "pitch_method")


def choose_settings() -> ViewSettings:
    """Draw the settings of the pictures; return them."""
    usual = ViewSettings()
    for name in _KEYS:
        # Kept apart from the widgets, whose values Streamlit forgets as soon as another section is shown.
        if f"view_{name}" not in st.session_state:
            st.session_state[f"view_{name}"] = st.session_state.get(f"kept_{name}", getattr(usual, name))
    with st.expander("Settings of the pictures", icon=":material/tune:", key="view_settings"):
        _widgets()
        chosen = ViewSettings(**{name: st.session_state[f"view_{name}"] for name in _KEYS})
        st.caption(_consequences(chosen))
        st.button("Back to the usual", icon=":material/replay:", on_click=_reset, key="view_reset")
    for name in _KEYS:
        st.session_state[f"kept_{name}"] = st.session_state[f"view_{name}"]
    return chosen


def _widgets() -> None:
    first, second, third, fourth = st.columns(4)
    first.slider("Window (ms)", 2.0, 100.0, step=1.0, key="view_window_ms", help="The sound in one column.")
    second.slider("Hop (ms)", 2.0, 50.0, step=1.0, key="view_hop_ms", help="From one column to the next.")
    third.slider("Mel bands", 8, 128, step=4, key="view_n_mels", help="Rows of the mel spectrogram.")
    fourth.slider("Range (dB)", 20.0, 120.0, step=5.0, key="view_range_db", help="What is weaker is drawn as nothing.")
    first.selectbox("Window shape", _SHAPES, key="view_shape", help="Hard edges smear a tone over all frequencies.")
    second.selectbox("Frequency scale", ["linear", "mel", "logarithmic"], key="view_scale")
    third.selectbox(
        "Pitch by", ["yin", "pyin"], key="view_pitch_method", help="pYIN is smoother and some twenty times slower."
    )


def _consequences(settings: ViewSettings) -> str:
    return (
        f"A window of {settings.window_ms:g} ms holds {settings.window} samples: tones closer than about "
        f"{2000 / settings.window_ms:.0f} Hz melt into one, and what happens within {settings.window_ms:g} ms is one "
        f"moment. A sharper picture in time is a blurred one in frequency. Every {settings.hop_ms:g} ms a new window "
        f"begins: {1000 / settings.hop_ms:.0f} columns a second."
    )


def _reset() -> None:
    for name in _KEYS:
        st.session_state[f"view_{name}"] = getattr(ViewSettings(), name)
