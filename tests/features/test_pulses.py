"""Glottal pulses: against vowels of known pulses, against Praat, and at the limits of pitch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import load_audio
from ser_core.errors import AudioError
from ser_core.features.pitch import PitchConfig, track_pitch
from ser_core.features.pulses import at_full_scale, glottal_pulses
from tests.features.vowels import RATE, contour, held, praat_pitch, praat_pulses, praat_sound, praat_times
from tests.synthetic import voice


def check_against_praat(samples: np.ndarray, folder: Path, gaps: int = 0) -> int:
    """Given one contour, each pulse lies within 20 µs of Praat's, and there is no other; return how many there are.

    In *gaps* the contour is unvoiced though the voice goes on. With silence around it: at the very ends Praat compares
    parts of periods, and finds pulses outside the sound.
    """
    samples = np.pad(samples, 800)
    pitch = track_pitch(samples)
    for frame in np.linspace(0, len(pitch.voiced), gaps + 2).astype(int)[1:-1]:
        pitch.voiced[frame : frame + 2], pitch.f0_hz[frame : frame + 2] = False, np.nan
    found = glottal_pulses(samples, pitch)
    expected = praat_times(praat_pulses(praat_sound(samples), praat_pitch(pitch, samples, folder)))
    assert len(found) == len(expected)
    assert np.abs(found - expected).max(initial=0.0) < 20e-6
    return len(found)


@pytest.mark.parametrize("pitch_hz", [80.0, 130.0, 250.0, 450.0])
def test_pulses_are_praats_on_the_same_contour(pitch_hz: float, tmp_path: Path) -> None:
    assert check_against_praat(voice(1.5, pitch_hz=pitch_hz), tmp_path) > 0.3 * 1.5 * pitch_hz


@pytest.mark.parametrize("pitch_hz", [90.0, 210.0])
def test_short_gaps_of_voicing_are_bridged_as_praat_does(pitch_hz: float, tmp_path: Path) -> None:
    """Each stretch may add one pulse in the gap, but the same gap is not filled from both sides."""
    assert check_against_praat(voice(1.5, pitch_hz=pitch_hz, syllables_hz=6), tmp_path, gaps=15) > pitch_hz


def test_pulses_are_praats_on_real_speech(real_table: pd.DataFrame, tmp_path: Path) -> None:
    paths = real_table["path"].iloc[::1300]
    assert sum(check_against_praat(load_audio(path).samples, tmp_path) for path in paths) > 500


@pytest.mark.parametrize("f0_hz", [75.0, 120.0, 240.0, 500.0])
def test_known_pulses_are_found(f0_hz: float) -> None:
    """Every period of a vowel is found with its length, also where each has another (2 % deviation)."""
    samples, times, _ = held(f0_hz, jitter=0.02)
    pulses = glottal_pulses(samples, contour(f0_hz, samples))
    pulses = pulses[(pulses > 0.1) & (pulses < 1.4)]
    # A pulse sits somewhere in its period, much the same place in each: compare with true pulses moved there.
    since = pulses - times[np.searchsorted(times, pulses) - 1]
    delay = np.angle(np.mean(np.exp(2j * np.pi * f0_hz * since))) / (2 * np.pi * f0_hz)
    places = np.abs(pulses[:, None] - delay - times).argmin(axis=1)
    assert len(np.unique(places)) == len(places) == pytest.approx(1.3 * f0_hz, rel=0.02)
    found, true = np.diff(pulses), np.diff(times)[places[:-1]]
    assert np.corrcoef(found, true)[0, 1] > 0.7
    assert found.mean() == pytest.approx(true.mean(), rel=0.005)


@pytest.mark.parametrize("f0_hz", [70.0, 600.0])
def test_lowest_and_highest_voices(f0_hz: float) -> None:
    samples = voice(1.5, pitch_hz=f0_hz, pitch_range=0.02)
    pitch = track_pitch(samples, PitchConfig(f0_min=60, f0_max=660))
    pulses = glottal_pulses(samples, pitch)
    assert 1 / np.median(np.diff(pulses)) == pytest.approx(f0_hz, rel=0.08)


def test_pulses_lie_only_where_the_voice_is() -> None:
    """Two vowels a second apart: none in the pause, none in silence said to be voiced."""
    sound = held(150.0)[0]
    samples = np.concatenate([sound, np.zeros(RATE, np.float32), sound])
    pulses = glottal_pulses(samples, track_pitch(samples))
    assert (pulses < 1.52).sum() == pytest.approx(1.5 * 150, abs=4)
    assert (pulses > 2.48).sum() == pytest.approx(1.5 * 150, abs=4)
    assert not ((pulses > 1.52) & (pulses < 2.48)).any()
    pause = np.zeros(RATE, np.float32)
    assert len(glottal_pulses(pause, contour(150.0, pause))) <= 1


def test_a_contour_of_another_sound_is_refused() -> None:
    samples = voice(1.0)
    with pytest.raises(AudioError, match="belongs to another sound"):
        glottal_pulses(samples[:8000], track_pitch(samples))


def test_full_scale() -> None:
    samples = np.array([0.1, -0.2, 0.0], np.float32)
    assert at_full_scale(samples, contour(100.0, samples)).tolist() == pytest.approx([0.5, -1.0, 0.0])
