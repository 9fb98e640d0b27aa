"""Levels of sounds whose level is known, against librosa and Praat."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import parselmouth
import pytest

from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.features.level import FLOOR_DB, envelope, intensity_db, rms, zero_crossing_rate
from tests.synthetic import voice

#: Praat's decibels are relative to 20 micropascal, ours to full scale.
_PRAAT_OFFSET = 20 * np.log10(1 / 2e-5)


def sine(hz: float, amplitude: float = 1.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype(np.float32)


def praat_intensity(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the frames that Praat's contour covers, and its decibels there."""
    # Its grid is its own, so it is made fine and read where our frames are.
    contour = parselmouth.Sound(samples.astype(np.float64), SAMPLE_RATE).to_intensity(100.0, 0.001, False)
    frames = np.arange(np.ceil(contour.xs()[0] * 100), np.floor(contour.xs()[-1] * 100) + 1).astype(int)
    return frames, np.interp(frames / 100, contour.xs(), contour.values[0])


def test_envelope_holds_every_extreme() -> None:
    sound = np.zeros(10_000, np.float32)
    sound[1234], sound[8765] = 0.9, -0.7
    low, high = envelope(sound, 100)
    assert len(low) == len(high) == 100
    assert high[12] == np.float32(0.9)
    assert high.sum() == np.float32(0.9)
    assert low[87] == np.float32(-0.7)
    assert [len(side) for side in envelope(sound[:3], 100)] == [3, 3]


def test_rms_equals_librosa(speech: np.ndarray) -> None:
    expected = librosa.feature.rms(y=speech, frame_length=400, hop_length=160, pad_mode="constant")[0]
    np.testing.assert_allclose(rms(speech), expected, atol=1e-6)
    assert rms(sine(1000))[50] == pytest.approx(np.sqrt(0.5), rel=1e-3)


@pytest.mark.parametrize("amplitude", [1.0, 0.1, 0.001])
def test_intensity_of_a_sine(amplitude: float) -> None:
    middle = intensity_db(sine(200, amplitude))[20:-20]
    np.testing.assert_allclose(middle, 20 * np.log10(amplitude) - 3.0103, atol=0.01)


def test_intensity_of_silence_is_the_floor() -> None:
    assert (intensity_db(np.zeros(1000, np.float32)) == FLOOR_DB).all()


@pytest.mark.parametrize("hop", [100, 160, 441])
def test_intensity_peaks_where_the_click_is(hop: int) -> None:
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[20 * hop] = 1.0
    level = intensity_db(click, hop)
    assert len(level) == 1 + SAMPLE_RATE // hop
    assert level.argmax() == 20
    assert level[19] == pytest.approx(level[21], abs=1e-3)


@pytest.mark.parametrize("pitch_hz", [90, 130, 240])
def test_intensity_equals_praat(pitch_hz: float) -> None:
    sound = voice(2.0, pitch_hz=pitch_hz)
    frames, expected = praat_intensity(sound)
    np.testing.assert_allclose(intensity_db(sound)[frames], expected - _PRAAT_OFFSET, atol=0.5)


@pytest.mark.parametrize("name", ["ravdess/Actor_01", "ravdess/Actor_12", "cremad/AudioWAV"])
def test_intensity_of_real_clips_equals_praat(data_folder: Path, name: str) -> None:
    sound = load_audio(min((data_folder / name).glob("*"))).samples
    frames, expected = praat_intensity(sound)
    ours, loud = intensity_db(sound)[frames], expected > expected.max() - 60
    np.testing.assert_allclose(ours[loud], (expected - _PRAAT_OFFSET)[loud], atol=1.5)


def test_zero_crossings_of_a_sine_and_of_noise(speech: np.ndarray) -> None:
    np.testing.assert_allclose(zero_crossing_rate(sine(1000))[5:-5], 2000 / SAMPLE_RATE, atol=0.003)
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    assert zero_crossing_rate(noise).mean() == pytest.approx(0.5, abs=0.01)
    expected = librosa.feature.zero_crossing_rate(speech, frame_length=400, hop_length=160)[0]
    np.testing.assert_allclose(zero_crossing_rate(speech), expected, atol=1 / 400)


@pytest.mark.parametrize("length", [1, 7, 799, 800, 801, 16_001])
def test_envelope_of_any_length(length: int) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, length).astype(np.float32)
    low, high = envelope(samples)
    assert len(low) == min(800, length)
    assert (low <= high).all()
    assert (low.min(), high.max()) == (samples.min(), samples.max())
