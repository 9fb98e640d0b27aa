"""Plotly figures of evaluations: scores with intervals, curves, calibration, keeping silent, corpora against corpora.

Colour is never alone: kinds have markers of their own, classes signs and dashes, cells numbers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ser_core.charts.common import GREY, finish
from ser_core.charts.exploration import group_label, matrix_figure
from ser_core.corpora.statistics import corpus_title
from ser_core.emotions import COLOURS
from ser_core.evaluation.details import Abstaining, ClassDetails, Estimate, ReliabilityBin

_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "title": None}
_GRID = "rgba(128,135,146,0.25)"
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_BLUE, _RED = "#0072B2", "#D55E00"
#: Names on an axis are broken at this many characters, so that a phone has room for the scores.
_WRAP = 22
_LEAST_COVERAGE = 0.02
#: Kind of a row -> colour and marker; other kinds are drawn as the first.
_KINDS: Mapping[str, tuple[str, str]] = {
    "": (_BLUE, "circle"),
    "model": (_BLUE, "circle"),
    "training": ("#009E73", "square"),
    "published": ("#E69F00", "diamond"),
    "people who listen": ("#CC79A7", "star"),
    "guessing": (GREY, "line-ns"),
    "to be believed": (_BLUE, "circle"),
    "a way to fool yourself": (_RED, "x"),
}


def estimate_rows(estimates: Mapping[str, Estimate]) -> pd.DataFrame:
    """Return named estimates as the table that :func:`intervals_figure` draws, without those that are not defined."""
    rows = [
        {"name": name, "value": part.value, "low": part.low, "high": part.high}
        for name, part in estimates.items()
        if part.value is not None
    ]
    return pd.DataFrame(rows, columns=["name", "value", "low", "high"]).astype(
        {"value": float, "low": float, "high": float}
    )


def intervals_figure(rows: pd.DataFrame, axis: str, *, row_height: int = 40) -> go.Figure:
    """Draw scores as points with their 95 % intervals, from top to bottom.

    Parameters
    ----------
    rows
        Columns `name`, `value`, `low`, `high` (fractions of 1; NaN where there is no interval), and maybe `kind`, which
        decides colour, marker and legend, `guessing` and `people`, which are marked where they are known.
    axis
        What is measured, with its unit %.
    row_height
        Height of a line of text in pixels.
    """
    names = [_wrapped(name) for name in rows["name"].astype(str)]
    places = np.arange(len(rows))
    kinds = rows["kind"].astype(str) if "kind" in rows else pd.Series("", index=rows.index)
    figure = go.Figure()
    for kind in dict.fromkeys(kinds):
        chosen = (kinds == kind).to_numpy(bool)
        _points(figure, rows[chosen], places[chosen], kind)
    _marks(figure, rows, places, "guessing", "guessing")
    _marks(figure, rows, places, "people", "people who listen")
    figure.update_xaxes(  # beyond 100 there is room for the number of a perfect score
        title_text=axis, range=[0, 110], tickvals=[0, 25, 50, 75, 100], fixedrange=True, showgrid=True, gridcolor=_GRID,
        zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=places, ticktext=names, range=[len(rows) - 0.4, -0.7], ticksuffix=" ", fixedrange=True,
        showgrid=False, zeroline=False, automargin=True,
    )  # fmt: skip
    figure.update_layout(legend=_LEGEND, showlegend=len(figure.data) > 1)
    lines = max((name.count("<br>") + 1 for name in names), default=1)
    height = 90 + len(rows) * (row_height + 14 * (lines - 1))
    return finish(figure, height=height, top=44 if len(figure.data) > 1 else 12)


def share_figure(share: Sequence[Sequence[float]], labels: Sequence[str]) -> go.Figure:
    """Draw a confusion matrix whose rows are shares of the true class (0 to 1), in percent."""
    percent = np.round(100 * np.asarray(share, float).reshape(len(labels), len(labels)))
    return matrix_figure(pd.DataFrame(percent, index=list(labels), columns=list(labels)), "true", "answer", "%", 100)


def curves_figure(classes: Mapping[str, ClassDetails], which: Literal["roc", "precision_recall"]) -> go.Figure:
    """Draw the ROC or the precision-recall curve of each class against the rest; for ROC also that of guessing."""
    figure = go.Figure()
    for place, (label, part) in enumerate(classes.items()):
        curve, area = (part.roc, part.roc_auc) if which == "roc" else (part.precision_recall, part.average_precision)
        if not curve.x or area.value is None:
            continue
        figure.add_scatter(
            x=_percent(curve.x), y=_percent(curve.y), mode="lines",
            name=f"{group_label(label)} {area.value:.2f}",
            line={"color": COLOURS.get(label, GREY), "dash": _DASHES[place % len(_DASHES)], "width": 2},
            hovertemplate=f"{label}: %{{x:.0f}} %, %{{y:.0f}} %<extra></extra>",
        )  # fmt: skip
    titles = ("recall (%)", "precision (%)")
    if which == "roc":
        titles = ("false alarms (%)", "found (%)")
        _diagonal(figure, "guessing 0.50")
    _square(figure, *titles)
    figure.update_layout(legend=_LEGEND, showlegend=True)
    return finish(figure, height=460, top=90)


def reliability_figure(bins: Sequence[ReliabilityBin]) -> go.Figure:
    """Draw how often answers of like confidence are right; the area of a point is the number of answers."""
    counts = np.array([part.clips for part in bins], float)
    figure = go.Figure()
    _diagonal(figure, "as sure as right")
    figure.add_scatter(
        x=_percent([part.confidence for part in bins]),
        y=_percent([part.accuracy for part in bins]),
        customdata=counts.astype(int),
        mode="lines+markers",
        name="the model",
        line={"color": _BLUE, "width": 1.5},
        marker={"size": 6 + 22 * np.sqrt(counts / max(counts.max(initial=1), 1)), "line": {"color": GREY, "width": 1}},
        hovertemplate="confidence %{x:.0f} %: %{y:.0f} % right of %{customdata} answers<extra></extra>",
    )
    _square(figure, "confidence (%)", "right (%)", margin=5)
    figure.update_layout(legend=_LEGEND, showlegend=True)
    return finish(figure, height=400, top=44)


def coverage_figure(abstaining: Abstaining) -> go.Figure:
    """Draw the accuracy against the share of clips that are answered, and where the model's own threshold lies.

    The curve begins where a fiftieth is answered: before, single answers throw it up and down.
    """
    figure = go.Figure()
    drawn = np.asarray(abstaining.coverage) >= _LEAST_COVERAGE
    figure.add_scatter(
        x=_percent(abstaining.coverage)[drawn],
        y=_percent(abstaining.accuracy)[drawn],
        customdata=_percent(abstaining.confidence)[drawn],
        mode="lines",
        name="answers only where sure",
        line={"color": _BLUE, "width": 2},
        hovertemplate=(
            "answers %{x:.0f} %, of these %{y:.0f} % right<br>least confidence %{customdata:.0f} %<extra></extra>"
        ),
    )
    if abstaining.chosen_accuracy is not None:
        figure.add_scatter(
            x=_percent([abstaining.chosen_coverage]), y=_percent([abstaining.chosen_accuracy]), mode="markers",
            name="the model's own threshold", marker={"symbol": "diamond", "size": 13, "color": _RED},
            hovertemplate="own threshold: answers %{x:.0f} %, of these %{y:.0f} % right<extra></extra>",
        )  # fmt: skip
    _square(figure, "clips answered (%)", "right among them (%)")
    figure.update_layout(legend=_LEGEND, showlegend=True)
    return finish(figure, height=400, top=66)


def pairs_figure(folds: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Draw the UAR of each training corpus (row) on each test corpus (column), given folds that name both."""
    return matrix_figure(pairs_table(folds), "trained on", "tested on", "% UAR", 100)


def pairs_table(folds: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return UAR in percent by training and test corpus, 0 where a pair was not trained."""
    names = sorted({str(fold[side]) for fold in folds for side in ("train_corpus", "test_corpus")})
    titles = [corpus_title(name) for name in names]
    table = pd.DataFrame(0.0, index=titles, columns=titles)
    for fold in folds:
        place = corpus_title(str(fold["train_corpus"])), corpus_title(str(fold["test_corpus"]))
        table.loc[place] = round(100 * float(fold["uar"]), 1)
    return table


def agreement_figure(both: int, only_first: int, only_second: int, neither: int) -> go.Figure:
    """Draw how many clips two models got right together, alone, or not at all."""
    matrix = pd.DataFrame(
        [[both, only_first], [only_second, neither]],
        index=["first right", "first wrong"],
        columns=["second right", "second wrong"],
    )
    return matrix_figure(matrix, "", "", "clips").update_layout(height=220)


def difference_figure(rows: pd.DataFrame) -> go.Figure:
    """Draw differences of two scores with their intervals around zero: columns `name`, `value`, `low`, `high`."""
    part = rows.iloc[::-1]
    value, low, high = (100 * part[name].to_numpy(float) for name in ("value", "low", "high"))
    figure = go.Figure(
        go.Scatter(
            x=value, y=part["name"].tolist(), mode="markers+text", text=[f"{number:+.1f}" for number in value],
            textposition="top center", marker={"size": 11, "color": _BLUE, "line": {"color": GREY, "width": 0.8}},
            error_x={
                "type": "data", "symmetric": False, "color": GREY, "array": high - value, "arrayminus": value - low,
            },
            hovertemplate="%{y}: %{x:+.1f} points<extra></extra>", showlegend=False,
        )
    )  # fmt: skip
    figure.add_vline(0, line={"color": GREY, "dash": "dot", "width": 1.5})
    reach = 1.15 * max(1.0, float(np.abs([low, high]).max(initial=1)))
    figure.update_xaxes(
        title_text="points, first minus second", range=[-reach, reach], fixedrange=True, showgrid=True, gridcolor=_GRID
    )
    figure.update_yaxes(fixedrange=True, ticksuffix=" ", range=[-0.6, len(part) - 0.2], automargin=True, showgrid=False)
    return finish(figure, height=80 + 60 * len(part), top=12)


def _points(figure: go.Figure, part: pd.DataFrame, places: np.ndarray, kind: str) -> None:
    value, low, high = (100 * part[name].to_numpy(float) for name in ("value", "low", "high"))
    known = np.isfinite(low) & np.isfinite(high)
    colour, symbol = _KINDS.get(kind, _KINDS[""])
    spread = [f" (95 %: {a:.1f} to {b:.1f})" if ok else "" for a, b, ok in zip(low, high, known, strict=True)]
    names = zip(part["name"].astype(str), value, spread, strict=True)
    figure.add_scatter(
        x=value,
        y=places,
        mode="markers+text",
        text=[f"{number:.1f}" for number in value],
        textposition="top center",
        customdata=[f"{name}: {number:.1f} %{words}" for name, number, words in names],
        marker=_marker(symbol, colour, 11),
        error_x={
            "type": "data",
            "symmetric": False,
            "color": GREY,
            "array": np.where(known, high - value, 0.0),
            "arrayminus": np.where(known, value - low, 0.0),
        },
        name=kind or "score, 95 % interval",
        hovertemplate="%{customdata}<extra></extra>",
    )


def _marks(figure: go.Figure, rows: pd.DataFrame, places: np.ndarray, column: str, kind: str) -> None:
    if column not in rows or rows[column].isna().all():
        return
    values = 100 * rows[column].to_numpy(float)
    known = np.isfinite(values)
    colour, symbol = _KINDS[kind]
    figure.add_scatter(
        x=values[known],
        y=places[known],
        mode="markers",
        name=kind,
        marker=_marker(symbol, colour, 12),
        hovertemplate=f"{kind}: %{{x:.1f}} %<extra></extra>",
    )


def _marker(symbol: str, colour: str, size: int) -> dict[str, Any]:
    if symbol == "line-ns":  # is all line: its fill is never seen
        return {"symbol": symbol, "size": 16, "color": colour, "line": {"color": colour, "width": 2}}
    return {"symbol": symbol, "size": size, "color": colour, "line": {"color": GREY, "width": 0.8}}


def _diagonal(figure: go.Figure, name: str) -> None:
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", name=name, line={"color": GREY, "dash": "dot", "width": 1.5},
        hoverinfo="skip",
    )  # fmt: skip


def _square(figure: go.Figure, x: str, y: str, margin: float = 2) -> None:
    span = [-margin, 100 + margin]
    figure.update_xaxes(title_text=x, range=span, fixedrange=True, gridcolor=_GRID, zeroline=False)
    figure.update_yaxes(title_text=y, range=span, fixedrange=True, gridcolor=_GRID, zeroline=False)


def _percent(values: Sequence[float]) -> np.ndarray:
    return (100 * np.asarray(values, float)).astype(np.float32)


def _wrapped(name: str) -> str:
    return "<br>".join(textwrap.wrap(name, _WRAP)) or name
