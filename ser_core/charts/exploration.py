"""Plotly figures of corpora: counts, lengths, gaps, spectrograms, acoustics, maps. None carries raw samples.

Colour is never alone: bars have names and patterns, points have symbols, cells have numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ser_core.audio import Waveform
from ser_core.charts.common import GREY, finish
from ser_core.corpora.statistics import corpus_title, facet, facet_values
from ser_core.emotions import COLOURS, SYMBOLS
from ser_core.features.logmel import LogMelConfig, log_mel, mel_frequencies

#: One colour, pattern and marker for each group after another; the emotions have their own colours.
_CYCLE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A", "#F0E442")
_PATTERNS = ("", "/", "x", ".", "\\", "-", "|", "+")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
#: More bars than this stand upright, side by side.
_MOST_ROWS = 24
#: More cells than this have no number printed in them.
_MOST_CELLS = 260
#: Begins darker than the page, so that few clips differ from none.
_BLUES = [[0, "#C6DCF0"], [0.5, "#4292C6"], [1, "#08306B"]]
_SPECTROGRAM = LogMelConfig(n_mels=64, hop=320, trim=False)
_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "title": None}


def group_label(value: str) -> str:
    """Return the name of a corpus in the field, an emotion with its sign, and anything else as it is."""
    return f"{value} {SYMBOLS[value]}" if value in SYMBOLS else corpus_title(value)


def group_colour(value: str, place: int = 0) -> str:
    """Return the colour of an emotion, or that of the group at *place*."""
    return COLOURS.get(value, _CYCLE[place % len(_CYCLE)])


def counts_figure(counts: pd.DataFrame, by: str, within: str | None = None) -> go.Figure:
    """Draw :func:`ser_core.corpora.statistics.counts` as bars, stacked by *within* where it is given."""
    groups = [None] if within is None else list(dict.fromkeys(counts[within]))
    order = list(dict.fromkeys(counts[by])) if within is None else _order(counts, by)
    lying = len(order) <= _MOST_ROWS
    hover = ("%{y}: %{x}" if lying else "%{x}: %{y}") + " clips<extra>%{fullData.name}</extra>"
    figure = go.Figure()
    for place, group in enumerate(groups):
        part = counts if within is None else counts[counts[within] == group]
        names, numbers = [group_label(value) for value in part[by]], part["clips"].to_numpy(int)
        figure.add_bar(
            x=numbers if lying else names,
            y=names if lying else numbers,
            orientation="h" if lying else "v",
            name=group_label(str(group)) if group is not None else "",
            showlegend=group is not None,
            marker=_bar_marker(list(part[by]), group, place),
            text=numbers if lying and within is None else None,
            textposition="outside" if within is None else "none",
            cliponaxis=False,
            hovertemplate=hover,
        )
    labels = [group_label(value) for value in order]
    if lying:
        figure.update_yaxes(categoryorder="array", categoryarray=labels[::-1], ticksuffix=" ", fixedrange=True)
        figure.update_xaxes(title_text="clips", fixedrange=True, gridcolor="rgba(128,135,146,0.25)")
    else:
        figure.update_xaxes(categoryorder="array", categoryarray=labels, fixedrange=True, nticks=30)
        figure.update_yaxes(title_text="clips", fixedrange=True, gridcolor="rgba(128,135,146,0.25)")
    if lying and within is None:
        figure.update_xaxes(range=[0, 1.25 * max(1, int(counts["clips"].max()))])  # room for the numbers on a phone
    figure.update_layout(barmode="stack", legend=_LEGEND)
    height = 70 + 30 * len(order) if lying else 340
    return finish(figure, height=max(height, 170), top=8 if within is None else 44)


def histogram_figure(histogram: pd.DataFrame, unit: str = "duration (s)") -> go.Figure:
    """Draw :func:`ser_core.corpora.statistics.duration_histogram`: one stacked series a group."""
    figure = go.Figure()
    for place, (name, part) in enumerate(histogram.groupby("group", sort=False)):
        start, end = part["start_s"].to_numpy(float), part["end_s"].to_numpy(float)
        figure.add_bar(
            x=((start + end) / 2).astype(np.float32),
            y=part["clips"].to_numpy(int),
            width=(end - start).astype(np.float32),
            name=group_label(str(name)),
            marker=_bar_marker([str(name)], str(name), place),
            hovertemplate="%{x:.2f} s: %{y} clips<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(title_text=unit, fixedrange=True)
    figure.update_yaxes(title_text="clips", fixedrange=True, gridcolor="rgba(128,135,146,0.25)")
    figure.update_layout(barmode="stack", legend=_LEGEND, showlegend=True)
    return finish(figure, height=300, top=44).update_layout(bargap=0)


def box_figure(quantiles: pd.DataFrame, axis: str, series: str | None = None) -> go.Figure:
    """Draw a box for each row of a quantile table; with *series*, a column, boxes side by side for its values."""
    figure = go.Figure()
    parts = [(None, quantiles)] if series is None else list(quantiles.groupby(series, sort=False))
    for outer, (name, part) in enumerate(parts):
        for inner, row in enumerate([part] if series is not None else [part.iloc[[at]] for at in range(len(part))]):
            value, place = str(row["group"].iloc[0]), outer + inner
            figure.add_box(
                x=[group_label(str(group)) for group in row["group"]],
                q1=row["q25"], median=row["median"], q3=row["q75"],
                lowerfence=row["low"], upperfence=row["high"], mean=row["mean"],
                name=group_label(str(name)) if series is not None else group_label(value),
                marker={"color": group_colour(str(name) if series is not None else value, place)},
                line={"width": 1.6},
                showlegend=series is not None,
            )  # fmt: skip
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(title_text=axis, fixedrange=True, gridcolor="rgba(128,135,146,0.25)")
    figure.update_layout(boxmode="group" if series is not None else "overlay", legend=_LEGEND)
    return finish(figure, height=360, top=44 if series is not None else 8)


def matrix_figure(
    matrix: pd.DataFrame, rows: str, columns: str, unit: str = "clips", top: float | None = None
) -> go.Figure:
    """Draw a table of numbers as a heat map; cells of zero stay empty, and say 0 where there is room for numbers.

    Parameters
    ----------
    matrix
        One row and column a value; shown as they are.
    rows, columns
        Titles of the axes.
    unit
        What is counted, for the legend.
    top
        The number that has the strongest colour; by default the largest.
    """
    values = matrix.to_numpy(float)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(values == 0, np.nan, values).astype(np.float32),
            customdata=values.astype(np.float32),
            x=[group_label(str(name)) for name in matrix.columns],
            y=[group_label(str(name)) for name in matrix.index],
            colorscale=_BLUES,
            zmin=0,
            zmax=top if top is not None else max(float(values.max(initial=0)), 1e-9),
            hoverongaps=True,
            hovertemplate=f"%{{y}} · %{{x}}: %{{customdata:.3g}} {unit}<extra></extra>",
            colorbar={"title": {"text": unit}, "thickness": 12, "outlinewidth": 0},
            xgap=1,
            ygap=1,
        )
    )
    if values.size <= _MOST_CELLS:
        _write_cells(figure, matrix, values, top)
    figure.update_xaxes(title_text=columns, fixedrange=True, showgrid=False, side="bottom", type="category")
    figure.update_yaxes(title_text=rows, autorange="reversed", fixedrange=True, showgrid=False, type="category")
    return finish(figure, height=min(110 + 30 * len(matrix), 900))


def spectrogram_figure(waveform: Waveform, height: int = 230, *, legend: bool = True) -> go.Figure:
    """Draw the log-mel spectrogram in whole decibels, one byte a cell, 50 columns a second."""
    # Long recordings are thinned out: no screen has more columns than this.
    decibels = log_mel(waveform, _SPECTROGRAM)
    step = max(1, -(-decibels.shape[1] // 1000))
    levels = np.round(decibels[:, ::step] + _SPECTROGRAM.range_db).astype(np.uint8)
    times = (np.arange(levels.shape[1]) * step * _SPECTROGRAM.hop / 16_000).astype(np.float32)
    centres = mel_frequencies(_SPECTROGRAM)[1:-1]
    ticks = [int(np.argmin(np.abs(centres - hertz))) for hertz in (100, 500, 1000, 2000, 4000, 7000)]
    bar = {"title": {"text": "dB"}, "thickness": 10, "tickvals": [0, 40, 80], "ticktext": ["-80", "-40", "0"]}
    figure = go.Figure(
        go.Heatmap(
            z=levels,
            x=times,
            colorscale="Viridis",
            zmin=0,
            zmax=80,
            showscale=legend,
            colorbar={**bar, "outlinewidth": 0},
            hovertemplate="%{x:.2f} s<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="time (s)", fixedrange=True, showgrid=False)
    figure.update_yaxes(
        title_text="frequency (Hz)", tickvals=ticks, ticktext=["100", "500", "1000", "2000", "4000", "7000"],
        fixedrange=True, showgrid=False,
    )  # fmt: skip
    return finish(figure, height=height)


def votes_figure(votes: Mapping[str, int], intended: str) -> go.Figure:
    """Draw the votes of one clip; the intended emotion is marked in words."""
    total = max(sum(votes.values()), 1)
    names = [group_label(emotion) + (" (meant)" if emotion == intended else "") for emotion in votes]
    figure = go.Figure(
        go.Bar(
            x=list(votes.values()),
            y=names,
            orientation="h",
            marker={"color": [COLOURS[emotion] for emotion in votes], "line": {"color": GREY, "width": 0.8}},
            text=[f"{number} ({100 * number / total:.0f} %)" for number in votes.values()],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x} votes<extra></extra>",
        )
    )
    figure.update_xaxes(visible=False, fixedrange=True, range=[0, 1.3 * max(*votes.values(), 1)])
    figure.update_yaxes(autorange="reversed", ticksuffix=" ", fixedrange=True)
    return finish(figure, height=30 + 30 * len(votes))


def violin_figure(density: pd.DataFrame, axis: str) -> go.Figure:
    """Draw :func:`ser_core.exploration.acoustics.violin_summary`: each group's density to both sides of its place."""
    figure = go.Figure()
    groups = list(dict.fromkeys(density["group"]))
    for place, name in enumerate(groups):
        part = density[density["group"] == name]
        values, width = part["value"].to_numpy(float), part["density"].to_numpy(float)
        half = 0.42 * width / max(width.max(), 1e-12)
        figure.add_scatter(
            x=np.concatenate([place - half, (place + half)[::-1]]).astype(np.float32),
            y=np.concatenate([values, values[::-1]]).astype(np.float32),
            mode="lines",
            fill="toself",
            line={"color": group_colour(str(name), place), "width": 1.5},
            name=group_label(str(name)),
            hoveron="points",
            hovertemplate="%{y:.3g}<extra>%{fullData.name}</extra>",
            showlegend=False,
        )
    figure.update_xaxes(
        tickvals=list(range(len(groups))), ticktext=[group_label(str(name)) for name in groups], fixedrange=True,
        showgrid=False, zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(title_text=axis, fixedrange=True, gridcolor="rgba(128,135,146,0.25)")
    return finish(figure, height=380)


def map_figure(points: pd.DataFrame, by: str, explained: tuple[float, float] | None) -> go.Figure:
    """Draw clips at their `x` and `y`, coloured and marked by a facet; their names are in `customdata`."""
    figure = go.Figure()
    groups = facet(points, by)
    names = facet_values(points, by)
    for place, name in enumerate(names):
        part = points[(groups == name).to_numpy(bool)]
        figure.add_scattergl(
            x=part["x"].to_numpy(np.float32),
            y=part["y"].to_numpy(np.float32),
            mode="markers",
            name=group_label(name),
            marker={
                "color": group_colour(name, place), "symbol": _MARKERS[place % len(_MARKERS)], "size": 7,
                "opacity": 0.8, "line": {"color": GREY, "width": 0.5},
            },
            customdata=part[["clip", "emotion", "speaker", "corpus"]].to_numpy(dtype=str),
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}, speaker %{customdata[2]}<extra></extra>",
        )  # fmt: skip
    titles = [f"component {at + 1} ({100 * share:.0f} %)" for at, share in enumerate(explained)] if explained else None
    figure.update_xaxes(title_text=titles[0] if titles else None, zeroline=False, gridcolor="rgba(128,135,146,0.2)")
    figure.update_yaxes(title_text=titles[1] if titles else None, zeroline=False, gridcolor="rgba(128,135,146,0.2)")
    figure.update_layout(legend=_LEGEND, showlegend=len(names) <= len(_CYCLE), clickmode="event+select")
    return finish(figure, height=560, top=60)


def _order(counts: pd.DataFrame, by: str) -> list[str]:
    """Return the values of *by* in an order that fits every group's own."""
    longest: Sequence[str] = []
    for _, part in counts.groupby(counts.columns[0], sort=False):
        longest = max(longest, list(part[by]), key=len)
    return [*longest, *(value for value in dict.fromkeys(counts[by]) if value not in set(longest))]


def _bar_marker(values: Sequence[str], group: str | None, place: int) -> dict[str, object]:
    colour: object = [COLOURS.get(value, _CYCLE[0]) for value in values]
    if group is not None:
        colour = group_colour(group, place)
    shape = _PATTERNS[place % len(_PATTERNS)] if group is not None else ""
    pattern = {"shape": shape, "fillmode": "overlay", "fgopacity": 0.55, "fgcolor": "#1B2129", "size": 6}
    return {"color": colour, "pattern": pattern, "line": {"color": GREY, "width": 0.6}}


def _write_cells(figure: go.Figure, matrix: pd.DataFrame, values: np.ndarray, top: float | None) -> None:
    """Write each number into its cell, light on dark cells; an empty cell's follows the theme's own colour."""
    limit = top if top is not None else max(float(values.max(initial=0)), 1e-9)
    text = np.vectorize(lambda number: f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.2g}")
    words = text(values) if values.size else values
    for row, column in np.ndindex(values.shape):
        share = values[row, column] / limit
        colour = GREY if share == 0 else "#FFFFFF" if share > 0.55 else "#1B2129"
        figure.add_annotation(
            x=column, y=row, text=str(words[row, column]), showarrow=False, font={"size": 12, "color": colour}
        )
