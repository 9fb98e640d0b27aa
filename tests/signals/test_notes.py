"""Numbers in words are those of voices that were made with them."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.signals.analysis import Analysis
from ser_core.signals.notes import key_measures, panel_note
from ser_core.signals.words import WORDS
from tests.synthetic import voice


def test_measures_are_those_of_the_voice() -> None:
    samples = np.concatenate([voice(1.0, pitch_hz=200, pitch_range=0.0), np.zeros(SAMPLE_RATE, np.float32)])
    samples = np.concatenate([samples, voice(1.0, pitch_hz=200, pitch_range=0.0)])
    measured = key_measures(Analysis(Waveform(samples)))
    assert measured["length (s)"] == pytest.approx(3.0)
    assert measured["pitch, median (Hz)"] == pytest.approx(190, rel=0.03)
    assert measured["pauses (% of the time)"] == pytest.approx(33, abs=6)
    louder = key_measures(Analysis(Waveform(samples * np.float32(2))))
    gain = louder["level (dB re full scale)"] - measured["level (dB re full scale)"]
    assert gain == pytest.approx(6.02, abs=0.05)


def test_silence_has_no_pitch_and_breaks_nothing() -> None:
    measured = key_measures(Analysis(Waveform(np.zeros(SAMPLE_RATE, np.float32))))
    assert np.isnan(measured["pitch, median (Hz)"])
    assert measured["syllables a second"] == 0
    for name in WORDS:
        assert isinstance(panel_note(name, Analysis(Waveform(np.zeros(3, np.float32)))), str)


def test_a_thinned_view_says_so() -> None:
    hour = Analysis(Waveform(np.tile(voice(4.0), 100)))
    assert hour.thinning == 2
    assert "every 20 ms only" in panel_note("pitch", hour)
    assert "only" not in panel_note("pitch", Analysis(Waveform(voice(2.0))))
