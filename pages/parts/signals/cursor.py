"""One cursor through all panels, tied to the player: it follows the sound, a click seeks, dragging zooms in.

The pages Signals and Recordings use it; each has its panels and its player in containers of these names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from ser_core.charts.signals import BOTTOM, LEFT, RIGHT

#: The container of the panels, and those of the players of the first and the second sound.
PANELS, PLAYER, OTHER_PLAYER = "signals_panels", "signals_player", "signals_player_other"

_CSS = """
.ser-line { position: absolute; width: 0; pointer-events: none; z-index: 5; display: none; }
.ser-line.hover { border-left: 1px dashed #808792; }
.ser-line.play { border-left: 2px solid #D55E00; }
.ser-line span {
  position: absolute; top: 0; left: 3px; font: 12px sans-serif; color: #fff; background: #D55E00;
  border-radius: 3px; padding: 0 3px; white-space: nowrap;
}
.ser-line.hover span { background: #5b626c; }
.ser-area { position: absolute; background: rgba(86, 180, 233, 0.3); pointer-events: none; display: none; z-index: 4; }
"""

_JS = """
let stop = () => {}, sought = null;
export default function ({ data, parentElement, setTriggerValue }) {
  stop();
  const control = new AbortController();
  const { signal } = control;
  const panels = document.querySelector(".st-key-" + data.panels);
  if (!panels) return;
  const overlay = parentElement.querySelector(".ser-overlay");
  const span = data.end - data.start;
  const charts = () => [...panels.querySelectorAll(".js-plotly-plot")];
  const audio = (key) => document.querySelector(".st-key-" + key + " audio");

  const pool = { hover: [], play: [], area: [] };
  const piece = (kind, number) => {
    if (!pool[kind][number]) {
      const made = document.createElement("div");
      made.className = kind === "area" ? "ser-area" : "ser-line " + kind;
      if (kind !== "area") made.appendChild(document.createElement("span"));
      overlay.appendChild(made);
      pool[kind][number] = made;
    }
    return pool[kind][number];
  };
  const hide = (kind) => pool[kind].forEach((line) => (line.style.display = "none"));
  const place = (kind, from, to) => {
    const origin = overlay.getBoundingClientRect();
    charts().forEach((chart, number) => {
      const box = chart.getBoundingClientRect();
      const width = box.width - data.left - data.right;
      const made = piece(kind, number);
      const x = (time) => box.left - origin.left + data.left + (width * (time - data.start)) / span;
      made.style.left = x(from) + "px";
      made.style.top = box.top - origin.top + "px";
      made.style.height = box.height - data.bottom + "px";
      if (kind === "area") made.style.width = Math.max(0, x(to) - x(from)) + "px";
      else {
        made.firstChild.textContent = words(from);
        made.firstChild.style.display = number === 0 ? "" : "none";
      }
      made.style.display = "block";
    });
  };
  const words = (time) => {
    if (!data.clock) return time.toFixed(2) + " s";
    const two = (number) => String(number).padStart(2, "0");
    const whole = Math.floor(time), rest = Math.floor(whole / 60) % 60;
    return (whole >= 3600 ? Math.floor(whole / 3600) + ":" + two(rest) : rest) + ":" + two(whole % 60);
  };
  const inside = (time) => time >= data.start && time <= data.end;
  const timeAt = (event) => {
    const chart = event.target.closest && event.target.closest(".js-plotly-plot");
    if (!chart || !panels.contains(chart) || event.target.closest(".modebar, .legend")) return null;
    const box = chart.getBoundingClientRect();
    const share = (event.clientX - box.left - data.left) / (box.width - data.left - data.right);
    return share < -0.01 || share > 1.01 ? null : data.start + span * Math.min(1, Math.max(0, share));
  };
  const interpolate = (value, from, to) => {
    if (!from) return value;
    let low = 0, high = from.length - 1;
    if (value <= from[0]) return to[0];
    if (value >= from[high]) return to[high];
    while (high - low > 1) { const mid = (low + high) >> 1; if (from[mid] <= value) low = mid; else high = mid; }
    return to[low] + ((to[high] - to[low]) * (value - from[low])) / (from[high] - from[low] || 1);
  };

  // A moment asked for by the page, such as a row of a table: once each time it is asked for.
  const seek = () => {
    const first = audio(data.player);
    if (!data.seek || data.seek[0] === sought || !first) return;
    sought = data.seek[0];
    first.currentTime = data.seek[1];
    first.play().catch(() => {});
  };
  seek();

  let pressed = null;
  panels.addEventListener("pointermove", (event) => {
    const time = timeAt(event);
    if (time === null) { if (!pressed) hide("hover"); return; }
    place("hover", time);
    if (pressed) place("area", Math.min(pressed.time, time), Math.max(pressed.time, time));
  }, { signal, capture: true });
  panels.addEventListener("pointerleave", () => { hide("hover"); hide("area"); pressed = null; }, { signal });
  panels.addEventListener("pointerdown", (event) => {
    const time = timeAt(event);
    if (time !== null && event.button === 0) pressed = { time, x: event.clientX, mouse: event.pointerType === "mouse" };
  }, { signal, capture: true });
  panels.addEventListener("pointerup", (event) => {
    const time = timeAt(event);
    hide("area");
    if (pressed && time !== null) {
      if (Math.abs(event.clientX - pressed.x) < 8) {
        const first = audio(data.player), second = audio(data.other);
        if (first) first.currentTime = time;
        if (second) second.currentTime = interpolate(time, data.first_s, data.second_s);
      } else if (pressed.mouse && data.zoom && Math.abs(time - pressed.time) >= 0.05) {
        setTriggerValue("range", [Math.min(time, pressed.time), Math.max(time, pressed.time)]);
      }
    }
    pressed = null;
  }, { signal, capture: true });
  // Plotly would lay a cover over the whole page and keep the rest of the gesture for itself.
  panels.addEventListener("mousedown", (event) => {
    if (timeAt(event) !== null) event.stopPropagation();
  }, { signal, capture: true });
  panels.addEventListener("dblclick", (event) => {
    if (timeAt(event) !== null && data.zoom) setTriggerValue("range", [0, data.duration]);
  }, { signal, capture: true });

  let frame = 0, last = null;
  const follow = () => {
    const first = audio(data.player), second = audio(data.other);
    let time = null;
    if (second && !second.paused) time = interpolate(second.currentTime, data.second_s, data.first_s);
    else if (first && (first.currentTime > 0 || !first.paused)) time = first.currentTime;
    const key = time === null ? null : time + ":" + overlay.getBoundingClientRect().top + ":" + panels.offsetHeight;
    if (key !== last) {
      last = key;
      if (time !== null && inside(time)) place("play", time); else hide("play");
    }
    frame = requestAnimationFrame(follow);
  };
  follow();
  stop = () => { control.abort(); cancelAnimationFrame(frame); overlay.replaceChildren(); };
  return stop;
}
"""

_cursor = st.components.v2.component(
    "ser_signals_cursor",
    html='<div class="ser-overlay" style="position: relative; height: 0"></div>',
    css=_CSS,
    js=_JS,
    isolate_styles=False,
)


def mount_cursor(
    start_s: float,
    end_s: float,
    duration_s: float,
    *,
    key: str = "signals_cursor",
    on_zoom: Callable[[], None] | None = None,
    first_s: np.ndarray | None = None,
    second_s: np.ndarray | None = None,
    margins: tuple[int, int, int] = (LEFT, RIGHT, BOTTOM),
    clock: bool = False,
    seek: tuple[int, float] | None = None,
) -> Any:
    """Lay the cursor over the panels, whose time axes reach from *start_s* to *end_s*.

    Parameters
    ----------
    on_zoom
        Called when a part was dragged over; its limits are in the session's state under *key*, as `range`.
    first_s, second_s
        Moments of the first and of the second sound that belong together, where there are two players.
    margins
        Pixels at the left, at the right and below the panels' drawing areas.
    clock
        Write moments as minutes and seconds rather than as seconds.
    seek
        A number and a moment in seconds: a new number moves the player there and starts it.
    """
    data: dict[str, Any] = {
        "panels": PANELS,
        "player": PLAYER,
        "other": OTHER_PLAYER,
        "left": margins[0],
        "right": margins[1],
        "bottom": margins[2],
        "start": start_s,
        "end": end_s,
        "duration": duration_s,
        "zoom": on_zoom is not None,
        "clock": clock,
        "seek": seek,
    }
    if first_s is not None and second_s is not None:
        data |= {"first_s": [float(value) for value in first_s], "second_s": [float(value) for value in second_s]}
    if on_zoom is None:
        return _cursor(key=key, data=data)
    return _cursor(key=key, data=data, on_range_change=on_zoom)
