"""What a recipe's model reads: which features of which clips, computed when they are not kept yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from ser_core.corpora import read_corpora
from ser_core.features.functionals import FunctionalsConfig, functional_vector
from ser_core.features.logmel import LogMelConfig, log_mel_frames
from ser_core.features.store import FeatureStore, Progress, extract_table, is_cached
from ser_core.networks.encoded import EncoderConfig, encoded_frames, pinned
from ser_core.training.data import VariedStore
from ser_core.training.recipe import NetworkRecipe, Recipe
from ser_core.training.selection import used_rows
from ser_core.training.variants import VariedConfig, varied_frames


@dataclass(frozen=True)
class Source:
    """One extraction: arguments of :func:`ser_core.features.store.extract_table`."""

    config: BaseModel
    extract: Callable[..., np.ndarray]
    dtype: Any = np.float16


def load_features(recipe: Recipe, progress: Progress | None = None) -> tuple[pd.DataFrame, FeatureStore]:
    """Return the table of the recipe's corpora and its features, computed when they are not cached.

    Clips that the recipe's label set or filters leave out stay in the table, since the speakers are split before, and
    have no frames. Where the recipe trains on versions of clips, the store holds these too.

    Raises
    ------
    EncoderError
        If the recipe reads an encoder that is not on this machine.
    """
    table = read_corpora(recipe.corpora)
    used = used_rows(table, recipe)
    sources = feature_sources(recipe)
    stores = []
    for number, source in enumerate(sources):
        part = _part(progress, number, len(sources))
        found = extract_table(table[used], source.config, extract=source.extract, dtype=source.dtype, progress=part)
        lengths = np.zeros(len(table), np.int64)
        lengths[used] = np.diff(found.offsets)
        stores.append(FeatureStore(found.values, np.concatenate([[0], np.cumsum(lengths)])))
    first, *versions = stores
    if not versions or not isinstance(recipe, NetworkRecipe):
        return table, first
    return table, VariedStore(first.values, first.offsets, tuple(versions), recipe.variants.probability)


def feature_sources(recipe: Recipe, *, versions: bool = True) -> list[Source]:
    """Return the extractions that a recipe needs: of the clips, then of each kind of version of them."""
    front_end = recipe.front_end
    if isinstance(front_end, FunctionalsConfig):
        return [Source(front_end, functional_vector, np.float32)]
    if isinstance(front_end, EncoderConfig):
        front_end = pinned(front_end)
    kinds = recipe.variants.kinds if versions and isinstance(recipe, NetworkRecipe) else ()
    varied = [Source(VariedConfig(front_end=front_end, variant=kind), varied_frames) for kind in kinds]
    return [Source(front_end, log_mel_frames if isinstance(front_end, LogMelConfig) else encoded_frames), *varied]


def features_cached(recipe: Recipe, table: pd.DataFrame) -> bool:
    """Return whether the features that a recipe reads are computed already for all clips of *table*."""
    return all(
        is_cached(table, source.config, extract=source.extract, dtype=source.dtype)
        for source in feature_sources(recipe)
    )


def _part(progress: Progress | None, number: int, parts: int) -> Progress | None:
    """Return a report of one of several extractions as a part of them all."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, parts * total)
