"""Plotly figures of a timeline, each with the margins on which the page's cursor relies, and all of it as a web page.

figure = lanes_figure(timeline, 0.0, timeline.duration_s)
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ser_core.affect import affect_curves
from ser_core.charts.common import GREY, finish
from ser_core.emotions import COLOURS, EMOTIONS, SYMBOLS
from ser_core.recogniser import Segment
from ser_core.recordings import Summary, Timeline, turns
from ser_core.recordings.timeline import PAUSE_S
from ser_core.recordings.words import clock, summary_sentences

#: Pixels beside the drawing area, the same in every figure: the page's cursor relies on them.
LEFT, RIGHT, BOTTOM = 108, 12, 32
#: Columns of the waveform and points of a curve that are drawn at most.
_COLUMNS = 900
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_TICKS = 8
_CURVES = (
    ("valence", COLOURS["calm"], "solid"),
    ("arousal", COLOURS["angry"], "dash"),
    ("unpleasant and aroused", GREY, "dot"),
)


def waveform_lane(timeline: Timeline, start_s: float, end_s: float) -> go.Figure:
    """Draw the waveform between two moments in seconds, coloured by emotion; grey where nothing was judged."""
    times, low, high, width = _columns(timeline, start_s, end_s)
    names = _emotion_at(timeline.segments, times)
    ceiling = min(1.0, max(0.02, 1.15 * float(np.abs(timeline.envelope).max(initial=0.0))))
    figure = go.Figure(
        go.Bar(
            x=times,
            y=high - low,
            base=low,
            width=width,
            marker={"color": [COLOURS.get(name, GREY) for name in names], "line": {"width": 0}},
            customdata=[[clock(time), name or "nothing judged"] for time, name in zip(times, names, strict=True)],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_yaxes(
        title_text="amplitude", range=[-ceiling, ceiling], nticks=3, zeroline=True, zerolinecolor=GREY, showgrid=False
    )
    return _framed(figure, start_s, end_s, height=140)


def lanes_figure(timeline: Timeline, start_s: float, end_s: float) -> go.Figure:
    """Draw the turns between two moments in seconds, a lane an emotion; hatched where the model is not sure."""
    inside = [turn for turn in turns(timeline) if turn.end_s > start_s and turn.start_s < end_s]
    present = [emotion for emotion in EMOTIONS if any(turn.emotion == emotion for turn in turns(timeline))]
    figure = go.Figure()
    for emotion in present:
        own = [turn for turn in inside if turn.emotion == emotion]
        sure = [turn.confidence >= timeline.threshold for turn in own]
        figure.add_bar(
            x=[turn.end_s - turn.start_s for turn in own],
            base=[turn.start_s for turn in own],
            y=[_lane(emotion)] * len(own),
            orientation="h",
            marker={
                "color": COLOURS[emotion],
                "opacity": [1.0 if one else 0.6 for one in sure],
                "pattern": {"shape": ["" if one else "/" for one in sure], "size": 6},
                "line": {"color": GREY, "width": 0.5},
            },
            customdata=[
                [clock(turn.start_s), clock(turn.end_s), f"{turn.confidence:.0%}", "" if one else ", not sure"]
                for turn, one in zip(own, sure, strict=True)
            ],
            hovertemplate=f"{emotion} from %{{customdata[0]}} to %{{customdata[1]}}: "
            "%{customdata[2]}%{customdata[3]}<extra></extra>",
            showlegend=False,
        )
    figure.update_yaxes(
        categoryorder="array", categoryarray=[_lane(emotion) for emotion in reversed(present)], showgrid=False
    )
    figure = _framed(figure, start_s, end_s, height=8 + BOTTOM + 28 * max(1, len(present)))
    figure.update_layout(bargap=0.15, barmode="overlay")
    return figure


def curves_figure(timeline: Timeline, start_s: float, end_s: float) -> go.Figure:
    """Draw valence, arousal and negative high arousal between two moments in seconds, with gaps where nobody speaks."""
    times, values = _thinned(timeline, start_s, end_s)
    figure = go.Figure()
    for (name, colour, dash), column in zip(_CURVES, values.T, strict=True):
        figure.add_scatter(
            x=times, y=column, mode="lines", name=name, connectgaps=False,
            line={"color": colour, "dash": dash, "width": 2},
            customdata=[clock(time) if np.isfinite(time) else "" for time in times],
            hovertemplate="%{customdata}: " + name + " %{y:.2f}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(
        range=[-1.05, 1.05], tickvals=[-1, 0, 1], ticktext=["−1", "0", "1"], zeroline=True, zerolinecolor=GREY,
        showgrid=False,
    )  # fmt: skip
    figure = _framed(figure, start_s, end_s, height=230)
    figure.update_layout(
        margin={"t": 34}, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": None}
    )
    return figure


def shares_figure(summary: Summary) -> go.Figure:
    """Draw the share of each emotion in the time that was judged, the largest first."""
    names = [f"{emotion} {SYMBOLS[emotion]}" for emotion in summary.shares]
    values = [100 * share for share in summary.shares.values()]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            text=[f"{value:.0f} % " for value in values],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": [COLOURS[emotion] for emotion in summary.shares], "line": {"color": GREY, "width": 0.8},
            },
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
            showlegend=False,
        )
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1.25 * max(values, default=1)], visible=False, fixedrange=True)
    figure.update_yaxes(autorange="reversed", ticksuffix=" ", fixedrange=True, showgrid=False)
    return finish(figure, height=40 + 30 * max(1, len(names)))


def recording_page(timeline: Timeline, summary: Summary) -> str:
    """Return a timeline as one web page that works without a network and holds no sound (5 MB)."""
    name = html.escape(timeline.name)
    figures = [
        draw(timeline, 0.0, max(timeline.duration_s, 0.1)) for draw in (waveform_lane, lanes_figure, curves_figure)
    ]
    drawn = []
    for number, figure in enumerate([*figures, shares_figure(summary)]):
        figure.update_layout(template="plotly_white")
        drawn.append(figure.to_html(full_html=False, include_plotlyjs=number == 0, config={"displaylogo": False}))
    words = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in summary_sentences(timeline, summary))
    rows = "".join(
        f"<tr><td>{clock(turn.start_s)}</td><td>{clock(turn.end_s)}</td><td>{turn.emotion} {SYMBOLS[turn.emotion]}</td>"
        f"<td>{turn.confidence:.0%}</td><td>{turn.affect.valence:+.2f}</td><td>{turn.affect.arousal:+.2f}</td></tr>"
        for turn in turns(timeline)
    )
    heads = "".join(f"<th>{head}</th>" for head in ("from", "to", "emotion", "confidence", "valence", "arousal"))
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b2129}"
        "table{border-collapse:collapse}th,td{text-align:left;padding:.2rem .8rem;border-bottom:1px solid #ccc}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{name}</title><style>{style}</style></head><body>'
        f"<h1>{name}</h1>{words}{''.join(drawn)}<h2>Segments</h2><table><tr>{heads}</tr>{rows}</table>"
        f"<p>Model: {html.escape(timeline.model)}. It names how a voice sounds, which need not be what a person feels."
        "</p></body></html>"
    )


def _lane(emotion: str) -> str:
    return f"{SYMBOLS[emotion]} {emotion}"


def _columns(timeline: Timeline, start_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the middle in seconds, lowest and highest sample of the columns in view, and their width in seconds."""
    count = timeline.envelope.shape[1]
    column_s = timeline.duration_s / max(1, count)
    first, last = int(start_s / max(column_s, 1e-9)), int(np.ceil(end_s / max(column_s, 1e-9)))
    part = timeline.envelope[:, first : max(first + 1, last)]
    group = max(1, -(-part.shape[1] // _COLUMNS))
    starts = np.arange(0, part.shape[1], group)
    low, high = np.minimum.reduceat(part[0], starts), np.maximum.reduceat(part[1], starts)
    return (first + starts + group / 2) * column_s, low, high, group * column_s


def _emotion_at(segments: Sequence[Segment], times: np.ndarray) -> list[str]:
    """Return the emotion at each moment, empty where nothing was judged."""
    if not segments:
        return [""] * len(times)
    starts = np.array([segment.start_s for segment in segments])
    places = np.maximum(0, np.searchsorted(starts, times, side="right") - 1)
    return [
        segments[place].emotion if segments[place].start_s <= time < segments[place].end_s else ""
        for place, time in zip(places, times, strict=True)
    ]


def _thinned(timeline: Timeline, start_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return moments and readings [shape=(n,), (n, 3)] in view, as means of neighbours; NaN between stretches."""
    inside = [one for one in timeline.segments if one.end_s > start_s and one.start_s < end_s]
    if not inside:
        return np.zeros(0), np.zeros((0, 3))
    rows = np.array([[one.probabilities[label] for label in timeline.labels] for one in inside])
    readings = affect_curves(rows, timeline.labels)
    middles = np.array([(one.start_s + one.end_s) / 2 for one in inside])
    group = max(1, -(-len(inside) // _COLUMNS))
    starts = np.arange(0, len(inside), group)
    sizes = np.diff([*starts, len(inside)])
    times = np.add.reduceat(middles, starts) / sizes
    values = np.add.reduceat(readings, starts, axis=0) / sizes[:, None]
    firsts = np.array([one.start_s for one in inside])[starts]
    lasts = np.array([one.end_s for one in inside])[np.append(starts[1:], len(inside)) - 1]
    gaps = np.flatnonzero(firsts[1:] - lasts[:-1] > max(PAUSE_S, (end_s - start_s) / 100)) + 1
    return np.insert(times, gaps, np.nan), np.insert(values, gaps, np.nan, axis=0)


def _framed(figure: go.Figure, start_s: float, end_s: float, height: int) -> go.Figure:
    step = next((step for step in _STEPS_S if (end_s - start_s) / step <= _TICKS), _STEPS_S[-1])
    ticks = np.arange(np.ceil(start_s / step) * step, end_s + 1e-9, step)
    figure.update_xaxes(
        range=[start_s, end_s], tickvals=ticks, ticktext=[clock(tick) for tick in ticks], showgrid=False,
        fixedrange=True, title_text="",
    )  # fmt: skip
    finish(figure, height)
    figure.update_layout(margin={"l": LEFT, "r": RIGHT, "b": BOTTOM}, bargap=0)
    figure.update_yaxes(automargin=False, fixedrange=True)
    figure.update_xaxes(automargin=False)
    return figure
