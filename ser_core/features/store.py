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
from ser_core.files import write_atomically
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
    skip_unreadable: bool = False,
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
    skip_unreadable
        Give a clip that cannot be read no frame at all instead of raising.

    Raises
    ------
    CorpusError
        If a clip cannot be read, the message names it; with *skip_unreadable*, if none can.
    """
    values_path, offsets_path = _files(table, config, extract, skip_unreadable)
    if offsets_path.exists() and values_path.exists():
        return FeatureStore(np.load(values_path), np.load(offsets_path))
    arrays = _compute(list(table["path"]), config, extract, jobs, progress, skip_unreadable)
    store = FeatureStore(
        np.concatenate(arrays).astype(dtype), np.cumsum([0, *(len(array) for array in arrays)], dtype=np.int64)
    )
    values_path.parent.mkdir(parents=True, exist_ok=True)
    _write(values_path, store.values)
    _write(offsets_path, store.offsets)  # last: its presence says that the pair is complete
    return store


def is_cached(
    table: pd.DataFrame, config: BaseModel, *, extract: Callable[..., np.ndarray], skip_unreadable: bool = False
) -> bool:
    """Return whether :func:`extract_table` would answer from the cache."""
    return all(path.exists() for path in _files(table, config, extract, skip_unreadable))


def _files(
    table: pd.DataFrame, config: BaseModel, extract: Callable[..., np.ndarray], skip_unreadable: bool
) -> tuple[Path, Path]:
    """Return where the values and offsets are kept."""
    name = _key(table, config, extract) + ("-read" if skip_unreadable else "")
    base = settings().cache / "features" / name
    return base.with_suffix(".values.npy"), base.with_suffix(".offsets.npy")


def _compute(
    paths: Sequence[str],
    config: BaseModel,
    extract: Callable[..., np.ndarray],
    jobs: int | None,
    progress: Progress | None,
    skip_unreadable: bool,
) -> list[np.ndarray]:
    batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
    work = (joblib.delayed(_extract_batch)(batch, config, extract, skip_unreadable) for batch in batches)
    done: list[np.ndarray | None] = []
    for part in joblib.Parallel(n_jobs=jobs or os.cpu_count() or 1, return_as="generator")(work):
        done += part
        if progress:
            progress(len(done), len(paths))
    width = next((array.shape[1] for array in done if array is not None), None)
    if width is None:
        raise CorpusError(f"None of the {len(paths)} clips can be read, such as {paths[0]}: get the corpus again.")
    return [np.zeros((0, width)) if array is None else array for array in done]


def _extract_batch(
    paths: Sequence[str], config: BaseModel, extract: Callable[..., np.ndarray], skip_unreadable: bool
) -> list[np.ndarray | None]:
    arrays: list[np.ndarray | None] = []
    for path in paths:
        try:
            arrays.append(extract(load_audio(path), config))
        except AudioError as error:
            if skip_unreadable:
                arrays.append(None)
                continue
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
    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:  # given a name, numpy would append .npy to it
            np.save(file, array)

    write_atomically(path, save)
