"""The leader-board: models and trainings beside published scores, listeners and guessing."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.parts.evaluate.sources import models, reports, trainings
from pages.parts.evaluate.words import METRICS, percent
from pages.parts.show import show_chart, show_table
from pages.parts.train.common import protocol_words
from ser_core.charts.evaluation import intervals_figure
from ser_core.evaluation.leaderboard import Board, Entry, leaderboard

_KINDS = {
    "bundle": "model",
    "run": "training",
    "published": "published",
    "listeners": "people who listen",
    "chance": "guessing",
}


def show_board() -> None:
    """Draw the choice of a board and the board."""
    similar = st.toggle(
        "Also publications with the same kind of split but other folds", value=True, key="evaluate_similar",
        help="They hold speakers out as here, but not the same ones: a few points mean nothing.",
    )  # fmt: skip
    cards = [source.card for source in models() if source.card is not None]
    runs = {source.name: _whole(reports(source)) for source in trainings()}
    boards = {_title(board): board for board in leaderboard(cards, runs, similar=similar)}
    if not boards:
        st.info(
            "Nothing was measured yet: make a training on the page Train under one of the published protocols.",
            icon=":material/leaderboard:",
        )
        return
    if st.session_state.get("evaluate_board") not in boards:
        st.session_state["evaluate_board"] = next(iter(boards))
    chosen = st.selectbox("Tested on", list(boards), key="evaluate_board")
    _show(boards[chosen])


def _whole(found: dict[str, dict]) -> dict[str, dict]:  # type: ignore[type-arg]
    return {protocol: report for protocol, report in found.items() if not report.get("partial")}


def _show(board: Board) -> None:
    if board.leaky:
        st.warning(
            "**Inflated on purpose:** test speakers were heard in training. These scores stand beside nothing but "
            "each other.",
            icon=":material/warning:",
        )
    title = METRICS[board.metric][0]
    rows = pd.DataFrame([_row(entry, board.metric) for entry in board.entries])
    drawn = rows.dropna(subset=["value"])
    left_out = rows[rows["value"].isna()]["name"].tolist()
    said = ", ".join(f"{row.who} {percent(row.value)}" for row in drawn.rename(columns={"name": "who"}).itertuples())
    show_chart(intervals_figure(drawn, f"{title} (%)"), "evaluate_board", f"{title}: {said}.")
    words = (
        f"{title}: {METRICS[board.metric][1]} Only scores with the same held-out speakers (or, where it says so, the "
        "same kind of split) and the same classes stand here; publications give no intervals."
    )
    if left_out:
        words += f" Not drawn, since only the other metric was published: {', '.join(left_out)}."
    st.caption(words)
    with st.expander("Where the published scores come from", icon=":material/menu_book:"):
        for entry in board.entries:
            if entry.kind in ("published", "listeners"):
                st.markdown(f"- **{entry.name}:** {entry.source}" + (f" ({entry.note})" if entry.note else ""))
    table = [
        {
            "name": entry.name,
            "what": _KINDS[entry.kind],
            "UAR": percent(entry.uar, *(entry.uar_ci95 or ())),
            "accuracy": percent(entry.wa, *(entry.wa_ci95 or ())),
            "source": entry.source,
            "note": entry.note,
        }
        for entry in board.entries
    ]
    show_table(pd.DataFrame(table), "evaluate_board")


def _row(entry: Entry, metric: str) -> dict[str, object]:
    value, ends = (entry.uar, entry.uar_ci95) if metric == "uar" else (entry.wa, entry.wa_ci95)
    low, high = ends or (math.nan, math.nan)
    return {
        "name": entry.name,
        "kind": _KINDS[entry.kind],
        "value": math.nan if value is None else value,
        "low": low,
        "high": high,
    }


def _title(board: Board) -> str:
    corpus = f"; {board.corpus}" if board.corpus and board.corpus not in board.protocol else ""
    return f"{protocol_words(board.protocol)}{corpus}; {board.classes} emotions ({board.protocol})"
