from __future__ import annotations

import numpy as np
import pytest

from ser_core.effects.pitch_marks import UNVOICED_STEP, mark_periods
from tests.synthetic import voice


@pytest.mark.parametrize("pitch_hz", [80.0, 150.0, 400.0])
def test_there_is_one_mark_in_every_period(pitch_hz):
    rate = 16_000
    pulses = np.zeros(rate, np.float32)
    places = np.arange(1000, 15_000, rate / pitch_hz).astype(int)
    pulses[places] = 0.5
    sound = np.convolve(pulses, np.exp(-np.arange(200) / 30) * np.sin(np.arange(200) * 0.2), "same").astype(np.float32)
    marks = mark_periods(sound)
    inside = (marks.position > 2000) & (marks.position < 14_000)
    assert marks.voiced[inside].all()
    np.testing.assert_allclose(np.diff(marks.position[inside]), rate / pitch_hz, atol=1.5)
    np.testing.assert_allclose(marks.f0_hz[inside], pitch_hz, rtol=0.02)


def test_marks_go_from_the_first_sample_to_the_last_without_a_wide_gap():
    sound = np.concatenate([np.zeros(4000), voice(1.0, pitch_hz=100), np.zeros(4000)]).astype(np.float32)
    marks = mark_periods(sound)
    assert marks.position[0] == 0
    assert marks.position[-1] == len(sound) - 1
    assert (np.diff(marks.position) > 0).all()
    assert np.diff(marks.position).max() <= 16_000 / 65 * 1.5
    assert not marks.voiced[marks.position < 3000].any()
    assert marks.voiced[(marks.position > 5000) & (marks.position < 19_000)].mean() > 0.5


def test_noise_is_not_a_voice():
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    marks = mark_periods(noise)
    assert marks.voiced.mean() < 0.15


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 2, 79, 161, 799, 800])
def test_short_sounds(count):
    marks = mark_periods((0.1 * np.random.default_rng(0).standard_normal(count)).astype(np.float32))
    assert marks.position[0] == 0
    assert len(marks.position) == len(marks.f0_hz)
    assert np.diff(marks.position).max(initial=0) < 2 * UNVOICED_STEP
