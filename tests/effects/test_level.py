from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.effects import change_effort, change_level, clip
from ser_core.effects.level import active_level_dbfs, fitted
from ser_core.errors import AudioError
from tests.effects.measures import lag, rms_db


@pytest.mark.parametrize("db", [-40, -6, 3, 9.5])
def test_level_changes_exactly(spoken, db):
    result = change_level(spoken, db)
    assert rms_db(result.samples) - rms_db(spoken.samples) == pytest.approx(db, abs=1e-4)
    assert (result.name, result.original_rate) == (spoken.name, spoken.original_rate)


def test_level_is_cut_off_at_full_scale(spoken):
    result = change_level(spoken, 20).samples
    assert np.abs(result).max() == 1
    inside = np.abs(result) < 1
    np.testing.assert_allclose(result[inside], 10 * spoken.samples[inside], rtol=1e-5)
    assert (~inside).sum() > 100


@pytest.mark.parametrize("slope", [-6.0, 3.0, 6.0])
def test_effort_tilts_above_500_hz(slope):
    impulse = np.zeros(4000, np.float32)
    impulse[2000] = 0.01
    response = np.abs(np.fft.rfft(change_effort(Waveform(impulse), slope).samples)) / 0.01
    gain = dict(zip(np.fft.rfftfreq(4000, 1 / 16_000), 20 * np.log10(response), strict=True))
    assert gain[100] == pytest.approx(0, abs=0.3)
    assert gain[300] == pytest.approx(0, abs=0.3)
    for octave in (1, 2, 3):
        assert gain[500 * 2**octave] == pytest.approx(slope * octave, abs=0.4)


def test_effort_does_not_delay_or_overload(spoken):
    result = change_effort(spoken, 6).samples
    assert lag(spoken.samples, result) == 0
    assert len(result) == len(spoken.samples)
    loud = Waveform(spoken.samples * np.float32(1 / np.abs(spoken.samples).max()))
    bright = change_effort(loud, 9).samples
    assert np.abs(bright).max() == pytest.approx(1.0, abs=1e-6)
    # Lowered as a whole, not cut off.
    np.testing.assert_allclose(
        bright / np.abs(bright).max(), (shape := change_effort(spoken, 9).samples) / np.abs(shape).max(), atol=1e-4
    )


def test_overdriving_cuts_the_peaks(spoken):
    result = clip(spoken, 6).samples
    peak = np.abs(spoken.samples).max()
    limit = peak * 10 ** (-6 / 20)
    over = np.abs(spoken.samples) > limit
    assert over.sum() > 10
    np.testing.assert_array_equal(np.abs(result[over]), 1)
    np.testing.assert_allclose(result[~over], spoken.samples[~over] / limit, rtol=1e-5)


def test_no_change_gives_the_same_sound(spoken):
    assert change_level(spoken, 0) is spoken
    assert change_effort(spoken, 0) is spoken
    assert clip(spoken, 0) is spoken


@pytest.mark.parametrize(("function", "bad"), [(change_level, 41), (change_effort, -10), (clip, -1)])
def test_values_outside_their_range_are_refused(spoken, function, bad):
    for value in (bad, float("nan")):
        with pytest.raises(AudioError, match="must lie between"):
            function(spoken, value)


def test_active_level_leaves_pauses_out(spoken):
    with_pauses = Waveform(np.concatenate([np.zeros(48_000, np.float32), spoken.samples, np.zeros(48_000, np.float32)]))
    assert rms_db(with_pauses.samples) < rms_db(spoken.samples) - 5
    assert active_level_dbfs(with_pauses) == pytest.approx(rms_db(spoken.samples), abs=1.0)
    louder = active_level_dbfs(change_level(with_pauses, 6))
    assert louder - active_level_dbfs(with_pauses) == pytest.approx(6, abs=0.01)


@pytest.mark.filterwarnings("error")
def test_active_level_without_speech():
    assert active_level_dbfs(Waveform(np.zeros(16_000, np.float32))) == -120
    assert active_level_dbfs(Waveform(np.array([0.1], np.float32))) == pytest.approx(-20, abs=1e-4)


def test_fitting_lowers_only_what_is_too_loud():
    quiet, loud = np.array([0.5, -0.2]), np.array([4.0, -2.0])
    original = Waveform(np.array([0.1], np.float32))
    np.testing.assert_array_equal(fitted(quiet, original), quiet)
    np.testing.assert_allclose(fitted(loud, original), [1.0, -0.5])
    np.testing.assert_allclose(fitted(loud, Waveform(np.array([2.0], np.float32))), [2.0, -1.0])
