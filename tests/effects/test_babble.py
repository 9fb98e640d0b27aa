from __future__ import annotations

import numpy as np
import pytest

from ser_core.effects.babble import babble


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 50, 16_000])
def test_any_length_has_power_one(count):
    sound = babble(count, np.random.default_rng(2))
    assert sound.shape == (count,)
    assert np.isfinite(sound).all()
    if count > 1000:
        assert np.mean(sound**2) == pytest.approx(1.0)


def test_syllables_come_at_the_rate_of_speech():
    sound = babble(160_000, np.random.default_rng(0))
    envelope = np.sqrt(np.mean(sound.reshape(-1, 160) ** 2, axis=1))
    modulation = np.abs(np.fft.rfft(envelope - envelope.mean())) ** 2
    rate = np.fft.rfftfreq(len(envelope), 0.01)
    strongest = [modulation[(rate >= low) & (rate < high)].mean() for low, high in ((2, 7), (15, 40))]
    assert strongest[0] > 3 * strongest[1]
