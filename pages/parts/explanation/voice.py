"""How the voice differs from neutral speakers, in words."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.explanation.kept import at_once
from pages.parts.inputs import Sound
from pages.parts.show import show_table
from ser_core.explanation.prosody import GROUPS, LEAST_DEVIATIONS, MOST, Group, compare, heard
from ser_core.features.functionals import describe_functional, functionals

_TITLES: dict[Group, str] = {"all": "all speakers", "female": "women", "male": "men"}


def show_voice(sound: Sound) -> None:
    """Draw the choice of the group and the statements."""
    group: Group = st.segmented_control(
        "Compared with neutral recordings of", list(_TITLES), default="all", required=True,
        format_func=_TITLES.__getitem__, key="why_group",
    )  # fmt: skip
    values = at_once("functionals", sound, lambda: functionals(sound.waveform))
    found = compare(values, group)
    if values["f0_p50"] == 0.0:
        st.caption("No pitch was found (a whisper, perhaps), so nothing is said of melody and voice.")
    if not found:
        st.markdown(f"Nothing that is measured here differs much from {GROUPS[group]}.")
    for statement in found:
        st.markdown(f"- **{statement.words}** ({abs(statement.deviations):.1f} standard deviations)")
    clips, speakers = heard(group)
    st.caption(
        f"Compared with {GROUPS[group]} in CREMA-D, RAVDESS, SAVEE and TESS: {clips:,} clips of {speakers} actors, "
        f"each counting alike. Only what lies more than {LEAST_DEVIATIONS:g} standard deviation from their mean is "
        f"said, and at most {MOST} things. It is what can be measured of the voice, not what the model went by."
    )
    if found:
        rows = [
            (describe_functional(one.functional)[2], describe_functional(one.functional)[1], one.value, one.mean,
             one.deviations)
            for one in found
        ]  # fmt: skip
        with st.expander("The numbers"):
            columns = ["measure", "unit", "this voice", "mean of the group", "standard deviations"]
            show_table(pd.DataFrame(rows, columns=columns), "why_voice")
