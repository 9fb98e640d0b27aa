"""Features of a whole table, computed on all cores and kept on disk until a file or a setting changes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from pydantic import BaseModel

from ser_core.audio import load_audio
from ser_core.errors import AudioError, CorpusError
from ser_core.settings import settings

Progress = Callable[[int, int], None]
_BATCH = 64


@dataclass(frozen=True)
class FeatureStore:
    """Arrays of different lengths, end to end.

    Attributes
    ----------
    values
        All clips' frames one after another [shape=(total, width)].
    offsets
        Where each clip begins, and the end of the last [shape=(clips + 1,), int64].
    """

    values: np.ndarray
    offsets: np.ndarray

    def __getitem__(self, row: int) -> np.ndarray:
        """Return the frames of one clip [shape=(t, width)]."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def extract_table(
    table: pd.DataFrame,
    config: BaseModel,
    *,
    extract: Callable[..., np.ndarray],
    dtype: type = np.float16,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> FeatureStore:
    """Return `extract(waveform, config)` [shape=(t, width)] for each clip of *table*, from the cache where it can.

    Parameters
    ----------
    table
        As :func:`ser_core.corpora.read_corpora` gives it.
    config
        Settings given to *extract*; part of the cache's key.
    extract
        A function at module level, so that worker processes can import it.
    jobs
        Processes; by default one a core.
    progress
        Called with (clips done, clips in all).

    Raises
    ------
    CorpusError
        If a clip cannot be read; the message names it.
    """
    folder = settings().cache / "features"
    base = folder / _key(table, config, extract)
    values_path, offsets_path = base.with_suffix(".values.npy"), base.with_suffix(".offsets.npy")
    if offsets_path.exists() and values_path.exists():
        return FeatureStore(np.load(values_path), np.load(offsets_path))
    arrays = _compute(list(table["path"]), config, extract, jobs, progress)
    store = FeatureStore(
        np.concatenate(arrays).astype(dtype), np.cumsum([0, *(len(array) for array in arrays)], dtype=np.int64)
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write(values_path, store.values)
    _write(offsets_path, store.offsets)  # last: its presence says that the pair is complete
    return store


def _compute(
    paths: Sequence[str],
    config: BaseModel,
    extract: Callable[..., np.ndarray],
    jobs: int | None,
    progress: Progress | None,
) -> list[np.ndarray]:
    batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
    work = (joblib.delayed(_extract_batch)(batch, config, extract) for batch in batches)
    done: list[np.ndarray] = []
    for part in joblib.Parallel(n_jobs=jobs or os.cpu_count() or 1, return_as="generator")(work):
        done += part
        if progress:
            progress(len(done), len(paths))
    return done


def _extract_batch(paths: Sequence[str], config: BaseModel, extract: Callable[..., np.ndarray]) -> list[np.ndarray]:
    arrays = []
    for path in paths:
        try:
            arrays.append(extract(load_audio(path), config))
        except AudioError as error:
            raise CorpusError(f"A clip of the corpus cannot be read: {error} ({path})") from error
    return arrays


def _key(table: pd.DataFrame, config: BaseModel, extract: Callable[..., np.ndarray]) -> str:
    """Return a name that changes with the files (path, size, time of change), the settings and the function."""
    digest = hashlib.sha256()
    digest.update(f"{extract.__module__}.{extract.__qualname__}".encode())
    digest.update(json.dumps(config.model_dump(mode="json"), sort_keys=True).encode())
    for path in table["path"]:
        status = os.stat(path)
        digest.update(f"{path}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:24]


def _write(path: Path, array: np.ndarray) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.save(file, array)
    temporary.replace(path)
