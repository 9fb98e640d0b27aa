"""What is known of a model under a protocol, from its answers or from its report alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser_core.corpora.listeners import LISTENERS
from ser_core.evaluation.details import Estimate, EvaluationDetails, HumanLine
from ser_core.protocols import is_leaky


@dataclass(frozen=True)
class Judged:
    """What is known under one protocol; *details* only where every single answer is kept."""

    protocol: str
    corpora: list[str]
    labels: list[str]
    clips: int
    speakers: int
    chance: float
    human: HumanLine | None
    metrics: dict[str, Estimate]
    classes: dict[str, dict[str, Estimate]]
    confusion: list[list[int]]
    folds: list[dict[str, Any]]
    sure: dict[str, Any]
    leaky: bool = False
    partial: bool = False
    details: EvaluationDetails | None = None


def from_details(details: EvaluationDetails, report: dict[str, Any]) -> Judged:
    """Return what the answers of a training tell, *report* being that of the same protocol."""
    names = ("precision", "recall", "f1", "roc_auc", "average_precision")
    return Judged(
        protocol=details.protocol,
        corpora=details.corpora,
        labels=details.labels,
        clips=details.clips,
        speakers=details.speakers,
        chance=details.chance,
        human=details.human,
        metrics=details.metrics,
        classes={label: {name: getattr(part, name) for name in names} for label, part in details.classes.items()},
        confusion=details.confusion,
        folds=report["folds"],
        sure=report["sure"],
        leaky=details.leaky,
        details=details,
    )


def from_report(report: dict[str, Any], protocol: str) -> Judged:
    """Return what a report alone tells."""
    listeners = LISTENERS.get(str(report["corpus"]))
    metrics = {name: Estimate(value=report[name], low=low, high=high) for name, (low, high) in _intervals(report)}
    metrics |= {name: Estimate(value=report[name]) for name in ("macro_f1", "ece")}
    return Judged(
        protocol=protocol,
        corpora=[report["corpus"]] if report["corpus"] else [],
        labels=report["labels"],
        clips=sum(fold["n"] for fold in report["folds"]),
        speakers=len({speaker for fold in report["folds"] for speaker in fold["test_speakers"]}),
        chance=report["chance"],
        human=HumanLine(**vars(listeners)) if listeners else None,
        metrics=metrics,
        classes={
            label: {name: Estimate(value=value) for name, value in scores.items()}
            for label, scores in report["per_class"].items()
        },
        confusion=report["confusion"],
        folds=report["folds"],
        sure=report["sure"],
        leaky=is_leaky(protocol),
        partial=bool(report.get("partial")),
    )


def _intervals(report: dict[str, Any]) -> list[tuple[str, tuple[float, float]]]:
    return [(name, report[f"{name}_ci95"]) for name in ("uar", "wa")]
