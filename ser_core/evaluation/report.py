"""The report of a run: its held-out predictions, scored per protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from ser_core.calibration import Calibration, fit_calibration, fit_threshold
from ser_core.emotions import EMOTIONS, class_indices, class_mask, labels_by_corpus
from ser_core.evaluation import metrics
from ser_core.protocols import SPEAKER, answered_protocols, fold_count, labels_of, published
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder


@dataclass(frozen=True)
class RunCalibration:
    """What validation speakers of all folds say about a model.

    Attributes
    ----------
    folds
        One calibration a fold.
    thresholds
        For each fold, the confidence below which its model is not sure; from that fold's validation clips alone, since
        a validation speaker of one fold may be a test speaker of another.
    mean
        The mean of the calibrations, for a model trained on everything.
    threshold
        The threshold for that model, from the validation clips of all folds; scores no test clip.
    """

    folds: tuple[Calibration, ...]
    thresholds: tuple[float, ...]
    mean: Calibration
    threshold: float


def calibrate_run(run: RunFolder, folds: list[int]) -> RunCalibration:
    """Fit calibration and threshold of each fold, and those of all, on validation clips and all classes."""
    parts, confidence, right = [], [], []
    frames = [run.predictions(fold) for fold in folds]
    labels = _labels(pd.concat(frames, ignore_index=True))  # of all held-out clips: a fold may lack one
    for frame in frames:
        validation = frame[frame["part"] == "validation"]
        logits, target, possible = _arrays(validation, labels)
        parts.append(fit_calibration(logits, target, possible, validation["corpus"].to_numpy(dtype=str)))
        probabilities = softmax(parts[-1].scores(logits), axis=1)
        confidence.append(probabilities.max(axis=1))
        right.append(probabilities.argmax(axis=1) == target)
    thresholds = tuple(map(fit_threshold, confidence, right))
    threshold = fit_threshold(np.concatenate(confidence), np.concatenate(right))
    return RunCalibration(tuple(parts), thresholds, Calibration.mean(parts), threshold)


def evaluate_run(run: RunFolder, folds: list[int] | None = None) -> dict[str, dict[str, Any]]:
    """Return the evaluation object of each published protocol that the run answers, by name of the protocol.

    Parameters
    ----------
    run
        With all *folds* finished.
    folds
        By default all of the run's protocol; a published protocol is reported when all its own folds are among them,
        ``speaker-5fold`` on the speakers of those given.
    """
    protocol = run.read()["protocol"]
    folds = list(range(fold_count(protocol))) if folds is None else folds
    calibration = calibrate_run(run, folds)
    tests = {}
    for fold, part, threshold in zip(folds, calibration.folds, calibration.thresholds, strict=True):
        frame = run.predictions(fold).query("part == 'test'").copy()
        frame[LOGIT_COLUMNS] = part.scores(frame[LOGIT_COLUMNS].to_numpy())
        tests[fold] = frame.assign(threshold=threshold)
    reports = {}
    for name in answered_protocols(protocol):
        if name == SPEAKER:
            reports[name] = evaluate_predictions(name, [tests[fold] for fold in folds])
            continue
        entry = published(name)
        needed = range(len(entry["test_speakers"]))
        if not set(needed) <= set(folds):
            continue
        parts = [_test_rows(tests[fold], entry["corpus"], entry["test_speakers"][fold]) for fold in needed]
        reports[name] = evaluate_predictions(name, parts)
    return reports


def evaluate_predictions(protocol: str, folds: list[pd.DataFrame]) -> dict[str, Any]:
    """Return the evaluation object of one protocol.

    Parameters
    ----------
    protocol
        Its name; answers are restricted to its classes, except under "open". ``speaker-5fold`` has those that occur.
    folds
        For each fold a frame with columns corpus, speaker, emotion, threshold (the confidence below which the model
        is not sure) and one calibrated score a class.
    """
    frame = pd.concat(folds, ignore_index=True)
    corpora = sorted(set(frame["corpus"]))
    labels = labels_of(protocol)
    if protocol == SPEAKER:
        labels = tuple(label for label in EMOTIONS if label in set(frame["emotion"]))
    places = class_indices(labels)
    scores, target, _ = _arrays(frame, _labels(frame))
    restricted, free = softmax(scores[:, places], axis=1), softmax(scores, axis=1)
    truth = np.searchsorted(places, target)
    answer, speakers, size = restricted.argmax(axis=1), _speakers(frame, corpora), len(labels)
    counts = metrics.confusion_matrix(truth, answer, size)
    sure = free.max(axis=1) >= frame["threshold"].to_numpy()
    right = free.argmax(axis=1) == target
    starts = np.cumsum([0, *(len(part) for part in folds)])
    return {
        "protocol": protocol,
        "corpus": corpora[0] if len(corpora) == 1 else None,
        "classes": size,
        "folds": [_fold_report(truth[a:b], answer[a:b], speakers[a:b], size) for a, b in pairwise(starts)],
        "uar": float(metrics.uar(counts)),
        "uar_ci95": list(metrics.speaker_interval(truth, answer, speakers, size, metrics.uar)),
        "wa": float(metrics.accuracy(counts)),
        "wa_ci95": list(metrics.speaker_interval(truth, answer, speakers, size, metrics.accuracy)),
        "macro_f1": float(metrics.macro_f1(counts)),
        "ece": metrics.expected_calibration_error(restricted, truth),
        "chance": 1 / size,
        "confusion": counts.tolist(),
        "labels": list(labels),
        "per_class": _per_class(counts, labels),
        "open": {
            "uar": float(metrics.uar(metrics.confusion_matrix(target, free.argmax(axis=1), len(EMOTIONS)))),
            "wa": float(right.mean()),
        },
        "sure": {"coverage": float(sure.mean()), "wa": float(right[sure].mean()) if sure.any() else None},
    }


def _fold_report(truth: np.ndarray, answer: np.ndarray, speakers: np.ndarray, size: int) -> dict[str, Any]:
    counts = metrics.confusion_matrix(truth, answer, size)
    return {
        "test_speakers": sorted(set(speakers.tolist())),
        "n": len(truth),
        "uar": float(metrics.uar(counts)),
        "wa": float(metrics.accuracy(counts)),
        "macro_f1": float(metrics.macro_f1(counts)),
    }


def _per_class(counts: np.ndarray, labels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    columns = zip(labels, metrics.precision(counts), metrics.recall(counts), metrics.f1(counts), strict=True)
    return {label: {"precision": float(p), "recall": float(r), "f1": float(f)} for label, p, r, f in columns}


def _test_rows(frame: pd.DataFrame, corpus: str, speakers: list[str]) -> pd.DataFrame:
    return frame[(frame["corpus"] == corpus) & frame["speaker"].isin(speakers)]


def _speakers(frame: pd.DataFrame, corpora: list[str]) -> np.ndarray:
    """Return the speaker of each clip, with the corpus where there is more than one."""
    speakers = frame["speaker"].astype(str)
    return (speakers if len(corpora) == 1 else frame["corpus"].astype(str) + "/" + speakers).to_numpy(dtype=str)


def _labels(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    return labels_by_corpus(frame["corpus"].tolist(), frame["emotion"].tolist())


def _arrays(frame: pd.DataFrame, labels: Mapping[str, tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits [shape=(n, 8)], class numbers [shape=(n,)] and possible classes [shape=(n, 8)]."""
    masks = {corpus: class_mask(names) for corpus, names in labels.items()}
    possible = [masks[corpus] for corpus in frame["corpus"]]
    return (
        frame[LOGIT_COLUMNS].to_numpy(np.float64),
        class_indices(frame["emotion"].tolist()),
        np.stack(possible) if possible else np.zeros((0, len(EMOTIONS)), bool),
    )
