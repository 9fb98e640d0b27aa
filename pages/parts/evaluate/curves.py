"""ROC and precision-recall curves of each emotion against all others."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.evaluate.judged import Judged
from pages.parts.evaluate.words import interval_words, percent
from pages.parts.show import show_chart, show_table
from ser_core.charts.evaluation import curves_figure
from ser_core.charts.exploration import group_label


def show_curves(judged: Judged) -> None:
    """Draw ROC and precision-recall curves."""
    assert judged.details is not None
    classes = judged.details.classes
    chosen = st.pills(
        "Emotions", list(classes), selection_mode="multi", format_func=group_label, key="evaluate_curve_labels"
    )
    kept = {label: part for label, part in classes.items() if not chosen or label in chosen}
    left, right = st.columns(2, gap="large")
    for column, which, name in ((left, "roc", "roc_auc"), (right, "precision_recall", "average_precision")):
        with column:
            title = "ROC" if which == "roc" else "Precision against recall"
            st.subheader(title, anchor=False)
            points = [
                {"emotion": label, "x": x, "y": y}
                for label, part in kept.items()
                for x, y in zip(getattr(part, which).x, getattr(part, which).y, strict=True)
            ]
            areas = ", ".join(f"{label} {percent(getattr(part, name).value)}" for label, part in kept.items())
            figure = curves_figure(kept, which)  # type: ignore[arg-type]
            show_chart(figure, f"evaluate_{which}", f"{title}; area of {areas}.", pd.DataFrame(points))
    st.caption(
        "Each emotion against all others, as the probability from which it is named is lowered. ROC: how many of its "
        "clips are found against how many others are named too; the area is given in the legend. Precision against "
        "recall: how pure the answers stay while more are found. The table below has the areas with their intervals."
    )
    rows = [
        {"emotion": label, "ROC area": interval_words(part.roc_auc),
         "average precision": interval_words(part.average_precision), "clips": part.clips}
        for label, part in kept.items()
    ]  # fmt: skip
    show_table(pd.DataFrame(rows), "evaluate_areas")
