"""Plotly figures of a recording and of a prediction. They carry no background, so that a page's theme shows through."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ser_core.affect import POSITIONS, Affect
from ser_core.audio import Waveform
from ser_core.charts.common import GREY, finish
from ser_core.emotions import COLOURS, SYMBOLS
from ser_core.features.level import envelope

#: Right edge of the bar chart, in percent: beyond 100 there is room for the numbers.
_NUMBERS_AT = 116
#: Where names stand that would cross a neighbour above their point.
_BESIDE = {"angry": "middle right", "disgust": "bottom center", "neutral": "bottom right", "sad": "bottom center",
           "calm": "bottom center"}  # fmt: skip
#: How far the middle of words lies from their point in the plane of valence and arousal, across and along.
_WORDS = (0.28, 0.11)
_SIDES = {"top center": (0, 1), "bottom center": (0, -1), "middle right": (1, 0), "middle left": (-1, 0),
          "top right": (1, 1), "top left": (-1, 1), "bottom right": (1, -1), "bottom left": (-1, -1)}  # fmt: skip


def waveform_figure(waveform: Waveform) -> go.Figure:
    """Draw the waveform's envelope over time in seconds.

    A raw three-second waveform is 600 kB of JSON, its envelope under 20 kB.
    """
    low, high = envelope(waveform.samples)
    times = (np.arange(len(low)) * (waveform.duration_s / len(low))).astype(np.float32)
    ceiling = min(1.0, max(0.02, 1.15 * float(max(high.max(), -low.min()))))
    figure = go.Figure()
    line = {"color": COLOURS["calm"], "width": 0.6}
    figure.add_scatter(x=times, y=high, mode="lines", line=line, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=times,
        y=low,
        mode="lines",
        line=line,
        fill="tonexty",
        fillcolor=COLOURS["calm"],
        hovertemplate="%{x:.2f} s<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title_text="time (s)", range=[0, waveform.duration_s], showgrid=False, fixedrange=True)
    figure.update_yaxes(
        title_text="amplitude", range=[-ceiling, ceiling], nticks=5, zeroline=True, zerolinecolor=GREY, fixedrange=True
    )
    return finish(figure, height=190)


def probability_figure(probabilities: Mapping[str, float], chance: float) -> go.Figure:
    """Draw the probability of each emotion as a bar with its name, sign and percentage, and the chance line.

    Parameters
    ----------
    probabilities
        Emotion -> probability, 0 to 1; drawn from top to bottom in this order, so that places stay the same.
    chance
        Probability of each class when guessing, 0 to 1.
    """
    emotions = list(probabilities)
    names = [f"{emotion} {SYMBOLS[emotion]}" for emotion in emotions]
    shares = np.array([100 * probabilities[emotion] for emotion in emotions])
    figure = go.Figure(
        go.Bar(
            x=shares,
            y=names,
            orientation="h",
            marker={
                "color": [COLOURS[emotion] for emotion in emotions],
                "opacity": [1.0 if share == shares.max() else 0.7 for share in shares],
                "line": {"color": GREY, "width": 0.8},  # the yellow would vanish on white without it
            },
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
            showlegend=False,
        )
    )
    # The numbers stand in a column of their own, where neither bars nor the chance line can cross them.
    figure.add_scatter(
        x=[_NUMBERS_AT] * len(emotions),
        y=names,
        mode="text",
        text=[f"{share:.0f} %" for share in shares],
        textposition="middle left",
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_vline(
        x=100 * chance,
        line={"color": GREY, "dash": "dot", "width": 1.5},
        annotation={"text": f"guessing: {100 * chance:.3g} %", "font": {"color": GREY, "size": 12}, "yshift": 2},
        annotation_position="top",
    )
    figure.update_xaxes(range=[0, _NUMBERS_AT], visible=False, fixedrange=True)  # the same scale for every answer
    figure.update_yaxes(autorange="reversed", ticksuffix=" ", fixedrange=True, showgrid=False, tickfont={"size": 15})
    return finish(figure, height=40 + 38 * len(emotions), top=26)


def affect_figure(reading: Affect, labels: Sequence[str]) -> go.Figure:
    """Draw the plane of valence and arousal: the classes where they were published, and the reading as a cross.

    Parameters
    ----------
    labels
        The classes that the model knows; only these are drawn.
    """
    figure = go.Figure()
    figure.add_shape(type="circle", x0=-1, y0=-1, x1=1, y1=1, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[POSITIONS[label][0] for label in labels],
        y=[POSITIONS[label][1] for label in labels],
        mode="markers+text",
        marker={
            "symbol": "circle-open", "size": 9, "color": [COLOURS[label] for label in labels], "line": {"width": 2},
        },
        text=[f"{label} {SYMBOLS[label]}" for label in labels],
        textfont={"size": 12},
        cliponaxis=False,
        textposition=[_BESIDE.get(label, "top center") for label in labels],
        hovertemplate="%{text}: valence %{x:.2f}, arousal %{y:.2f}<extra></extra>",
        showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        x=[reading.valence],
        y=[reading.arousal],
        mode="markers+text",
        marker={"symbol": "x", "size": 15, "color": COLOURS["angry"], "line": {"color": GREY, "width": 1}},
        text=["<b>this voice</b>"],
        textposition=_free_side((reading.valence, reading.arousal), labels),
        cliponaxis=False,
        hovertemplate="this voice: valence %{x:.2f}, arousal %{y:.2f}<extra></extra>",
        showlegend=False,
    )
    axis = {
        "range": [-1.12, 1.12], "tickvals": [-1, 0, 1], "zeroline": True, "zerolinecolor": GREY, "showgrid": False,
        "fixedrange": True,
    }  # fmt: skip
    figure.update_xaxes(title_text="unpleasant ← valence → pleasant", **axis)
    figure.update_yaxes(title_text="drowsy ← arousal → excited", scaleanchor="x", constrain="domain", **axis)
    return finish(figure, height=380)


def _free_side(point: tuple[float, float], labels: Sequence[str]) -> str:
    """Return the side of *point* on which words lie farthest from the classes, their names and the figure's edge."""
    taken = [POSITIONS[label] for label in labels]
    taken += [_words_at(POSITIONS[label], _BESIDE.get(label, "top center")) for label in labels]

    def room(side: str) -> float:
        x, y = _words_at(point, side)
        if max(abs(x), abs(y)) > 0.9:
            return 0.0
        return min(math.hypot((x - other_x) / _WORDS[0], (y - other_y) / _WORDS[1]) for other_x, other_y in taken)

    return max(_SIDES, key=room)


def _words_at(point: tuple[float, float], side: str) -> tuple[float, float]:
    """Return the middle of words written at *side* of *point*."""
    across, along = _SIDES[side]
    return point[0] + across * _WORDS[0], point[1] + along * _WORDS[1]
