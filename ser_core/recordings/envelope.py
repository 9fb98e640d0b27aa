"""A waveform of any length as a picture of at most some thousand columns, made while the sound streams by."""

from __future__ import annotations

import numpy as np

_MOST = 4096


class Envelope:
    """The lowest and the highest sample in each of at most 4,096 equal columns; columns double when there are more."""

    def __init__(self, column: int = 160) -> None:
        self.column = column
        self._rest = np.zeros(0, np.float32)
        self._limits = np.zeros((2, 0), np.float32)

    def add(self, samples: np.ndarray) -> None:
        """See the next samples [shape=(n,), float32]."""
        rest = np.concatenate([self._rest, samples])
        whole = len(rest) // self.column * self.column
        self._rest = rest[whole:]
        columns = rest[:whole].reshape(-1, self.column)
        self._limits = np.concatenate([self._limits, [columns.min(axis=1), columns.max(axis=1)]], axis=1)
        while self._limits.shape[1] > _MOST:
            self._double()

    def array(self) -> np.ndarray:
        """Return the lowest and the highest sample of each column [shape=(2, n), float32], for the whole stream."""
        if not len(self._rest):
            return self._limits
        return np.concatenate([self._limits, [[self._rest.min()], [self._rest.max()]]], axis=1).astype(np.float32)

    def _double(self) -> None:
        even = self._limits.shape[1] // 2 * 2
        pairs = self._limits[:, :even].reshape(2, -1, 2)
        if self._limits.shape[1] > even:  # the odd one becomes samples again that give the same limits
            self._rest = np.concatenate([np.resize(self._limits[:, -1], self.column), self._rest])
        self.column *= 2
        self._limits = np.stack([pairs[0].min(axis=1), pairs[1].max(axis=1)])
