"""Functionals on voices whose pitch, pauses and syllables are known."""

from __future__ import annotations

import re

import numpy as np
import parselmouth
import pytest
from pydantic import ValidationError

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.features import cepstrum, spectral
from ser_core.features import functionals as module
from ser_core.features.functionals import (
    FunctionalsConfig,
    describe_functional,
    families,
    functional_names,
    functional_vector,
    functionals,
)
from ser_core.features.spectrum import decibels, mel_spectrum, power_spectrum
from tests.synthetic import voice


@pytest.fixture
def spoken() -> dict[str, float]:
    return functionals(Waveform(voice(2.0)))


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut off: what is measured is what a test made."""
    monkeypatch.setattr(module, "speech_span", lambda waveform: (0.0, waveform.duration_s))


@pytest.mark.parametrize("pitch_hz", [90, 140, 220, 400])
def test_pitch_is_found_within_half_a_semitone(pitch_hz: float) -> None:
    values = functionals(Waveform(voice(2.0, pitch_hz=pitch_hz, pitch_range=0.0)))
    assert values["f0_p50"] == pytest.approx(12 * np.log2(0.95 * pitch_hz / 27.5), abs=0.5)


@pytest.mark.usefixtures("whole")
def test_slope_and_range_of_a_falling_pitch() -> None:
    sound = voice(2.0, pitch_hz=200, pitch_range=0.0)  # falls from 200 to 180 Hz
    values = functionals(Waveform(sound))
    fall = 12 * np.log2(0.9)
    assert values["f0_slope"] == pytest.approx(fall / 2, rel=0.05)
    assert values["f0_range"] == pytest.approx(-0.9 * fall, rel=0.15)
    assert values["f0_p95"] - values["f0_p05"] == pytest.approx(values["f0_range"], rel=1e-6)
    assert values["f0_step"] < 0.03


def test_a_wide_pitch_range_is_wider_than_a_narrow_one() -> None:
    narrow = functionals(Waveform(voice(2.0, pitch_range=0.02)))
    wide = functionals(Waveform(voice(2.0, pitch_range=0.4)))
    assert wide["f0_range"] > narrow["f0_range"] + 4


def test_faster_syllables_give_a_higher_rate() -> None:
    slow = functionals(Waveform(voice(3.0, syllables_hz=2.5)))["rhythm_syllable_rate"]
    fast = functionals(Waveform(voice(3.0, syllables_hz=6.0)))["rhythm_syllable_rate"]
    assert slow == pytest.approx(2.5, abs=0.7)
    assert fast == pytest.approx(6.0, abs=1.5)


@pytest.mark.usefixtures("whole")
def test_pauses_and_voiced_stretches() -> None:
    gap = np.zeros(8000, np.float32)
    values = functionals(Waveform(np.concatenate([voice(1.0), gap, voice(1.0), gap, voice(1.0)])))
    assert values["rhythm_speech_length"] == pytest.approx(4.0, abs=0.02)
    assert values["rhythm_pause_share"] == pytest.approx(0.25, abs=0.03)
    assert values["rhythm_pause_rate"] == pytest.approx(2 / 4, abs=0.01)
    assert values["rhythm_pause_length"] == pytest.approx(0.5, abs=0.05)
    assert values["rhythm_unvoiced_run"] == pytest.approx(0.5, abs=0.1)
    assert values["rhythm_voiced_run"] == pytest.approx(1.0, abs=0.1)
    assert values["rhythm_voiced_share"] == pytest.approx(0.75, abs=0.03)
    assert 0 < values["f0_step"] < 0.3  # steps into and out of a pause do not count


@pytest.mark.usefixtures("whole")
def test_statistics_are_those_of_the_single_features() -> None:
    sound = voice(2.0, level=0.5)
    values, power = functionals(Waveform(sound)), power_spectrum(sound)
    centroid = spectral.centroid(power)
    for name, expected in (
        ("mean", centroid.mean()),
        ("std", centroid.std()),
        ("p95", np.percentile(centroid, 95)),
        ("slope", np.polyfit(np.arange(len(centroid)) / 100, centroid, 1)[0]),
    ):
        assert values[f"centroid_{name}"] == pytest.approx(expected, rel=1e-3), name
    coefficients = cepstrum.mfcc(decibels(mel_spectrum(power, None, 40, 0, 8000)), 20)
    assert values["mfcc3_mean"] == pytest.approx(coefficients[3].mean(), rel=1e-3)
    assert values["mfcc_delta3_std"] == pytest.approx(cepstrum.delta(coefficients)[3].std(), rel=1e-3)
    assert values["mfcc_delta_delta3_std"] == pytest.approx(cepstrum.delta(coefficients, 2)[3].std(), rel=1e-3)


@pytest.mark.usefixtures("whole")
def test_voice_quality_agrees_with_praat() -> None:
    sound = voice(2.0, pitch_hz=140, pitch_range=0.0)
    values = functionals(Waveform(sound))
    praat = parselmouth.Sound(sound.astype(np.float64), SAMPLE_RATE)
    pulses = parselmouth.praat.call([praat, praat.to_pitch_ac(0.01, 65.0, pitch_ceiling=600.0)], "To PointProcess (cc)")
    jitter = 100 * parselmouth.praat.call(pulses, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3)
    assert values["jitter_local"] == pytest.approx(jitter, rel=0.25, abs=0.1)
    harmonicity = praat.to_harmonicity_ac(0.01, 65.0, 0.1, 4.5).values[0]
    assert values["hnr_mean"] == pytest.approx(harmonicity[harmonicity > -100].mean(), abs=2.0)


def test_a_noisy_voice_has_fewer_harmonics_and_more_jitter(spoken: dict[str, float]) -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE)
    hoarse = functionals(Waveform((voice(2.0) + noise).astype(np.float32)))
    assert hoarse["hnr_mean"] < spoken["hnr_mean"] - 3
    assert hoarse["jitter_local"] > spoken["jitter_local"]
    assert hoarse["flatness_mean"] > spoken["flatness_mean"]
    assert hoarse["alpha_ratio_mean"] < spoken["alpha_ratio_mean"]


@pytest.mark.usefixtures("whole")
def test_formants_agree_with_praat() -> None:
    sound = voice(0.5, syllables_hz=2.0, pitch_hz=110, pitch_range=0.05)  # one syllable, one vowel
    values = functionals(Waveform(sound))
    praat = parselmouth.Sound(sound.astype(np.float64), SAMPLE_RATE).to_formant_burg(0.01, 5.0, 5500.0)
    for number in (1, 2, 3):
        expected = np.nanmean([praat.get_value_at_time(number, frame / 100) for frame in range(51)])
        assert values[f"formant{number}_mean"] == pytest.approx(expected, rel=0.05)


def test_level_does_not_matter(speech: np.ndarray) -> None:
    loud, quiet = functionals(Waveform(speech)), functionals(Waveform(speech * np.float32(0.05)))
    for name, value in loud.items():
        assert quiet[name] == pytest.approx(value, rel=1e-2, abs=1e-2), name


def test_every_feature_the_field_names_is_there() -> None:
    found = {re.match("f0|[a-z]+", name)[0] for name in functional_names()}
    assert found >= {"mfcc", "chroma", "logmel", "f0", "intensity", "rhythm", "centroid", "contrast", "flux", "zcr"}
    assert found >= {"tonnetz", "hnr", "jitter", "shimmer", "formant", "alpha", "hammarberg", "tilt"}


def test_what_others_read_by_name_is_there() -> None:
    assert set(functional_names()) >= {
        "f0_mean", "f0_range", "f0_slope", "f0_p50", "intensity_std", "rhythm_syllable_rate", "rhythm_pause_share",
        "rhythm_speech_length", "rhythm_voiced_share", "centroid_mean",
    }  # fmt: skip


def test_every_functional_is_described() -> None:
    names = functional_names()
    assert len(set(names)) == len(names)
    meanings = {name: describe_functional(name) for name in names}
    assert len({words for _, _, words in meanings.values()}) == len(names)
    assert describe_functional("f0_p50") == ("pitch", "semitones", "pitch above 27.5 Hz, median")
    assert describe_functional("f0_slope")[1] == "semitones/s"
    assert describe_functional("mfcc_delta_delta12_std")[2] == (
        "acceleration of cepstral coefficient 12, standard deviation"
    )
    assert describe_functional("formant2_mean")[:2] == ("formants", "Hz")
    assert describe_functional("jitter_local")[:2] == ("voice quality", "%")
    assert sorted(name for group in families().values() for name in group) == sorted(names)
    assert all(families().values())


@pytest.mark.parametrize("name", ["", "f0", "f0_mode", "mood_mean", "rhythm_pause"])
def test_an_unknown_functional_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match="no functional"):
        describe_functional(name)


@pytest.mark.parametrize("samples", [1, 50, 1_000, 16_000])
def test_silence_and_short_sounds_give_finite_numbers(samples: int) -> None:
    vector = functional_vector(Waveform(np.zeros(samples, np.float32)), FunctionalsConfig())
    assert vector.shape == (1, len(functional_names()))
    assert np.isfinite(vector).all()


@pytest.mark.filterwarnings("error:::ser_core")
def test_noise_clipping_and_odd_voices_give_finite_numbers() -> None:
    rng = np.random.default_rng(0)
    sounds = [rng.standard_normal(SAMPLE_RATE), np.sign(np.sin(np.arange(SAMPLE_RATE) / 20)), np.ones(5000)]
    sounds += [voice(0.6, pitch_hz=67), voice(0.6, pitch_hz=620), 1e-6 * voice(0.6)]
    for samples in sounds:
        values = functionals(Waveform(np.asarray(samples, np.float32)))
        assert list(values) == functional_names()
        assert np.isfinite(list(values.values())).all()


def test_settings_of_the_first_version_are_refused() -> None:
    with pytest.raises(ValidationError):
        FunctionalsConfig(version=1)
    with pytest.raises(ValidationError):
        FunctionalsConfig(voiced_db=30.0)  # the first version's; its functionals are other numbers
