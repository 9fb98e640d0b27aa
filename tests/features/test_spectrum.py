"""The short-time spectrum against librosa's, and its frequency axes against tones of known pitch."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from pydantic import ValidationError

from ser_core.audio import SAMPLE_RATE
from ser_core.features.spectrum import (
    SpectrumConfig,
    decibels,
    frame_times,
    frequencies,
    log_frequencies,
    log_frequency_spectrum,
    mel_frequencies,
    mel_spectrum,
    power_spectrum,
    stft,
)
from tests.synthetic import voice

_LIBROSA = {"hann": "hann", "hamming": "hamming", "blackman": "blackman", "rectangular": "boxcar"}


def tone(hz: float, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE).astype(np.float32)


@pytest.mark.parametrize("shape", _LIBROSA)
@pytest.mark.parametrize(("window", "hop", "n_fft"), [(400, 160, 512), (1024, 100, 1024), (80, 333, 2048)])
def test_equals_librosa(speech: np.ndarray, shape: str, window: int, hop: int, n_fft: int) -> None:
    config = SpectrumConfig(window=window, hop=hop, n_fft=n_fft, shape=shape)
    expected = librosa.stft(speech, n_fft=n_fft, hop_length=hop, win_length=window, window=_LIBROSA[shape])
    result = stft(speech, config)
    assert result.dtype == np.complex64
    np.testing.assert_allclose(result, expected, atol=2e-5)
    np.testing.assert_allclose(power_spectrum(speech, config), np.abs(expected) ** 2, rtol=1e-4, atol=1e-4)


def test_a_long_sound_is_cut_into_blocks_without_a_seam() -> None:
    sound = np.random.default_rng(0).standard_normal(5000 * 160).astype(np.float32)
    whole, late = power_spectrum(sound), power_spectrum(sound[4000 * 160 :])
    np.testing.assert_allclose(whole[:, 4002:], late[:, 2:], rtol=1e-4, atol=1e-4)


def test_the_axes_say_where_a_click_and_a_tone_are() -> None:
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[8000] = 1.0
    power = power_spectrum(click)
    assert frame_times(power.shape[1])[power.sum(axis=0).argmax()] == 0.5
    config = SpectrumConfig(n_fft=1024)
    assert frequencies(config)[power_spectrum(tone(2500), config).sum(axis=1).argmax()] == 2500
    assert frequencies(config)[-1] == SAMPLE_RATE / 2


@pytest.mark.parametrize("n_mels", [40, 64, 100])
def test_mel_bands_equal_librosa(speech: np.ndarray, n_mels: int) -> None:
    config = SpectrumConfig(window=512)
    expected = librosa.feature.melspectrogram(
        y=speech, sr=SAMPLE_RATE, n_fft=512, hop_length=160, n_mels=n_mels, fmin=20, fmax=8000
    )
    result = mel_spectrum(power_spectrum(speech, config), config, n_mels, 20, 8000)
    np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-6)
    expected = librosa.mel_frequencies(n_mels + 2, fmin=20, fmax=8000)
    np.testing.assert_allclose(mel_frequencies(n_mels, 20, 8000), expected, rtol=1e-6)


@pytest.mark.parametrize("hz", [100, 440, 1000, 3000, 7000])
@pytest.mark.parametrize("n_fft", [512, 4096])
def test_a_tone_lies_in_its_logarithmic_band(hz: float, n_fft: int) -> None:
    config = SpectrumConfig(window=min(n_fft, 2048), n_fft=n_fft)
    bands = log_frequency_spectrum(power_spectrum(tone(hz), config), config)
    found = log_frequencies()[bands.mean(axis=1).argmax()]
    width = max(hz * 0.06, SAMPLE_RATE / n_fft)
    assert abs(found - hz) < width


def test_logarithmic_bands_keep_a_flat_spectrum_flat() -> None:
    np.testing.assert_allclose(log_frequency_spectrum(np.full((257, 3), 7.0, np.float32)), 7.0, rtol=1e-5)


def test_logarithmic_bands_interpolate_between_bins() -> None:
    ramp = frequencies().astype(np.float32)[:, None]
    bands, centres = log_frequency_spectrum(ramp)[:, 0], log_frequencies()
    low = centres < 400  # bands closer than the bins
    np.testing.assert_allclose(bands[low], centres[low], rtol=1e-4)


def test_decibels_are_relative_to_the_loudest_and_have_a_floor() -> None:
    power = np.array([[100.0, 10.0], [1.0, 1e-9]], np.float32)
    np.testing.assert_allclose(decibels(power, 60), [[0, -10], [-20, -60]], atol=1e-4)
    assert (decibels(np.zeros((2, 2), np.float32)) == 0).all()


@pytest.mark.parametrize(
    "wrong", [{"window": 600}, {"n_fft": 511}, {"window": 4, "n_fft": 64}, {"hop": 0}, {"shape": "round"}]
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SpectrumConfig(**wrong)


def test_the_power_of_a_voice_is_that_of_its_samples() -> None:
    # Parseval: with a rectangular window that fills the frames and no overlap, energy is kept.
    sound = voice(1.0)
    config = SpectrumConfig(window=512, n_fft=512, hop=512, shape="rectangular")
    power = power_spectrum(sound, config)
    energy = (2 * power.sum(axis=0) - power[0] - power[-1]).sum() / 512
    assert energy == pytest.approx(float((sound**2).sum()), rel=1e-4)
