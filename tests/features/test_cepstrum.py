"""MFCC and their derivatives against librosa from the raw sound, and on curves whose derivative is known."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE
from ser_core.features.cepstrum import delta, mfcc
from ser_core.features.spectrum import decibels, mel_spectrum, power_spectrum


@pytest.fixture
def coefficients(speech: np.ndarray) -> np.ndarray:
    return mfcc(decibels(mel_spectrum(power_spectrum(speech))), 20)


def test_mfcc_equal_librosa(speech: np.ndarray, coefficients: np.ndarray) -> None:
    bands = librosa.feature.melspectrogram(
        y=speech, sr=SAMPLE_RATE, n_fft=512, win_length=400, hop_length=160, n_mels=64, fmin=50, fmax=7600
    )
    expected = librosa.feature.mfcc(S=librosa.power_to_db(bands, ref=np.max, amin=1e-30), n_mfcc=20)
    np.testing.assert_allclose(coefficients, expected, atol=0.01)
    assert coefficients.dtype == np.float32


@pytest.mark.parametrize("order", [1, 2])
def test_deltas_equal_librosa(coefficients: np.ndarray, order: int) -> None:
    expected = librosa.feature.delta(coefficients, order=order)  # differs in how it treats the ends
    np.testing.assert_allclose(delta(coefficients, order)[:, 4:-4], expected[:, 4:-4], atol=1e-3)


def test_derivatives_of_a_line_and_of_a_parabola() -> None:
    time = np.arange(50.0)
    curves = np.stack([3 * time, time**2])
    np.testing.assert_allclose(delta(curves)[:, 10:40], np.stack([np.full(50, 3.0), 2 * time])[:, 10:40], atol=1e-3)
    np.testing.assert_allclose(delta(curves, order=2)[:, 10:40], [[0] * 30, [2] * 30], atol=1e-3)


def test_a_single_frame_does_not_change() -> None:
    np.testing.assert_allclose(delta(np.full((13, 1), 5.0)), 0, atol=1e-6)
