"""Exports hold the same numbers as the analysis, for the part in view."""

from __future__ import annotations

import io
import json

import numpy as np

from ser_core.audio import Waveform
from ser_core.signals.analysis import CONTOURS, Analysis
from ser_core.signals.export import arrays, frame_table
from ser_core.signals.settings import ViewSettings
from tests.synthetic import voice


def test_the_table_has_one_row_a_frame_in_view() -> None:
    analysis = Analysis(Waveform(voice(2.0)), ViewSettings(), 0.5, 1.0)
    table = frame_table(analysis)
    assert len(table) == 51
    assert table["time_s"].iloc[[0, -1]].tolist() == [0.5, 1.0]
    for name in CONTOURS:
        np.testing.assert_array_equal(table[name], analysis.contour(name)[50:101], err_msg=name)
    assert table["f0"].isna().tolist() == (~table["voiced"]).tolist()
    assert [f"mfcc{number}" in table for number in (0, 12, 13)] == [True, True, False]


def test_the_arrays_come_back_without_pickle() -> None:
    analysis = Analysis(Waveform(voice(1.0)), ViewSettings(window_ms=40))
    with np.load(io.BytesIO(arrays(analysis)), allow_pickle=False) as file:
        assert json.loads(str(file["settings"]))["window_ms"] == 40
        assert file["mel_db"].shape == (64, 101)
        assert file["spectrogram_db"].shape == (len(file["spectrogram_hz"]), 101)
        np.testing.assert_array_equal(file["mfcc_delta"], analysis.mfcc_delta(1))
        np.testing.assert_array_equal(file["f0"], analysis.pitch.f0_hz)
