"""How well a timeline recovers what is known: recordings joined of corpus clips, and the scores of a timeline on them.

path, truth = join_clips(clips, Path("hour.flac"), 3600.0, seed=0)
timeline_scores(read_timeline(recogniser, open_recording(path)), truth)

A recording is a row of scenes: one speaker says one to four clips of one emotion, then the emotion changes, the speaker
or both. Pauses of 0.2 to 0.8 s lie within a scene and 0.3 to 1.5 s between two, with a hiss 60 dB below the voices; a
scene's level is evened out, as a telephone does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile as sf

from ser_core.audio import SAMPLE_RATE, load_audio, speech_span
from ser_core.recogniser import Segment

#: A boundary counts as found when it lies within so many seconds.
TOLERANCE_S = 0.5
#: Time is compared at this many points a second.
_POINTS = 100
_CLIPS, _WITHIN_S, _BETWEEN_S = (1, 4), (0.2, 0.8), (0.3, 1.5)
_PEAK, _HISS = 0.3, 0.0003


@dataclass(frozen=True)
class Truth:
    """One clip of a joined recording: where its speech lies, in seconds, and what it was meant to carry."""

    start_s: float
    end_s: float
    emotion: str
    corpus: str
    speaker: str
    path: str


def join_clips(clips: pd.DataFrame, path: Path, seconds: float, seed: int) -> list[Truth]:
    """Write a recording of about so many seconds as FLAC, a clip at a time; return what is in it.

    Parameters
    ----------
    clips
        With columns corpus, speaker, emotion and path. Each scene draws a corpus, then a speaker, then an emotion, so
        that small corpora and rare emotions are heard as much as others.
    path
        Where to.
    seed
        Another draw.

    Raises
    ------
    AudioError
        If a clip cannot be read.
    """
    rng, truth, done = np.random.default_rng(seed), [], 0
    with sf.SoundFile(path, "w", SAMPLE_RATE, 1, format="FLAC", subtype="PCM_16") as file:

        def write(samples: np.ndarray) -> None:
            hiss = rng.normal(0, _HISS, len(samples)).astype(np.float32)
            file.write(np.clip(samples + hiss, -1, 1))

        while done < seconds * SAMPLE_RATE:
            scene = _scene(clips, rng)[["emotion", "corpus", "speaker", "path"]].astype(str).to_numpy().tolist()
            sounds = [load_audio(row[-1]) for row in scene]
            gain = np.float32(_PEAK / max([1e-4, *(float(np.abs(sound.samples).max()) for sound in sounds)]))
            for number, (row, sound) in enumerate(zip(scene, sounds, strict=True)):
                pause = round(SAMPLE_RATE * rng.uniform(*(_WITHIN_S if number else _BETWEEN_S)))
                write(np.zeros(pause, np.float32))
                first, last = speech_span(sound, margin_s=0.0)
                write(gain * sound.cut(first, last).samples)
                start, done = done + pause, done + pause + len(sound.cut(first, last).samples)
                truth.append(Truth(start / SAMPLE_RATE, done / SAMPLE_RATE, *row))
    return truth


def _scene(clips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    part = clips
    for column in ("corpus", "speaker", "emotion"):
        part = part[part[column] == rng.choice(sorted(part[column].unique()))]
    count = min(len(part), int(rng.integers(_CLIPS[0], _CLIPS[1] + 1)))
    return part.iloc[rng.choice(len(part), count, replace=False)]


def timeline_scores(segments: Sequence[Segment], truth: Sequence[Truth]) -> dict[str, Any]:
    """Return how well segments recover a joined recording.

    Returns
    -------
    ``right``: the share of the clips' speech time that has the right emotion; ``found``: the share of it that has any;
    ``boundaries``: how many changes of emotion there are and were named, and the precision and recall of those within
    :data:`TOLERANCE_S`. A boundary lies anywhere between the end of one clip, or segment, and the beginning of the
    next.
    """
    points = np.arange(int(truth[-1].end_s * _POINTS)) / _POINTS
    names = sorted({one.emotion for one in segments} | {one.emotion for one in truth})
    meant, named = (_at(points, spans, names) for spans in (truth, segments))
    spoken = meant >= 0
    real, claimed = _boundaries(truth), _boundaries(segments)
    matched = _matched(real, claimed)
    return {
        "speech_s": round(float(spoken.sum()) / _POINTS, 1),
        "right": float(np.mean(named[spoken] == meant[spoken])),
        "found": float(np.mean(named[spoken] >= 0)),
        "boundaries": {
            "real": len(real),
            "claimed": len(claimed),
            "precision": matched / max(1, len(claimed)),
            "recall": matched / max(1, len(real)),
        },
    }


def _at(points: np.ndarray, spans: Sequence[Segment | Truth], names: Sequence[str]) -> np.ndarray:
    """Return the number of the emotion at each moment [shape=(n,), int64], -1 where there is none."""
    starts, ends = np.array([span.start_s for span in spans]), np.array([span.end_s for span in spans])
    if not len(spans):
        return np.full(len(points), -1)
    place = np.maximum(0, np.searchsorted(starts, points, side="right") - 1)
    inside = (points >= starts[place]) & (points < ends[place])
    numbers = np.array([names.index(span.emotion) for span in spans])
    return np.where(inside, numbers[place], -1)


def _boundaries(spans: Sequence[Segment | Truth]) -> list[tuple[float, float]]:
    pairs: Iterator[tuple[Segment | Truth, Segment | Truth]] = pairwise(spans)
    return [(one.end_s, max(one.end_s, other.start_s)) for one, other in pairs if one.emotion != other.emotion]


def _matched(real: Sequence[tuple[float, float]], claimed: Sequence[tuple[float, float]]) -> int:
    """Return how many can be paired one to one within the tolerance, both lists in order."""
    count = i = j = 0
    while i < len(real) and j < len(claimed):
        gap = max(real[i][0] - claimed[j][1], claimed[j][0] - real[i][1], 0.0)
        if gap <= TOLERANCE_S:
            count, i, j = count + 1, i + 1, j + 1
        elif real[i][1] < claimed[j][0]:
            i += 1
        else:
            j += 1
    return count
