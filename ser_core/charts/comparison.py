"""Plotly figures of two sounds, or of one before and after a change. The second is always dashed or named."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ser_core.charts.common import GREY, finish
from ser_core.charts.signals import BLUE, RED, add_curve, picture_figure, share_axis
from ser_core.emotions import COLOURS, SYMBOLS
from ser_core.signals.analysis import CONTOURS, Analysis
from ser_core.signals.compare import Alignment, frames_at
from ser_core.signals.view import curve, picture

_LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": None}


def common_axis(first: Analysis, second: Analysis, alignment: Alignment) -> tuple[np.ndarray, np.ndarray]:
    """Return the moments of the shared time axis in the first and in the second sound [shape=(n,) each, seconds]."""
    warped = np.isfinite(alignment.cost)
    end = first.waveform.duration_s if warped else max(first.waveform.duration_s, second.waveform.duration_s)
    moments = np.arange(0.0, end + 1e-9, first.settings.hop * first.thinning / 16_000)
    return moments, alignment.second_at(moments)


def contour_pair_figure(first: Analysis, second: Analysis, alignment: Alignment, name: str) -> go.Figure:
    """Draw a contour of both sounds on the first one's time axis, the second dashed."""
    about, here, there = CONTOURS[name], *common_axis(first, second, alignment)
    figure = go.Figure()
    for analysis, moments, colour, dash, title in (
        (first, here, BLUE, "solid", "first"),
        (second, there, RED, "dash", "second"),
    ):
        values = frames_at(analysis.contour(name), _hop_s(analysis), moments, analysis.waveform.duration_s)
        add_curve(figure, curve(values, here), colour, title, dash)
    figure.update_yaxes(title_text=about.unit, gridcolor="rgba(128,135,146,0.25)")
    figure.update_layout(legend=_LEGEND)
    return share_axis(figure, 0.0, float(here[-1]), height=220, top=26)


def picture_pair_figures(first: Analysis, second: Analysis, alignment: Alignment) -> tuple[go.Figure, go.Figure]:
    """Draw both spectrograms on the first one's time axis."""
    here, there = common_axis(first, second, alignment)
    figures = []
    for analysis, moments in ((first, here), (second, there)):
        decibels, rows = analysis.decibels()
        values = frames_at(decibels, _hop_s(analysis), moments, analysis.waveform.duration_s)
        shown = np.nan_to_num(values, nan=-analysis.settings.range_db)
        figure = picture_figure(picture(shown, here, rows), analysis.settings.range_db)
        figures.append(share_axis(figure, 0.0, float(here[-1]), height=200))
    return figures[0], figures[1]


def change_figure(before: Mapping[str, float], after: Mapping[str, float]) -> go.Figure:
    """Draw the probabilities before (thin, grey) and after (thick, coloured), 0 to 1, with both numbers."""
    names = [f"{emotion} {SYMBOLS[emotion]}" for emotion in before]
    old, new = (np.array([100 * shares[emotion] for emotion in before]) for shares in (before, after))
    figure = go.Figure()
    figure.add_bar(
        y=names, x=old, orientation="h", name="before", width=0.3, offset=-0.42,
        marker={"color": GREY, "pattern": {"shape": "/", "fgcolor": "#1B2129", "fgopacity": 0.4, "size": 5}},
        hovertemplate="%{y} before: %{x:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.add_bar(
        y=names, x=new, orientation="h", name="after", width=0.5, offset=-0.1,
        marker={"color": [COLOURS[emotion] for emotion in before], "line": {"color": GREY, "width": 0.8}},
        hovertemplate="%{y} after: %{x:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=np.full(len(names), 132), y=names, mode="text", textposition="middle left", hoverinfo="skip",
        text=[f"{a:.0f} → {b:.0f} %" for a, b in zip(old, new, strict=True)], showlegend=False,
    )  # fmt: skip
    figure.update_xaxes(range=[0, 132], visible=False, fixedrange=True)
    figure.update_yaxes(autorange="reversed", ticksuffix=" ", fixedrange=True, showgrid=False)
    figure.update_layout(legend=_LEGEND, barmode="overlay")
    return finish(figure, height=60 + 36 * len(names), top=26)


def differences_figure(table: pd.DataFrame, most: int = 15) -> go.Figure:
    """Draw the largest differences of :func:`ser_core.signals.compare.functional_differences`, in deviations."""
    part = table.head(most).reset_index(drop=True)
    reach = 1.3 * max(1.0, float(part["spreads"].abs().max())) if len(part) else 1.0
    figure = go.Figure(
        go.Bar(
            x=part["spreads"].to_numpy(np.float32),
            y=list(range(len(part))),
            orientation="h",
            width=0.45,
            marker={"color": [RED if value > 0 else BLUE for value in part["spreads"]], "line": {"width": 0}},
            text=[f"{value:+.1f}" for value in part["spreads"]],
            textposition="outside",
            cliponaxis=False,
            customdata=part["meaning"].to_numpy(str),
            hovertemplate="%{customdata}: second %{x:+.2f} deviations from the first<extra></extra>",
        )
    )
    # The words stand above their bars: beside them they would leave no room on a phone.
    figure.add_scatter(
        x=np.full(len(part), -reach), y=np.arange(len(part)) - 0.36, mode="text", text=list(part["meaning"]),
        textposition="middle right", hoverinfo="skip", textfont={"size": 12},
    )  # fmt: skip
    figure.update_xaxes(
        title_text="second minus first, in deviations", range=[-reach, reach], zerolinecolor=GREY, fixedrange=True,
        gridcolor="rgba(128,135,146,0.25)",
    )  # fmt: skip
    figure.update_yaxes(range=[len(part) - 0.5, -0.7], visible=False, fixedrange=True)
    figure.update_layout(showlegend=False)
    return finish(figure, height=70 + 40 * len(part))


def _hop_s(analysis: Analysis) -> float:
    return analysis.settings.hop * analysis.thinning / 16_000
