"""Measures of a recording that tell whether a prediction from it can be trusted, each problem named in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ser_core.audio.speech import speech_segments
from ser_core.audio.waveform import Waveform

_FRAME = 400
_SILENCE_DBFS = -60.0
_QUIET_DBFS = -45.0
_CLIPPED_SHARE = 0.001
_FULL_SCALE = 0.985
_SHORT_S = 0.5
_LOW_SPEECH_SHARE = 0.25
_MIN_SPEECH_S = 0.3


@dataclass(frozen=True)
class Problem:
    """Something about a recording that weakens or forbids a prediction.

    Attributes
    ----------
    code
        A stable name for programs: ``silent``, ``no_speech``, ``short``, ``quiet``, ``clipped``, ``little_speech``.
    message
        A sentence for a person.
    blocking
        Whether an emotion should not be named at all.
    """

    code: str
    message: str
    blocking: bool = False


@dataclass(frozen=True)
class Quality:
    """What was measured.

    Attributes
    ----------
    duration_s
        Length in seconds.
    level_dbfs
        Root-mean-square level of the loudest tenth of the 25 ms frames, in dB relative to full scale.
    peak
        Largest absolute sample, full scale = 1.
    clipped_share
        Fraction of samples in runs of three or more at full scale.
    silence_share
        Fraction of frames below -60 dBFS.
    speech_share
        Fraction of the time in which somebody speaks.
    problems
        What a person should know, the worst first.
    """

    duration_s: float
    level_dbfs: float
    peak: float
    clipped_share: float
    silence_share: float
    speech_share: float
    problems: tuple[Problem, ...]

    @property
    def blocking(self) -> bool:
        """Whether any problem forbids naming an emotion."""
        return any(problem.blocking for problem in self.problems)

    def to_dict(self) -> dict[str, object]:
        """Return the measures as plain values for JSON."""
        return asdict(self)


def assess_quality(waveform: Waveform, segments: Sequence[tuple[float, float]] | None = None) -> Quality:
    """Measure level, clipping, silence, share of speech and length, and name each problem.

    Parameters
    ----------
    waveform
        Any recording.
    segments
        Its :func:`~ser_core.audio.speech_segments` when they are known already.
    """
    samples = waveform.samples
    levels = _frame_levels_dbfs(samples)
    peak = float(np.abs(samples).max(initial=0.0))
    silence_share = float(np.mean(levels < _SILENCE_DBFS))
    if segments is None:
        segments = speech_segments(waveform)
    speech_s = sum(end - start for start, end in segments)
    measures = {
        "duration_s": waveform.duration_s,
        "level_dbfs": float(np.percentile(levels, 90)),
        "peak": peak,
        "clipped_share": _clipped_share(samples, peak),
        "silence_share": silence_share,
        "speech_share": min(1.0, speech_s / max(waveform.duration_s, 1e-9)),
    }
    return Quality(**measures, problems=tuple(_problems(measures, speech_s)))


def _frame_levels_dbfs(samples: np.ndarray) -> np.ndarray:
    padded = np.pad(samples, (0, max(0, _FRAME - len(samples))))
    frames = padded[: len(padded) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    return 10 * np.log10(np.maximum(np.mean(frames**2, axis=1), 1e-12))


def _clipped_share(samples: np.ndarray, peak: float) -> float:
    """Return the share of samples in runs of at least three at the ceiling."""
    if peak < _FULL_SCALE:
        return 0.0
    at_ceiling = np.abs(samples) >= _FULL_SCALE * peak
    runs = at_ceiling[:-2] & at_ceiling[1:-1] & at_ceiling[2:]
    return float(np.mean(runs)) if len(runs) else 0.0


def _problems(measures: dict[str, float], speech_s: float) -> list[Problem]:
    if measures["silence_share"] == 1.0:
        message = "The recording is silent: check that the right microphone is chosen and not muted, and record again."
        return [Problem("silent", message, blocking=True)]
    found = []
    if speech_s < _MIN_SPEECH_S:
        message = "No speech was found (perhaps music, noise or a very short sound): record a spoken sentence."
        found.append(Problem("no_speech", message, blocking=True))
    if measures["duration_s"] < _SHORT_S:
        message = f"The recording lasts only {measures['duration_s']:.2f} s: record at least one second of speech."
        found.append(Problem("short", message, blocking=True))
    if measures["level_dbfs"] < _QUIET_DBFS:
        message = (
            f"The recording is very quiet ({measures['level_dbfs']:.0f} dBFS): "
            "move closer to the microphone or raise its level."
        )
        found.append(Problem("quiet", message))
    if measures["clipped_share"] > _CLIPPED_SHARE:
        message = (
            f"The recording is clipped ({measures['clipped_share']:.1%} of the samples are at the ceiling): "
            "lower the microphone's level."
        )
        found.append(Problem("clipped", message))
    if speech_s >= _MIN_SPEECH_S and measures["speech_share"] < _LOW_SPEECH_SHARE:
        message = f"Only {measures['speech_share']:.0%} of the recording is speech: the answer rests on that part."
        found.append(Problem("little_speech", message))
    return found
