"""Functionals: one named number for each statistic of each prosodic and spectral feature over a clip.

Frame features come from librosa (McFee et al. 2015) on 25 ms or longer windows every 10 ms of the stretch from the
first to the last speech, brought to the same peak, so that neither leading silence nor the microphone's level counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import librosa
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE, Waveform, speech_span


class FunctionalsConfig(BaseModel):
    """Settings of the functionals; lengths in samples at 16 kHz, frequencies in Hz, levels in dB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["functionals"] = "functionals"
    n_fft: int = Field(512, ge=256)
    hop: int = Field(160, ge=80)
    n_mfcc: int = Field(20, ge=2)
    n_mels: int = Field(40, ge=8)
    f0_min: float = Field(65.0, gt=20)
    f0_max: float = Field(600.0, le=1000)
    voiced_db: float = Field(30.0, gt=0, description="frames this far below the loudest are no voice")


_SHORTEST = 2048
_Series = Mapping[str, np.ndarray]
_MOMENTS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda x: x.mean(axis=1),
    "std": lambda x: x.std(axis=1),
}


def functionals(waveform: Waveform, config: FunctionalsConfig | None = None) -> dict[str, float]:
    """Return the named functionals of a clip, in a fixed order; all are finite, also for silence.

    Names are ``<feature>_<statistic>``: MFCC and their deltas, chroma, log-mel bands in dB, spectral centroid,
    bandwidth and roll-off in Hz, flatness, flux, contrast in dB, zero-crossing rate, intensity in dB relative to the
    loudest frame, F0 in semitones above 27.5 Hz with its slope in semitones a second, and rhythm: syllable nuclei
    a second, shares of pauses and of voice, and the length of speech in seconds.
    """
    config = config or FunctionalsConfig()
    samples = _prepared(waveform)
    power = np.abs(librosa.stft(samples, n_fft=config.n_fft, win_length=400, hop_length=config.hop)) ** 2
    intensity = _intensity(samples, config)
    frames = min(power.shape[1], len(intensity))
    power, intensity = power[:, :frames], intensity[:frames]
    values = _spectral(power, samples, config)
    values |= _pitch_and_rhythm(samples, intensity, config)
    return {name: float(value) for name, value in values.items()}


def functional_vector(waveform: Waveform, config: FunctionalsConfig) -> np.ndarray:
    """Return :func:`functionals` as one row [shape=(1, n), float32], the form in which they are stored."""
    return np.array([list(functionals(waveform, config).values())], dtype=np.float32)


def functional_names(config: FunctionalsConfig | None = None) -> list[str]:
    """Return the names in the order of :func:`functional_vector`."""
    return list(functionals(Waveform(np.zeros(SAMPLE_RATE, np.float32)), config))


def _prepared(waveform: Waveform) -> np.ndarray:
    samples = waveform.cut(*speech_span(waveform)).samples
    samples = np.pad(samples, (0, max(0, _SHORTEST - len(samples))))
    peak = np.abs(samples).max()
    return samples / peak * np.float32(0.5) if peak > 0 else samples


def _spectral(power: np.ndarray, samples: np.ndarray, config: FunctionalsConfig) -> dict[str, Any]:
    """Return statistics of the spectrum and its derivatives from power [shape=(n_fft // 2 + 1, t)]."""
    magnitude = np.sqrt(power)
    mel = librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_mels=config.n_mels, fmax=8000)
    log_mel = librosa.power_to_db(mel, ref=max(float(mel.max()), 1e-10), top_db=80)
    mfcc = librosa.feature.mfcc(S=log_mel, n_mfcc=config.n_mfcc)
    settings: dict[str, Any] = {"S": magnitude, "sr": SAMPLE_RATE}
    unit = magnitude / np.maximum(magnitude.sum(axis=0, keepdims=True), 1e-10)
    series = {
        "mfcc": mfcc,
        "mfcc_delta": librosa.feature.delta(mfcc, width=5, mode="nearest"),
        "logmel": log_mel,
        "chroma": librosa.feature.chroma_stft(S=power, sr=SAMPLE_RATE, n_fft=config.n_fft, tuning=0.0),
        "centroid": librosa.feature.spectral_centroid(**settings),
        "bandwidth": librosa.feature.spectral_bandwidth(**settings),
        "rolloff": librosa.feature.spectral_rolloff(**settings),
        "flatness": librosa.feature.spectral_flatness(S=magnitude),
        "contrast": librosa.feature.spectral_contrast(**settings, n_bands=5),
        "flux": np.sqrt((np.diff(unit, axis=1, prepend=unit[:, :1]) ** 2).sum(axis=0, keepdims=True)),
        "zcr": librosa.feature.zero_crossing_rate(samples, frame_length=400, hop_length=config.hop),
    }
    values: dict[str, Any] = {}
    for feature, rows in series.items():
        names = [feature] if len(rows) == 1 else [f"{feature}{number}" for number in range(len(rows))]
        for statistic, function in _MOMENTS.items():
            values |= {f"{name}_{statistic}": value for name, value in zip(names, function(rows), strict=True)}
    return values


def _intensity(samples: np.ndarray, config: FunctionalsConfig) -> np.ndarray:
    """Return the level of each frame in dB relative to the loudest, not below -80 [shape=(t,)]."""
    rms = librosa.feature.rms(y=samples, frame_length=640, hop_length=config.hop)[0]
    return librosa.amplitude_to_db(rms, ref=max(float(rms.max()), 1e-10), top_db=80)


def _pitch_and_rhythm(samples: np.ndarray, intensity: np.ndarray, config: FunctionalsConfig) -> dict[str, Any]:
    loud = intensity > -config.voiced_db if np.ptp(intensity) > 0 else np.zeros(len(intensity), bool)
    seconds = config.hop / SAMPLE_RATE
    f0 = librosa.yin(
        samples, fmin=config.f0_min, fmax=config.f0_max, sr=SAMPLE_RATE, frame_length=1024, hop_length=config.hop
    )
    crossings = librosa.feature.zero_crossing_rate(samples, frame_length=1024, hop_length=config.hop)[0]
    frames = min(len(f0), len(loud), len(crossings))
    inside = (f0[:frames] > config.f0_min * 1.02) & (f0[:frames] < config.f0_max * 0.98)
    voiced = loud[:frames] & inside & (crossings[:frames] < 0.2)
    semitones = 12 * np.log2(np.maximum(f0[:frames], 1.0) / 27.5)
    values = _contour("f0", semitones[voiced], np.flatnonzero(voiced) * seconds)
    steps = np.abs(np.diff(semitones))[voiced[1:] & voiced[:-1]]
    values["f0_step"] = np.median(steps) if len(steps) else 0.0
    values |= _contour("intensity", intensity[loud], np.flatnonzero(loud) * seconds)
    length = len(intensity) * seconds
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], voiced.astype(int), [0]]))))[::2] * seconds
    values |= {
        "rhythm_syllable_rate": _syllables(intensity, voiced, seconds) / length,
        "rhythm_pause_share": float(np.mean(~loud)),
        "rhythm_voiced_share": float(np.mean(voiced)),
        "rhythm_voiced_run": float(runs.mean()) if len(runs) else 0.0,
        "rhythm_speech_length": length,
    }
    return values


def _contour(name: str, values: np.ndarray, times: np.ndarray) -> dict[str, Any]:
    """Return mean, deviation, percentiles and slope of a contour; zeros where there is too little of it."""
    names = ("mean", "std", "p05", "p50", "p95", "range", "slope")
    if len(values) < 3:
        return {f"{name}_{statistic}": 0.0 for statistic in names}
    low, middle, high = np.percentile(values, [5, 50, 95])
    slope = np.polyfit(times - times.mean(), values, 1)[0]
    numbers = (values.mean(), values.std(), low, middle, high, high - low, slope)
    return {f"{name}_{statistic}": number for statistic, number in zip(names, numbers, strict=True)}


def _syllables(intensity: np.ndarray, voiced: np.ndarray, seconds: float) -> int:
    """Count syllable nuclei (de Jong & Wempe 2009): voiced peaks of intensity with dips of 2 dB between."""
    from scipy.signal import find_peaks

    width = max(1, round(0.05 / seconds))
    smooth = np.convolve(intensity, np.ones(width) / width, mode="same")
    peaks, _ = find_peaks(smooth, height=-25, prominence=2, distance=max(1, round(0.08 / seconds)))
    return int(voiced[peaks[peaks < len(voiced)]].sum())
