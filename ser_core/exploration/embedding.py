"""A map of clips: many numbers a clip brought down to two, by PCA or t-SNE (van der Maaten & Hinton 2008).

Distances on a t-SNE map mean little beyond "near": clusters' sizes and the gaps between them are no measurements.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from ser_core.audio import Waveform
from ser_core.bundle import checked_weights, find_bundle, load_card
from ser_core.errors import CorpusError
from ser_core.exploration.acoustics import clip_vectors, functional_matrix
from ser_core.exploration.sampling import sample_evenly
from ser_core.features.store import Progress
from ser_core.files import write_atomically
from ser_core.scorers import Embedder, load_embedder
from ser_core.settings import settings

Method = Literal["pca", "tsne"]
#: Clips on a map by default: more are slow to draw and no clearer.
MOST_CLIPS = 2000
_PERPLEXITY = 30
_COMPONENTS = 50


class BundleVectorConfig(BaseModel):
    """Which model gives the vectors; the hash makes a retrained one of the same name another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["bundle"] = "bundle"
    model: str
    sha256: str


@dataclass(frozen=True)
class ClipMap:
    """Where clips lie.

    Attributes
    ----------
    clips
        The rows of the table that are on the map, with columns `x` and `y` added.
    method
        How it was made.
    explained
        For PCA the shares of the variance along x and y, else None.
    """

    clips: pd.DataFrame
    method: Method
    explained: tuple[float, float] | None


def map_clips(
    table: pd.DataFrame,
    method: Method = "pca",
    *,
    model: str | None = None,
    most: int = MOST_CLIPS,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ClipMap:
    """Return a map of at most *most* clips of a table, drawn evenly over corpora and emotions; cached.

    Parameters
    ----------
    table
        As :func:`ser_core.corpora.read_corpora` gives it.
    model
        A bundle's name or folder: the map shows what it makes of the clips (a network's embedding, the scores of a
        classifier). By default the functionals, which no training has shaped.
    progress, cancelled
        As in :func:`measure_clips`.

    Raises
    ------
    CancelledError
        When it was stopped.
    CorpusError
        If fewer than three clips can be read.
    BundleError
        If there is no such model.
    """
    rows = sample_evenly(table, most, seed=seed)
    chosen = table.iloc[rows].reset_index(drop=True)
    if model is None:
        vectors = functional_matrix(chosen, jobs=jobs, progress=progress, cancelled=cancelled)
    else:
        vectors = bundle_vectors(chosen, model, jobs=jobs, progress=progress, cancelled=cancelled)
    readable = np.isfinite(vectors).all(axis=1)
    if readable.sum() < 3:
        raise CorpusError("A map needs at least three clips that can be read: choose more clips.")
    chosen, vectors = chosen[readable].reset_index(drop=True), vectors[readable]
    places, explained = _cached_places(vectors, method, seed)
    return ClipMap(chosen.assign(x=places[:, 0], y=places[:, 1]), method, explained)


def bundle_vectors(
    table: pd.DataFrame,
    model: str,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> np.ndarray:
    """Return what a bundle makes of each clip before it answers [shape=(n, width), float32], NaN where unreadable."""
    folder = find_bundle(model)
    config = BundleVectorConfig(model=str(folder), sha256=load_card(folder).weights.sha256)
    embedder = _embedder(config.model, config.sha256)  # raises here, rather than in a worker
    width = len(embedder(Waveform(np.zeros(16_000, np.float32))))
    return clip_vectors(table, config, _bundle_vector, width, jobs=jobs, progress=progress, cancelled=cancelled)


def project(vectors: np.ndarray, method: Method, seed: int = 0) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Return two coordinates a clip [shape=(n, 2), float64] and, for PCA, the shares of the variance they keep.

    Every number is brought to mean 0 and deviation 1 first. t-SNE starts from the PCA, so that the same clips give
    the same map; the sign of an axis is fixed by its largest value being positive.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    deviation = vectors.std(axis=0)
    scaled = (vectors - vectors.mean(axis=0))[:, deviation > 1e-9] / deviation[deviation > 1e-9]
    if scaled.shape[1] == 0:
        return np.zeros((len(vectors), 2)), (0.0, 0.0) if method == "pca" else None
    pca = PCA(min(_COMPONENTS, *scaled.shape), svd_solver="full")
    components = pca.fit_transform(scaled)
    components = np.pad(components, ((0, 0), (0, max(0, 2 - components.shape[1]))))
    largest = np.abs(components).argmax(axis=0)
    components = components * np.where(components[largest, np.arange(components.shape[1])] < 0, -1.0, 1.0)
    if method == "pca":
        shares = [*pca.explained_variance_ratio_, 0.0]
        return components[:, :2].astype(np.float64), (float(shares[0]), float(shares[1]))
    perplexity = min(_PERPLEXITY, (len(scaled) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init=components[:, :2] / components[:, 0].std() * 1e-4, random_state=seed)
    return tsne.fit_transform(components).astype(np.float64), None


def _cached_places(vectors: np.ndarray, method: Method, seed: int) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Return :func:`project`, from the cache where these very vectors were projected before."""
    digest = hashlib.sha256(np.ascontiguousarray(vectors).tobytes())
    digest.update(json.dumps([method, seed, list(vectors.shape), _PERPLEXITY, _COMPONENTS]).encode())
    path = settings().cache / "maps" / f"{digest.hexdigest()[:24]}.npz"
    try:
        with np.load(path, allow_pickle=False) as kept:
            explained = tuple(float(share) for share in kept["explained"])
            return kept["places"], (explained[0], explained[1]) if method == "pca" else None
    except (OSError, ValueError, KeyError, EOFError):  # not there yet, or damaged: it is made anew
        pass
    places, shares = project(vectors.astype(np.float64), method, seed)

    def save(temporary: object) -> None:
        with open(str(temporary), "wb") as file:
            np.savez(file, places=places, explained=np.array(shares or (0.0, 0.0)))

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, save)
    except OSError:  # a map that cannot be kept is still a map
        pass
    return places, shares


def _bundle_vector(waveform: Waveform, config: BundleVectorConfig) -> np.ndarray:
    return _embedder(config.model, config.sha256)(waveform)[None].astype(np.float32)


@cache
def _embedder(folder: str, sha256: str) -> Embedder:
    """Return the embedder of a bundle, loaded once a process; *sha256* makes a changed bundle load anew."""
    path = find_bundle(folder)
    card = load_card(path)
    return load_embedder(card, checked_weights(path, card))
