"""All trainings beside one another: a table, their scores, their curves."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.show import show_chart, show_table
from pages.parts.train.common import manager
from ser_core.charts.training import MEASURES, runs_figure, scores_figure
from ser_core.errors import SERError
from ser_core.training.listing import Run, report_of
from ser_core.training.progress import read_progress
from ser_core.training.recipe import NetworkRecipe, Recipe

_FIRST = 5


def show_compare() -> None:
    """Draw the comparison."""
    runs = manager().look()
    if not runs:
        st.info("Nothing was trained yet, so there is nothing to compare.", icon=":material/compare:")
        return
    rows = [row for run in runs for row in _rows(run)]
    table = pd.DataFrame(rows)
    show_table(table.drop(columns=["low", "high", "chance"]), "train_runs")
    st.caption(
        "UAR: recall averaged over the classes, on speakers that were never trained on; only scores of the same "
        "protocol and classes can be compared. With few speakers, overlapping intervals decide nothing."
    )
    _scores(table)
    _curves(runs)


def _model(recipe: Recipe) -> str:
    if not isinstance(recipe, NetworkRecipe):
        return recipe.classifier.kind
    return recipe.network.kind + (f" + {recipe.partner.recipe}" if recipe.partner else "")


def _rows(run: Run) -> list[dict[str, Any]]:
    """Return what the table says of a run: a row for each protocol that it answers."""
    progress = read_progress(run.folder, run.state, run.folds)
    seconds = progress.table()["seconds"].sum()
    model = ""
    if run.recipe is not None:
        model = _model(run.recipe)
    common = {
        "training": run.name,
        "status": run.state.status,
        "model": model,
        "seed": run.recipe.seed if run.recipe else None,
        "folds": f"{progress.finished}/{len(run.folds)}",
        "minutes": round(seconds / 60, 1) if seconds else None,
    }
    try:
        reports = report_of(run)
    except SERError:
        reports = {}
    return [common | _score(protocol, report) for protocol, report in reports.items()] or [common | _score("", {})]


def _score(protocol: str, report: dict[str, Any]) -> dict[str, Any]:
    low, high = report.get("uar_ci95", (math.nan, math.nan))
    return {
        "protocol": protocol + (" (part)" if report.get("partial") else ""),
        "classes": report.get("classes"),
        "UAR": report.get("uar", math.nan),
        "95 % interval": f"{100 * low:.1f} to {100 * high:.1f}" if report else "",
        "accuracy": report.get("wa", math.nan),
        "low": low,
        "high": high,
        "chance": report.get("chance", math.nan),
    }


def _scores(table: pd.DataFrame) -> None:
    scored = table.dropna(subset=["UAR"])
    boards = scored.groupby(["protocol", "classes"], sort=True)
    names = {f"{protocol}, {int(classes)} classes": part for (protocol, classes), part in boards}
    if not names:
        return
    choice = st.selectbox("Scores under", list(names), key="compare_protocol")
    part = names[choice].sort_values("UAR", ascending=False).rename(columns={"training": "name", "UAR": "uar"})
    columns = part[["name", "uar", "low", "high", "chance"]]
    show_chart(scores_figure(columns), "train_scores", f"UAR of {len(part)} trainings under {choice}.", columns)


def _curves(runs: list[Run]) -> None:
    tables = {run.name: read_progress(run.folder, run.state, run.folds).table() for run in runs}
    tables = {name: table for name, table in tables.items() if table["loss"].notna().any()}
    if not tables:
        return
    names = list(tables)
    kept = [name for name in st.session_state.get("compare_runs", names[:_FIRST]) if name in tables]
    st.session_state["compare_runs"] = kept
    chosen = st.multiselect("Curves of", names, key="compare_runs")
    measure = st.segmented_control(
        "Measure", list(MEASURES), default="validation_uar", required=True, key="compare_measure",
        format_func=MEASURES.__getitem__, label_visibility="collapsed",
    )  # fmt: skip
    usable = {name: tables[name] for name in chosen if tables[name][measure or "loss"].notna().any()}
    if usable:
        joined = pd.concat([table.assign(training=name) for name, table in usable.items()], ignore_index=True)
        alt = f"{MEASURES[measure or 'loss']} of {len(usable)} trainings by epoch."
        show_chart(runs_figure(usable, measure or "loss"), "train_curves", alt, joined)
