"""The model of one finished fold, put to work: its answers to sound, as a recording of a user would get them.

with fold_bundle(run, 0, table) as folder:
    Recogniser.load(folder).predict(load_audio("voice.wav"))
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from ser_core.audio import assess_quality, load_audio
from ser_core.bundle import checked_weights, load_card
from ser_core.emotions import EMOTIONS, class_indices
from ser_core.errors import TrainingError
from ser_core.evaluation.conditions import Condition, heard_as
from ser_core.files import write_atomically
from ser_core.scorers import Scorer, load_scorer
from ser_core.training.job import ABSENT
from ser_core.training.publish import publish_run
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

_FOLDER = "robustness"


@contextlib.contextmanager
def fold_bundle(run: RunFolder, fold: int, table: pd.DataFrame | None = None) -> Iterator[Path]:
    """Give the folder of a bundle of one finished fold, for as long as the context lasts.

    Parameters as for :func:`ser_core.training.publish.publish_run`, which makes it and says what it raises.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / f"fold-{fold}-of-{run.name}"
        publish_run(run, folder, fold=fold, table=table)
        yield folder


def answer_clips(
    bundle: Path,
    clips: pd.DataFrame,
    condition: Condition,
    *,
    kept: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return a model's raw answers to clips under a condition.

    Parameters
    ----------
    bundle
        Its folder.
    clips
        With columns corpus, clip and path; a clip's name decides how noise falls on it.
    condition
        What becomes of the sound.
    kept
        The folder of the fold: answers that are there are not asked for again, as long as weights and condition are
        the same, and new ones are added.
    jobs
        Processes.
    progress
        Called with (clips answered, clips to be answered).

    Returns
    -------
    DataFrame
        Columns corpus, clip, refused (whether the program would name no emotion) and one logit a class, in the order
        of *clips*.

    Raises
    ------
    TrainingError
        If the answers cannot be kept.
    AudioError
        If a clip cannot be read.
    """
    made = hashlib.sha256(f"{load_card(bundle).weights.sha256} {condition.key}".encode()).hexdigest()
    path = None if kept is None else kept / _FOLDER / f"{condition.name}.parquet"
    known = _known(path, made)
    missing = clips.merge(known[["corpus", "clip"]], how="left", indicator=True).query("_merge == 'left_only'")
    if len(missing):
        work = (
            joblib.delayed(_answer)(
                str(bundle), str(row.path), condition, zlib.crc32(f"{row.corpus}/{row.clip}".encode())
            )
            for row in missing.itertuples()
        )
        answers = []
        for answer in joblib.Parallel(n_jobs=jobs, return_as="generator")(work):
            answers.append(answer)
            if progress:
                progress(len(answers), len(missing))
        new = missing[["corpus", "clip"]].reset_index(drop=True).assign(refused=[refused for _, refused in answers])
        new[LOGIT_COLUMNS] = np.stack([logits for logits, _ in answers])
        known = pd.concat([known, new], ignore_index=True) if len(known) else new
        _keep(known.assign(made=made), path)
    return clips[["corpus", "clip"]].merge(known, how="left", on=["corpus", "clip"])


def _known(path: Path | None, made: str) -> pd.DataFrame:
    """Return the answers that were kept of the same model under the same condition."""
    columns = ["corpus", "clip", "refused", *LOGIT_COLUMNS]
    if path is None or not path.exists():
        return pd.DataFrame(columns=columns)
    try:
        found = pd.read_parquet(path)
        return found.loc[found["made"] == made, columns]
    except (OSError, ValueError, KeyError):
        return pd.DataFrame(columns=columns)


def _keep(answers: pd.DataFrame, path: Path | None) -> None:
    if path is None:
        return
    try:
        path.parent.mkdir(exist_ok=True)  # without parents: a training that was deleted must not come back in pieces
        write_atomically(path, answers.to_parquet)
    except OSError as error:
        raise TrainingError(f"The answers cannot be written to {path} ({error.strerror}).") from error


def _answer(bundle: str, path: str, condition: Condition, seed: int) -> tuple[np.ndarray, bool]:
    """Return the logit of each emotion there is [shape=(8,), float32], and whether quality forbids an answer."""
    labels, scorer = _loaded(bundle)
    waveform = heard_as(load_audio(path), condition, seed)
    logits = np.full(len(EMOTIONS), ABSENT, np.float32)
    logits[class_indices(labels)] = scorer(waveform)
    return logits, assess_quality(waveform).blocking


def _seed(clip: str) -> int:
    return zlib.crc32(clip.encode())


@functools.lru_cache(maxsize=1)
def _loaded(bundle: str) -> tuple[tuple[str, ...], Scorer]:
    """Return classes and model of a bundle, with one thread: a process a core is faster, and gives the same numbers."""
    import torch

    torch.set_num_threads(1)
    card = load_card(bundle)
    return card.labels, load_scorer(card, checked_weights(bundle, card))
