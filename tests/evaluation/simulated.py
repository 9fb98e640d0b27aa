"""Held-out answers of a model that is right as often as it is told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ser_core.emotions import CORPUS_LABELS, class_indices
from ser_core.training.runs import LOGIT_COLUMNS


def answers(corpus="ravdess", speakers=24, clips=20, skill=0.6, seed=0, threshold=0.5, strength=3.0):
    """Return a frame as `held_out_tests` gives it; *skill* is a share or one for each speaker."""
    rng = np.random.default_rng(seed)
    labels = CORPUS_LABELS[corpus]
    n = speakers * clips
    target = class_indices([labels[place % len(labels)] for place in range(n)])
    speaker = np.repeat(np.arange(1, speakers + 1), clips)
    chance = np.broadcast_to(skill, speakers)[speaker - 1]
    places = class_indices(labels)
    wrong = places[(np.searchsorted(places, target) + rng.integers(1, len(labels), n)) % len(labels)]
    answer = np.where(rng.random(n) < chance, target, wrong)
    logits = rng.normal(0, 0.5, (n, len(LOGIT_COLUMNS)))
    logits[np.arange(n), answer] += strength
    frame = pd.DataFrame(logits.astype(np.float32), columns=LOGIT_COLUMNS)
    return frame.assign(
        corpus=corpus,
        clip=[f"c{place:05d}" for place in range(n)],
        speaker=[f"{number:02d}" for number in speaker],
        sex=np.where(speaker % 2, "male", "female"),
        emotion=[labels[place] for place in np.searchsorted(places, target)],
        part="test",
        threshold=threshold,
    )
