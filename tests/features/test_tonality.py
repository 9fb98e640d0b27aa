"""Chroma and tonal centroid against librosa, and on tones whose name is known."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE
from ser_core.features.spectrum import SpectrumConfig, power_spectrum
from ser_core.features.tonality import chroma, tonnetz

_FINE = SpectrumConfig(window=2048, n_fft=2048)


def test_equals_librosa(speech: np.ndarray) -> None:
    expected = librosa.feature.chroma_stft(y=speech, sr=SAMPLE_RATE, n_fft=2048, hop_length=160, tuning=0.0)
    result = chroma(power_spectrum(speech, _FINE), _FINE)
    np.testing.assert_allclose(result, expected, atol=1e-3)
    np.testing.assert_allclose(tonnetz(result), librosa.feature.tonnetz(chroma=expected), atol=1e-3)


@pytest.mark.parametrize(("hz", "name"), [(261.63, 0), (329.63, 4), (440.0, 9), (880.0, 9), (466.16, 10)])
def test_a_tone_has_its_name_in_every_octave(hz: float, name: int) -> None:
    sound = np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    tones = chroma(power_spectrum(sound, _FINE), _FINE)[:, 20:-20]
    assert (tones.argmax(axis=0) == name).all()
    np.testing.assert_allclose(tones.max(axis=0), 1)


def test_a_fifth_is_nearer_than_a_tritone() -> None:
    c, g, f_sharp = (tonnetz(np.eye(12)[:, [tone]])[:, 0] for tone in (0, 7, 6))
    assert np.linalg.norm(c - g) < 0.7 * np.linalg.norm(c - f_sharp)


def test_silence_has_no_tone() -> None:
    silent = chroma(np.zeros((1025, 3), np.float32), _FINE)
    assert (silent == 0).all()
    assert (tonnetz(silent) == 0).all()
