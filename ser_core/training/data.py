"""Batches of spectrograms for a network, drawn from a feature store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ser_core.emotions import class_indices, class_mask, label_names, labels_by_corpus, map_label
from ser_core.features.store import FeatureStore

#: What a network may tell beside the emotion, by column of a table of clips -> its words and their class numbers.
TASKS: dict[str, dict[str, int]] = {
    "sex": {"female": 0, "male": 1},
    "intensity": {"low": 0, "medium": 1, "normal": 1, "high": 2, "strong": 2},
}


def class_targets(emotions: Sequence[str], labels: int | Mapping[str, str]) -> np.ndarray:
    """Return each clip's class number in a label set, -1 where it is left out [shape=(n,), int64]."""
    class_indices(emotions)  # raises for a word that is no emotion
    number = {label: place for place, label in enumerate(label_names(labels))}
    return np.array([number.get(map_label(emotion, labels) or "", -1) for emotion in emotions], dtype=np.int64)


def possible_classes(corpora: Sequence[str], emotions: Sequence[str], labels: int | Mapping[str, str]) -> np.ndarray:
    """Return which classes of a label set each clip's corpus has [shape=(n, classes), bool]."""
    places = class_indices(label_names(labels))
    masks = {}
    for corpus, own in labels_by_corpus(corpora, emotions).items():
        mapped = (map_label(emotion, labels) for emotion in own)
        masks[corpus] = class_mask([label for label in mapped if label])[places]
    return np.stack([masks[corpus] for corpus in corpora]) if len(corpora) else np.zeros((0, len(places)), bool)


@dataclass(frozen=True)
class VariedStore(FeatureStore):
    """Features of clips and of versions of them, which training draws at random.

    Attributes
    ----------
    versions
        One store for each kind of version, with the same clips in the same order.
    probability
        That a clip is drawn as one of its versions.
    """

    versions: tuple[FeatureStore, ...] = ()
    probability: float = 0.0

    def drawn(self, row: int, rng: np.random.Generator) -> np.ndarray:
        """Return the frames of a clip or of one of its versions [shape=(t, width)]."""
        if not self.versions or rng.random() >= self.probability:
            return self[row]
        return self.versions[rng.integers(len(self.versions))][row]


@dataclass(frozen=True)
class Guidance:
    """What clips teach beside their labels.

    Attributes
    ----------
    shares
        Shares of the classes that a teacher or listeners gave [shape=(n, classes), float32].
    trust
        How much they count beside the class number, 0 to 1 [shape=(n,), float32].
    vectors
        A teacher's vectors, none (width 0) where they are not to be learnt [shape=(n, width), float32].
    tasks
        The answer to each of :data:`TASKS`, -1 where it is not known or not to be learnt [shape=(n, tasks), int64].
    """

    shares: np.ndarray
    trust: np.ndarray
    vectors: np.ndarray
    tasks: np.ndarray

    @classmethod
    def none(cls, n: int, classes: int) -> Guidance:
        """Return what says nothing of any clip."""
        shares, trust, vectors = (
            np.zeros((n, classes), np.float32),
            np.zeros(n, np.float32),
            np.zeros((n, 0), np.float32),
        )
        return cls(shares, trust, vectors, np.full((n, len(TASKS)), -1, np.int64))


@dataclass(frozen=True)
class Batch:
    """Some clips.

    Attributes
    ----------
    spectrogram
        Log-mel in dB, or states of an encoder, padded with zeros [shape=(batch, rows, t), float32].
    lengths
        True frames [shape=(batch,), int64].
    target
        Class numbers [shape=(batch,), int64].
    possible
        Which classes the clip's corpus has [shape=(batch, classes), bool].
    shares, trust, vectors, tasks
        As in :class:`Guidance`, of these clips.
    """

    spectrogram: Tensor
    lengths: Tensor
    target: Tensor
    possible: Tensor
    shares: Tensor
    trust: Tensor
    vectors: Tensor
    tasks: Tensor

    def reordered(self, order: Tensor) -> Batch:
        """Return the same sounds with the labels of other clips of the batch, for mixup."""
        told = (self.target, self.possible, self.shares, self.trust, self.vectors, self.tasks)
        return Batch(self.spectrogram, self.lengths, *(values[order] for values in told))


@dataclass(frozen=True)
class ClipData:
    """The features and labels of a whole table.

    Attributes
    ----------
    store
        The features.
    target
        Class numbers in the label set, -1 where it leaves the clip out [shape=(n,), int64].
    possible
        Which classes the clip's corpus has [shape=(n, classes), bool].
    weight
        How often the clip is drawn [shape=(n,)].
    guidance
        What the clips teach beside their labels.
    prepared
        Whether the store holds what the network's `prepare` makes of the frames.
    """

    store: FeatureStore
    target: np.ndarray
    possible: np.ndarray
    weight: np.ndarray
    guidance: Guidance
    prepared: bool = False

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        store: FeatureStore,
        corpus_weights: Mapping[str, float],
        labels: int | Mapping[str, str] = 8,
    ) -> ClipData:
        """Join a table of clips with its features.

        Parameters
        ----------
        table, store
            The clips with their own emotions, and their features.
        corpus_weights
            How often a clip of each corpus is drawn, 1 if absent.
        labels
            The label set, as :func:`ser_core.emotions.map_label` takes it.
        """
        corpora = table["corpus"].to_numpy(dtype=str)
        possible = possible_classes(corpora.tolist(), table["emotion"].tolist(), labels)
        weight = np.array([corpus_weights.get(corpus, 1.0) for corpus in corpora])
        target = class_targets(table["emotion"].tolist(), labels)
        return cls(store, target, possible, weight, Guidance.none(*possible.shape))

    def batch(self, rows: np.ndarray, crop_frames: int, rng: np.random.Generator | None = None) -> Batch:
        """Collect *rows*; clips longer than *crop_frames* are cut, at random with *rng*, else in the middle."""
        clips = [self._crop(self._frames(row, rng), crop_frames, rng) for row in rows]
        lengths = np.array([len(clip) for clip in clips])
        padded = np.zeros((len(clips), int(lengths.max()), clips[0].shape[1]), np.float32)
        for place, clip in enumerate(clips):
            padded[place, : len(clip)] = clip
        return Batch(
            torch.from_numpy(padded).transpose(1, 2).contiguous(),
            torch.from_numpy(lengths),
            torch.from_numpy(self.target[rows]),
            torch.from_numpy(self.possible[rows]),
            torch.from_numpy(self.guidance.shares[rows]),
            torch.from_numpy(self.guidance.trust[rows]),
            torch.from_numpy(self.guidance.vectors[rows]),
            torch.from_numpy(self.guidance.tasks[rows]),
        )

    def _frames(self, row: int, rng: np.random.Generator | None) -> np.ndarray:
        if rng is not None and isinstance(self.store, VariedStore):
            return self.store.drawn(row, rng)
        return self.store[row]

    def training_batches(
        self, rows: np.ndarray, batch_size: int, crop_frames: int, rng: np.random.Generator
    ) -> Iterator[Batch]:
        """Yield one epoch: as many clips as *rows*, drawn by their weight, of similar length within a batch."""
        weight = self.weight[rows]
        expected = weight / weight.mean()
        copies = np.floor(expected + rng.random(len(rows))).astype(int)
        drawn = rng.permutation(np.repeat(rows, copies))
        for start in range(0, len(drawn), 16 * batch_size):
            pool = drawn[start : start + 16 * batch_size]
            pool = pool[np.argsort(np.diff(self.store.offsets)[pool], kind="stable")]
            chunks = [pool[place : place + batch_size] for place in range(0, len(pool), batch_size)]
            for number in rng.permutation(len(chunks)):
                if len(chunks[number]) > 1:
                    yield self.batch(chunks[number], crop_frames, rng)

    @staticmethod
    def _crop(clip: np.ndarray, frames: int, rng: np.random.Generator | None) -> np.ndarray:
        spare = len(clip) - frames
        if spare <= 0:
            return clip
        start = int(rng.integers(spare + 1)) if rng is not None else spare // 2
        return clip[start : start + frames]
