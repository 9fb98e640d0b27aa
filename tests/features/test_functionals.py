"""Functionals on voices whose pitch, pauses and syllables are known."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector, functionals
from tests.synthetic import voice


@pytest.mark.parametrize("pitch_hz", [90, 140, 220, 400])
def test_pitch_is_found_within_a_semitone(pitch_hz: float) -> None:
    values = functionals(Waveform(voice(2.0, pitch_hz=pitch_hz, pitch_range=0.0)))
    assert values["f0_p50"] == pytest.approx(12 * np.log2(0.95 * pitch_hz / 27.5), abs=1.0)


def test_a_wide_pitch_range_is_wider_than_a_narrow_one() -> None:
    narrow = functionals(Waveform(voice(2.0, pitch_range=0.02)))
    wide = functionals(Waveform(voice(2.0, pitch_range=0.4)))
    assert wide["f0_range"] > narrow["f0_range"] + 4


def test_faster_syllables_give_a_higher_rate() -> None:
    slow = functionals(Waveform(voice(3.0, syllables_hz=2.5)))["rhythm_syllable_rate"]
    fast = functionals(Waveform(voice(3.0, syllables_hz=6.0)))["rhythm_syllable_rate"]
    assert slow == pytest.approx(2.5, abs=0.7)
    assert fast == pytest.approx(6.0, abs=1.5)


def test_level_does_not_matter(speech: np.ndarray) -> None:
    loud, quiet = functionals(Waveform(speech)), functionals(Waveform(speech * np.float32(0.05)))
    for name, value in loud.items():
        assert quiet[name] == pytest.approx(value, rel=1e-2, abs=1e-2), name


def test_every_feature_the_field_names_is_there() -> None:
    families = {re.match("f0|[a-z]+", name)[0] for name in functional_names()}
    assert families >= {"mfcc", "chroma", "logmel", "f0", "intensity", "rhythm", "centroid", "contrast", "flux", "zcr"}


@pytest.mark.parametrize("samples", [1, 50, 1_000, 16_000])
def test_silence_and_short_sounds_give_finite_numbers(samples: int) -> None:
    vector = functional_vector(Waveform(np.zeros(samples, np.float32)), FunctionalsConfig())
    assert vector.shape == (1, len(functional_names()))
    assert np.isfinite(vector).all()


def test_noise_and_clipping_give_finite_numbers() -> None:
    rng = np.random.default_rng(0)
    for samples in (rng.standard_normal(SAMPLE_RATE), np.sign(np.sin(np.arange(SAMPLE_RATE) / 20))):
        assert np.isfinite(functional_vector(Waveform(samples.astype(np.float32)), FunctionalsConfig())).all()
