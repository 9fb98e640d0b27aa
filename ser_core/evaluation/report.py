"""The report of a run: its held-out predictions, scored per protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import softmax

from ser_core.calibration import Calibration, fit_calibration, fit_threshold
from ser_core.conformal import LEVELS, candidate_sets, fit_set_threshold, set_figures
from ser_core.emotions import EMOTIONS, class_indices, class_mask, labels_by_corpus
from ser_core.evaluation import metrics
from ser_core.evaluation.fairness import one_answer_speakers, people_gaps
from ser_core.evaluation.groups import joined_with_table
from ser_core.evaluation.scores import accuracy_at
from ser_core.protocols import (
    CORPUS,
    JOINT,
    PAIRS,
    answered_protocols,
    fold_count,
    is_leaky,
    labels_of,
    published,
    published_names,
)
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

#: A class whose score is always this far below the best one's is none of the model's answers.
_UNREACHABLE = -25.0
#: One score a class, as in use.
OPEN_COLUMNS = [f"open_{emotion}" for emotion in EMOTIONS]
#: Level of sets -> the column with the threshold that a fold's validation speakers gave them.
_SET_COLUMNS = {level: f"set_{level}" for level in LEVELS}


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
    fold_sets, sets
        As `thresholds` and `threshold`, the threshold of the sets of candidates at each level
        (see :mod:`ser_core.conformal`).
    """

    folds: tuple[Calibration, ...]
    thresholds: tuple[float, ...]
    mean: Calibration
    threshold: float
    fold_sets: tuple[dict[float, float], ...]
    sets: dict[float, float]


def calibrate_run(run: RunFolder, folds: list[int]) -> RunCalibration:
    """Fit calibration and threshold of each fold, and those of all, on validation clips and all classes."""
    parts, answers, targets, people = [], [], [], []
    frames = [run.predictions(fold) for fold in folds]
    labels = _labels(pd.concat(frames, ignore_index=True))  # of all held-out clips: a fold may lack one
    for frame in frames:
        validation = frame[frame["part"] == "validation"]
        logits, target, possible = _arrays(validation, labels)
        corpora = validation["corpus"].to_numpy(dtype=str)
        people.append(_speakers(validation, []))
        parts.append(fit_calibration(logits, target, possible, corpora, people[-1]))
        answers.append(softmax(parts[-1].scores(logits), axis=1))
        targets.append(target)
    pooled = tuple(map(np.concatenate, (answers, targets, people)))
    return RunCalibration(
        folds=tuple(parts),
        thresholds=tuple(map(_threshold, answers, targets)),
        mean=Calibration.mean(parts),
        threshold=_threshold(*pooled[:2]),
        fold_sets=tuple(map(_set_thresholds, answers, targets, people)),
        sets=_set_thresholds(*pooled),
    )


def _threshold(probabilities: np.ndarray, target: np.ndarray) -> float:
    return fit_threshold(probabilities.max(axis=1), probabilities.argmax(axis=1) == target)


def _set_thresholds(probabilities: np.ndarray, target: np.ndarray, speakers: np.ndarray) -> dict[float, float]:
    return {level: fit_set_threshold(probabilities, target, speakers, level) for level in LEVELS}


def evaluate_run(run: RunFolder, folds: list[int] | None = None) -> dict[str, dict[str, Any]]:
    """Return the evaluation object of each protocol that the run answers, by name of the protocol.

    Parameters
    ----------
    run
        With all *folds* finished.
    folds
        By default all of the run's protocol, or the finished ones where their number depends on the corpora; a
        published protocol is reported when all its own folds are among them, others on the folds given.
    """
    tests = held_out_tests(run, folds)
    return {name: evaluate_predictions(name, _with_age(parts)) for name, parts in tests.items()}


def held_out_tests(run: RunFolder, folds: list[int] | None = None) -> dict[str, list[pd.DataFrame]]:
    """Return the test clips of each protocol that the run answers: a frame a fold, as of :func:`held_out_clips`.

    Parameters as for :func:`evaluate_run`. Under ``cross-corpus`` there is also `heard`, the corpus of its training.
    """
    protocol = run.read()["protocol"]
    folds = _folds(run, protocol) if folds is None else folds
    tests = held_out_clips(run, folds)
    if protocol == PAIRS:
        for fold, frame in tests.items():
            heard = run.predictions(fold).query("part == 'validation'")["corpus"]
            frame["heard"] = heard.iloc[0] if len(heard) else None
    answers = {}
    for name in answered_protocols(protocol):
        if name not in published_names():
            answers[name] = [tests[fold] for fold in folds]
            continue
        entry = published(name)
        needed = range(len(entry["test_speakers"]))
        if set(needed) <= set(folds):
            speakers = entry["test_speakers"]
            answers[name] = [_test_rows(tests[fold], entry["corpus"], speakers[fold]) for fold in needed]
    return answers


def held_out_clips(
    run: RunFolder, folds: list[int], part: Literal["test", "validation"] = "test"
) -> dict[int, pd.DataFrame]:
    """Return the test clips of each fold, or those of its validation speakers, with calibrated scores.

    Columns are those of the run's predictions, whose scores are to be restricted to the corpus's classes;
    :data:`OPEN_COLUMNS`, the scores with all eight classes allowed, as in use; `threshold`, the confidence below which
    the fold's model is not sure; and `set_0.8` and `set_0.9`, the thresholds of its sets of candidates.
    """
    calibration = calibrate_run(run, folds)
    tests = {}
    for place, fold in enumerate(folds):
        frame = run.predictions(fold)
        frame = frame[frame["part"] == part].copy()
        logits = frame[LOGIT_COLUMNS].to_numpy()
        frame[OPEN_COLUMNS] = calibration.folds[place].scores(logits)
        frame[LOGIT_COLUMNS] = calibration.folds[place].scores(logits, closed=True)
        sets = {_SET_COLUMNS[level]: threshold for level, threshold in calibration.fold_sets[place].items()}
        tests[fold] = frame.assign(threshold=calibration.thresholds[place], **sets)
    return tests


def scored_labels(protocol: str, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the classes on which the test clips of a protocol are scored, in the vocabulary's order.

    A published protocol's own; of these, and under other protocols, those that occur. A class of a published protocol
    that no clip has counts if the model can answer it: with a smaller label set it cannot.
    """
    occurs = set(frame["emotion"])
    if protocol not in published_names():
        return tuple(label for label in EMOTIONS if label in occurs)
    scores = frame[LOGIT_COLUMNS].to_numpy()
    reachable = (scores - scores.max(axis=1, keepdims=True)).max(axis=0) > _UNREACHABLE
    possible = {label for label, can in zip(EMOTIONS, reachable, strict=True) if can} & set(labels_of(protocol))
    return tuple(label for label in EMOTIONS if label in occurs | possible)


def open_scores(frame: pd.DataFrame) -> np.ndarray:
    """Return the scores of test clips with all eight classes allowed [shape=(n, 8)]."""
    columns = OPEN_COLUMNS if OPEN_COLUMNS[0] in frame else LOGIT_COLUMNS
    return frame[columns].to_numpy(np.float64)


def evaluate_predictions(protocol: str, folds: list[pd.DataFrame]) -> dict[str, Any]:
    """Return the evaluation object of one protocol.

    Parameters
    ----------
    protocol
        Its name; answers are restricted to its classes (see :func:`scored_labels`), except under "open".
    folds
        For each fold a frame with columns corpus, speaker, emotion, threshold (the confidence below which the model
        is not sure) and one calibrated score a class; sex, age and the thresholds of sets where they are known.

    Like "open", "sure", "accuracy_at_80" (the surest four fifths of the answers) and "conformal" are of answers with
    all eight classes allowed, as in use.
    """
    frame = pd.concat(folds, ignore_index=True)
    corpora = sorted(set(frame["corpus"]))
    labels = scored_labels(protocol, frame)
    places = class_indices(labels)
    scores, target, _ = _arrays(frame, _labels(frame))
    restricted, free = softmax(scores[:, places], axis=1), softmax(open_scores(frame), axis=1)
    truth = np.searchsorted(places, target)
    answer, speakers, size = restricted.argmax(axis=1), _speakers(frame, corpora), len(labels)
    counts = metrics.confusion_matrix(truth, answer, size)
    sure = free.max(axis=1) >= frame["threshold"].to_numpy()
    right = free.argmax(axis=1) == target
    starts = np.cumsum([0, *(len(part) for part in folds)])
    reports = [_fold_report(truth[a:b], answer[a:b], speakers[a:b], size, protocol) for a, b in pairwise(starts)]
    return {
        "protocol": protocol,
        "corpus": corpora[0] if len(corpora) == 1 else None,
        "classes": size,
        "folds": [report | _corpora(protocol, part) for report, part in zip(reports, folds, strict=True)],
        "uar": float(metrics.uar(counts)),
        "uar_ci95": _interval(truth, answer, speakers, size),
        "wa": float(metrics.accuracy(counts)),
        "wa_ci95": list(metrics.speaker_interval(truth, answer, speakers, size, metrics.accuracy)),
        "macro_f1": float(metrics.macro_f1(counts)),
        "ece": metrics.expected_calibration_error(restricted, truth),
        "ece_by_luck": metrics.calibration_error_by_luck(restricted),
        "chance": 1 / size,
        "confusion": counts.tolist(),
        "labels": list(labels),
        "per_class": _per_class(counts, labels),
        "open": {
            "uar": float(metrics.uar(metrics.confusion_matrix(target, free.argmax(axis=1), len(EMOTIONS)))),
            "wa": float(right.mean()),
        },
        "sure": {"coverage": float(sure.mean()), "wa": float(right[sure].mean()) if sure.any() else None},
        "accuracy_at_80": accuracy_at(0.8, free.max(axis=1), right),
        "one_answer_speakers": one_answer_speakers(truth, answer, speakers, labels),
        "people": people_gaps(frame, truth, answer, speakers, size),
        **_conformal(frame, free, target),
    } | ({"leaky": True} if is_leaky(protocol) else {})


def _conformal(frame: pd.DataFrame, free: np.ndarray, target: np.ndarray) -> dict[str, Any]:
    """Return what became of the promise of sets, by the share promised; nothing where they have no thresholds."""
    known = {level: column for level, column in _SET_COLUMNS.items() if column in frame}
    figures = {
        str(level): set_figures(candidate_sets(free, frame[column].to_numpy()), target)
        for level, column in known.items()
    }
    return {"conformal": figures} if figures else {}


def _folds(run: RunFolder, protocol: str) -> list[int]:
    """Return the folds of a protocol, the finished ones where their number depends on the corpora."""
    folds = list(range(fold_count(protocol)))
    if protocol in published_names() or protocol == JOINT:
        return folds
    return [fold for fold in folds if run.finished(fold)] or folds


def _with_age(parts: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return a protocol's test clips with their speakers' age, which the predictions of older runs lack."""
    if all("age" in part for part in parts):
        return parts
    whole = joined_with_table(pd.concat(parts, ignore_index=True))
    return [whole.iloc[a:b] for a, b in pairwise(np.cumsum([0, *map(len, parts)]))]


def _corpora(protocol: str, part: pd.DataFrame) -> dict[str, str | None]:
    """Return what a fold of a protocol between corpora was trained and tested on; nothing for other protocols."""
    if protocol not in (CORPUS, PAIRS) or part.empty:
        return {}
    tested: dict[str, str | None] = {"test_corpus": str(part["corpus"].iloc[0])}
    return {"train_corpus": part["heard"].iloc[0], **tested} if protocol == PAIRS and "heard" in part else tested


def _fold_report(
    truth: np.ndarray, answer: np.ndarray, speakers: np.ndarray, size: int, protocol: str
) -> dict[str, Any]:
    counts = metrics.confusion_matrix(truth, answer, size)
    return {
        "test_speakers": sorted(set(speakers.tolist())),
        "n": len(truth),
        "uar": float(metrics.uar(counts)),
        "wa": float(metrics.accuracy(counts)),
        "macro_f1": float(metrics.macro_f1(counts)),
    } | ({"uar_ci95": _interval(truth, answer, speakers, size)} if protocol == CORPUS else {})


def _interval(truth: np.ndarray, answer: np.ndarray, speakers: np.ndarray, size: int) -> list[float]:
    return list(metrics.speaker_interval(truth, answer, speakers, size, metrics.uar))


def _per_class(counts: np.ndarray, labels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    columns = zip(labels, metrics.precision(counts), metrics.recall(counts), metrics.f1(counts), strict=True)
    return {label: {"precision": float(p), "recall": float(r), "f1": float(f)} for label, p, r, f in columns}


def _test_rows(frame: pd.DataFrame, corpus: str, speakers: list[str]) -> pd.DataFrame:
    return frame[(frame["corpus"] == corpus) & frame["speaker"].isin(speakers)]


def _speakers(frame: pd.DataFrame, corpora: list[str]) -> np.ndarray:
    """Return the speaker of each clip, with the corpus unless it is known that there is one only."""
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
