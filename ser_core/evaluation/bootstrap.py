"""Intervals by bootstrap over speakers: whole voices are drawn, since clips of one voice are not independent.

Whatever can be counted per speaker (confusions, bins of scores, sums) is counted once; a draw is then a row of how
often each speaker was drawn, and two thousand draws are one product of matrices.
"""

from __future__ import annotations

import numpy as np


class SpeakerBootstrap:
    """Draws of speakers with replacement (Efron 1979; by cluster: Field & Welsh 2007).

    With few speakers its intervals are rough: with two they only say that two voices were tested.

    Parameters
    ----------
    speakers
        Who speaks, one entry a clip [shape=(n,)].
    draws
        How many.
    seed
        The same draws for the same speakers and seed.
    """

    def __init__(self, speakers: np.ndarray, *, draws: int = 2000, seed: int = 0) -> None:
        names, self._place = np.unique(speakers, return_inverse=True)
        self.count = len(names)
        chosen = np.random.default_rng(seed).integers(self.count, size=(draws, self.count))
        cells = np.arange(draws)[:, None] * self.count + chosen
        self._drawn = np.bincount(cells.ravel(), minlength=draws * self.count).reshape(draws, self.count).astype(float)

    def tally(self, kinds: np.ndarray, size: int) -> np.ndarray:
        """Return how many clips of each kind each draw holds [shape=(draws, size)], given each clip's [shape=(n,)]."""
        counts = np.bincount(self._place * size + np.asarray(kinds), minlength=self.count * size)
        product: np.ndarray = self._drawn @ counts.reshape(self.count, size).astype(float)
        return product

    def sums(self, values: np.ndarray, kinds: np.ndarray | None = None, size: int = 1) -> np.ndarray:
        """Return the sum of *values* [shape=(n,)] in each draw, by kind of clip if given [shape=(draws, size)]."""
        cells = self._place * size + (0 if kinds is None else np.asarray(kinds))
        totals = np.bincount(cells, weights=values, minlength=self.count * size)
        product: np.ndarray = self._drawn @ totals.reshape(self.count, size)
        return product

    def confusions(self, target: np.ndarray, answer: np.ndarray, n_classes: int) -> np.ndarray:
        """Return the confusion matrix of each draw [shape=(draws, n_classes, n_classes)]."""
        counts = self.tally(np.asarray(target) * n_classes + np.asarray(answer), n_classes**2)
        return counts.reshape(-1, n_classes, n_classes)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % percentile interval of draws [shape=(draws,)] without those that are not defined (NaN).

    NaN twice where none is defined.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
