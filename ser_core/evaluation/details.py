"""All that can be said of a model's held-out answers: metrics with intervals, curves, groups of people, mistakes.

details = evaluate_details(RunFolder(settings().runs / "lite-joint"), "cremad-evar")
details.metrics["uar"].low, details.groups["sex"], details.mistakes[0]

Made for a page, and JSON-able with `details.model_dump_json()`. A bundle keeps no answers, only the report in its
model.json: details are for runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict
from scipy.special import softmax

from ser_core.corpora.listeners import LISTENERS
from ser_core.emotions import class_indices
from ser_core.errors import TrainingError
from ser_core.evaluation import metrics, scores
from ser_core.evaluation.bootstrap import SpeakerBootstrap, interval
from ser_core.evaluation.groups import GROUPINGS, joined_with_table
from ser_core.evaluation.report import held_out_tests, open_scores, scored_labels
from ser_core.protocols import answered_protocols, is_leaky, kind_of
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

#: Mistakes kept, the most confident first.
_MISTAKES = 50
#: Draws for the intervals of groups, of which there may be hundreds.
_GROUP_DRAWS = 500
_CONFUSION_METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "uar": metrics.uar,
    "wa": metrics.accuracy,
    "macro_precision": metrics.macro_precision,
    "macro_f1": metrics.macro_f1,
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Part):
    """A figure with its 95 % interval over speakers; None where it is not defined or has no interval."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Curve(_Part):
    """Points of a curve."""

    x: list[float]
    y: list[float]


class ClassDetails(_Part):
    """One emotion against the rest; *clips* is how many have it."""

    clips: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    roc_auc: Estimate
    average_precision: Estimate
    roc: Curve
    precision_recall: Curve


class Group(_Part):
    """The clips that have something in common; a group of one speaker has no interval."""

    value: str
    clips: int
    speakers: int
    uar: Estimate
    wa: Estimate


class ReliabilityBin(_Part):
    """Answers of like confidence: their mean confidence, how many were right, and their number."""

    confidence: float
    accuracy: float
    clips: int


class Abstaining(_Part):
    """What happens when the model answers only where it is sure, with all eight answers allowed, as in use.

    *coverage* is the share of clips answered, *accuracy* that of right answers among them, *confidence* the least that
    was enough; *chosen* is where the model's own threshold lies.
    """

    coverage: list[float]
    accuracy: list[float]
    confidence: list[float]
    chosen_coverage: float
    chosen_accuracy: float | None


class Mistake(_Part):
    """A wrong answer; *path* is where the clip lies, if the corpus is here."""

    corpus: str
    clip: str
    speaker: str
    truth: str
    answer: str
    confidence: float
    path: str | None = None


class HumanLine(_Part):
    """How often listeners named the intended emotion, and who says so; *verified* against the publication or not."""

    accuracy: float
    source: str
    verified: bool


class EvaluationDetails(_Part):
    """The answers of models about speakers they had not heard (but see *leaky*), in every way of looking at them.

    Answers are restricted to *labels*, except in *abstaining*. *confusion* has a row a true class, *metrics* and
    *groups* are keyed by name (see :data:`ser_core.evaluation.groups.GROUPINGS`).
    """

    protocol: str
    kind: str
    leaky: bool
    corpora: list[str]
    labels: list[str]
    clips: int
    speakers: int
    chance: float
    human: HumanLine | None
    metrics: dict[str, Estimate]
    classes: dict[str, ClassDetails]
    confusion: list[list[int]]
    confusion_share: list[list[float]]
    groups: dict[str, list[Group]]
    reliability: list[ReliabilityBin]
    abstaining: Abstaining
    mistakes: list[Mistake]


def evaluate_details(
    source: RunFolder | pd.DataFrame | Sequence[pd.DataFrame],
    protocol: str,
    *,
    table: pd.DataFrame | None = None,
    folds: list[int] | None = None,
    draws: int = 2000,
) -> EvaluationDetails:
    """Return everything about the held-out answers under one protocol.

    Parameters
    ----------
    source
        A finished run, or its test clips as :func:`ser_core.evaluation.report.held_out_tests` gives them for the
        protocol.
    protocol
        One that the run answers (see :func:`ser_core.protocols.answered_protocols`).
    table
        A table of clips that tells age, intensity, sentence and path; by default that of the corpora found at
        `SER_DATA`, as far as they are there.
    folds
        Of the run; by default all.
    draws
        Of the bootstrap.

    Raises
    ------
    TrainingError
        If the run does not answer the protocol, or is not finished.
    """
    if isinstance(source, RunFolder):
        answered = held_out_tests(source, folds)
        if protocol not in answered:
            raise TrainingError(
                f"The run {source.path.name} gives no score under '{protocol}': choose one of {', '.join(answered)}."
            )
        parts: Sequence[pd.DataFrame] = answered[protocol]
    else:
        parts = [source] if isinstance(source, pd.DataFrame) else source
        if not answered_protocols(protocol):
            raise TrainingError(f"Protocol '{protocol}' holds nobody out: choose another.")
    frame = joined_with_table(pd.concat(parts, ignore_index=True), table)
    return _details(frame, protocol, draws)


def _details(frame: pd.DataFrame, protocol: str, draws: int) -> EvaluationDetails:
    labels = scored_labels(protocol, frame)
    places = class_indices(labels)
    logits = frame[LOGIT_COLUMNS].to_numpy(np.float64)
    truth = np.searchsorted(places, class_indices(frame["emotion"].tolist()))
    probabilities = softmax(logits[:, places], axis=1)
    answer, size = probabilities.argmax(axis=1), len(labels)
    corpora = sorted(set(frame["corpus"]))
    people = _people(frame)
    bootstrap = SpeakerBootstrap(people, draws=draws)
    counts, drawn = metrics.confusion_matrix(truth, answer, size), bootstrap.confusions(truth, answer, size)
    areas = [scores.area_draws(probabilities[:, place], truth == place, bootstrap) for place in range(size)]
    classes = _classes(probabilities, truth, labels, counts, drawn, areas)
    figures = {name: _estimate(metric(counts), metric(drawn)) for name, metric in _CONFUSION_METRICS.items()}
    figures |= _probability_metrics(probabilities, truth, bootstrap) | _macro_areas(classes, areas)
    listeners = LISTENERS.get(corpora[0]) if len(corpora) == 1 else None
    return EvaluationDetails(
        protocol=protocol,
        kind=kind_of(protocol),
        leaky=is_leaky(protocol),
        corpora=corpora,
        labels=list(labels),
        clips=len(frame),
        speakers=bootstrap.count,
        chance=1 / size,
        human=HumanLine(**vars(listeners)) if listeners else None,
        metrics=figures,
        classes=classes,
        confusion=counts.tolist(),
        confusion_share=(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).tolist(),
        groups={name: _groups(frame, key(frame), truth, answer, size) for name, key in GROUPINGS.items()},
        reliability=[
            ReliabilityBin(confidence=float(c), accuracy=float(a), clips=int(n))
            for c, a, n in zip(*scores.reliability(probabilities, truth), strict=True)
        ],
        abstaining=_abstaining(frame, softmax(open_scores(frame), axis=1)),
        mistakes=_mistakes(frame, probabilities, truth, labels),
    )


def _people(frame: pd.DataFrame) -> np.ndarray:
    return (frame["corpus"].astype(str) + "/" + frame["speaker"].astype(str)).to_numpy(dtype=str)


def _number(value: float | np.ndarray) -> float | None:
    return float(value) if math.isfinite(value) else None


def _estimate(value: float | np.ndarray, draws: np.ndarray) -> Estimate:
    low, high = interval(draws)
    return Estimate(value=_number(value), low=_number(low), high=_number(high))


def _classes(
    probabilities: np.ndarray,
    truth: np.ndarray,
    labels: tuple[str, ...],
    counts: np.ndarray,
    drawn: np.ndarray,
    areas: list[tuple[np.ndarray, np.ndarray]],
) -> dict[str, ClassDetails]:
    of_all = {"precision": metrics.precision, "recall": metrics.recall, "f1": metrics.f1}
    values = {name: (metric(counts), metric(drawn)) for name, metric in of_all.items()}
    classes = {}
    for place, label in enumerate(labels):
        score, positive = probabilities[:, place], truth == place
        false, true, area = scores.roc(score, positive)
        recall, precision, average = scores.precision_recall(score, positive)
        estimates = {name: _estimate(all_of[place], draws[:, place]) for name, (all_of, draws) in values.items()}
        classes[label] = ClassDetails(
            clips=int(positive.sum()),
            roc_auc=_estimate(area, areas[place][0]),
            average_precision=_estimate(average, areas[place][1]),
            roc=Curve(x=false.tolist(), y=true.tolist()),
            precision_recall=Curve(x=recall.tolist(), y=precision.tolist()),
            **estimates,
        )
    return classes


def _macro_areas(classes: dict[str, ClassDetails], areas: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, Estimate]:
    """Return the means over the classes that occur; a draw that lacks one of them is left out."""
    figures = {}
    for name, which in (("roc_auc", 0), ("average_precision", 1)):
        values = [getattr(entry, name).value for entry in classes.values()]
        known = [place for place, value in enumerate(values) if value is not None]
        if not known:
            figures[name] = Estimate(value=None)
            continue
        drawn = np.mean([areas[place][which] for place in known], axis=0)
        figures[name] = _estimate(float(np.mean([values[place] for place in known])), drawn)
    return figures


def _probability_metrics(
    probabilities: np.ndarray, truth: np.ndarray, bootstrap: SpeakerBootstrap
) -> dict[str, Estimate]:
    each = scores.brier(probabilities, truth)
    drawn = bootstrap.sums(each)[:, 0] / bootstrap.sums(np.ones(len(each)))[:, 0]
    low, high = scores.calibration_interval(probabilities, truth, bootstrap)
    error = metrics.expected_calibration_error(probabilities, truth)
    return {"brier": _estimate(each.mean(), drawn), "ece": Estimate(value=error, low=_number(low), high=_number(high))}


def _groups(frame: pd.DataFrame, keys: pd.Series, truth: np.ndarray, answer: np.ndarray, size: int) -> list[Group]:
    groups = []
    people = _people(frame)
    for value, rows in sorted(keys.groupby(keys).indices.items()):
        bootstrap = SpeakerBootstrap(people[rows], draws=_GROUP_DRAWS)
        counts = metrics.confusion_matrix(truth[rows], answer[rows], size)
        drawn = bootstrap.confusions(truth[rows], answer[rows], size) if bootstrap.count > 1 else None
        uar, wa = (
            Estimate(value=_number(m(counts))) if drawn is None else _estimate(m(counts), m(drawn))
            for m in (metrics.uar, metrics.accuracy)
        )
        groups.append(Group(value=str(value), clips=len(rows), speakers=bootstrap.count, uar=uar, wa=wa))
    return groups


def _abstaining(frame: pd.DataFrame, free: np.ndarray) -> Abstaining:
    confidence = free.max(axis=1)
    right = free.argmax(axis=1) == class_indices(frame["emotion"].tolist())
    coverage, accuracy, least = scores.risk_coverage(confidence, right)
    sure = confidence >= frame["threshold"].to_numpy()
    return Abstaining(
        coverage=coverage.tolist(),
        accuracy=accuracy.tolist(),
        confidence=least.tolist(),
        chosen_coverage=float(sure.mean()),
        chosen_accuracy=float(right[sure].mean()) if sure.any() else None,
    )


def _mistakes(
    frame: pd.DataFrame, probabilities: np.ndarray, truth: np.ndarray, labels: tuple[str, ...]
) -> list[Mistake]:
    answer, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(answer != truth)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:_MISTAKES]
    kept = frame.iloc[worst].assign(path=frame["path"].iloc[worst].astype("string").fillna(""))
    return [
        Mistake(
            corpus=str(row.corpus),
            clip=str(row.clip),
            speaker=str(row.speaker),
            truth=labels[truth[place]],
            answer=labels[answer[place]],
            confidence=float(confidence[place]),
            path=str(row.path) or None,
        )
        for place, row in zip(worst, kept.itertuples(), strict=True)
    ]
