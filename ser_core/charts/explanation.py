"""Plotly figures of an explanation, each with the margins that all panels of a sound share.

What decided is outlined as well as coloured, and what speaks against the answer is hatched: colour carries nothing
alone.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ser_core.audio import Waveform
from ser_core.charts.common import GREY
from ser_core.charts.signals import BLUE, RED, band_figure, picture_figure, share_axis
from ser_core.explanation import Explanation
from ser_core.features.level import envelope
from ser_core.signals.analysis import Analysis
from ser_core.signals.view import picture

_AREA, _MARK = "rgba(213,94,0,0.22)", "▼"
#: Cells that add less than this share of the strongest one are not outlined.
_HARDLY = 0.1


def decisive_waveform_figure(waveform: Waveform, explanation: Explanation) -> go.Figure:
    """Draw the waveform with the parts that decided framed and marked on top."""
    low, high = envelope(waveform.samples)
    times = np.linspace(0.0, waveform.duration_s, len(low), endpoint=False)
    ceiling = min(1.3, max(0.02, 1.35 * float(max(high.max(), -low.min()))))
    figure = band_figure(times, low, high, BLUE, "%{x:.2f} s")
    spans = explanation.decisive()
    for start, end in spans:
        figure.add_shape(
            type="rect", x0=start, x1=end, y0=0.0, y1=1.0, yref="paper", fillcolor=_AREA,
            line={"color": RED, "width": 2},
        )  # fmt: skip
    figure.add_scatter(
        x=[(start + end) / 2 for start, end in spans],
        y=[0.9 * ceiling] * len(spans),
        mode="text",
        text=[_MARK] * len(spans),
        textfont={"color": RED, "size": 14},
        customdata=[[start, end] for start, end in spans],
        hovertemplate="decided: %{customdata[0]:.2f} to %{customdata[1]:.2f} s<extra></extra>",
        showlegend=False,
    )
    figure.update_yaxes(title_text="amplitude", range=[-ceiling, ceiling], nticks=5, zeroline=True, zerolinecolor=GREY)
    return share_axis(figure, 0.0, waveform.duration_s, height=190)


def steps_figure(waveform: Waveform, explanation: Explanation) -> go.Figure:
    """Draw what each step adds to the log-odds of the answer; below 0, hatched, it speaks against it."""
    edges, values = explanation.times_s, explanation.steps
    against = values < 0
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=values,
            width=np.diff(edges),
            marker={
                "color": [BLUE if one else RED for one in against],
                "pattern": {"shape": ["/" if one else "" for one in against], "size": 6},
                "line": {"color": GREY, "width": 0.5},
            },
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate="%{customdata[0]:.2f} to %{customdata[1]:.2f} s: %{y:+.2f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_yaxes(title_text="against ← → for", zeroline=True, zerolinecolor=GREY, nticks=5)
    figure = share_axis(figure, 0.0, waveform.duration_s, height=170)
    return figure.update_layout(bargap=0)


def decisive_spectrogram_figure(waveform: Waveform, explanation: Explanation) -> go.Figure:
    """Draw the spectrogram in grey, what each cell adds over it in colour, and the cells that decided outlined."""
    analysis = Analysis(waveform)
    decibels, rows = analysis.decibels("mel")
    view = picture(decibels, analysis.times_s, rows)
    figure = picture_figure(view, analysis.settings.range_db)
    figure.data[0].update(colorscale="Greys", showscale=False)
    heights = np.interp(
        explanation.bands_hz, view.rows, np.arange(len(view.rows)), left=-0.5, right=len(view.rows) - 0.5
    )
    limit = float(np.abs(explanation.cells).max()) or 1.0
    figure.add_heatmap(
        x=explanation.times_s, y=heights, z=np.round(explanation.cells, 3), zmin=-limit, zmax=limit,
        colorscale=[[0, "rgba(0,114,178,0.65)"], [0.5, "rgba(128,128,128,0)"], [1, "rgba(213,94,0,0.65)"]],
        colorbar={"title": {"text": "for"}, "thickness": 8, "outlinewidth": 0, "x": 1.01, "xpad": 0, "nticks": 3},
        hovertemplate="%{z:+.2f} at %{x:.2f} s<extra></extra>",
    )  # fmt: skip
    counting = explanation.cells > _HARDLY * explanation.cells.max()
    x, y = _outline((explanation.cell_mask() > 0) & counting, explanation.times_s, heights)
    for colour, width in (("#000000", 5), ("#FFFFFF", 2.5)):  # white on black is seen on every ground
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip", showlegend=False
        )
    figure.update_yaxes(range=[-0.5, len(view.rows) - 0.5])
    return share_axis(figure, 0.0, waveform.duration_s, height=280)


def _outline(
    chosen: np.ndarray, times: np.ndarray, heights: np.ndarray
) -> tuple[list[float | None], list[float | None]]:
    """Return the border of the chosen cells [shape=(bands, t)] as pieces of lines with gaps between them."""
    padded = np.pad(chosen, 1).astype(bool)
    x: list[float | None] = []
    y: list[float | None] = []
    for band, step in np.argwhere(chosen).tolist():
        left, right, low, high = times[step], times[step + 1], heights[band], heights[band + 1]
        for other, line in (
            (padded[band + 1, step], (left, left, low, high)),
            (padded[band + 1, step + 2], (right, right, low, high)),
            (padded[band, step + 1], (left, right, low, low)),
            (padded[band + 2, step + 1], (left, right, high, high)),
        ):
            if not other:
                x += [float(line[0]), float(line[1]), None]
                y += [float(line[2]), float(line[3]), None]
    return x, y
