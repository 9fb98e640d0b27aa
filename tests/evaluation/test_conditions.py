"""Conditions: what they make of a voice, and that the same seed makes the same of it."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.evaluation.conditions import CLEAN, CONDITIONS, NOISES, heard_as


@pytest.fixture(scope="module")
def clip(speech: np.ndarray) -> Waveform:
    return Waveform(speech[:SAMPLE_RATE], name="voice.wav")


def _level_db(samples: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(samples.astype(np.float64) ** 2)))


def test_clean_is_the_clip_and_every_other_condition_is_not(clip: Waveform) -> None:
    assert heard_as(clip, CONDITIONS[CLEAN]) is clip
    heard = {name: heard_as(clip, condition, 1) for name, condition in CONDITIONS.items() if name != CLEAN}
    for name, waveform in heard.items():
        assert waveform.samples.dtype == np.float32
        assert waveform.name == "voice.wav"
        same = len(waveform.samples) == len(clip.samples) and np.array_equal(waveform.samples, clip.samples)
        assert not same, name
    assert heard["speed-0.9"].duration_s == pytest.approx(clip.duration_s / 0.9, rel=0.01)
    assert heard["speed-1.1"].duration_s == pytest.approx(clip.duration_s / 1.1, rel=0.01)
    assert _level_db(heard["level-20"].samples) == pytest.approx(_level_db(clip.samples) - 20, abs=0.1)
    assert len({condition.key for condition in CONDITIONS.values()}) == len(CONDITIONS)


@pytest.mark.parametrize("name", ["rate-44.1", "rate-48"])
def test_another_rate_comes_back_as_the_same_sound(clip: Waveform, name: str) -> None:
    heard = heard_as(clip, CONDITIONS[name])
    assert heard.original_rate == CONDITIONS[name].rate
    assert np.corrcoef(heard.samples, clip.samples)[0, 1] > 0.999


def test_silence_before_the_voice_is_that_of_a_microphone(clip: Waveform) -> None:
    heard = heard_as(clip, CONDITIONS["silence-1"])
    assert heard.duration_s == pytest.approx(clip.duration_s + 1)
    assert _level_db(heard.samples[:SAMPLE_RATE]) == pytest.approx(-70, abs=0.5)
    np.testing.assert_allclose(heard.samples[SAMPLE_RATE:], clip.samples, atol=1e-4)


def test_each_noise_has_its_turn_and_falls_as_the_seed_says(clip: Waveform) -> None:
    condition = CONDITIONS["noise-5"]
    heard = [heard_as(clip, condition, seed).samples - clip.samples for seed in range(len(NOISES) + 1)]
    assert np.array_equal(heard[0], heard_as(clip, condition, 0).samples - clip.samples)
    assert len({noise.tobytes() for noise in heard}) == len(NOISES) + 1
    # babble and pink noise have most of their power below 1 kHz, white an eighth of it
    spectra = [np.abs(np.fft.rfft(noise)) ** 2 for noise in heard[:3]]
    low = [spectrum[: len(spectrum) // 8].sum() / spectrum.sum() for spectrum in spectra]
    assert min(low[:2]) > 0.4 > 0.2 > low[2]
