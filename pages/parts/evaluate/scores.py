"""Scores over all clips: metrics, emotions one by one, confusions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.evaluate.judged import Judged
from pages.parts.evaluate.words import METRICS, interval_words, percent
from pages.parts.show import show_chart, show_table
from ser_core.charts.evaluation import estimate_rows, intervals_figure, pairs_figure, share_figure
from ser_core.charts.exploration import group_label
from ser_core.charts.training import confusion_figure
from ser_core.protocols import PAIRS

_SHARES = ("uar", "wa", "macro_precision", "macro_f1", "roc_auc", "average_precision")
#: Metric of an emotion -> that of all, its mean.
_MEANS = {"precision": "macro_precision", "recall": "uar", "f1": "macro_f1"} | {
    name: name for name in ("roc_auc", "average_precision")
}


def show_scores(judged: Judged) -> None:
    """Draw the metrics over all emotions with intervals, what guessing and people reach, and what each means."""
    names = [name for name in _SHARES if name in judged.metrics]
    rows = estimate_rows({METRICS[name][0]: judged.metrics[name] for name in names})
    guessing = {"UAR": judged.chance, "Accuracy": judged.chance, METRICS["roc_auc"][0]: 0.5}
    rows["guessing"] = rows["name"].map(guessing).astype(float)
    rows["people"] = rows["name"].map({"Accuracy": judged.human.accuracy} if judged.human else {}).astype(float)
    said = ", ".join(f"{METRICS[name][0]} {percent(judged.metrics[name].value)}" for name in names)
    show_chart(intervals_figure(rows, "score (%)"), "evaluate_scores", f"Scores: {said}.", rows)
    _explain(names)
    if judged.protocol == PAIRS and all("train_corpus" in fold for fold in judged.folds):
        _pairs(judged)
    elif len(judged.folds) > 1:
        _folds(judged)


def show_emotions(judged: Judged) -> None:
    """Draw precision, recall and F1 of each emotion."""
    names = [name for name in ("recall", "precision", "f1") if name in next(iter(judged.classes.values()), {})]
    chosen = st.segmented_control(
        "Measure", names, default=names[0], required=True, key="evaluate_class_metric",
        format_func=lambda name: METRICS[name][0], label_visibility="collapsed",
    )  # fmt: skip
    name = chosen or names[0]
    title, meaning = METRICS[name]
    rows = estimate_rows({group_label(label): part[name] for label, part in judged.classes.items()})
    if name == "recall":
        rows["guessing"] = judged.chance
    said = ", ".join(f"{label} {percent(part[name].value)}" for label, part in judged.classes.items())
    show_chart(intervals_figure(rows, f"{title.lower()} (%)"), "evaluate_emotions", f"{title}: {said}.")
    st.caption(f"{title}: {meaning} In the table, the row *all* is the mean of the emotions.")
    show_table(_class_table(judged), "evaluate_classes")


def show_confusion(judged: Judged) -> None:
    """Draw the confusion matrix as counts or as shares of each true emotion."""
    shares, counts = "Share of each true emotion", "Clips"
    kind = st.segmented_control(
        "Numbers", [shares, counts], default=shares, required=True, key="evaluate_confusion",
        label_visibility="collapsed",
    )  # fmt: skip
    matrix = pd.DataFrame(judged.confusion, columns=judged.labels)
    table = matrix.assign(true=judged.labels)[["true", *judged.labels]]
    alt = f"Confusion matrix of {len(judged.labels)} emotions, {judged.clips:,} clips."
    if kind == counts:
        show_chart(confusion_figure(judged.confusion, judged.labels), "evaluate_confusion_counts", alt, table)
    else:
        share = matrix.div(matrix.sum(axis=1).clip(lower=1), axis=0)
        figure = share_figure(share.to_numpy().tolist(), judged.labels)
        show_chart(figure, "evaluate_confusion_share", alt, share.assign(true=judged.labels)[["true", *judged.labels]])
    st.caption(f"A row is what was meant, a column what the model said; the diagonal is right. {_worst(judged)}")


def _explain(names: list[str]) -> None:
    with st.expander("What each score means", icon=":material/menu_book:"):
        for name in names:
            title, meaning = METRICS[name]
            st.markdown(f"- **{title}:** {meaning}")


def _folds(judged: Judged) -> None:
    rows = [
        {
            "fold": number + 1,
            "tested on": str(fold.get("test_corpus") or "") or _few(fold["test_speakers"]),
            "clips": fold["n"],
            "UAR": fold["uar"],
            "accuracy": fold["wa"],
            "F1": fold["macro_f1"],
        }
        for number, fold in enumerate(judged.folds)
    ]
    with st.expander(f"The {len(rows)} folds", icon=":material/splitscreen:"):
        st.caption("Each fold is a model of its own, tested on speakers that only the other folds' models have heard.")
        show_table(pd.DataFrame(rows), "evaluate_folds")


def _pairs(judged: Judged) -> None:
    st.subheader("Trained on one corpus, tested on another", anchor=False)
    table = pd.DataFrame(judged.folds)[["train_corpus", "test_corpus", "n", "uar", "wa"]]
    show_chart(pairs_figure(judged.folds), "evaluate_pairs", "UAR of each training corpus on each test corpus.", table)
    st.caption("A row is what was heard in training: the numbers say how far it carries to another corpus.")


def _class_table(judged: Judged) -> pd.DataFrame:
    totals = {label: sum(row) for label, row in zip(judged.labels, judged.confusion, strict=True)}
    rows = [
        {"emotion": label, "clips": totals[label]}
        | {METRICS[name][0].removesuffix(", mean"): interval_words(part) for name, part in scores.items()}
        for label, scores in judged.classes.items()
    ]
    mean = {"emotion": "all", "clips": judged.clips}
    for name, key in _MEANS.items():
        if key in judged.metrics:
            mean[METRICS[name][0].removesuffix(", mean")] = interval_words(judged.metrics[key])
    return pd.DataFrame([*rows, mean]).fillna("")


def _worst(judged: Judged) -> str:
    """Return the most frequent confusion in a sentence."""
    shares = [
        (count / max(sum(row), 1), true, answer)
        for true, row in zip(judged.labels, judged.confusion, strict=True)
        for answer, count in zip(judged.labels, row, strict=True)
        if true != answer
    ]
    share, true, answer = max(shares, default=(0.0, "", ""))
    return f"The most frequent mistake: {100 * share:.0f} % of {true} is taken for {answer}." if share else ""


def _few(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
