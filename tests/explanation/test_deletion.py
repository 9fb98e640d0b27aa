"""Deleting: the background comes in, only where it was asked for, without a click."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.explanation.deletion import BANDS, Deletion, band_edges, step_weights

_EDGES = np.linspace(0.0, 2.0, 21)


def _level(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(float) ** 2)))


def test_a_step_falls_to_the_background_and_the_rest_stays(whistled: Waveform) -> None:
    hiss = np.random.default_rng(1).normal(0, 1e-3, 32_000).astype(np.float32)
    samples = np.concatenate([hiss[:8000], whistled.samples[8000:] + hiss[8000:]])
    mask = np.zeros(20)
    mask[9:12] = 1
    deletion = Deletion(Waveform(samples), _EDGES)
    found = deletion.without(mask).samples
    inside = slice(round(0.92 * SAMPLE_RATE), round(1.18 * SAMPLE_RATE))
    assert _level(found[inside]) == pytest.approx(_level(hiss), abs=3)  # neither the voice nor digital silence
    outside = np.r_[0 : round(0.88 * SAMPLE_RATE), round(1.22 * SAMPLE_RATE) : 32_000]
    np.testing.assert_array_equal(found[outside], samples[outside])
    assert np.abs(np.diff(found)).max() <= 1.05 * np.abs(np.diff(samples)).max()
    np.testing.assert_array_equal(samples, deletion.without(np.zeros(20)).samples)


def test_all_bands_of_a_step_are_the_step(whistled: Waveform) -> None:
    mask = np.zeros(20)
    mask[4:7] = 1
    deletion = Deletion(whistled, _EDGES)
    one, all_bands = deletion.without(mask), deletion.without(np.tile(mask, (BANDS, 1)))
    np.testing.assert_allclose(one.samples, all_bands.samples, atol=1e-4)


def test_digital_silence_is_no_background() -> None:
    samples = np.concatenate([np.zeros(16_000), np.sin(np.arange(16_000))]).astype(np.float32)
    found = Deletion(Waveform(samples), _EDGES).without(np.ones(20))
    assert -70 < _level(found.samples[:31_000]) - _level(samples) < -50


def test_bands_and_weights_have_their_edges() -> None:
    edges = band_edges()
    assert edges[0] == 0
    assert edges[-1] == pytest.approx(8000)
    assert (np.diff(np.diff(edges)) >= -1e-6).all()
    weights = step_weights(np.array([0.0, 1.0]), np.array([0.0, 0.5, 1.0]), 20_000)
    assert weights[7_000] == 0.0
    assert weights[8_000] == pytest.approx(0.5, abs=0.01)
    assert weights[12_000] == 1.0
    assert weights[19_000] == 0.0
