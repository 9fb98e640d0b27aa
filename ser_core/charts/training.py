"""Plotly figures of trainings: what is learnt epoch by epoch, and several trainings beside one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ser_core.charts.common import GREY, finish
from ser_core.charts.exploration import group_label, matrix_figure

_CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A8A8A")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "title": None}
_MOST_MARKERS = 60
_GRID = "rgba(128,135,146,0.25)"

#: Column of a progress table -> title of its axis.
MEASURES: Mapping[str, str] = {
    "loss": "loss in training",
    "validation_uar": "validation UAR (%)",
    "learning_rate": "learning rate",
}


def epochs_figure(table: pd.DataFrame, measure: str, epochs: int | None, chance: float | None = None) -> go.Figure:
    """Draw a measure of :meth:`ser_core.training.progress.RunProgress.table` by epoch, a line for each fold.

    Parameters
    ----------
    measure
        One of :data:`MEASURES`.
    epochs
        How many there will be, the width of the axis.
    chance
        UAR of guessing, drawn where the measure is one.
    """
    figure = go.Figure()
    for place, (fold, part) in enumerate(table.dropna(subset=[measure]).groupby("fold", sort=True)):
        _line(figure, part["epoch"], _percent(part[measure], measure), f"fold {int(str(fold)) + 1}", place)
    if chance is not None and measure == "validation_uar":
        figure.add_hline(
            100 * chance, line={"color": GREY, "dash": "dot", "width": 1.5}, annotation_text="guessing",
            annotation_font_color=GREY,
        )  # fmt: skip
    return _axes(figure, measure, epochs, 220)


def runs_figure(tables: Mapping[str, pd.DataFrame], measure: str = "validation_uar") -> go.Figure:
    """Draw a measure of several trainings by epoch, each the mean of its folds that have reached the epoch."""
    figure = go.Figure()
    for place, (name, table) in enumerate(tables.items()):
        mean = table.dropna(subset=[measure]).groupby("epoch")[measure].mean()
        _line(figure, mean.index.to_series(), _percent(mean, measure), name, place)
    return _axes(figure, measure, None, 340)


def confusion_figure(counts: Sequence[Sequence[int]], labels: Sequence[str], unit: str = "clips") -> go.Figure:
    """Draw a confusion matrix [shape=(classes, classes)]: a row for each true emotion, a column for each answer."""
    return matrix_figure(pd.DataFrame(counts, index=list(labels), columns=list(labels)), "true", "answer", unit)


def scores_figure(scores: pd.DataFrame) -> go.Figure:
    """Draw the UAR of trainings with its interval: columns `name`, `uar`, `low`, `high`, `chance` (0 to 1)."""
    part = scores.iloc[::-1]
    figure = go.Figure(
        go.Scatter(
            x=100 * part["uar"].to_numpy(float),
            y=part["name"].tolist(),
            mode="markers+text",
            text=[f"{100 * value:.1f}" for value in part["uar"]],
            textposition="top center",
            marker={"size": 11, "color": _CYCLE[0], "line": {"color": GREY, "width": 0.8}},
            error_x={
                "type": "data", "symmetric": False, "color": GREY,
                "array": 100 * (part["high"] - part["uar"]).to_numpy(float),
                "arrayminus": 100 * (part["uar"] - part["low"]).to_numpy(float),
            },
            name="UAR, 95 % interval",
            hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.add_scatter(
        x=100 * part["chance"].to_numpy(float), y=part["name"].tolist(), mode="markers", name="guessing",
        marker={"symbol": "line-ns", "size": 18, "color": GREY, "line": {"color": GREY, "width": 2}},
        hovertemplate="guessing: %{x:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text="UAR (%)", range=[0, 100], fixedrange=True, gridcolor=_GRID)
    figure.update_yaxes(fixedrange=True, ticksuffix=" ", range=[-0.6, len(part) - 0.2], automargin=True)
    figure.update_layout(legend=_LEGEND)
    return finish(figure, height=110 + 44 * len(part), top=30)


def label_text(labels: Sequence[str]) -> str:
    """Return class names with their signs, for a sentence."""
    return ", ".join(group_label(label) for label in labels)


def _line(figure: go.Figure, epochs: pd.Series, values: np.ndarray, name: str, place: int) -> None:
    figure.add_scatter(
        x=epochs.to_numpy(int), y=values, mode="lines+markers" if len(epochs) <= _MOST_MARKERS else "lines", name=name,
        line={"color": _CYCLE[place % len(_CYCLE)], "dash": _DASHES[place % len(_DASHES)], "width": 2},
        marker={"size": 5, "symbol": _MARKERS[place % len(_MARKERS)]},
        hovertemplate=f"{name}, epoch %{{x}}: %{{y:.3g}}<extra></extra>",
    )  # fmt: skip


def _percent(values: pd.Series, measure: str) -> np.ndarray:
    scale = 100.0 if measure == "validation_uar" else 1.0
    return (scale * values.to_numpy(float)).astype(np.float32)


def _axes(figure: go.Figure, measure: str, epochs: int | None, height: int) -> go.Figure:
    span = [0.5, epochs + 0.5] if epochs else None
    figure.update_xaxes(title_text="epoch", range=span, fixedrange=True, gridcolor=_GRID, zeroline=False)
    figure.update_yaxes(title_text=MEASURES[measure], fixedrange=True, gridcolor=_GRID, zeroline=False)
    figure.update_layout(legend=_LEGEND, showlegend=1 < len(figure.data) <= len(_CYCLE))
    return finish(figure, height=height, top=40 if len(figure.data) > 1 else 12)
