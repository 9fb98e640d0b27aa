"""What a screen shows keeps every peak, the limits of each share, and the time axis; and it is small."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.signals.view import CELLS, COLUMNS, POINTS, ROWS, curve, picture


def test_a_small_feature_is_shown_as_it_is() -> None:
    values = np.arange(-40, 60, 1.0).reshape(4, 25)
    shown = picture(values, np.arange(25) / 100, np.arange(4))
    np.testing.assert_array_equal(shown.values, values)
    assert shown.values.dtype == np.int8
    np.testing.assert_allclose(shown.times_s, np.arange(25) / 100)


def test_values_beyond_a_byte_take_two() -> None:
    shown = picture(np.array([[-300.0, 20.4]]), np.arange(2), np.arange(1))
    assert shown.values.dtype == np.int16
    assert shown.values.tolist() == [[-300, 20]]


@pytest.mark.parametrize(("rows", "frames"), [(64, 60_000), (257, 401), (1025, 5000), (4097, 24_000)])
def test_a_large_feature_fits_the_screen_and_keeps_its_peaks(rows: int, frames: int) -> None:
    values = np.full((rows, frames), -80.0, np.float32)
    peaks = [(0, 0), (rows // 2, frames // 3), (rows - 1, frames - 1)]
    for number, place in enumerate(peaks):
        values[place] = -number
    times, hertz = np.arange(frames) / 100, np.linspace(0, 8000, rows)
    shown = picture(values, times, hertz)
    assert shown.values.shape[0] <= ROWS
    assert shown.values.shape[1] <= COLUMNS
    assert shown.values.size <= CELLS
    assert shown.values.shape == (len(shown.rows), len(shown.times_s))
    found = np.argwhere(shown.values > -80)
    assert len(found) == 3
    for row, column in found:
        number = -int(shown.values[row, column])
        share = (hertz[1] - hertz[0]) * -(-rows // len(shown.rows))
        assert shown.rows[row] == pytest.approx(hertz[peaks[number][0]], abs=share)
        assert shown.times_s[column] == pytest.approx(times[peaks[number][1]], abs=1.5 * frames / shown.values.size)


def test_a_short_curve_is_exact() -> None:
    values = np.array([1.0, np.nan, 3.0], np.float32)
    shown = curve(values, np.arange(3.0))
    assert shown.exact
    np.testing.assert_array_equal(shown.middle, values)


def test_a_long_curve_keeps_mean_and_limits_of_each_share() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(10 * POINTS)
    values[:10] = np.nan
    values[15] = np.nan
    shown = curve(values, np.arange(len(values)) / 100)
    parts = values.reshape(POINTS, 10)
    assert not shown.exact
    assert np.isnan(shown.middle[0])
    assert np.isnan(shown.low[0])
    np.testing.assert_allclose(shown.middle[1:], np.nanmean(parts[1:], axis=1), rtol=1e-5)
    np.testing.assert_allclose(shown.low[1:], np.nanmin(parts[1:], axis=1), rtol=1e-5)
    np.testing.assert_allclose(shown.high[1:], np.nanmax(parts[1:], axis=1), rtol=1e-5)
    np.testing.assert_allclose(shown.times_s, np.arange(POINTS) / 10 + 0.045)
