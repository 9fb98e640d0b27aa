"""Sliders, choices and switches for a table of effects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from ser_core.effects import CODECS, EffectInfo


def draw_effects(infos: Iterable[EffectInfo], prefix: str) -> dict[str, Any]:
    """Draw a widget for each effect; return {field: value}. A setting that waits for another is drawn only then."""
    values: dict[str, Any] = {}
    for info in infos:
        if info.needs is None or values.get(info.needs):
            values[info.name] = _widget(info, f"{prefix}_{info.name}", values)
    return values


def defaults(infos: Iterable[EffectInfo], prefix: str) -> dict[str, Any]:
    """Return {key of the widget: the value that changes nothing}."""
    return {f"{prefix}_{info.name}": info.default for info in infos}


def _widget(info: EffectInfo, key: str, values: dict[str, Any]) -> Any:
    if key not in st.session_state:
        st.session_state[key] = info.default
    if info.kind == "switch":
        return st.toggle(info.title, key=key, help=info.explanation)
    if info.kind == "choice":
        # Streamlit takes None for "nothing chosen", which is what it means here; its name becomes the placeholder.
        return st.selectbox(
            info.title,
            [choice for choice in info.choices if choice is not None],
            format_func=info.choices.__getitem__,
            placeholder=info.choices[None],
            index=None,
            key=key,
            help=info.explanation,
        )
    label = f"{info.title} ({info.unit})" if info.unit else info.title
    if info.name == "kbit_s":
        codec = CODECS[values["codec"]]
        if st.session_state[key] not in codec.kbit_s:
            st.session_state[key] = codec.default_kbit_s
        if len(codec.kbit_s) == 1:
            return None
        return st.select_slider(label, codec.kbit_s, key=key, help=info.explanation)
    return st.slider(label, info.least, info.most, step=info.step, key=key, help=info.explanation)
