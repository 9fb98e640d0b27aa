"""A few numbers a clip that a person can name: pitch, loudness, tempo, brightness, and how it was recorded.

measures = measure_clips(read_corpora(), progress=bar)       # minutes the first time, then at once
box_summary(measures, "f0_median_hz", by="emotion")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE, Waveform, speech_segments
from ser_core.corpora.statistics import facet, facet_values, quantile_table
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector
from ser_core.features.store import Cancelled, Extract, Progress, extract_table, is_cached


@dataclass(frozen=True)
class Measure:
    """What a column of :func:`measure_clips` holds.

    Attributes
    ----------
    title, unit
        For axes; the unit of a share is empty.
    description
        A sentence for a person.
    about
        ``voice``, or ``recording`` for what microphone, room and editing decide.
    """

    title: str
    unit: str
    description: str
    about: Literal["voice", "recording"]


#: The columns that :func:`measure_clips` adds.
MEASURES: Mapping[str, Measure] = {
    "f0_median_hz": Measure("pitch", "Hz", "Median fundamental frequency of the voiced frames.", "voice"),
    "f0_range_st": Measure("pitch range", "semitones", "From the 5th to the 95th percentile of the pitch.", "voice"),
    "f0_slope_st_s": Measure("pitch slope", "semitones/s", "Whether the pitch rises or falls over the clip.", "voice"),
    "intensity_std_db": Measure("loudness variation", "dB", "Standard deviation of the level while speaking.", "voice"),
    "syllable_rate_hz": Measure("speaking rate", "syllables/s", "Syllable nuclei a second, pauses included.", "voice"),
    "pause_share": Measure("pauses", "", "Share of the frames that are 30 dB below the loudest.", "voice"),
    "centroid_hz": Measure(
        "spectral centroid", "Hz", "Centre of the spectrum: a bright voice has a high one.", "voice"
    ),
    "speech_s": Measure("length of speech", "s", "From the first to the last speech.", "voice"),
    "level_dbfs": Measure("level", "dBFS", "Level of the loudest tenth, relative to full scale.", "recording"),
    "peak_dbfs": Measure("peak", "dBFS", "Largest sample, relative to full scale.", "recording"),
    "noise_dbfs": Measure("noise floor", "dBFS", "Level of the quietest twentieth of the frames.", "recording"),
    "bandwidth_hz": Measure("bandwidth", "Hz", "Highest frequency within 50 dB of the loudest one.", "recording"),
    "leading_silence_s": Measure("leading silence", "s", "Time before the first speech.", "recording"),
    "trailing_silence_s": Measure("trailing silence", "s", "Time after the last speech.", "recording"),
    "length_s": Measure("length", "s", "Length of the file.", "recording"),
}
#: The measures that tell of the recording and say nothing of the voice.
CUES = tuple(name for name, measure in MEASURES.items() if measure.about == "recording")

_FROM_FUNCTIONALS = {
    "f0_range_st": "f0_range",
    "f0_slope_st_s": "f0_slope",
    "intensity_std_db": "intensity_std",
    "syllable_rate_hz": "rhythm_syllable_rate",
    "pause_share": "rhythm_pause_share",
    "centroid_hz": "centroid_mean",
    "speech_s": "rhythm_speech_length",
}


class RecordingConfig(BaseModel):
    """Settings of the recording's measures; lengths in samples at 16 kHz, levels in dB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["recording"] = "recording"
    frame: int = Field(400, ge=32)
    n_fft: int = Field(1024, ge=64)
    bandwidth_db: float = Field(50.0, gt=0)
    speech_threshold: float = Field(0.3, gt=0, lt=1)


def recording_vector(waveform: Waveform, config: RecordingConfig) -> np.ndarray:
    """Return the measures named in :data:`CUES`, in their order [shape=(1, 7), float32].

    Digital silence has a level of -120 dBFS, no bandwidth, and counts as leading silence altogether.
    """
    samples = waveform.samples.astype(np.float64)
    padded = np.pad(samples, (0, max(0, config.n_fft - len(samples))))
    frames = padded[: len(padded) // config.frame * config.frame].reshape(-1, config.frame)
    levels = 10 * np.log10(np.maximum(np.mean(frames**2, axis=1), 1e-12))
    peak = 20 * np.log10(max(float(np.abs(samples).max(initial=0.0)), 1e-6))
    segments = speech_segments(waveform, threshold=config.speech_threshold)
    first, last = (segments[0][0], segments[-1][1]) if segments else (waveform.duration_s, waveform.duration_s)
    values = [
        np.percentile(levels, 90), peak, np.percentile(levels, 5), _bandwidth(padded, config), first,
        waveform.duration_s - last, waveform.duration_s,
    ]  # fmt: skip
    return np.array([values], dtype=np.float32)


def measure_clips(
    table: pd.DataFrame,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> pd.DataFrame:
    """Return *table* with the columns of :data:`MEASURES` added, row by row in its order.

    The results are kept by the content of the clips, so that a part or a copy of what was measured comes at once.
    A clip that cannot be read or, for pitch, has no voice gets NaN.

    Parameters
    ----------
    table
        As :func:`ser_core.corpora.read_corpora` gives it.
    jobs
        Processes; by default one a core.
    progress
        Called with (steps done, steps in all); a clip counts twice, for its voice and for the recording.
    cancelled
        Asked after every few seconds of work; once it says yes, the work stops. What was finished is kept.

    Raises
    ------
    CancelledError
        When it was stopped.
    CorpusError
        If nothing can be read, or the cache cannot be written.
    """
    clips = len(table)

    def second_half(done: int, _: int) -> None:
        if progress:
            progress(clips + done, 2 * clips)

    first_half = (lambda done, _: progress(done, 2 * clips)) if progress else None
    voice = functional_matrix(table, jobs=jobs, progress=first_half, cancelled=cancelled)
    recording = clip_vectors(
        table, RecordingConfig(), recording_vector, len(CUES), jobs=jobs, progress=second_half, cancelled=cancelled
    )
    names = functional_names()
    column = {name: voice[:, place].astype(np.float64) for place, name in enumerate(names)}
    voiced = column["f0_mean"] > 0
    values = {name: column[source] for name, source in _FROM_FUNCTIONALS.items()}
    values |= {name: np.where(voiced, values[name], np.nan) for name in ("f0_range_st", "f0_slope_st_s")}
    values["f0_median_hz"] = np.where(voiced, 27.5 * 2 ** (column["f0_p50"] / 12), np.nan)
    values |= {name: recording[:, place].astype(np.float64) for place, name in enumerate(CUES)}
    return table.assign(**{name: values[name] for name in MEASURES})


def functional_matrix(
    table: pd.DataFrame,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> np.ndarray:
    """Return the functionals of each clip [shape=(n, functionals), float32], from the cache of :func:`measure_clips`.

    Unreadable clips have NaN. It raises as :func:`measure_clips` does.
    """
    width = len(functional_names())
    return clip_vectors(
        table, FunctionalsConfig(), functional_vector, width, jobs=jobs, progress=progress, cancelled=cancelled
    )


def clip_vectors(
    table: pd.DataFrame,
    config: BaseModel,
    extract: Extract,
    width: int,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> np.ndarray:
    """Return `extract(waveform, config)` [shape=(1, width)] of each clip [shape=(n, width), float32], kept by content.

    Unreadable clips have NaN. *extract* is a function at module level. It raises as :func:`measure_clips` does.
    """
    store = extract_table(
        table, config, extract=extract, dtype=np.float32, jobs=jobs, progress=progress, cancelled=cancelled,
        skip_unreadable=True,
    )  # fmt: skip
    values = np.full((len(table), width), np.nan, dtype=np.float32)
    if len(table):
        values[np.diff(store.offsets) > 0] = store.values
    return values


def is_measured(table: pd.DataFrame) -> bool:
    """Return whether :func:`measure_clips` would answer from its cache."""
    wanted: list[tuple[BaseModel, Extract]] = [
        (FunctionalsConfig(), functional_vector),
        (RecordingConfig(), recording_vector),
    ]
    return all(
        is_cached(table, config, extract=extract, dtype=np.float32, skip_unreadable=True) for config, extract in wanted
    )


def box_summary(measures: pd.DataFrame, measure: str, by: str = "emotion", within: str | None = None) -> pd.DataFrame:
    """Return quartiles, whiskers and extremes of a measure by a facet: see :func:`quantile_table`.

    Parameters
    ----------
    within
        A second facet, such as ``speaker``; its value is then the first column, `within`.
    """
    if within is None:
        return quantile_table(measures[measure], facet(measures, by), facet_values(measures, by))
    outer, parts = facet(measures, within), []
    for value in facet_values(measures, within):
        part = box_summary(measures[(outer == value).to_numpy(bool)], measure, by)
        part.insert(0, "within", value)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["within", "group", "clips"])


def violin_summary(measures: pd.DataFrame, measure: str, by: str = "emotion", points: int = 64) -> pd.DataFrame:
    """Return a kernel density estimate of a measure by a facet: `group`, `value`, `density`, *points* rows a group.

    A group with fewer than five different values has none.
    """
    from scipy.stats import gaussian_kde

    groups, parts = facet(measures, by), []
    for name in facet_values(measures, by):
        numbers = measures[measure][(groups == name).to_numpy(bool)].to_numpy(float)
        numbers = numbers[np.isfinite(numbers)]
        if len(np.unique(numbers)) < 5:
            continue
        margin = 0.1 * np.ptp(numbers)
        grid = np.linspace(numbers.min() - margin, numbers.max() + margin, points)
        parts.append(pd.DataFrame({"group": name, "value": grid, "density": gaussian_kde(numbers)(grid)}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["group", "value", "density"])


def relative_to_speaker(measures: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return a copy whose *measure* is its difference from the speaker's own median, so that sex and age cancel out.

    Pitch in Hz becomes semitones. A clip without a speaker gets NaN.
    """
    values = measures[measure].astype(float)
    if measure == "f0_median_hz":
        values = pd.Series(12 * np.log2(values.to_numpy()), index=measures.index)
    known = measures["speaker"].notna()
    speaker = facet(measures, "speaker").where(known)
    return measures.assign(**{measure: (values - values.groupby(speaker).transform("median")).where(known)})


def _bandwidth(samples: np.ndarray, config: RecordingConfig) -> float:
    """Return the highest frequency in Hz whose mean power is at most `bandwidth_db` below the loudest."""
    frames = samples[: len(samples) // config.n_fft * config.n_fft].reshape(-1, config.n_fft)
    power = np.mean(np.abs(np.fft.rfft(frames * np.hanning(config.n_fft), axis=1)) ** 2, axis=0)
    if power.max() <= 0:
        return 0.0
    heard = np.flatnonzero(power >= power.max() * 10 ** (-config.bandwidth_db / 10))
    return float(heard[-1] * SAMPLE_RATE / config.n_fft)
