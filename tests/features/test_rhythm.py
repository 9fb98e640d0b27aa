"""Rhythm of syllables and pauses that were put there."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE
from ser_core.features.pitch import PitchConfig, track_pitch
from ser_core.features.rhythm import Rhythm, measure_rhythm
from tests.synthetic import voice


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def rhythm(*parts: np.ndarray, hop: int = 160) -> Rhythm:
    sound = np.concatenate(parts)
    return measure_rhythm(sound, track_pitch(sound, PitchConfig(hop=hop)))


@pytest.mark.parametrize("syllables_hz", [2.5, 4.0, 6.0])
@pytest.mark.parametrize("hop", [80, 160, 320])
def test_syllables_are_counted_and_found(syllables_hz: float, hop: int) -> None:
    measured = rhythm(voice(3.0, syllables_hz=syllables_hz, pitch_range=0.0), hop=hop)
    expected = (np.arange(round(3 * syllables_hz)) + 0.5) / syllables_hz
    assert len(measured.nuclei_s) == pytest.approx(len(expected), abs=2)
    nearest = np.abs(measured.nuclei_s[:, None] - expected).min(axis=1)
    assert np.mean(nearest < 0.3 / syllables_hz) > 0.85
    assert measured.speech_rate_hz == pytest.approx(len(measured.nuclei_s) / measured.speech_s)


def test_pauses_lie_where_they_were_put() -> None:
    measured = rhythm(silence(0.5), voice(1.0), silence(0.6), voice(1.0), silence(0.3), voice(1.0), silence(0.7))
    assert len(measured.pauses) == 2
    np.testing.assert_allclose(measured.pauses, [(1.5, 2.1), (3.1, 3.4)], atol=0.06)
    assert measured.speech_s == pytest.approx(3.9, abs=0.08)
    assert measured.pause_ratio == pytest.approx(0.9 / 3.9, abs=0.04)
    assert measured.mean_pause_s == pytest.approx(0.45, abs=0.06)


def test_a_pause_slows_speech_but_not_articulation() -> None:
    fluent = rhythm(voice(2.0, syllables_hz=5))
    halting = rhythm(voice(1.0, syllables_hz=5), silence(1.0), voice(1.0, syllables_hz=5))
    assert halting.speech_rate_hz < 0.8 * fluent.speech_rate_hz
    assert halting.articulation_rate_hz == pytest.approx(fluent.articulation_rate_hz, rel=0.25)


def test_a_hiss_has_no_syllables() -> None:
    bursts = np.sin(2 * np.pi * 2 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE) ** 2
    noise = (0.2 * bursts * np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE)).astype(np.float32)
    assert len(rhythm(noise).nuclei_s) <= 1


def test_silence_has_no_rhythm() -> None:
    measured = rhythm(silence(1.0))
    assert len(measured.nuclei_s) == 0
    assert measured.pauses == []
    assert (measured.speech_s, measured.speech_rate_hz, measured.pause_ratio) == (0, 0, 0)
