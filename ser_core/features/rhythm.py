"""Rhythm: where the syllables are, where the voice pauses, and how fast it goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.features.level import FLOOR_DB, intensity_db
from ser_core.features.pitch import Pitch

#: Frames this far below the loudest are silent, in dB.
SILENCE_DB = 30.0
#: A silence is called a pause from this length on, in seconds; the closure of a "t" is shorter.
_SHORTEST_PAUSE_S = 0.2
#: A nucleus is at most this far below the loudest, and this much above the dips around it, in dB.
_NUCLEUS_DB, _DIP_DB = 25.0, 2.0
#: Syllables do not follow each other faster, in seconds; the level is averaged over the second.
_SHORTEST_SYLLABLE_S, _SMOOTHING_S = 0.08, 0.05


@dataclass(frozen=True)
class Rhythm:
    """The rhythm of an utterance; without any sound everything is empty or 0.

    Attributes
    ----------
    nuclei_s
        Moments of the syllable nuclei in seconds, in order [shape=(n,), float64].
    pauses
        (start, end) in seconds of the silences of at least 0.2 s between two sounds.
    speech_s
        Time from the first to the last sound, pauses included.
    speech_rate_hz
        Syllables a second of that time.
    articulation_rate_hz
        Syllables a second without the pauses.
    pause_ratio
        Share of the time from the first to the last sound that is pauses, 0..1.
    mean_pause_s
        Mean length of the pauses.
    """

    nuclei_s: np.ndarray
    pauses: list[tuple[float, float]]
    speech_s: float
    speech_rate_hz: float
    articulation_rate_hz: float
    pause_ratio: float
    mean_pause_s: float


def measure_rhythm(samples: np.ndarray, pitch: Pitch) -> Rhythm:
    """Return the rhythm of mono sound at 16 kHz [shape=(n,)] with its pitch contour.

    Syllable nuclei are voiced peaks of the intensity with dips of 2 dB between them, at most 25 dB below the loudest
    (de Jong & Wempe 2009, whose program needs Praat).
    """
    hop = pitch.config.hop
    level = intensity_db(samples, hop)
    sounding = np.flatnonzero(sounding_frames(level))
    if not len(sounding):
        return Rhythm(np.zeros(0), [], 0.0, 0.0, 0.0, 0.0, 0.0)
    seconds = hop / SAMPLE_RATE
    gaps = np.diff(sounding)
    long = (gaps - 1) * seconds >= _SHORTEST_PAUSE_S - 1e-9
    pauses = [
        (float(start * seconds), float(end * seconds))
        for start, end in zip(sounding[:-1][long] + 1, sounding[1:][long], strict=True)
    ]
    nuclei = _nuclei(level, pitch.voiced, seconds)
    speech = (sounding[-1] - sounding[0] + 1) * seconds
    paused = sum(end - start for start, end in pauses)
    return Rhythm(
        nuclei_s=nuclei * seconds,
        pauses=pauses,
        speech_s=float(speech),
        speech_rate_hz=float(len(nuclei) / speech),
        articulation_rate_hz=float(len(nuclei) / (speech - paused)),
        pause_ratio=float(paused / speech),
        mean_pause_s=paused / len(pauses) if pauses else 0.0,
    )


def sounding_frames(level: np.ndarray) -> np.ndarray:
    """Return which frames of an intensity contour in dB are less than 30 dB below the loudest [shape=(t,), bool]."""
    return (level > level.max() - SILENCE_DB) & (level > FLOOR_DB)


def _nuclei(level: np.ndarray, voiced: np.ndarray, seconds: float) -> np.ndarray:
    """Return the frames of the syllable nuclei [shape=(n,), int64]."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import find_peaks

    floored = np.maximum(level, level.max() - 60)
    smooth = uniform_filter1d(floored, max(1, round(_SMOOTHING_S / seconds)), mode="nearest")
    smooth = np.concatenate([[floored.min()], smooth, [floored.min()]])  # a sound at the very edge peaks there
    peaks, _ = find_peaks(
        smooth, height=level.max() - _NUCLEUS_DB, prominence=_DIP_DB,
        distance=max(1, round(_SHORTEST_SYLLABLE_S / seconds)),
    )  # fmt: skip
    return (peaks - 1)[voiced[peaks - 1]]
