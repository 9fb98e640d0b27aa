"""Every frame feature on every awkward sound: one time axis, finite numbers, no exception and no warning."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest

from ser_core.features import cepstrum, formants, level, spectral, spectrum, tonality, voice_quality
from ser_core.features.pitch import PitchConfig, semitones, track_pitch
from ser_core.features.rhythm import measure_rhythm
from tests.synthetic import voice

HOP = 160


def _power(samples: np.ndarray) -> np.ndarray:
    return spectrum.power_spectrum(samples)


def _mfcc(samples: np.ndarray) -> np.ndarray:
    return cepstrum.mfcc(spectrum.decibels(spectrum.mel_spectrum(_power(samples))))


def _of_power(function: Callable[..., np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda samples: function(_power(samples), spectrum.SpectrumConfig())


#: Name -> (function of samples, least, most); a bound of None is open.
FEATURES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float | None, float | None]] = {
    "stft": (lambda x: np.abs(spectrum.stft(x)), 0, None),
    "power": (_power, 0, None),
    "mel": (_of_power(spectrum.mel_spectrum), 0, None),
    "log-mel": (lambda x: spectrum.decibels(spectrum.mel_spectrum(_power(x))), -80.0001, 0),
    "log-frequency": (_of_power(spectrum.log_frequency_spectrum), 0, None),
    "mfcc": (_mfcc, None, None),
    "delta": (lambda x: cepstrum.delta(_mfcc(x)), None, None),
    "delta-delta": (lambda x: cepstrum.delta(_mfcc(x), order=2), None, None),
    "chroma": (_of_power(tonality.chroma), 0, 1),
    "tonnetz": (lambda x: tonality.tonnetz(tonality.chroma(_power(x))), -1.01, 1.01),
    "centroid": (_of_power(spectral.centroid), 0, 8000),
    "bandwidth": (_of_power(spectral.bandwidth), 0, 8000),
    "rolloff": (_of_power(spectral.rolloff), 0, 8000),
    "flatness": (_of_power(spectral.flatness), 0, 1.0001),
    "flux": (_of_power(spectral.flux), 0, 1.4143),
    "contrast": (_of_power(spectral.contrast), 0, None),
    "alpha ratio": (_of_power(spectral.alpha_ratio), None, None),
    "Hammarberg index": (_of_power(spectral.hammarberg_index), None, None),
    "slope": (_of_power(spectral.slope), None, None),
    "rms": (level.rms, 0, None),
    "intensity": (level.intensity_db, level.FLOOR_DB, None),
    "zero crossings": (level.zero_crossing_rate, 0, 1),
    "periodicity": (lambda x: track_pitch(x).periodicity, 0, 1),
}
#: The same for features that are NaN where they cannot be measured.
WHERE_VOICED: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float, float]] = {
    "pitch": (lambda x: track_pitch(x).f0_hz, 63, 618),
    "pYIN": (lambda x: track_pitch(x, PitchConfig(method="pyin")).f0_hz, 63, 618),
    "semitones": (lambda x: semitones(track_pitch(x).f0_hz), 14, 54),
    "harmonics to noise": (lambda x: voice_quality.harmonics_to_noise(x, track_pitch(x)), -60, 120),
    "formants": (lambda x: formants.formants(x).frequencies_hz, 0, 8000),
}


def _telephone() -> np.ndarray:
    import soxr

    return soxr.resample(voice(0.5, rate=8000), 8000, 16_000).astype(np.float32)


SOUNDS: dict[str, Callable[[], np.ndarray]] = {
    "silence": lambda: np.zeros(8000, np.float32),
    "one sample": lambda: np.array([0.5], np.float32),
    "one silent sample": lambda: np.zeros(1, np.float32),
    "as long as a hop": lambda: np.full(HOP, 0.1, np.float32),
    "shorter than a window": lambda: voice(0.02),
    "a click": lambda: np.eye(1, 5000, 2000, dtype=np.float32)[0],
    "constant": lambda: np.full(5000, 0.7, np.float32),
    "clipped": lambda: np.clip(20 * voice(0.5), -1, 1).astype(np.float32),
    "square wave": lambda: np.sign(np.sin(np.arange(8000) / 20)).astype(np.float32),
    "noise": lambda: np.random.default_rng(0).standard_normal(8000).astype(np.float32),
    "very quiet": lambda: 1e-6 * voice(0.5),
    "denormal": lambda: (1e-39 * np.random.default_rng(0).standard_normal(3000)).astype(np.float32),
    "very low voice": lambda: voice(0.5, pitch_hz=68),
    "very high voice": lambda: voice(0.5, pitch_hz=610),
    "8 kHz": _telephone,
    "silence around": lambda: np.concatenate([np.zeros(4000), voice(0.3), np.zeros(4001)]).astype(np.float32),
}


@pytest.mark.parametrize("sound", SOUNDS)
def test_no_sound_breaks_a_feature(sound: str) -> None:
    samples = SOUNDS[sound]()
    frames = 1 + len(samples) // HOP
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = {name: (function(samples), *bounds) for name, (function, *bounds) in FEATURES.items()}
        sometimes = {name: (function(samples), *bounds) for name, (function, *bounds) in WHERE_VOICED.items()}
        rhythm = measure_rhythm(samples, track_pitch(samples))
    for name, (values, *_) in (results | sometimes).items():
        assert values.shape[-1] == frames, name
        assert values.dtype == np.float32, name
    for name, (values, least, most) in results.items():
        assert np.isfinite(values).all(), name
        assert least is None or values.min() >= least, name
        assert most is None or values.max() <= most, name
    for name, (values, least, most) in sometimes.items():
        measured = values[~np.isnan(values)]
        assert ((measured >= least) & (measured <= most)).all(), name
    assert np.isfinite([rhythm.speech_rate_hz, rhythm.articulation_rate_hz, rhythm.mean_pause_s]).all()
    assert 0 <= rhythm.pause_ratio < 1


@pytest.mark.parametrize("sound", ["silence", "one sample", "one silent sample", "constant", "denormal"])
def test_what_is_no_voice_has_no_pitch(sound: str) -> None:
    samples = SOUNDS[sound]()
    assert not track_pitch(samples).voiced.any()
    assert np.isnan(voice_quality.harmonics_to_noise(samples, track_pitch(samples))).all()


@pytest.mark.parametrize("sound", ["very low voice", "very high voice", "8 kHz", "clipped", "very quiet"])
def test_what_is_voice_has_pitch(sound: str) -> None:
    assert track_pitch(SOUNDS[sound]()).voiced.mean() > 0.5


def test_a_long_sound_is_a_short_one_many_times() -> None:
    """Two minutes: every feature that a frame owns alone has in the second minute what it has in the first."""
    part = voice(60.0)
    long = np.concatenate([part, part])
    for name in ("power", "centroid", "zero crossings", "intensity", "periodicity"):
        function = FEATURES[name][0]
        values = function(long)
        np.testing.assert_allclose(values[..., 6020:-20], values[..., 20:5981], rtol=1e-3, atol=1e-3, err_msg=name)
