from __future__ import annotations

import numpy as np
import pytest

from ser_core.effects import denoise as module
from ser_core.effects.denoise import denoise, noise_bands_db
from ser_core.errors import AudioError


def test_white_noise_is_measured_at_its_level_in_all_bands():
    noise = (0.1 * np.random.default_rng(0).standard_normal(160_000)).astype(np.float32)
    bands = noise_bands_db(noise)
    assert bands.shape == (15,)
    np.testing.assert_allclose(bands[2:12], -20, atol=1.5)


def test_the_quietest_part_counts():
    noise = (0.1 * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32)
    noise[10_000:18_000] *= 0.01
    np.testing.assert_allclose(noise_bands_db(noise)[3:12], -60, atol=2.5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 100, 511, 513, 40_000])
def test_the_length_stays(count):
    sound = (0.1 * np.random.default_rng(1).standard_normal(count)).astype(np.float32)
    result = denoise(sound, 12)
    assert result.shape == (count,)
    assert np.isfinite(result).all()


def test_the_same_again_is_the_same():
    sound = (0.1 * np.random.default_rng(1).standard_normal(20_000)).astype(np.float32)
    np.testing.assert_array_equal(denoise(sound, 12), denoise(sound, 12))


def test_a_missing_filter_is_told(monkeypatch):
    monkeypatch.setattr(module, "_FILTER", "no_such_filter")
    with pytest.raises(AudioError, match="cannot reduce noise"):
        denoise(np.ones(100, np.float32), 12)
