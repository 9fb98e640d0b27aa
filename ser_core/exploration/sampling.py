"""A part of a table in which everything is represented."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from ser_core.corpora.statistics import facet


def sample_evenly(table: pd.DataFrame, most: int, *, seed: int = 0) -> np.ndarray:
    """Return the positions of at most *most* clips, in the table's order [shape=(n,), int64].

    Clips are taken in turn from every pair of corpus and emotion, and within these from every speaker in turn, so that
    a large corpus does not crowd out a small one. The same clips are drawn whatever the order of the rows.
    """
    if len(table) <= most:
        return np.arange(len(table))
    keys = table["corpus"].astype(str) + "/" + table["clip"].astype(str)
    frame = pd.DataFrame(
        {
            "corpus": table["corpus"].astype(str).to_numpy(),
            "emotion": table["emotion"].astype(str).to_numpy(),
            "speaker": facet(table, "speaker").to_numpy(dtype=str),
            "lot": [hashlib.sha256(f"{seed}|{key}".encode()).hexdigest() for key in keys],
        }
    ).sort_values("lot")
    frame["turn"] = frame.groupby(["corpus", "emotion", "speaker"]).cumcount()
    frame = frame.sort_values(["turn", "lot"])
    frame["place"] = frame.groupby(["corpus", "emotion"]).cumcount()
    chosen = frame.sort_values(["place", "lot"]).index[:most]
    return np.sort(chosen.to_numpy(np.int64))
