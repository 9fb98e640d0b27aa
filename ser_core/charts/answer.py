"""Plotly figures of a recording and of a prediction. They carry no background, so that a page's theme shows through."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from ser_core.audio import Waveform
from ser_core.charts.common import GREY, finish
from ser_core.emotions import COLOURS, SYMBOLS
from ser_core.features.level import envelope

#: Right edge of the bar chart, in percent: beyond 100 there is room for the numbers.
_NUMBERS_AT = 116


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
