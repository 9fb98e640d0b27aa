"""The shape of the spectrum against librosa from the raw sound with its own transform, and on spectra made by hand."""

from __future__ import annotations

from collections.abc import Callable

import librosa
import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE
from ser_core.features import spectral
from ser_core.features.spectrum import SpectrumConfig, frequencies, power_spectrum

_FRAMES = {"n_fft": 512, "hop_length": 160, "win_length": 400}


@pytest.mark.parametrize(
    ("ours", "theirs", "settings", "tolerance"),
    [
        (spectral.centroid, librosa.feature.spectral_centroid, {"sr": SAMPLE_RATE}, 0.5),
        (spectral.bandwidth, librosa.feature.spectral_bandwidth, {"sr": SAMPLE_RATE}, 0.5),
        # A frame in a thousand may fall into the next bin.
        (spectral.rolloff, librosa.feature.spectral_rolloff, {"sr": SAMPLE_RATE}, SAMPLE_RATE / 512),
        (spectral.flatness, librosa.feature.spectral_flatness, {}, 1e-4),
        (spectral.contrast, librosa.feature.spectral_contrast, {"sr": SAMPLE_RATE, "n_bands": 5}, 0.01),
    ],
)
def test_equals_librosa(
    speech: np.ndarray,
    ours: Callable[..., np.ndarray],
    theirs: Callable[..., np.ndarray],
    settings: dict[str, float],
    tolerance: float,
) -> None:
    expected = theirs(y=speech, **settings, **_FRAMES)
    result = np.atleast_2d(ours(power_spectrum(speech), SpectrumConfig()))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=tolerance)
    assert expected.std() > 100 * tolerance or tolerance > 1  # the comparison can tell something


def test_flux_is_the_distance_of_neighbouring_spectra() -> None:
    steady, other = np.zeros((257, 4), np.float32), np.zeros((257, 4), np.float32)
    steady[10] = [1, 4, 9, 16]  # grows, keeps its shape
    other[10, :2] = other[20, 2:] = 1  # jumps once to another bin
    np.testing.assert_allclose(spectral.flux(steady), 0)
    np.testing.assert_allclose(spectral.flux(other), [0, 0, np.sqrt(2), 0], rtol=1e-6)


def _lines(**level_db: float) -> np.ndarray:
    """Return a spectrum of single bins, such as f500=20 for 20 dB at 500 Hz [shape=(257, 1)]."""
    power = np.zeros((257, 1), np.float32)
    for name, value in level_db.items():
        power[np.abs(frequencies() - float(name[1:])).argmin()] = 10 ** (value / 10)
    return power


def test_alpha_ratio_and_hammarberg_index_of_known_lines() -> None:
    power = _lines(f250=20, f500=20, f1500=14, f3000=4, f7000=60)
    assert spectral.alpha_ratio(power)[0] == pytest.approx(10 * np.log10(200 / (10**1.4 + 10**0.4)), abs=1e-3)
    assert spectral.hammarberg_index(power)[0] == pytest.approx(20 - 4, abs=1e-3)


@pytest.mark.parametrize(("low", "high"), [(0, 500), (500, 1500), (0, 5000)])
def test_slope_of_a_straight_line(low: float, high: float) -> None:
    bins = frequencies()
    level = np.where(bins <= high, 20 - 12 * bins / 1000, 50)  # what lies above does not count
    power = (10 ** (level / 10)).astype(np.float32)[:, None]
    assert spectral.slope(power, None, low, high)[0] == pytest.approx(-12, abs=0.01)


def test_a_hiss_is_brighter_flatter_and_wider_than_a_voice(speech: np.ndarray) -> None:
    hiss = np.random.default_rng(0).standard_normal(len(speech)).astype(np.float32)
    noisy, spoken = power_spectrum(hiss), power_spectrum(speech)
    for function in (spectral.centroid, spectral.flatness, spectral.bandwidth, spectral.rolloff):
        assert np.median(function(noisy)) > np.median(function(spoken))
    assert np.median(spectral.alpha_ratio(noisy)) == pytest.approx(10 * np.log10(0.95 / 4), abs=0.5)
    assert spectral.centroid(noisy).mean() == pytest.approx(4000, rel=0.02)
