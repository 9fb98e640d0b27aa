"""How much a model loses outside the corpora: the same held-out clips, clean and under each condition.

clips = sample_clips(run, share=0.33)
robustness_report(run, clips, {"clean": answers, "telephone": answers_over_the_telephone})
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from ser_core.calibration import Calibration
from ser_core.emotions import class_indices
from ser_core.errors import TrainingError
from ser_core.evaluation import metrics
from ser_core.evaluation.bootstrap import SpeakerBootstrap, interval
from ser_core.evaluation.conditions import CLEAN, CONDITIONS, NOISES
from ser_core.evaluation.report import calibrate_run, held_out_clips, held_out_tests, scored_labels
from ser_core.protocols import fold_count, published_names
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

#: The file of a run folder that holds the report.
FILE_NAME = "robustness.json"
_KEY = ["fold", "corpus", "clip"]
_DRAWS = 2000
_NOTE = (
    "Each fold's own model answered the same held-out clips under every condition, from the sound on, as it would a "
    "recording; answers were restricted to the corpus's classes. Where noise was added, a third of the clips each got "
    f"{', '.join(NOISES[:-1])} and {NOISES[-1]} noise. Clips in which the program would find no speech and name no "
    "emotion are scored by what the model says all the same."
)


def finished_folds(run: RunFolder, table: pd.DataFrame | None = None) -> list[int]:
    """Return a run's finished folds; raises :class:`TrainingError` where there is none."""
    folds = [fold for fold in range(fold_count(run.read()["protocol"], table)) if run.finished(fold)]
    if not folds:
        raise TrainingError(f"{run.path} has no finished fold: train it first.")
    return folds


def sample_clips(
    run: RunFolder, folds: list[int], share: float, seed: int = 0, part: Literal["test", "validation"] = "test"
) -> pd.DataFrame:
    """Return a part of the test clips of each protocol that the run answers, drawn by speaker and emotion.

    Of each speaker's clips of an emotion that share is drawn, and at least one. A larger share holds all clips of a
    smaller one.

    Parameters
    ----------
    folds
        The finished folds that are used.
    share
        Of the clips, above 0 and at most 1.
    part
        "validation" for the clips of validation speakers instead, one "protocol" a corpus: by them a recipe may be
        chosen, by the test speakers never.

    Returns
    -------
    DataFrame
        With columns protocol, fold, corpus, clip, speaker, emotion and the calibrated scores that the run noted, by
        which the answers to clean sound can be checked.

    Raises
    ------
    TrainingError
        If *share* is no such number, or the run answers no protocol with its finished folds.
    """
    if not 0 < share <= 1:
        raise TrainingError(f"The share of the clips must lie above 0 and be at most 1, not {share:g}.")
    parts = []
    if part == "validation":
        for number, frame in held_out_clips(run, folds, part).items():
            parts.append(frame.assign(protocol=frame["corpus"] + " (validation)", fold=number))
    else:
        for protocol, tests in held_out_tests(run, folds).items():
            numbers = range(len(tests)) if protocol in published_names() else folds
            for number, test in zip(numbers, tests, strict=True):
                parts.append(test.assign(protocol=protocol, fold=number))
    if not parts:
        raise TrainingError(f"{run.path} has too few finished folds for any protocol's score: train the others first.")
    clips = pd.concat(parts, ignore_index=True).sort_values(["protocol", *_KEY], ignore_index=True)
    group = ["protocol", "fold", "corpus", "speaker", "emotion"]
    clips["lot"] = np.random.default_rng(seed).permutation(len(clips))
    rank = clips.groupby(group)["lot"].rank(method="first")
    wanted = (share * clips.groupby(group)["lot"].transform("size")).round().clip(lower=1)
    return clips.loc[rank <= wanted, [*group, "clip", *LOGIT_COLUMNS]].reset_index(drop=True)


def robustness_report(run: RunFolder, clips: pd.DataFrame, answers: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return UAR under each condition and what was lost against clean sound, with intervals over speakers.

    Parameters
    ----------
    clips
        As :func:`sample_clips` gives them.
    answers
        For each condition, "clean" among them, a frame with columns fold, corpus, clip, refused (whether the program
        would name no emotion) and one raw logit a class; all clips are in each.

    Returns
    -------
    dict
        "protocols": for each {"clips", "speakers", "classes", "agreement", "conditions"}. "agreement" is the share of
        clean clips to which the answer is the one the run noted in training. A condition has "uar", "uar_ci95",
        "loss", "loss_ci95" (UAR of clean less its own, of the same clips and the same draws of speakers) and
        "refused"; "mean" holds the mean loss over protocols with its interval and whether it is "within" the limit.
        "titles", "limits" and "note" say what was done. All numbers are fractions of 1.
    """
    folds = sorted(set(clips["fold"]))
    calibrations = dict(zip(folds, calibrate_run(run, folds).folds, strict=True))
    names = [CLEAN, *(name for name in answers if name != CLEAN)]
    protocols: dict[str, Any] = {}
    lost: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for number, (protocol, part) in enumerate(clips.groupby("protocol", sort=False)):
        scores = {name: _scores(part, answers[name], calibrations) for name in names}
        protocols[str(protocol)], draws = _protocol_report(str(protocol), part, scores, seed=number)
        for name in names:
            protocols[str(protocol)]["conditions"][name]["refused"] = _refused(part, answers[name])
            lost[name].append(draws[name])
    return {
        "protocols": protocols,
        "mean": {name: _mean(name, list(protocols.values()), lost[name]) for name in names[1:]},
        "titles": {name: CONDITIONS[name].title for name in names},
        "limits": {name: CONDITIONS[name].limit for name in names if CONDITIONS[name].limit is not None},
        "note": _NOTE,
    }


def read_robustness(run: RunFolder) -> dict[str, Any] | None:
    """Return the robustness report in a run folder, None where there is none that can be read."""
    try:
        return dict(json.loads((run.path / FILE_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _protocol_report(
    protocol: str, part: pd.DataFrame, scores: Mapping[str, np.ndarray], seed: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a protocol's object, and the loss under each condition in each draw [each shape=(draws,)]."""
    labels = scored_labels(protocol, part)
    places, size = class_indices(labels), len(labels)
    bootstrap = SpeakerBootstrap(_speakers(part), draws=_DRAWS, seed=seed)
    truth = np.searchsorted(places, class_indices(part["emotion"].tolist()))
    answer = {name: values[:, places].argmax(axis=1) for name, values in scores.items()}
    uar = {name: float(metrics.uar(metrics.confusion_matrix(truth, given, size))) for name, given in answer.items()}
    drawn = {name: metrics.uar(bootstrap.confusions(truth, given, size)) for name, given in answer.items()}
    lost = {name: drawn[CLEAN] - values for name, values in drawn.items()}
    noted = part[LOGIT_COLUMNS].to_numpy()[:, places].argmax(axis=1)
    return {
        "clips": len(part),
        "speakers": bootstrap.count,
        "classes": size,
        "agreement": float(np.mean(answer[CLEAN] == noted)),
        "conditions": {
            name: {
                "uar": uar[name],
                "uar_ci95": list(interval(drawn[name])),
                "loss": uar[CLEAN] - uar[name],
                "loss_ci95": list(interval(lost[name])),
            }
            for name in scores
        },
    }, lost


def _scores(part: pd.DataFrame, answers: pd.DataFrame, calibrations: Mapping[int, Calibration]) -> np.ndarray:
    """Return the scores of some clips [shape=(n, 8)], each from its own fold's calibration."""
    found = part[_KEY].merge(answers, how="left", on=_KEY)
    logits, folds = found[LOGIT_COLUMNS].to_numpy(), found["fold"].to_numpy()
    scores = np.empty_like(logits, dtype=np.float64)
    for fold in np.unique(folds):
        scores[folds == fold] = calibrations[int(fold)].scores(logits[folds == fold], closed=True)
    return scores


def _refused(part: pd.DataFrame, answers: pd.DataFrame) -> float:
    return float(part[_KEY].merge(answers, how="left", on=_KEY)["refused"].astype(bool).mean())


def _mean(name: str, protocols: list[dict[str, Any]], draws: list[np.ndarray]) -> dict[str, Any]:
    """Return the loss averaged over protocols, with its interval and whether it stays within the limit."""
    loss, limit = float(np.mean([entry["conditions"][name]["loss"] for entry in protocols])), CONDITIONS[name].limit
    low_high = list(interval(np.mean(draws, axis=0)))
    return {"loss": loss, "loss_ci95": low_high, "within": None if limit is None else bool(loss <= limit)}


def _speakers(part: pd.DataFrame) -> np.ndarray:
    return (part["corpus"].astype(str) + "/" + part["speaker"].astype(str)).to_numpy(dtype=str)
