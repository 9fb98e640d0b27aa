"""Functionals: one named number for each statistic of each feature over a clip.

values = functionals(load_audio("voice.wav"))
values["f0_p50"], describe_functional("f0_p50")

The features are those of this package's other modules, on frames of 25 ms or longer every 10 ms of the stretch from the
first to the last speech, brought to the same peak, so that neither leading silence nor the microphone's level counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE, Waveform, speech_span
from ser_core.features import cepstrum, level, spectral, tonality, voice_quality
from ser_core.features.formants import FormantConfig, formants
from ser_core.features.pitch import Pitch, PitchConfig, semitones, track_pitch
from ser_core.features.rhythm import SILENCE_DB, measure_rhythm, sounding_frames
from ser_core.features.spectrum import SpectrumConfig, decibels, mel_spectrum, power_spectrum


class FunctionalsConfig(BaseModel):
    """Settings of the functionals; lengths in samples at 16 kHz, frequencies in Hz."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["functionals"] = "functionals"
    version: Literal[2] = 2
    n_fft: int = Field(512, ge=512, le=8192, multiple_of=2)
    hop: int = Field(160, ge=80, le=4096)
    n_mfcc: int = Field(20, ge=2, le=40)
    n_mels: int = Field(40, ge=40, le=128)
    f0_min: float = Field(65.0, ge=40)
    f0_max: float = Field(600.0, le=1000)


#: Shorter speech is padded with silence to this many samples.
_SHORTEST = 2048
#: Fewer frames than this make no contour.
_FEWEST = 3
_CONTOUR = ("mean", "std", "p05", "p50", "p95", "range", "slope")
#: Below the loudest frame, in dB.
_FLOOR_DB = -80.0


def functionals(waveform: Waveform, config: FunctionalsConfig | None = None) -> dict[str, float]:
    """Return the named functionals of a clip, in a fixed order; all are finite, also for silence.

    Names are ``<feature>_<statistic>``; :func:`describe_functional` tells what each is. What cannot be measured, such
    as the pitch of a whisper, is 0.
    """
    config = config or FunctionalsConfig()
    samples = _prepared(waveform)
    pitch = track_pitch(samples, PitchConfig(f0_min=config.f0_min, f0_max=config.f0_max, hop=config.hop))
    intensity = level.intensity_db(samples, config.hop)
    transform = SpectrumConfig(window=400, hop=config.hop, n_fft=config.n_fft)
    power = power_spectrum(samples, transform)
    values = _banks(power, transform, config)
    values |= _shape(power, transform, samples, pitch)
    values |= _prosody(intensity, pitch)
    values |= _rhythm(samples, intensity, pitch)
    values |= _voice_quality(samples, pitch)
    values |= _formants(samples, pitch)
    return {name: float(value) if np.isfinite(value) else 0.0 for name, value in values.items()}


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


def _banks(power: np.ndarray, transform: SpectrumConfig, config: FunctionalsConfig) -> dict[str, Any]:
    """Return mean and deviation of every row of the features that have several."""
    log_mel = decibels(mel_spectrum(power, transform, config.n_mels, 0.0, SAMPLE_RATE / 2))
    coefficients = cepstrum.mfcc(log_mel, config.n_mfcc)
    tones = tonality.chroma(power, transform)
    banks = {
        "mfcc": coefficients,
        "mfcc_delta": cepstrum.delta(coefficients),
        "mfcc_delta_delta": cepstrum.delta(coefficients, order=2),
        "logmel": log_mel,
        "chroma": tones,
        "tonnetz": tonality.tonnetz(tones),
        "contrast": spectral.contrast(power, transform),
    }
    values: dict[str, Any] = {}
    for feature, rows in banks.items():
        for statistic, numbers in (("mean", rows.mean(axis=1)), ("std", rows.std(axis=1))):
            values |= {f"{feature}{row}_{statistic}": number for row, number in enumerate(numbers)}
    return values


def _shape(power: np.ndarray, transform: SpectrumConfig, samples: np.ndarray, pitch: Pitch) -> dict[str, Any]:
    """Return statistics of the shape of the spectrum: of all frames, or of the voiced ones where only they have it."""
    times = _times(pitch)
    values: dict[str, Any] = {}
    for name, function in (
        ("centroid", spectral.centroid),
        ("bandwidth", spectral.bandwidth),
        ("rolloff", spectral.rolloff),
        ("flatness", spectral.flatness),
        ("flux", spectral.flux),
    ):
        values |= _contour(name, function(power, transform), times)
    values |= _contour("zcr", level.zero_crossing_rate(samples, transform.window, transform.hop), times)
    voiced = power[:, pitch.voiced]
    values |= _moments("alpha_ratio", spectral.alpha_ratio(voiced, transform))
    values |= _moments("hammarberg", spectral.hammarberg_index(voiced, transform))
    for name, low, high in (("tilt", 0, 5000), ("tilt_low", 0, 500), ("tilt_mid", 500, 1500)):
        values |= _moments(name, spectral.slope(voiced, transform, low, high))
    return values


def _prosody(intensity: np.ndarray, pitch: Pitch) -> dict[str, Any]:
    """Return statistics of pitch and intensity."""
    times, voiced = _times(pitch), pitch.voiced
    tones = semitones(pitch.f0_hz)
    values = _contour("f0", tones[voiced], times[voiced])
    steps = np.abs(np.diff(tones))[voiced[1:] & voiced[:-1]]
    values["f0_step"] = np.median(steps) if len(steps) else 0.0
    sounding = sounding_frames(intensity)
    relative = np.maximum(intensity - intensity.max(), _FLOOR_DB)
    return values | _contour("intensity", relative[sounding], times[sounding])


def _rhythm(samples: np.ndarray, intensity: np.ndarray, pitch: Pitch) -> dict[str, Any]:
    """Return tempo, pauses and the lengths of voiced and unvoiced stretches."""
    rhythm, seconds = measure_rhythm(samples, pitch), pitch.config.hop / SAMPLE_RATE
    length = len(intensity) * seconds
    voiced, unvoiced = (_runs(frames) * seconds for frames in (pitch.voiced, ~pitch.voiced))
    return {
        "rhythm_syllable_rate": len(rhythm.nuclei_s) / length,
        "rhythm_articulation_rate": rhythm.articulation_rate_hz,
        "rhythm_pause_share": np.mean(~sounding_frames(intensity)),
        "rhythm_pause_length": rhythm.mean_pause_s,
        "rhythm_pause_rate": len(rhythm.pauses) / length,
        "rhythm_voiced_share": np.mean(pitch.voiced),
        "rhythm_voiced_run": voiced.mean() if len(voiced) else 0.0,
        "rhythm_voiced_run_std": voiced.std() if len(voiced) else 0.0,
        "rhythm_voiced_rate": len(voiced) / length,
        "rhythm_unvoiced_run": unvoiced.mean() if len(unvoiced) else 0.0,
        "rhythm_unvoiced_run_std": unvoiced.std() if len(unvoiced) else 0.0,
        "rhythm_speech_length": length,
    }


def _voice_quality(samples: np.ndarray, pitch: Pitch) -> dict[str, Any]:
    """Return how regular the voice is."""
    pulses = voice_quality.glottal_pulses(samples, pitch)
    jitter = voice_quality.jitter(samples, pitch, pulses=pulses)
    shimmer = voice_quality.shimmer(samples, pitch, pulses=pulses)
    ratio = voice_quality.harmonics_to_noise(samples, pitch)
    measured = np.isfinite(ratio)
    return {
        "jitter_local": 100 * jitter.local,
        "jitter_rap": 100 * jitter.rap,
        "shimmer_local": 100 * shimmer.local,
        "shimmer_local_db": shimmer.local_db,
        "shimmer_apq3": 100 * shimmer.apq3,
    } | _contour("hnr", ratio[measured], _times(pitch)[measured])


def _formants(samples: np.ndarray, pitch: Pitch) -> dict[str, Any]:
    """Return statistics of the first three formants while voiced; every second frame will do."""
    step = 2
    found = formants(samples, FormantConfig(hop=step * pitch.config.hop))
    voiced = pitch.voiced[::step]
    values: dict[str, Any] = {}
    for number in range(3):
        for name, rows in (("formant", found.frequencies_hz), ("formant_bandwidth", found.bandwidths_hz)):
            track = rows[number][voiced]
            values |= _moments(f"{name}{number + 1}", track[np.isfinite(track)])
    return values


def _times(pitch: Pitch) -> np.ndarray:
    return np.arange(len(pitch.voiced)) * (pitch.config.hop / SAMPLE_RATE)


def _moments(name: str, values: np.ndarray) -> dict[str, Any]:
    """Return mean and deviation; zeros where there is too little."""
    enough = len(values) >= _FEWEST
    return {f"{name}_mean": values.mean() if enough else 0.0, f"{name}_std": values.std() if enough else 0.0}


def _contour(name: str, values: np.ndarray, times: np.ndarray) -> dict[str, Any]:
    """Return mean, deviation, percentiles, range (5 to 95 %) and slope a second; zeros where there is too little."""
    if len(values) < _FEWEST:
        return {f"{name}_{statistic}": 0.0 for statistic in _CONTOUR}
    values = values.astype(np.float64)
    low, middle, high = np.percentile(values, [5, 50, 95])
    offset = times - times.mean()
    slope = offset @ values / (offset @ offset)
    numbers = (values.mean(), values.std(), low, middle, high, high - low, slope)
    return {f"{name}_{statistic}": number for statistic, number in zip(_CONTOUR, numbers, strict=True)}


def _runs(frames: np.ndarray) -> np.ndarray:
    """Return the lengths of the stretches of True in frames [shape=(n,)]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frames.astype(np.int8), [0]])))
    return np.diff(edges)[::2]


#: Feature -> family, unit, plain words. A ``#`` in the words is the row's number.
_FEATURES: Mapping[str, tuple[str, str, str]] = {
    "f0": ("pitch", "semitones", "pitch above 27.5 Hz"),
    "intensity": ("loudness", "dB", "level relative to the loudest moment"),
    "hnr": ("voice quality", "dB", "harmonics over noise: low is breathy or hoarse"),
    "alpha_ratio": ("voice quality", "dB", "energy below over energy above 1 kHz: high is relaxed"),
    "hammarberg": ("voice quality", "dB", "strongest below over strongest above 2 kHz: high is relaxed"),
    "tilt": ("voice quality", "dB/kHz", "slope of the spectrum up to 5 kHz: steep is soft"),
    "tilt_low": ("voice quality", "dB/kHz", "slope of the spectrum up to 500 Hz"),
    "tilt_mid": ("voice quality", "dB/kHz", "slope of the spectrum from 500 to 1500 Hz"),
    "formant": ("formants", "Hz", "resonance # of the mouth"),
    "formant_bandwidth": ("formants", "Hz", "width of resonance # of the mouth"),
    "centroid": ("spectrum", "Hz", "centre of the spectrum: high is bright"),
    "bandwidth": ("spectrum", "Hz", "spread of the spectrum"),
    "rolloff": ("spectrum", "Hz", "frequency below which 85 % of the spectrum lies"),
    "flatness": ("spectrum", "", "flatness of the spectrum: 0 tone, 1 noise"),
    "flux": ("spectrum", "", "change of the spectrum from frame to frame"),
    "zcr": ("spectrum", "crossings a sample", "zero crossings: many when it hisses"),
    "contrast": ("spectrum", "dB", "peaks over valleys in octave band #"),
    "mfcc": ("MFCC", "", "cepstral coefficient #"),
    "mfcc_delta": ("MFCC", "", "change of cepstral coefficient #"),
    "mfcc_delta_delta": ("MFCC", "", "acceleration of cepstral coefficient #"),
    "logmel": ("mel bands", "dB", "level of mel band #"),
    "chroma": ("tones", "", "energy of tone # (0 is C)"),
    "tonnetz": ("tones", "", "place # in the net of fifths and thirds"),
}
_STATISTICS: Mapping[str, str] = {
    "mean": "mean", "std": "standard deviation", "p05": "5th percentile", "p50": "median", "p95": "95th percentile",
    "range": "range (5th to 95th percentile)", "slope": "rise a second",
}  # fmt: skip
#: Functionals that are not one of the usual statistics of a feature: name -> family, unit, plain words.
_SINGLE: Mapping[str, tuple[str, str, str]] = {
    "f0_step": ("pitch", "semitones", "median change of the pitch from frame to frame"),
    "rhythm_syllable_rate": ("rhythm", "syllables/s", "syllables a second, pauses included"),
    "rhythm_articulation_rate": ("rhythm", "syllables/s", "syllables a second without the pauses"),
    "rhythm_pause_share": ("rhythm", "", f"share of the frames {SILENCE_DB:.0f} dB below the loudest"),
    "rhythm_pause_length": ("rhythm", "s", "mean length of the pauses"),
    "rhythm_pause_rate": ("rhythm", "1/s", "pauses a second"),
    "rhythm_voiced_share": ("rhythm", "", "share of the frames with voice"),
    "rhythm_voiced_run": ("rhythm", "s", "mean length of the voiced stretches"),
    "rhythm_voiced_run_std": ("rhythm", "s", "standard deviation of the length of the voiced stretches"),
    "rhythm_voiced_rate": ("rhythm", "1/s", "voiced stretches a second"),
    "rhythm_unvoiced_run": ("rhythm", "s", "mean length of the unvoiced stretches"),
    "rhythm_unvoiced_run_std": ("rhythm", "s", "standard deviation of the length of the unvoiced stretches"),
    "rhythm_speech_length": ("rhythm", "s", "from the first to the last speech"),
    "jitter_local": ("voice quality", "%", "jitter: difference of neighbouring glottal periods"),
    "jitter_rap": ("voice quality", "%", "jitter: difference of a glottal period from the mean of three"),
    "shimmer_local": ("voice quality", "%", "shimmer: difference in strength of neighbouring glottal periods"),
    "shimmer_local_db": ("voice quality", "dB", "shimmer: ratio in strength of neighbouring glottal periods"),
    "shimmer_apq3": ("voice quality", "%", "shimmer: difference in strength of a period from the mean of three"),
}


def describe_functional(name: str) -> tuple[str, str, str]:
    """Return (family, unit, plain words) of a functional; the unit of a pure number is empty.

    Raises
    ------
    KeyError
        If there is no such functional.
    """
    if name in _SINGLE:
        return _SINGLE[name]
    match = re.fullmatch(r"(f0|[a-z_]+)(\d*)_([a-z0-9]+)", name)
    if match is None or match[1] not in _FEATURES or match[3] not in _STATISTICS:
        raise KeyError(f"There is no functional {name}: see functional_names().")
    family, unit, words = _FEATURES[match[1]]
    if match[3] == "slope":
        unit = f"{unit}/s" if unit else "1/s"
    return family, unit, f"{words.replace('#', match[2])}, {_STATISTICS[match[3]]}"


def families(config: FunctionalsConfig | None = None) -> dict[str, list[str]]:
    """Return the names of the functionals by family: pitch, loudness, rhythm, voice quality, formants, spectrum, ..."""
    names = functional_names(config)
    order = dict.fromkeys(family for family, _, _ in (*_FEATURES.values(), *_SINGLE.values()))
    return {family: [name for name in names if describe_functional(name)[0] == family] for family in order}
