"""One call: in words, over time by channel, and its moments to listen to."""

from __future__ import annotations

import streamlit as st

from pages.parts.calls.results import View
from pages.parts.show import show_chart
from ser_core.calls import Call, measure, moments, moments_table
from ser_core.calls.sound import LONGEST_S, cut_sound
from ser_core.calls.words import MIXED, clock, share_words, summary
from ser_core.charts.calls import track_figure
from ser_core.errors import SERError
from ser_core.spreadsheets import guarded

_MARGIN_S = 1.5
_ANY = -1


def show_one(view: View) -> None:
    """Draw the choice of a call and all that is known of it."""
    readable = [place for place in view.table["place"].tolist() if view.calls[place].heard is not None]
    if not readable:
        st.info("None of the calls could be read.", icon=":material/info:")
        return
    # Until the person has chosen, the first one, whatever limits make it.
    kept = st.session_state.get("calls_one_kept")
    st.session_state["calls_one"] = kept if kept in readable else readable[0]
    shares = dict(zip(view.table["place"], view.table["dissatisfied_share"], strict=True))
    place = st.selectbox(
        "Call", readable, key="calls_one", on_change=_keep_choice,
        format_func=lambda place: f"{view.calls[place].title} ({share_words(shares[place])} dissatisfied)",
    )  # fmt: skip
    call = view.calls[place]
    # Names are strangers': shown as they are, never as Markdown.
    st.text(" · ".join(part for part in (call.name, call.agent and f"agent {call.agent}") if part))
    st.markdown(summary(call, measure(call, view.limits), view.limits))
    if call.side == "mixed":
        st.info(MIXED, icon=":material/group:")
    _show_player(view, place)
    _show_channels(call, view)


def _keep_choice() -> None:
    st.session_state["calls_one_kept"] = st.session_state["calls_one"]


def _show_channels(call: Call, view: View) -> None:
    assert call.heard is not None
    tracks = list(zip(call.channel_names, call.heard.tracks, strict=False))
    for who, track in sorted(tracks, key=lambda pair: pair[0] != "caller"):
        st.markdown(f"**{who.capitalize()}**")
        if not len(track.spans):
            st.caption("Nobody speaks on this channel.")
            continue
        above = moments(track, view.limits)
        length = clock(call.heard.duration_s)
        alt = f"Negative high arousal of {who} over {length}; above the threshold {len(above)} times."
        figure = track_figure(track, call.heard.duration_s, view.limits)
        show_chart(figure, f"calls_{who.split()[0]}", alt, title=f"{call.title}: {who}")


def _show_player(view: View, place: int) -> None:
    """Draw the choice of a moment and its sound."""
    call = view.calls[place]
    assert call.heard is not None
    track = call.track
    found = moments(track, view.limits) if track is not None else []
    if found:
        words = [f"{clock(start)} to {clock(end)}" for start, end in found]
        options = [*range(len(found)), _ANY]
        number = st.selectbox(
            "Moment to listen to", options, key=f"calls_moment_{place}",
            format_func=lambda number: "another time …" if number == _ANY else f"dissatisfied from {words[number]}",
        )  # fmt: skip
    else:
        number = _ANY
    if number != _ANY:
        start, end = found[number][0] - _MARGIN_S, found[number][1] + _MARGIN_S
    else:
        start = st.slider(
            "Listen from (s)", 0.0, max(1.0, call.heard.duration_s), 0.0, 1.0, key=f"calls_from_{place}",
            help="20 seconds from there on.",
        )  # fmt: skip
        end = start + 20
    start, end = max(0.0, start), min(end, call.heard.duration_s)
    try:
        st.audio(_sound(view, place, start, end), format="audio/wav")
    except SERError as error:
        st.warning(str(error), icon=":material/volume_off:")
        return
    until = f" (the first {LONGEST_S:.0f} seconds)" if end - start > LONGEST_S else ""
    st.caption(f"{clock(start)} to {clock(end)}{until}, as recorded: left and right as in the file.")
    if found:
        table = moments_table([call], view.limits).drop(columns=["call", "file", "agent"])
        with st.expander(f"All {len(found)} dissatisfied moments", icon=":material/list:"):
            st.dataframe(guarded(table.round(2)), hide_index=True, key="calls_moments")


def _sound(view: View, place: int, start: float, end: float) -> bytes:
    """Return the cut, kept for the reruns that follow."""
    source = view.sources[place]
    key = (view.key, place, round(start, 2), round(end, 2))
    kept = st.session_state.get("calls_sound")
    if kept is None or kept[0] != key:
        with st.spinner("Cutting out the moment …"):
            kept = (key, cut_sound(source, start, end))
        st.session_state["calls_sound"] = kept
    return kept[1]
