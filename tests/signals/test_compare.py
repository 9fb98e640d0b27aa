"""Two sounds on one time axis: warping finds where equal sounds lie, and differences are told in deviations."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError
from ser_core.features.functionals import functional_names, functionals
from ser_core.signals.compare import by_time, by_warping, frames_at, functional_differences
from ser_core.signals.reference import functional_spread
from tests.synthetic import voice


def test_a_sound_meets_itself() -> None:
    waveform = Waveform(voice(2.0))
    alignment = by_warping(waveform, waveform)
    np.testing.assert_allclose(alignment.second_at(np.linspace(0, 2, 50)), np.linspace(0, 2, 50), atol=1e-6)
    assert alignment.cost == pytest.approx(0, abs=1e-5)


def test_an_inserted_pause_is_bridged() -> None:
    samples = voice(2.0, seed=1)
    place, pause = SAMPLE_RATE, SAMPLE_RATE // 2
    longer = np.concatenate([samples[:place], np.zeros(pause, np.float32), samples[place:]])
    alignment = by_warping(Waveform(samples), Waveform(longer))
    assert alignment.second_at(np.array([0.5])) == pytest.approx(0.5, abs=0.1)
    assert alignment.second_at(np.array([1.5])) == pytest.approx(2.0, abs=0.1)
    assert (np.diff(alignment.second_s) >= 0).all()
    assert (np.diff(alignment.first_s) > 0).all()


def test_level_does_not_matter() -> None:
    first, second = Waveform(voice(1.5, seed=3)), Waveform(voice(1.5, seed=3) * np.float32(0.05))
    moments = np.linspace(0, 1.5, 30)
    np.testing.assert_allclose(by_warping(first, second).second_at(moments), moments, atol=0.05)


@pytest.mark.parametrize("samples", [1, 400])
def test_very_short_sounds_can_be_aligned(samples: int) -> None:
    alignment = by_warping(Waveform(np.zeros(samples, np.float32)), Waveform(voice(1.0)))
    assert np.isfinite(alignment.second_s).all()


def test_a_long_recording_is_refused_with_a_sentence() -> None:
    long = Waveform(np.zeros(61 * SAMPLE_RATE, np.float32), name="lecture.wav")
    with pytest.raises(AudioError, match=r"lecture.wav lasts 61 s.*align by time"):
        by_warping(Waveform(voice(1.0)), long)


def test_by_time_nothing_is_stretched() -> None:
    alignment = by_time(Waveform(voice(1.0)), Waveform(voice(2.0)))
    np.testing.assert_allclose(alignment.second_at(np.array([0.3, 1.7])), [0.3, 1.7])


def test_frames_outside_a_recording_are_unknown() -> None:
    values = np.arange(11, dtype=np.float32)
    found = frames_at(values, 0.1, np.array([0.0, 0.52, 1.0, 1.2]), 1.0)
    np.testing.assert_array_equal(found, [0, 5, 10, np.nan])


def test_the_largest_difference_comes_first() -> None:
    quiet, lively = (functionals(Waveform(voice(2.0, pitch_range=width))) for width in (0.02, 0.4))
    table = functional_differences(quiet, lively, functional_spread())
    assert (table["spreads"].abs().diff().dropna() <= 0).all()
    row = table.set_index("functional").loc["f0_range"]
    assert row["difference"] == pytest.approx(lively["f0_range"] - quiet["f0_range"])
    assert row["spreads"] == pytest.approx(row["difference"] / functional_spread()["f0_range"])
    assert row["unit"] == "semitones"


def test_every_functional_has_a_spread() -> None:
    assert set(functional_spread()) == set(functional_names())
    assert all(value >= 0 for value in functional_spread().values())
