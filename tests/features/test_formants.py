"""Formants: against vowels of known resonances, against Praat, and on awkward sounds."""

from __future__ import annotations

import warnings

import librosa
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.signal import lfilter

from ser_core.audio import load_audio
from ser_core.features import formants as module
from ser_core.features.formants import FormantConfig, burg, formants
from tests.features.vowels import RATE, VOWELS, praat_sound, vowel
from tests.synthetic import voice


def praat(samples: np.ndarray, config: FormantConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (frequencies, bandwidths [shape=(count, t) each], voiced [shape=(t,)]) on our time axis."""
    sound = praat_sound(samples)
    found = sound.to_formant_burg(0.01, config.count, config.ceiling_hz, config.window_s, config.pre_emphasis_hz)
    pitch = sound.to_pitch(0.01, 65, 600)
    times = np.arange(1 + len(samples) // config.hop) * config.hop / RATE
    numbers = range(1, config.count + 1)
    frequencies = np.array([[found.get_value_at_time(number, time) for time in times] for number in numbers])
    bandwidths = np.array([[found.get_bandwidth_at_time(number, time) for time in times] for number in numbers])
    return frequencies, bandwidths, ~np.isnan([pitch.get_value_at_time(time) for time in times])


@pytest.mark.parametrize("name", VOWELS)
@pytest.mark.parametrize("f0_hz", [90.0, 150.0])
def test_formants_of_a_known_vowel_within_five_percent(name: str, f0_hz: float) -> None:
    samples, _, _ = vowel(name, f0_hz=f0_hz)
    found = np.nanmedian(formants(samples, FormantConfig(ceiling_hz=5000)).frequencies_hz, axis=1)
    assert found == pytest.approx(VOWELS[name][0], rel=0.05)


@pytest.mark.parametrize("name", VOWELS)
@pytest.mark.parametrize("ceiling_hz", [5000.0, 5500.0])
def test_a_vowel_as_praat_hears_it(name: str, ceiling_hz: float) -> None:
    """Medians of F1-F5 within 1 %, single frames within 1 %, medians of the bandwidths within 10 %."""
    samples, _, _ = vowel(name, f0_hz=130, hnr_db=40)
    config = FormantConfig(ceiling_hz=ceiling_hz)
    ours, (frequencies, bandwidths, _) = formants(samples, config), praat(samples, config)
    inside = slice(5, -10)
    medians = np.nanmedian(frequencies[:, inside], axis=1)
    assert np.nanmedian(ours.frequencies_hz[:, inside], axis=1) == pytest.approx(medians, rel=0.01)
    assert np.nanmedian(np.abs(ours.frequencies_hz / frequencies - 1)[:3, inside]) < 0.01
    widths = np.nanmedian(bandwidths[:3, inside], axis=1)
    assert np.nanmedian(ours.bandwidths_hz[:3, inside], axis=1) == pytest.approx(widths, rel=0.1)


def test_real_speech_as_praat_hears_it(real_table: pd.DataFrame) -> None:
    """Medians of F1-F3 over voiced frames within 5 % in every clip, and within 1 % in the middle clip."""
    errors = []
    for path in real_table["path"].iloc[::1500]:
        samples = load_audio(path).samples
        frequencies, _, voiced = praat(samples, FormantConfig())
        ours = formants(samples).frequencies_hz
        if voiced.sum() >= 20:
            medians = [np.nanmedian(table[:3, voiced], axis=1) for table in (ours, frequencies)]
            errors.append(np.abs(medians[0] / medians[1] - 1))
    assert len(errors) >= 6
    assert np.max(errors) < 0.05
    assert np.median(errors) < 0.01


def test_burg_is_librosas() -> None:
    frames = np.random.default_rng(1).standard_normal((7, 300)).cumsum(axis=1)
    assert burg(frames, 10) == pytest.approx(librosa.lpc(frames, order=10), abs=1e-9)


@pytest.mark.parametrize("bandwidth", [60.0, 150.0, 400.0])
def test_bandwidth_of_a_resonance_struck_by_noise(bandwidth: float) -> None:
    noise = np.random.default_rng(0).standard_normal(5 * RATE)
    pole = np.exp((2j * np.pi * 1500 - np.pi * bandwidth) / RATE)
    samples = lfilter([1.0], [1.0, -2 * pole.real, abs(pole) ** 2], noise).astype(np.float32)
    found = formants(samples, FormantConfig(count=1, ceiling_hz=8000, pre_emphasis_hz=1e6, window_s=0.1))
    assert np.median(found.frequencies_hz) == pytest.approx(1500, rel=0.01)
    assert np.median(found.bandwidths_hz) == pytest.approx(bandwidth, rel=0.15)


def test_frames_lie_on_the_shared_axis() -> None:
    """A vowel that changes at 0.5 s changes in frame 50, and a coarser hop reads the same frames."""
    first, second = (vowel(name, seconds=0.5)[0] for name in "ai")
    samples = np.concatenate([first, second])
    found = formants(samples)
    assert found.frequencies_hz.shape == found.bandwidths_hz.shape == (5, 101)
    assert found.frequencies_hz.dtype == found.bandwidths_hz.dtype == np.float32
    assert np.nanmedian(found.frequencies_hz[1, 10:45]) == pytest.approx(1250, rel=0.05)
    assert np.nanmedian(found.frequencies_hz[1, 56:90]) == pytest.approx(2300, rel=0.05)
    coarse = formants(samples, FormantConfig(hop=320))
    np.testing.assert_array_equal(coarse.frequencies_hz, found.frequencies_hz[:, ::2])


def test_blocks_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = voice(1.0)
    whole = formants(samples)
    monkeypatch.setattr(module, "_BLOCK", 7)
    parts = formants(samples)
    np.testing.assert_allclose(parts.frequencies_hz, whole.frequencies_hz, rtol=1e-3)


def test_the_level_does_not_matter() -> None:
    samples = voice(0.5)
    expected = formants(samples).frequencies_hz
    for level in (1e-6, 1e-15):
        quiet = formants(samples * np.float32(level)).frequencies_hz
        assert np.nanmedian(np.abs(quiet / expected - 1)) < 1e-3


def test_silence_has_no_formants() -> None:
    samples = np.concatenate([np.zeros(RATE, np.float32), voice(1.0)])
    found = formants(samples)
    assert np.isnan(found.frequencies_hz[:, :90]).all()
    assert np.isnan(found.bandwidths_hz[:, :90]).all()
    assert np.isfinite(found.frequencies_hz[:3, 110:]).all()


_TIME = np.arange(RATE // 2) / RATE
AWKWARD = {
    "nothing": np.zeros(0),
    "one sample": np.ones(1),
    "few samples": voice(0.01),
    "silence": np.zeros(8000),
    "constant": np.ones(8000),
    "click": np.eye(1, 8000, 4000)[0],
    "noise": np.random.default_rng(0).uniform(-1, 1, 8000),
    "square wave": np.sign(np.sin(2 * np.pi * 150 * _TIME)),
    "sine": np.sin(2 * np.pi * 440 * _TIME),
    "70 Hz": voice(0.5, pitch_hz=70),
    "600 Hz": voice(0.5, pitch_hz=600, pitch_range=0.0),
    "telephone": librosa.resample(voice(0.5, rate=8000), orig_sr=8000, target_sr=RATE),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_sounds(name: str) -> None:
    """Finite or NaN, in order, inside the limits; NaN in the same places of both; no warning."""
    samples = AWKWARD[name].astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = formants(samples)
    frequencies, bandwidths = found.frequencies_hz, found.bandwidths_hz
    assert frequencies.shape == (5, 1 + len(samples) // 160)
    np.testing.assert_array_equal(np.isnan(frequencies), np.isnan(bandwidths))
    there = np.isfinite(frequencies)
    assert not np.isinf(bandwidths).any()
    assert ((frequencies[there] >= 50) & (frequencies[there] <= 5450)).all()
    assert (bandwidths[there] >= 0).all()
    assert not (np.diff(frequencies, axis=0) < 0).any()
    assert not (there[1:] & ~there[:-1]).any()  # the lower ones are found first
    if name in ("nothing", "silence"):
        assert not there.any()
    if name in ("noise", "square wave", "70 Hz", "600 Hz", "telephone"):
        assert there[0].mean() > 0.9


def test_settings_are_checked() -> None:
    for wrong in ({"count": 0}, {"ceiling_hz": 8001}, {"window_s": 0}, {"hop": 1}, {"windows": 1}):
        with pytest.raises(ValidationError):
            FormantConfig(**wrong)
