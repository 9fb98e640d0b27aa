"""Plotly figures of calls: negative high arousal of one channel over time, against the person's threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ser_core.calls import Limits, Track
from ser_core.charts.common import GREY, finish
from ser_core.charts.evaluation import intervals_figure
from ser_core.emotions import COLOURS, EMOTIONS, SYMBOLS

_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "title": None}


def track_figure(track: Track, duration_s: float, limits: Limits) -> go.Figure:
    """Draw each judged window as a bar: as high as its negative high arousal, in the colour of its emotion.

    What reaches the threshold stands above a dashed line; the hover text has time, emotion and number.
    """
    figure = go.Figure()
    emotions = np.array(track.emotions())
    for emotion in EMOTIONS:
        chosen = emotions == emotion
        if not chosen.any():
            continue
        figure.add_bar(
            x=track.spans[chosen].mean(axis=1),
            # A bar of nothing would not show that somebody speaks.
            y=np.maximum(track.unrest[chosen], 0.02),
            width=track.seconds[chosen],
            customdata=[
                f"{_clock(start)} to {_clock(end)}: {emotion}, {value:.2f}"
                for (start, end), value in zip(track.spans[chosen], track.unrest[chosen], strict=True)
            ],
            marker={"color": COLOURS[emotion], "line": {"color": GREY, "width": 0.5}},
            name=f"{SYMBOLS[emotion]} {emotion}",
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.add_scatter(
        x=[0, duration_s], y=[limits.threshold] * 2, mode="lines", name=f"threshold {limits.threshold:g}",
        line={"color": GREY, "dash": "dash", "width": 2}, hoverinfo="skip",
    )  # fmt: skip
    ticks = np.linspace(0, duration_s, 7)
    figure.update_xaxes(
        title_text="time (min:s)", range=[0, duration_s], tickvals=ticks, ticktext=[_clock(tick) for tick in ticks],
        showgrid=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(title_text="negative high arousal", range=[0, 1.05], tickvals=[0, 0.5, 1], fixedrange=True)
    figure.update_layout(legend=_LEGEND, showlegend=True, barmode="overlay")
    return finish(figure, height=260, top=44)


def agents_figure(agents: pd.DataFrame) -> go.Figure:
    """Draw the mean share of dissatisfied speech of each agent's callers with its 95 % interval.

    Parameters
    ----------
    agents
        As :func:`ser_core.calls.compare_agents` gives it.
    """
    share = "dissatisfied_share"
    rows = agents.rename(columns={"agent": "name", share: "value", f"{share}_low": "low", f"{share}_high": "high"})
    return intervals_figure(rows[["name", "value", "low", "high"]], "dissatisfied speech of the callers (%)")


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
