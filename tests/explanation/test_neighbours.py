"""The nearest clips: by what counts, one a speaker, never the clip itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ser_core.explanation.neighbours import example_voices, nearest_clips
from ser_core.features.functionals import functional_names
from ser_core.signals.reference import functional_spread


def test_near_is_what_sounds_alike() -> None:
    names, spread = functional_names(), functional_spread()
    vector = np.zeros(len(names))
    matrix = np.zeros((6, len(names)))
    pitch, tone = names.index("f0_p50"), names.index("chroma0_mean")
    matrix[:, pitch] = np.array([0, 1, 2, 3, 0.5, np.nan]) * spread["f0_p50"]
    matrix[2, tone] = 50 * spread["chroma0_mean"]  # tones of the scale do not count
    table = pd.DataFrame({"corpus": "a", "speaker": list("abcdbe"), "clip": list("123456"), "emotion": "sad"})
    found = nearest_clips(vector, table, matrix, count=3)
    assert found["clip"].tolist() == ["5", "3", "4"]  # not itself, not the second of speaker b, not what is unknown
    assert found["distance"].is_monotonic_increasing


def test_the_built_in_voices_are_there_without_a_corpus() -> None:
    table, matrix = example_voices()
    found = nearest_clips(matrix[0], table, matrix)
    assert len(found) == len(table) - 1
    assert table["clip"].iloc[0] not in set(found["clip"])
