"""How a voice differs from neutral speakers, in words: "pitch 40 % higher than that of neutral female speakers".

for statement in compare(functionals(waveform), "female"):
    print(statement.words)

The reference holds mean and deviation of a few functionals over neutral clips of the four corpora, each speaker
counting alike; it is made by `python scripts/make_reference.py` and holds no recording.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ser_core.files import write_bytes

FILE = Path(__file__).with_name("neutral.json")
Group = Literal["all", "female", "male"]
#: Group -> whom a voice is compared with.
GROUPS: Mapping[Group, str] = {
    "all": "neutral speakers", "female": "neutral female speakers", "male": "neutral male speakers",
}  # fmt: skip
#: Only what lies further from the mean than this is said, in standard deviations, and no more than so many things.
LEAST_DEVIATIONS, MOST = 1.0, 5


@dataclass(frozen=True)
class Statement:
    """One way in which a voice differs.

    Attributes
    ----------
    words
        What a person reads.
    functional
        The functional it rests on.
    value, mean
        Of this voice and of the reference, in the functional's unit.
    deviations
        How far the value lies from the mean, in standard deviations of the reference.
    """

    words: str
    functional: str
    value: float
    mean: float
    deviations: float


def _percent(value: float, mean: float) -> str:
    return f"{100 * abs(value / mean - 1):.0f} %"


def _pitch(value: float, mean: float) -> str:
    share = 100 * abs(2 ** ((value - mean) / 12) - 1)
    return f"Pitch {share:.0f} % {'higher' if value > mean else 'lower'}"


def _melody(value: float, mean: float) -> str:
    return f"Melody {'livelier' if value > mean else 'flatter'}: {value:.0f} semitones wide instead of {mean:.0f}"


def _rate(value: float, mean: float) -> str:
    return f"Speech {_percent(value, mean)} {'faster' if value > mean else 'slower'}"


def _pauses(value: float, mean: float) -> str:
    return (
        f"{'More' if value > mean else 'Fewer'} pauses: {100 * value:.0f} % of the time instead of {100 * mean:.0f} %"
    )


def _loudness(value: float, mean: float) -> str:
    return f"Loudness {'varies more' if value > mean else 'more even'}: ±{value:.0f} dB instead of ±{mean:.0f} dB"


def _effort(value: float, mean: float) -> str:
    return "Voice softer and darker" if value > mean else "Voice brighter, as if raised"


def _clarity(value: float, mean: float) -> str:
    return f"Voice {'clearer' if value > mean else 'breathier or rougher'}"


def _course(value: float, mean: float) -> str:
    return f"Pitch {'rises' if value > mean else 'falls'} more from beginning to end"


def _steadiness(value: float, mean: float) -> str:
    return "Voice rough: uneven from period to period" if value > mean else "Voice steady from period to period"


#: Functional -> its words, from (value, mean); first what everybody hears, last what needs a trained ear.
_WORDS: Mapping[str, Callable[[float, float], str]] = {
    "f0_p50": _pitch,
    "rhythm_syllable_rate": _rate,
    "rhythm_pause_share": _pauses,
    "f0_range": _melody,
    "f0_slope": _course,
    "intensity_std": _loudness,
    "alpha_ratio_mean": _effort,
    "hnr_mean": _clarity,
    "jitter_local": _steadiness,
}
#: What a voice that is never voiced, such as a whisper, has no value of.
_NEED_PITCH = ("f0_p50", "f0_range", "f0_slope", "alpha_ratio_mean", "hnr_mean", "jitter_local")


def compare(values: Mapping[str, float], group: Group = "all") -> list[Statement]:
    """Return the few things in which a voice differs most from neutral speakers, the plainest first; empty without any.

    Parameters
    ----------
    values
        As :func:`ser_core.features.functionals.functionals` gives them.
    group
        Whom it is compared with.
    """
    found = []
    for name, words in _WORDS.items():
        entry = reference()[group][name]
        if name in _NEED_PITCH and values["f0_p50"] == 0.0:
            continue
        value, mean = float(values[name]), entry["mean"]
        deviations = (value - mean) / entry["std"]
        if abs(deviations) >= LEAST_DEVIATIONS:
            found.append(Statement(words(value, mean), name, value, mean, deviations))
    kept = sorted(found, key=lambda statement: -abs(statement.deviations))[:MOST]
    return [statement for statement in found if statement in kept]


def reference() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Return {group: {functional: {"mean", "std"}}} of neutral clips."""
    groups: dict[str, Any] = _content()["groups"]
    return groups


def heard(group: Group) -> tuple[int, int]:
    """Return of how many neutral clips, of how many speakers, the reference of a group was made."""
    counts = _content()["heard"][group]
    return counts["clips"], counts["speakers"]


@functools.cache
def _content() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def neutral_reference(clips: pd.DataFrame, names: list[str], values: np.ndarray) -> dict[str, Any]:
    """Return the reference's content from functionals of neutral clips; every speaker counts alike.

    Parameters
    ----------
    clips
        Rows of a corpus table, with `corpus`, `speaker` and `sex`.
    names
        Of the functionals.
    values
        Those of each clip [shape=(clips, functionals)]; rows with NaN are left out.
    """
    whole = np.isfinite(values).all(axis=1)
    frame = pd.DataFrame(values[whole].astype(np.float64), columns=names)[list(_WORDS)]
    people = clips[["corpus", "speaker", "sex"]].astype(str).loc[whole].reset_index(drop=True)
    weights = 1 / people.groupby(["corpus", "speaker"])["sex"].transform("size").to_numpy(float)
    groups: dict[str, Any] = {}
    counts: dict[str, Any] = {}
    for group in GROUPS:
        here = np.ones(len(people), bool) if group == "all" else (people["sex"] == group).to_numpy(bool)
        groups[group] = {name: _moments(frame, name, weights, here) for name in _WORDS}
        speakers = len(people[here].drop_duplicates(["corpus", "speaker"]))
        counts[group] = {"clips": int(here.sum()), "speakers": speakers}
    return {
        "about": "Mean and standard deviation of functionals over neutral clips of CREMA-D, RAVDESS, SAVEE and TESS; "
        "each speaker counts alike.",
        "heard": counts,
        "groups": groups,
    }


def write_neutral(content: Mapping[str, Any]) -> None:
    """Write the reference beside this module."""
    write_bytes(FILE, (json.dumps(content, indent=1) + "\n").encode())


def _moments(frame: pd.DataFrame, name: str, weights: np.ndarray, here: np.ndarray) -> dict[str, float]:
    """Return weighted mean and deviation of one functional."""
    if name in _NEED_PITCH:
        here = here & (frame["f0_p50"] > 0).to_numpy(bool)
    values, weight = frame[name].to_numpy()[here], weights[here]
    mean = float(np.average(values, weights=weight))
    std = float(np.sqrt(np.average((values - mean) ** 2, weights=weight)))
    return {"mean": float(f"{mean:.6g}"), "std": float(f"{std:.6g}")}
