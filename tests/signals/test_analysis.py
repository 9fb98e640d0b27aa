"""One recording's features on one time axis, whole or in part, short or long."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.signals.analysis import CONTOURS, MOST_FRAMES, WHOLE_S, Analysis
from ser_core.signals.settings import ViewSettings
from tests.synthetic import voice

SETTINGS = [ViewSettings(), ViewSettings(window_ms=60, hop_ms=5), ViewSettings(window_ms=4, hop_ms=2, shape="blackman")]


@pytest.fixture(scope="module")
def waveform() -> Waveform:
    return Waveform(np.concatenate([voice(1.0), np.zeros(SAMPLE_RATE // 2, np.float32), voice(1.0, seed=2)]))


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_feature_has_the_same_frames(waveform: Waveform, settings: ViewSettings) -> None:
    analysis = Analysis(waveform, settings)
    frames = 1 + len(waveform.samples) // settings.hop
    assert len(analysis.times_s) == frames
    assert analysis.times_s[1] == pytest.approx(settings.hop_ms / 1000)
    for values in (analysis.power, analysis.mel, analysis.mfcc, analysis.chroma, analysis.tonnetz, analysis.contrast):
        assert values.shape[-1] == frames
    for name in CONTOURS:
        assert analysis.contour(name).shape == (frames,), name


@pytest.mark.parametrize("scale", ["linear", "mel", "logarithmic"])
def test_a_tone_lies_at_its_frequency_on_every_scale(scale: str) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1500 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    decibels, rows = Analysis(Waveform(tone.astype(np.float32)), ViewSettings(n_mels=128)).decibels(scale)
    assert rows[decibels[:, 50].argmax()] == pytest.approx(1500, rel=0.04)
    assert decibels.max() == 0


def test_the_part_in_view_of_a_short_recording_is_cut_from_the_whole(waveform: Waveform) -> None:
    whole, part = Analysis(waveform), Analysis(waveform, None, 0.5, 1.0)
    np.testing.assert_array_equal(whole.intensity, part.intensity)
    times = part.times_s[part.in_view]
    assert times[0] == pytest.approx(0.5)
    assert times[-1] == pytest.approx(1.0)


def test_a_part_of_a_long_recording_equals_the_same_part_of_the_whole() -> None:
    samples = np.tile(voice(4.0), 17)  # 68 s
    part = Analysis(Waveform(samples), None, 30.0, 33.0)
    assert len(part.samples) < 4 * SAMPLE_RATE
    here = part.intensity[part.in_view]
    whole = Analysis(Waveform(samples[: int(WHOLE_S) * SAMPLE_RATE]))
    first = round(30.0 / 0.01)
    np.testing.assert_allclose(here, whole.intensity[first : first + len(here)], atol=1e-3)
    np.testing.assert_allclose(part.times_s[part.in_view], whole.times_s[first : first + len(here)])


def test_an_hour_is_thinned_out() -> None:
    analysis = Analysis(Waveform(np.zeros(3600 * SAMPLE_RATE, np.float32)))
    assert len(analysis.times_s) <= MOST_FRAMES + 1
    assert analysis.times_s[-1] == pytest.approx(3600, abs=1)
    assert analysis.power.shape[1] == len(analysis.times_s)


@pytest.mark.parametrize("samples", [1, 100, 5000])
def test_silence_of_any_length_is_finite_or_unvoiced(samples: int) -> None:
    analysis = Analysis(Waveform(np.zeros(samples, np.float32)))
    for name in CONTOURS:
        values = analysis.contour(name)
        assert np.isnan(values).all() if name in {"f0", "harmonicity"} else np.isfinite(values).all(), name
    assert np.isfinite(analysis.mfcc_delta(2)).all()
    assert len(analysis.rhythm.nuclei_s) == 0


def test_the_window_decides_what_is_told_apart() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    two = Waveform((0.3 * np.sin(2 * np.pi * 1000 * time) + 0.3 * np.sin(2 * np.pi * 1060 * time)).astype(np.float32))

    def valley(window_ms: float) -> float:
        decibels, rows = Analysis(two, ViewSettings(window_ms=window_ms)).decibels("linear")
        column = decibels[:, 50]
        return float(column[np.abs(rows - 1030).argmin()] - column.max())

    assert valley(100) < -20  # two tones
    assert valley(10) > -3  # one
