"""Which recordings sound like this one: corpus clips nearest by what can be measured of a voice.

nearest = nearest_clips(functional_vector(waveform, FunctionalsConfig())[0], table, functional_matrix(table))
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ser_core.audio import load_audio
from ser_core.examples import list_examples
from ser_core.features.functionals import FunctionalsConfig, describe_functional, functional_names, functional_vector
from ser_core.signals.reference import functional_spread

#: Families of functionals that count; each counts alike, however many numbers it has.
FAMILIES = ("pitch", "loudness", "rhythm", "voice quality", "formants", "spectrum", "MFCC")
#: Nearer than this is the very same clip.
_SAME = 1e-3


def nearest_clips(
    vector: np.ndarray, table: pd.DataFrame, matrix: np.ndarray, count: int = 5, by: Sequence[str] = FAMILIES
) -> pd.DataFrame:
    """Return the clips nearest to a voice, the nearest first, at most one a speaker, without the clip itself.

    Parameters
    ----------
    vector
        Its functionals [shape=(n,)].
    table
        Rows of a corpus table.
    matrix
        The functionals of these clips [shape=(clips, n)]; rows with NaN are left out.
    count
        How many.
    by
        Families of functionals that count.

    Returns
    -------
    DataFrame
        Rows of *table* with the column `distance`: the root mean square over the families of the distance in standard
        deviations over the four corpora.
    """
    scale = _scale(tuple(by))
    distance = np.sqrt((((matrix - vector) * scale) ** 2).sum(axis=1))
    distance = np.where(np.isfinite(distance) & (distance > _SAME), distance, np.inf)
    found = table.assign(distance=distance).sort_values("distance", kind="stable")
    found = found[np.isfinite(found["distance"])]
    return found.drop_duplicates(["corpus", "speaker"]).head(count).reset_index(drop=True)


@functools.cache
def example_voices() -> tuple[pd.DataFrame, np.ndarray]:
    """Return the built-in voices as a table, and their functionals [shape=(voices, n)]: where there is no corpus."""
    examples = list_examples()
    rows = [
        {"corpus": "built-in", "speaker": one.id, "clip": one.id, "emotion": one.style, "path": str(one.path),
         "title": one.title}
        for one in examples
    ]  # fmt: skip
    config = FunctionalsConfig()
    matrix = np.concatenate([functional_vector(load_audio(one.path), config) for one in examples])
    return pd.DataFrame(rows), matrix


@functools.cache
def _scale(by: tuple[str, ...]) -> np.ndarray:
    """Return by what each difference is multiplied [shape=(n,)]: 0 for the families that do not count."""
    names, spread = functional_names(), functional_spread()
    family = np.array([describe_functional(name)[0] for name in names])
    counts = {name: int((family == name).sum()) for name in by}
    weights = [
        1 / (spread[name] * np.sqrt(counts[group] * len(by))) if group in counts and spread[name] > 0 else 0.0
        for name, group in zip(names, family, strict=True)
    ]
    return np.array(weights)
