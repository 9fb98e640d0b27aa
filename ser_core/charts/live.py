"""The last minute of a live stream as HTML that is redrawn several times a second, and a whole session as a figure.

A Plotly figure takes a browser 50 ms to redraw; a few boxes take one.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ser_core.affect import Affect
from ser_core.charts.common import GREY, finish
from ser_core.emotions import COLOURS, SYMBOLS
from ser_core.live import AlarmEvent, Reading

#: What the rolling timeline covers, in seconds.
SPAN_S = 60.0
_LONGEST_STEP_S = 1.0
_DARK, _LIGHT = "#111418", "#FFFFFF"
_NEEDS_LIGHT_TEXT = {"sad"}
_BOX = "position:absolute;box-sizing:border-box;overflow:hidden;white-space:nowrap;"
_ROOM_FOR_WORD, _ROOM_FOR_LABEL, _ROOM_FOR_SIGN = 20.0, 16.0, 4.5  # in percent of the width
_CURVES: dict[str, tuple[str, float, str, Callable[[Affect], float]]] = {
    "Arousal": ("drowsy … excited", -1.0, COLOURS["happy"], lambda affect: affect.arousal),
    "Valence": ("unpleasant … pleasant", -1.0, COLOURS["calm"], lambda affect: affect.valence),
    "Negative high arousal": ("0 … 1", 0.0, COLOURS["angry"], lambda affect: affect.negative_high_arousal),
}


@dataclass(frozen=True)
class Stretch:
    """A stretch of a stream with one answer; times in seconds, *emotion* None where nobody spoke."""

    start_s: float
    end_s: float
    emotion: str | None
    sure: bool

    @property
    def word(self) -> str:
        """The answer as a person reads it."""
        if self.emotion is None:
            return "no speech"
        return self.emotion if self.sure else f"{self.emotion}?"


def named_outright(reading: Reading) -> bool:
    """Return whether a reading names one emotion: its only candidate, or else one that the model is sure of."""
    return len(reading.candidates) == 1 if reading.candidates else reading.sure


def stretches(readings: Sequence[Reading]) -> list[Stretch]:
    """Return the stretches of equal answers; each reading stands for the time since the one before it, at most 1 s."""
    found: list[Stretch] = []
    before_s = 0.0
    for reading in readings:
        start = max(before_s, reading.time_s - _LONGEST_STEP_S)
        sure = reading.emotion is not None and named_outright(reading)
        last = found[-1] if found else None
        if last and (last.emotion, last.sure) == (reading.emotion, sure) and last.end_s == start:
            found[-1] = Stretch(last.start_s, reading.time_s, last.emotion, sure)
        else:
            found.append(Stretch(start, reading.time_s, reading.emotion, sure))
        before_s = reading.time_s
    return found


def timeline_html(readings: Sequence[Reading], events: Iterable[AlarmEvent] = ()) -> str:
    """Return the last minute as HTML: a strip of emotions in colour and text, the alarms, and three curves.

    Parameters
    ----------
    readings
        In order; the last one's time is the right edge.
    events
        Alarms that rang.
    """
    now = readings[-1].time_s if readings else 0.0
    start = now - SPAN_S
    shown = [part for part in stretches(readings) if part.end_s > start]
    rows = [_row("Emotion", "", 38, "".join(_box(part, start) for part in shown) + _bells(events, start))]
    rows.append(f'<div style="position:relative;height:1.35em;font-size:.8rem">{_labels(shown, start)}</div>')
    for name, (scale, lowest, colour, value) in _CURVES.items():
        areas = "".join(_area(run, start, lowest, colour, value) for run in _spoken(readings, start))
        middle = f'<div style="{_BOX}left:0;right:0;top:50%;border-top:1px dotted {GREY}"></div>' if lowest else ""
        rows.append(_row(name, scale, 40, middle + areas))
    ticks = "".join(
        f'<span style="{_BOX}left:{100 * (1 + second / SPAN_S):.0f}%;transform:translateX('
        f'{-100 if second == 0 else 0 if second == -SPAN_S else -50}%)">{"now" if second == 0 else f"−{-second:.0f} s"}'
        "</span>"
        for second in (-60.0, -45.0, -30.0, -15.0, 0.0)
    )
    axis = f'<div style="position:relative;height:1.3em;font-size:.8rem;opacity:.8">{ticks}</div>'
    return (
        f'<div class="ser-timeline" role="img" aria-label="{_spoken_summary(shown, start)}">{"".join(rows)}{axis}</div>'
    )


def session_figure(readings: Sequence[Reading], events: Sequence[AlarmEvent]) -> go.Figure:
    """Draw a whole session: stretches of emotions over time in seconds, valence and arousal, alarms as dashed lines."""
    figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, row_heights=[0.36, 0.32, 0.32], vertical_spacing=0.06,
        subplot_titles=None,
    )  # fmt: skip
    parts = [part for part in stretches(readings) if part.emotion is not None]
    for emotion in dict.fromkeys(part.emotion for part in parts if part.emotion):
        for sure in (True, False):
            own = [part for part in parts if (part.emotion, part.sure) == (emotion, sure)]
            if own:
                _add_bars(figure, own, emotion, sure)
    for row, names in ((2, ("Valence", "Arousal")), (3, ("Negative high arousal",))):
        for place, name in enumerate(names):
            _add_curve(figure, readings, name, row, "dot" if place else "solid")
    for event in events:
        figure.add_vline(event.time_s, line={"color": COLOURS["angry"], "dash": "dash", "width": 1.5})
    figure.update_xaxes(showgrid=False, fixedrange=False)
    figure.update_xaxes(title_text="time (s)", row=3, col=1)
    figure.update_yaxes(showgrid=False, fixedrange=True)
    figure.update_yaxes(range=[-1, 1], tickvals=[-1, 0, 1], row=2, col=1)
    figure.update_yaxes(range=[0, 1], tickvals=[0, 0.5, 1], row=3, col=1)
    figure.update_layout(
        barmode="overlay", legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": None}
    )
    finish(figure, height=430, top=60)
    figure.update_layout(bargap=0.0, dragmode="zoom")
    return figure


def _add_bars(figure: go.Figure, parts: Sequence[Stretch], emotion: str, sure: bool) -> None:
    """Draw one emotion's stretches as bars along time, those that are not sure hatched."""
    figure.add_bar(
        x=[part.end_s - part.start_s for part in parts],
        base=[part.start_s for part in parts],
        y=[emotion] * len(parts),
        orientation="h",
        name=f"{SYMBOLS[emotion]} {emotion}" + ("" if sure else " (not sure)"),
        marker={
            "color": COLOURS[emotion], "opacity": 1.0 if sure else 0.6,
            "pattern": {"shape": "" if sure else "/"}, "line": {"color": GREY, "width": 0.5},
        },
        hovertemplate="%{base:.1f} s, %{x:.1f} s long: " + parts[0].word + "<extra></extra>",
        showlegend=False,
        row=1,
        col=1,
    )  # fmt: skip


def _add_curve(figure: go.Figure, readings: Sequence[Reading], name: str, row: int, dash: str) -> None:
    _, _, colour, value = _CURVES[name]
    moments = [reading.time_s for reading in readings]
    values = [value(affect) if (affect := reading.affect) else None for reading in readings]
    figure.add_scatter(
        x=moments, y=values, mode="lines", name=name.lower(), connectgaps=False, row=row, col=1,
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate="%{x:.1f} s: %{y:.2f}<extra>" + name.lower() + "</extra>",
    )  # fmt: skip


def _row(name: str, scale: str, height: int, content: str) -> str:
    note = f' <span style="opacity:.75">({scale})</span>' if scale else ""
    return (
        f'<div style="font-size:.8rem;margin-top:.35rem">{name}{note}</div>'
        f'<div style="position:relative;height:{height}px;border-radius:6px;overflow:hidden;'
        f'background:rgba(128,135,146,.14)">{content}</div>'
    )


def _place(time_s: float, start: float) -> float:
    """Return how far to the right a moment lies, in percent."""
    return 100 * min(1.0, max(0.0, (time_s - start) / SPAN_S))


def _box(part: Stretch, start: float) -> str:
    left, right = _place(part.start_s, start), _place(part.end_s, start)
    width = right - left
    if part.emotion is None:
        look = "opacity:.75;"
        sign = ""
    else:
        sign = SYMBOLS[part.emotion] if part.sure else "🤔"
        colour = COLOURS[part.emotion]
        hatch = f"repeating-linear-gradient(45deg,{colour} 0 6px,{colour}99 6px 12px)"
        look = f"background:{colour if part.sure else hatch};color:{_text(part.emotion)};"
    word = f"{sign} {part.word}".strip() if width >= _ROOM_FOR_WORD else sign if width >= _ROOM_FOR_SIGN else ""
    return (
        f'<div title="{html.escape(part.word)}" style="{_BOX}{look}left:{left:.2f}%;width:{width:.2f}%;top:0;bottom:0;'
        f'line-height:38px;text-align:center;font-size:.85rem">{html.escape(word)}</div>'
    )


def _labels(parts: Sequence[Stretch], start: float) -> str:
    """Return the longest answer of each utterance in words below the strip, as far as there is room."""
    found, free = [], 0.0
    for spoken, group in itertools.groupby(parts, key=lambda part: part.emotion is not None):
        run = list(group)
        left = _place(run[0].start_s, start)
        if not spoken or left < free:
            continue
        longest = max(run, key=lambda part: part.end_s - part.start_s)
        found.append(f'<span style="{_BOX}left:min({left:.2f}%, 100% - 5.5em)">{html.escape(longest.word)}</span>')
        free = left + _ROOM_FOR_LABEL
    return "".join(found)


def _text(emotion: str) -> str:
    return _LIGHT if emotion in _NEEDS_LIGHT_TEXT else _DARK


def _bells(events: Iterable[AlarmEvent], start: float) -> str:
    look = f"{_BOX}top:-1px;height:38px;font-size:.85rem;border-left:3px solid currentColor;"
    return "".join(
        f'<div title="{html.escape(event.alarm.name)}" style="{look}left:{_place(event.time_s, start):.2f}%">🔔</div>'
        for event in events
        if event.time_s > start
    )


def _spoken(readings: Sequence[Reading], start: float) -> list[list[Reading]]:
    """Return the runs of readings in which somebody spoke."""
    recent = [reading for reading in readings if reading.time_s > start]
    groups = itertools.groupby(recent, key=lambda reading: reading.emotion is not None)
    return [list(group) for spoken, group in groups if spoken]


def _area(run: Sequence[Reading], start: float, lowest: float, colour: str, value: Callable[[Affect], float]) -> str:
    """Return one curve's area between its zero and its values."""
    heights = []
    for reading in run:
        derived = reading.affect
        heights.append(100 * (1 - value(derived)) / (1 - lowest) if derived else 0.0)
    zero = 100 / (1 - lowest)
    left, right = _place(run[0].time_s - 0.25, start), _place(run[-1].time_s, start)
    moments = [left, *(_place(reading.time_s, start) for reading in run)]
    edge = " ,".join(f"{x:.1f}% {y:.1f}%" for x, y in zip(moments, [heights[0], *heights], strict=True))
    shape = f"polygon({left:.1f}% {zero:.1f}%,{edge},{right:.1f}% {zero:.1f}%)"
    return f'<div style="{_BOX}inset:0;background:{colour};clip-path:{shape}"></div>'


def _spoken_summary(parts: Sequence[Stretch], start: float) -> str:
    """Return what the strip shows in words, for those who do not see it."""
    seconds: dict[str, float] = {}
    for part in parts:
        seconds[part.word] = seconds.get(part.word, 0.0) + part.end_s - max(part.start_s, start)
    words = ", ".join(f"{word} {length:.0f} s" for word, length in sorted(seconds.items(), key=lambda item: -item[1]))
    return f"The last minute: {words or 'nothing yet'}."
