"""The log-mel front end against librosa, and its behaviour on odd input."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.features.logmel import LogMelConfig, hz_to_mel, log_mel, mel_filters, mel_to_hz
from tests.synthetic import voice

UNTRIMMED = LogMelConfig(trim=False)


@pytest.mark.parametrize("n_mels", [40, 64, 80])
def test_equals_librosa_to_a_thousandth_of_a_decibel(speech: np.ndarray, n_mels: int) -> None:
    config = LogMelConfig(trim=False, n_mels=n_mels)
    power = librosa.feature.melspectrogram(
        y=speech, sr=SAMPLE_RATE, n_fft=512, win_length=400, hop_length=160, n_mels=n_mels, fmin=50, fmax=7600
    )
    expected = librosa.power_to_db(power, ref=np.max, amin=1e-30, top_db=80)
    np.testing.assert_allclose(log_mel(Waveform(speech), config), expected, atol=1e-3)


def test_filters_equal_librosa() -> None:
    expected = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=512, n_mels=64, fmin=50, fmax=7600)
    np.testing.assert_allclose(mel_filters(UNTRIMMED), expected, atol=1e-7)


def test_mel_scale_is_undone_by_its_inverse() -> None:
    frequencies = np.linspace(0, 8000, 500)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(frequencies)), frequencies, atol=1e-8)


@pytest.mark.parametrize("gain", [0.01, 0.1, 3.0])
def test_level_does_not_matter(speech: np.ndarray, gain: float) -> None:
    quiet = log_mel(Waveform(speech * np.float32(gain)))
    np.testing.assert_allclose(quiet, log_mel(Waveform(speech)), atol=1e-2)


def test_silence_around_the_speech_is_cut() -> None:
    spoken = voice(2.0)
    padded = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), spoken, np.zeros(2 * SAMPLE_RATE, np.float32)])
    frames = log_mel(Waveform(padded)).shape[1]
    assert frames == pytest.approx(log_mel(Waveform(spoken)).shape[1], abs=40)
    assert log_mel(Waveform(padded), UNTRIMMED).shape[1] == 501


@pytest.mark.parametrize("samples", [1, 100, 399, 16_000])
def test_silence_and_short_sounds_give_finite_frames(samples: int) -> None:
    result = log_mel(Waveform(np.zeros(samples, np.float32)))
    assert result.shape == (64, 1 + samples // 160)
    assert (result == 0).all()


def test_a_tone_lies_in_its_band() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    result = log_mel(Waveform(np.sin(2 * np.pi * 1000 * time).astype(np.float32)), UNTRIMMED)
    centres = mel_to_hz(np.linspace(hz_to_mel(50), hz_to_mel(7600), 66))[1:-1]
    assert abs(centres[result.mean(axis=1).argmax()] - 1000) < 50
