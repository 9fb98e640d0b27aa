"""Two sounds, by time or by dynamic time warping, and which of their functionals differ most."""

from __future__ import annotations

import streamlit as st

from pages.parts.inputs import OTHER, Sound
from pages.parts.models import wav_bytes
from pages.parts.show import chart_config, save_chart, show_chart, show_table
from pages.parts.signals import cursor
from pages.parts.signals.settings import choose_settings
from pages.parts.signals.source import choose_sound
from ser_core.charts.comparison import common_axis, contour_pair_figure, differences_figure, picture_pair_figures
from ser_core.errors import SERError
from ser_core.features.functionals import families as families_of_functionals
from ser_core.features.functionals import functionals
from ser_core.signals.analysis import CONTOURS, Analysis
from ser_core.signals.compare import Alignment, by_time, by_warping, functional_differences
from ser_core.signals.reference import functional_spread

_TIME, _WARPED = "as they are", "by dynamic time warping"
_LONGEST_S = 600.0
#: Families whose members mean little to a person.
_ABSTRACT = ("MFCC", "mel bands", "tones")


def show_comparison(sound: Sound) -> None:
    """Draw the choice of the second sound and both together."""
    st.markdown("**The second sound:**")
    with st.container(border=True):
        other = choose_sound(OTHER)
    if other is None:
        st.info(
            "Choose a second sound above, for instance the same sentence in another emotion.",
            icon=":material/arrow_upward:",
        )
        return
    for one in (sound, other):
        if one.waveform.duration_s > _LONGEST_S:
            st.info(f"{one.name} lasts longer than ten minutes: cut out what you want to compare.")
            return
    _players(sound, other)
    _together(sound, other)
    st.subheader("What differs most", anchor=False)
    _differences(sound, other)


def _players(first: Sound, second: Sound) -> None:
    left, right = st.columns(2)
    for column, sound, words, key in (
        (left, first, "First (solid, blue)", cursor.PLAYER),
        (right, second, "Second (dashed, red)", cursor.OTHER_PLAYER),
    ):
        with column, st.container(key=key):
            st.markdown(f"**{words}:** {sound.title}")
            st.audio(wav_bytes(sound.waveform, sound.digest), format="audio/wav")


@st.fragment
def _together(first: Sound, second: Sound) -> None:
    names = st.pills(
        "Curves",
        list(CONTOURS),
        selection_mode="multi",
        default=["f0", "intensity"],
        format_func=lambda name: CONTOURS[name].title,
        key="compare_contours",
    )
    way = st.segmented_control("Aligned", [_TIME, _WARPED], default=_WARPED, required=True, key="compare_alignment")
    settings = choose_settings()
    alignment, words = _alignment(first, second, way == _WARPED)
    st.caption(words)
    one, two = Analysis(first.waveform, settings), Analysis(second.waveform, settings)
    moments, _ = common_axis(one, two, alignment)
    with st.container(key=cursor.PANELS):
        cursor.mount_cursor(
            0.0, float(moments[-1]), float(moments[-1]), key="compare_cursor",
            first_s=alignment.first_s, second_s=alignment.second_s,
        )  # fmt: skip
        for figure, title in zip(
            picture_pair_figures(one, two, alignment), ("First: spectrogram", "Second: spectrogram"), strict=True
        ):
            key = f"compare_{title.split(':', 1)[0].lower()}"
            st.markdown(f"**{title}**")
            st.plotly_chart(figure, key=f"chart_{key}", config=chart_config(key), alt=title)
            save_chart(figure, key, title)
        for name in names:
            figure = contour_pair_figure(one, two, alignment, name)
            title = f"{CONTOURS[name].title} of both sounds"
            st.markdown(f"**{CONTOURS[name].title}**")
            st.plotly_chart(figure, key=f"chart_compare_{name}", config=chart_config(f"compare_{name}"), alt=title)
            save_chart(figure, f"compare_{name}", title)


def _alignment(first: Sound, second: Sound, warped: bool) -> tuple[Alignment, str]:
    """Return the alignment and what it means in words."""
    if warped:
        try:
            kept = st.session_state.setdefault("alignments", {})
            key = (first.digest, second.digest)
            if key not in kept:
                kept.clear()
                kept[key] = by_warping(first.waveform, second.waveform)
        except SERError as error:
            st.warning(str(error), icon=":material/info:")
        else:
            return kept[key], (
                "Dynamic time warping stretches the second sound until equal sounds lie below one another; the time "
                "is that of the first. With the same sentence, syllables meet and the melodies can be compared; with "
                f"different words it joins whatever is least unlike. Mean distance {kept[key].cost:.2f} deviations "
                "(the same sentence by one speaker: about 0.8; the same recording: 0)."
            )
    return by_time(first.waveform, second.waveform), "Both begin together, and neither is stretched."


@st.fragment
def _differences(first: Sound, second: Sound) -> None:
    table = functional_differences(_functionals(first), _functionals(second), functional_spread())
    families = list(dict.fromkeys(families_of_functionals()))
    chosen = st.pills(
        "Families of functionals", families, selection_mode="multi", key="compare_families",
        default=[family for family in families if family not in _ABSTRACT],
    )  # fmt: skip
    shown = table[table["family"].isin(chosen)].reset_index(drop=True) if chosen else table
    largest = shown.head(5)
    words = "; ".join(f"{row.meaning} {row.spreads:+.1f}" for row in largest.itertuples())
    show_chart(differences_figure(shown), "differences", f"The largest differences in deviations: {words}.")
    st.caption(
        "One standard deviation is how much clips of the four corpora differ from one another. Beyond two, the "
        "sounds are far apart in this respect."
    )
    with st.expander(f"All {len(shown)} functionals"):
        show_table(shown, "functional_differences", height=400)


def _functionals(sound: Sound) -> dict[str, float]:
    kept: dict[str, dict[str, float]] = st.session_state.setdefault("functionals", {})
    if sound.digest not in kept:
        while len(kept) > 8:
            kept.pop(next(iter(kept)))
        kept[sound.digest] = functionals(sound.waveform)
    return kept[sound.digest]
