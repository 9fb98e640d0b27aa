"""What a shipped model's twins said of clips that they had never heard: a small table beside the bundle.

The weights that ship were trained on all speakers, so they cannot be played against. Their recipe was trained six
more times, each time without some speakers (the protocol `joint`); `held_out.parquet` keeps what those models, as
calibrated on validation speakers, said of each clip of the speakers they lacked. `scripts/classroom_answers.py` makes
it of a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from ser_core.bundle import ModelCard
from ser_core.emotions import EMOTIONS, class_mask, labels_by_corpus
from ser_core.errors import TrainingError
from ser_core.evaluation.report import held_out_clips
from ser_core.files import write_bytes
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

FILE_NAME = "held_out.parquet"
#: Probabilities are kept as whole 255ths: 100 kB for 12,000 clips, and finer than a page shows.
_STEPS = 255
#: The share of clips by which accuracy recomputed from the table may differ from the card's.
_TOLERANCE = 0.005
_LARGEST_BYTES = 5_000_000
_KEYS = ("corpus", "clip", "speaker", "emotion")


def held_out_answers(run: RunFolder, folds: list[int]) -> pd.DataFrame:
    """Return one row a test clip of a finished run: corpus, clip, speaker, emotion, and a column an emotion.

    The columns named after :data:`ser_core.emotions.EMOTIONS` are probabilities times 255 [uint8] among the emotions
    of the clip's corpus; the largest stays the largest. A clip tested by several folds is kept from the first.

    Raises
    ------
    TrainingError
        If a fold is not finished.
    """
    missing = [fold for fold in folds if not run.finished(fold)]
    if missing:
        raise TrainingError(f"The run {run.path.name} has not finished fold {missing[0]}: resume it first.")
    frame = pd.concat(held_out_clips(run, folds).values(), ignore_index=True).drop_duplicates(["corpus", "clip"])
    labels = labels_by_corpus(frame["corpus"].tolist(), frame["emotion"].tolist())
    masks = {corpus: class_mask(names) for corpus, names in labels.items()}
    scores = frame[LOGIT_COLUMNS].to_numpy(np.float64)
    scores[~np.stack([masks[corpus] for corpus in frame["corpus"]])] = -np.inf
    table = frame[list(_KEYS)].astype("string").reset_index(drop=True)
    table[list(EMOTIONS)] = _quantised(softmax(scores, axis=1))
    return table.sort_values(["corpus", "clip"], ignore_index=True)


def write_held_out(table: pd.DataFrame, folder: Path) -> int:
    """Write :func:`held_out_answers` beside the bundle in *folder*; return its size in bytes."""
    data = table.to_parquet(None, compression="zstd", index=False)
    write_bytes(folder / FILE_NAME, data)
    return len(data)


def read_held_out(folder: Path, card: ModelCard) -> pd.DataFrame | None:
    """Return the table beside a bundle; None where there is none, or it is not what the card's figures came from.

    A bundle that was trained anew without its table would else be shown with its predecessor's answers.
    """
    path = folder / FILE_NAME
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return None
        table = pd.read_parquet(path)
    except (OSError, ValueError):  # pyarrow's own errors are both
        return None
    if list(table.columns) != [*_KEYS, *EMOTIONS]:
        return None
    return table if agrees(table, card.evaluation) else None


def agrees(table: pd.DataFrame, evaluation: dict[str, dict[str, Any]]) -> bool:
    """Return whether the table's answers have the accuracy that a card reports, for every corpus that it reports."""
    right = table["emotion"].to_numpy(str) == answers(table)
    corpora, speakers = table["corpus"].to_numpy(str), table["speaker"].to_numpy(str)
    reports = [report for report in evaluation.values() if report.get("corpus")]
    for report in reports:
        tested = [speaker for fold in report["folds"] for speaker in fold["test_speakers"]]
        rows = (corpora == report["corpus"]) & np.isin(speakers, tested)
        if not rows.any() or abs(float(right[rows].mean()) - report["wa"]) > _TOLERANCE:
            return False
    return bool(reports)


def answers(table: pd.DataFrame) -> np.ndarray:
    """Return the likeliest emotion of each row [shape=(n,), str]."""
    found: np.ndarray = np.array(EMOTIONS)[table[list(EMOTIONS)].to_numpy().argmax(axis=1)]
    return found


def _quantised(probabilities: np.ndarray) -> np.ndarray:
    """Return whole 255ths [shape=(n, 8), uint8] in which the largest has no equal."""
    whole = np.round(probabilities * _STEPS).astype(np.int64)
    best = probabilities.argmax(axis=1)
    others = np.arange(probabilities.shape[1]) != best[:, None]
    tied = others & (whole >= whole[np.arange(len(whole)), best][:, None])
    return (whole - tied).clip(0, _STEPS).astype(np.uint8)
