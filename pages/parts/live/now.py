"""What is heard at this moment: the emotion, the alarms that ring, the last minute. Redrawn several times a second."""

from __future__ import annotations

import html
import statistics
import time

import streamlit as st

from pages.parts.live.desk import Desk
from ser_core.bundle import ModelCard
from ser_core.charts.live import SPAN_S, timeline_html
from ser_core.live import MEASURES, Listener, Reading
from ser_core.live.alarms import AlarmWatch
from ser_core.presentation import percent, verdict

#: Seconds from one drawing to the next, of the present and of the last minute.
REDRAW_S, MINUTE_S = 0.3, 1.0
_PATIENCE_S = 8.0
_NO_SOUND = (
    "**No sound arrives.** The browser and this program have not reached each other. Both must be on one machine or "
    "one local network; the machine must be on some network, which need not reach the internet; and no VPN or firewall "
    "may block it (UDP). Press Stop, change that, and start again."
)


def show_now(desk: Desk, card: ModelCard) -> None:
    """Draw the present again and again while it listens; otherwise say how to begin."""
    listener = desk.listener
    if listener is not None and listener.problem is not None:
        st.error(listener.problem, icon=":material/error:")
    if listener is None or listener.stopped:
        again = "" if listener is None else " What was heard so far is below, and is then dropped."
        st.info(f"Press **Start listening**, then speak.{again}", icon=":material/arrow_upward:")
    else:
        st.fragment(_draw_now, run_every=REDRAW_S)(desk, card)
        st.fragment(_draw_minute, run_every=MINUTE_S)(desk)


def _draw_now(desk: Desk, card: ModelCard) -> None:
    listener = desk.listener
    if listener is None or listener.stopped:
        st.rerun(scope="app")  # what can be kept is drawn by the page
        return
    latest = listener.latest
    if latest is not None:
        desk.show(latest)
    elif time.time() - listener.started_at > _PATIENCE_S and listener.sound.duration_s == 0:
        st.warning(_NO_SOUND, icon=":material/wifi_off:")
    st.html(_headline(latest, card) + _gauge(latest, listener))
    for watch in listener.watches():
        if watch.ringing:
            st.html(_ringing(watch))


def _draw_minute(desk: Desk) -> None:
    listener = desk.listener
    if listener is not None:
        latest = listener.latest
        start = latest.time_s - SPAN_S if latest else 0.0
        st.html(timeline_html(listener.readings(start), listener.events()))
        st.caption(_status(desk, listener))


def _ringing(watch: AlarmWatch) -> str:
    """Return the box of an alarm whose condition holds."""
    name, rule = html.escape(watch.alarm.name), watch.alarm.describe()
    return (
        '<div class="ser-alarm" role="alert" style="border:2px solid #D55E00;border-radius:8px;padding:.5rem .8rem">'
        f"🔔 <b>{name}</b>: {rule}; for {watch.lasted_s:.0f} s now</div>"
    )


def _headline(reading: Reading | None, card: ModelCard) -> str:
    if reading is None:
        symbol, words, note = "👂", "Listening …", "The first answer takes a moment."
    elif reading.emotion is None:
        symbol, words, note = "🔇", "No speech", "Speak: an emotion is named from 0.3 s of speech on."
    else:
        said = verdict(reading, card.threshold, card.set_level)
        first, second = sorted(reading.probabilities.items(), key=lambda item: -item[1])[:2]
        symbol, words = said.symbol, said.heading
        note = f"{first[0]} {percent(first[1])}, then {second[0]} {percent(second[1])}"
    when = f"{reading.when:.3f}" if reading else ""
    return (
        f'<div class="ser-now" data-when="{when}" style="display:flex;align-items:center;gap:.9rem;min-height:5.2rem">'
        f'<span aria-hidden="true" style="font-size:3.4rem;line-height:1">{symbol}</span>'
        f'<span><span class="ser-now-words" style="font-size:2.1rem;font-weight:700;line-height:1.15">'
        f"{html.escape(words)}</span><br><span style='opacity:.8'>{html.escape(note)}</span></span></div>"
    )


def _gauge(reading: Reading | None, listener: Listener) -> str:
    """Return negative high arousal as a bar, with a mark at each alarm's threshold."""
    affect = reading.affect if reading else None
    share = affect.negative_high_arousal if affect else 0.0
    words = percent(share) if affect else "no speech"
    marks = "".join(
        f'<div style="position:absolute;top:0;bottom:0;left:{100 * watch.alarm.threshold:.0f}%;'
        'border-left:2px solid currentColor"></div>'
        for watch in listener.watches()
        if watch.alarm.measure == "negative_high_arousal"
    )
    return (
        f'<div style="font-size:.8rem;margin-top:.4rem">{MEASURES["negative_high_arousal"].capitalize()} '
        f"(unpleasant and aroused): <b>{words}</b></div>"
        '<div role="img" aria-label="gauge" style="position:relative;height:16px;border-radius:8px;overflow:hidden;'
        'background:rgba(128,135,146,.2)">'
        f'<div style="height:100%;width:{100 * share:.1f}%;background:#D55E00"></div>{marks}</div>'
    )


def _status(desk: Desk, listener: Listener) -> str:
    words = f"{listener.sound.duration_s:.0f} s heard"
    if desk.delays:
        words = f"Delay {statistics.median(desk.delays):.1f} s, worst {max(desk.delays):.1f} s · {words}"
    if listener.skipped:
        words += f" · {listener.skipped} readings skipped to keep up"
    return words
