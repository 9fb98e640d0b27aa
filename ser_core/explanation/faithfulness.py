"""Whether an explanation is true to the model: deleting what it names must cost more than deleting anything else.

check = check_clip(recogniser, waveform)
faithfulness_report([check, ...])["time"]["faithful"]       # share of the clips
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ser_core.audio import Waveform
from ser_core.explanation.importance import Asked, Cancelled, explain, place_at_random
from ser_core.recogniser import Recogniser
from ser_core.speech_once import find_speech

NOTE = (
    "A part is deleted by putting noise with the spectrum of the clip's quietest tenth in its place, with fades of "
    "20 ms; of cells (a band of a step), the part of the sound in that band. For the check this noise is another than "
    "while explaining. Named: the fifth of the steps (or cells) whose deletion costs most by the explanation. Random: "
    "as many stretches of the same lengths at random places of what the model reads (of cells, in shuffled bands), "
    "mean over draws; 'in speech' draws them only where the detector hears speech. A clip is faithful if the "
    "probability of the answer is lower without the named part than without random ones."
)


@dataclass(frozen=True)
class PartCheck:
    """Probability of the answer once a part is deleted: the *named* one, or random ones on average."""

    named: float
    random: float

    @property
    def faithful(self) -> bool:
        """Whether the named part counts more."""
        return self.named < self.random


@dataclass(frozen=True)
class ClipCheck:
    """The check of one clip: the probability of the answer with nothing deleted, and each kind of deletion.

    *processor_s* is the processor time that the explanation took, in seconds, which other work on the machine does not
    lengthen.
    """

    probability: float
    time: PartCheck
    time_in_speech: PartCheck
    cells: PartCheck
    processor_s: float = 0.0


def check_clip(
    recogniser: Recogniser, waveform: Waveform, *, draws: int = 10, seed: int = 0, cancelled: Cancelled | None = None
) -> ClipCheck:
    """Explain a clip and delete what was named; raises as :func:`ser_core.explanation.explain` does."""
    begun = time.process_time()
    found = explain(recogniser, waveform, cancelled=cancelled)
    spent = time.process_time() - begun
    # Another noise than the one the explanation was made with: it must not hold for that noise alone.
    asked = Asked(recogniser, waveform, found.label, cancelled=cancelled, seed=1 + seed)
    rng = np.random.default_rng(seed)
    speech = np.zeros(asked.count, dtype=bool)
    for start, end in find_speech(waveform).segments:
        speech |= (asked.times_s[:-1] < end) & (asked.times_s[1:] > start)

    def check(mask: np.ndarray, where: np.ndarray | None = None) -> PartCheck:
        return PartCheck(asked(mask), float(np.mean([asked(_drawn(mask, where, rng)) for _ in range(draws)])))

    return ClipCheck(
        found.probability, check(found.mask()), check(found.mask(), speech), check(found.cell_mask()), spent
    )


def faithfulness_report(checks: Sequence[ClipCheck]) -> dict[str, Any]:
    """Return for each kind of deletion the share of faithful clips, its interval, and the mean falls; fractions of 1.

    Intervals are Wilson's (1927), 95 %, over clips.
    """
    report: dict[str, Any] = {"clips": len(checks), "probability": _mean([check.probability for check in checks])}
    for name in ("time", "time_in_speech", "cells"):
        parts: list[PartCheck] = [getattr(check, name) for check in checks]
        count = sum(part.faithful for part in parts)
        report[name] = {
            "faithful": count / len(parts),
            "faithful_ci95": list(wilson(count, len(parts))),
            "fall_named": report["probability"] - _mean([part.named for part in parts]),
            "fall_random": report["probability"] - _mean([part.random for part in parts]),
        }
    return report | {"processor_s": float(np.median([check.processor_s for check in checks])), "note": NOTE}


def wilson(count: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    z = 1.959964
    middle, weight = (count + z * z / 2) / (total + z * z), z / (total + z * z)
    half = weight * np.sqrt(count * (total - count) / total + z * z / 4)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _drawn(mask: np.ndarray, where: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Return a random mask of the same runs, within the steps of *where* if they fit there."""
    if where is None or where.sum() < mask.sum():
        return place_at_random(mask, rng)
    result = np.zeros(len(mask))
    result[where] = place_at_random(mask, rng, int(where.sum()))  # a pause may part a stretch, which changes little
    return result


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
