"""How many clips of what: counts, lengths, gaps."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.show import save_table, show_chart, show_table
from ser_core.charts.exploration import box_figure, counts_figure, histogram_figure, matrix_figure
from ser_core.corpora.statistics import (
    combinations,
    corpus_title,
    counts,
    duration_histogram,
    durations,
    facet_values,
    imbalance,
    missing_combinations,
)

TITLES = {
    "emotion": "emotion",
    "corpus": "corpus",
    "speaker": "speaker",
    "sex": "sex",
    "age_band": "age",
    "intensity": "intensity",
    "sentence": "sentence",
    "sample_rate": "sample rate (Hz)",
}
_MOST_ROWS_OF_GAPS = 200


def show_counts(_: pd.DataFrame, clips: pd.DataFrame) -> None:
    """Draw everything that is counted."""
    _overview(clips)
    _bars(clips)
    _lengths(clips)
    _gaps(clips)


def _overview(clips: pd.DataFrame) -> None:
    people = clips.groupby("corpus")["speaker"].nunique().sum()
    with st.container(horizontal=True, gap="large", key="metrics"):
        for label, value in (
            ("Clips", f"{len(clips):,}"),
            ("Speakers", f"{people}"),
            ("Hours", f"{clips['duration_s'].sum() / 3600:.2f}"),
            ("Emotions", f"{clips['emotion'].nunique()}"),
        ):
            st.metric(label, value, width="content")
    with st.container(key="imbalance"):
        st.markdown("\n".join(f"- {entry['words']}" for entry in imbalance(clips).values()))
    unreadable = int(clips["duration_s"].isna().sum())
    if unreadable:
        st.warning(f"{unreadable} files cannot be read; they have no duration.", icon=":material/warning:")


def _bars(clips: pd.DataFrame) -> None:
    st.subheader("How many", anchor=False)
    left, right = st.columns(2)
    by = left.selectbox("Count clips by", list(TITLES), format_func=TITLES.__getitem__, key="count_by")
    others: list[str | None] = [None, *(name for name in ("corpus", "sex", "emotion", "intensity") if name != by)]
    within = right.selectbox(
        "Divided by", others, format_func=lambda name: TITLES[name] if name else "nothing", key="count_within"
    )
    table = counts(clips, by, within)
    highest = table.loc[table["clips"].idxmax()]
    alt = f"Clips by {TITLES[by]}: {len(table)} bars, most clips for {highest[by]} ({highest['clips']})."
    show_chart(counts_figure(table, by, within), f"clips_by_{by}", alt, table)
    with st.expander("The numbers"):
        show_table(table, f"numbers_by_{by}")


def _lengths(clips: pd.DataFrame) -> None:
    st.subheader("How long", anchor=False)
    by = st.segmented_control(
        "Durations by",
        ["corpus", "emotion", "sex", "intensity"],
        format_func=TITLES.__getitem__,
        default="corpus",
        required=True,
        key="duration_by",
    )
    by = by or "corpus"
    left, right = st.columns(2, gap="large")
    quantiles = durations(clips, by)
    if quantiles.empty:
        st.info("No duration is known: none of these files can be read.")
        return
    words = "; ".join(f"{row.group} {row.median:.2f} s" for row in quantiles.itertuples())
    with left:
        histogram = duration_histogram(clips, by)
        show_chart(histogram_figure(histogram), "durations", f"Histogram of durations by {by}.", histogram)
    with right:
        figure = box_figure(quantiles, "duration (s)")
        show_chart(figure, "duration_boxes", f"Median durations: {words}.", quantiles)


def _gaps(clips: pd.DataFrame) -> None:
    st.subheader("Which combinations are missing", anchor=False)
    left, right = st.columns(2)
    names = ["speaker", "sentence", "intensity", "sex", "age_band", "corpus"]
    rows = left.selectbox("Rows", names, format_func=TITLES.__getitem__, key="gap_rows")
    others = [name for name in ("emotion", "sentence", "intensity", "sex", "corpus") if name != rows]
    columns = right.selectbox("Columns", others, format_func=TITLES.__getitem__, key="gap_columns")
    missing = missing_combinations(clips, rows, columns)
    titles = ", ".join(corpus_title(name) for name in facet_values(clips, "corpus"))
    if missing.empty:
        st.success(f"Every {TITLES[rows]} has every {TITLES[columns]} of its corpus ({titles}).")
    else:
        st.markdown(
            f"**{len(missing):,}** combinations of {TITLES[rows]} and {TITLES[columns]} have no clip "
            "(empty cells below; pairs across corpora are not counted)."
        )
        with st.container(key="missing"):
            st.dataframe(missing.head(_MOST_ROWS_OF_GAPS), hide_index=True, height=200)
            save_table(missing, "missing_combinations")
    matrix = combinations(clips, rows, columns)
    flat = matrix.reset_index(names=rows)
    alt = f"Clips for each {TITLES[rows]} and {TITLES[columns]}: {matrix.shape[0]} rows, {matrix.shape[1]} columns."
    show_chart(matrix_figure(matrix, TITLES[rows], TITLES[columns]), "combinations", alt, flat)
