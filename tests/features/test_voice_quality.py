"""Jitter, shimmer and harmonics-to-noise ratio: against known vowels, against Praat, and on awkward sounds."""

from __future__ import annotations

import math
import warnings
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pandas as pd
import parselmouth
import pytest
from parselmouth.praat import call

from ser_core.audio import load_audio
from ser_core.errors import AudioError
from ser_core.features import voice_quality as module
from ser_core.features.pitch import Pitch, PitchConfig, track_pitch
from ser_core.features.voice_quality import glottal_pulses, harmonics_to_noise, jitter, shimmer
from tests.features.test_formants import AWKWARD
from tests.features.vowels import RATE, contour, held, praat_pitch, praat_pulses, praat_sound, praat_times
from tests.synthetic import voice

#: Vowels by their unevenness, as standard deviations of period and strength.
UNEVEN = [(0.0, 0.0), (0.005, 0.03), (0.015, 0.06), (0.03, 0.12)]


def praat_jitter(pulses: parselmouth.Data) -> tuple[float, ...]:
    kinds = ("local", "rap", "ppq5")
    return tuple(call(pulses, f"Get jitter ({kind})", 0, 0, 0.0001, 0.02, 1.3) for kind in kinds)


def praat_shimmer(sound: parselmouth.Sound, pulses: parselmouth.Data) -> tuple[float, ...]:
    kinds = ("local", "local_dB", "apq3")
    return tuple(call([sound, pulses], f"Get shimmer ({kind})", 0, 0, 0.0001, 0.02, 1.3, 1.6) for kind in kinds)


def praat_ratio(sound: parselmouth.Sound, frames: int) -> np.ndarray:
    """Return Praat's harmonics-to-noise ratio on our time axis, NaN where it finds none."""
    found = call(sound, "To Harmonicity (ac)", 0.01, 65, 0.1, 4.5)
    values = np.where(found.values[0] > -100, found.values[0], np.nan)
    return np.interp(np.arange(frames) * 0.01, found.xs(), values)  # a neighbour that is NaN makes NaN


def as_praat(ours: float, theirs: float, points: float) -> bool:
    """Return whether two fractions agree within some *points* or a quarter of the reference."""
    return abs(ours - theirs) <= max(points, 0.25 * theirs)


def check_against_praat(samples: np.ndarray, folder: Path) -> int:
    """Given one contour, the measures lie within 1 % of Praat's; return of how many pulses they are."""
    samples = np.pad(samples, 800)  # see test_pulses.py
    pitch, sound = track_pitch(samples), praat_sound(samples)
    theirs = praat_pulses(sound, praat_pitch(pitch, samples, folder))
    count = len(praat_times(theirs))
    if count:
        measured = (*astuple(jitter(samples, pitch)), *astuple(shimmer(samples, pitch)))
        reference = (*praat_jitter(theirs), *praat_shimmer(sound, theirs))
        assert measured == pytest.approx(reference, rel=0.01, abs=1e-5, nan_ok=True)
    return count


@pytest.mark.parametrize("pitch_hz", [80.0, 130.0, 250.0, 450.0])
def test_measures_are_praats_on_the_same_contour(pitch_hz: float, tmp_path: Path) -> None:
    assert check_against_praat(voice(1.5, pitch_hz=pitch_hz), tmp_path) > 0.3 * 1.5 * pitch_hz


def test_measures_are_praats_on_real_speech(real_table: pd.DataFrame, tmp_path: Path) -> None:
    paths = real_table["path"].iloc[::1500]
    assert sum(check_against_praat(load_audio(path).samples, tmp_path) for path in paths) > 500


@pytest.mark.parametrize(("unevenness", "loudness"), UNEVEN)
@pytest.mark.parametrize("f0_hz", [110.0, 220.0])
def test_uneven_vowels_from_raw_sound_as_praat(f0_hz: float, unevenness: float, loudness: float) -> None:
    """Each with its own pitch contour: jitter within 0.5 points or 25 %, shimmer within 2 points or 25 %."""
    samples, _, _ = held(f0_hz, jitter=unevenness, shimmer=loudness)
    sound, pitch = praat_sound(samples), track_pitch(samples)
    theirs = praat_pulses(sound)
    assert as_praat(jitter(samples, pitch).local, praat_jitter(theirs)[0], 0.005)
    assert as_praat(shimmer(samples, pitch).local, praat_shimmer(sound, theirs)[0], 0.02)


def test_real_speech_from_raw_sound_as_praat(real_table: pd.DataFrame) -> None:
    """Each with its own pitch contour, medians over clips; the ratio where both find a voice.

    Single clips differ by more, because the two trackers do not call the same frames voiced.
    """
    differences = []
    for path in real_table["path"].iloc[::1500]:
        samples = load_audio(path).samples
        sound, pitch = praat_sound(samples), track_pitch(samples)
        theirs = praat_pulses(sound)
        if pitch.voiced.sum() < 30:
            continue
        ours, reference = harmonics_to_noise(samples, pitch), praat_ratio(sound, len(pitch.voiced))
        both = np.isfinite(ours) & np.isfinite(reference)
        differences.append(
            (
                jitter(samples, pitch).local / praat_jitter(theirs)[0] - 1,
                shimmer(samples, pitch).local / praat_shimmer(sound, theirs)[0] - 1,
                np.mean(ours[both] - reference[both]),
            )
        )
    assert len(differences) >= 6
    of_jitter, of_shimmer, of_ratio = np.abs(differences).T
    assert np.median(of_jitter) < 0.25
    assert np.median(of_shimmer) < 0.25
    assert of_ratio.max() < 1.5


@pytest.mark.parametrize("deviation", [0.01, 0.02, 0.03])
def test_jitter_of_a_known_vowel(deviation: float) -> None:
    samples, times, _ = held(120.0, jitter=deviation)
    periods = np.diff(times)
    true = np.abs(np.diff(periods)).mean() / periods.mean()
    assert jitter(samples, track_pitch(samples)).local == pytest.approx(true, rel=0.35)


@pytest.mark.parametrize("deviation", [0.04, 0.08])
def test_shimmer_of_a_known_vowel(deviation: float) -> None:
    samples, _, strengths = held(120.0, shimmer=deviation)
    true = np.abs(np.diff(strengths)).mean() / strengths.mean()
    measured = shimmer(samples, track_pitch(samples))
    assert measured.local == pytest.approx(true, rel=0.35)
    assert measured.local_db == pytest.approx(20 * np.log10(1 + measured.local), rel=0.1)


def test_measures_grow_with_unevenness_and_vanish_without() -> None:
    measured = []
    for unevenness, loudness in UNEVEN:
        samples, _, _ = held(150.0, jitter=unevenness, shimmer=loudness)
        pitch = track_pitch(samples)
        measured.append((*astuple(jitter(samples, pitch)), *astuple(shimmer(samples, pitch))))
    assert np.all(np.diff(measured, axis=0) > 0)
    assert max(measured[0][:3]) < 2e-3
    assert max(measured[0][3], measured[0][5]) < 0.01


def test_measures_of_given_pulses() -> None:
    """By hand: periods 10, 11, 10, 11 ms differ by 1 of 10.5 ms; a gap is no period."""
    pulses = np.cumsum([0.1, 0.010, 0.011, 0.010, 0.011, 0.3])
    samples = np.zeros(RATE, np.float32)
    measured = jitter(samples, contour(95.0, samples), pulses=pulses)
    assert measured.local == pytest.approx(1 / 10.5)
    assert measured.rap == pytest.approx(2 / 3 / 10.5)
    assert math.isnan(measured.ppq5)
    assert all(math.isnan(value) for value in astuple(shimmer(samples, contour(95.0, samples), pulses=pulses)))


def test_neighbours_too_unlike_are_no_pair() -> None:
    """By hand: 14 ms is more than 1.3 times 10 ms, so that only the steps of 0.1 ms count; the mean has all periods."""
    periods = np.array([10, 10.1, 10, 14, 10, 10.1, 10])
    samples = np.zeros(RATE, np.float32)
    measured = jitter(samples, contour(100.0, samples), pulses=0.1 + np.cumsum([0, *periods]) / 1000)
    mean = periods[[0, 1, 2, 4, 5, 6]].mean()  # but not one unlike both its neighbours
    assert measured.local == pytest.approx(0.1 / mean)
    assert measured.rap == pytest.approx(0.2 / 3 / mean)


def test_amplitudes_of_given_pulses() -> None:
    """By hand: a constant sound has equal amplitudes; steps to 1.2 and back count, to 2 does not."""
    pulses = np.arange(0.1, 0.195, 0.01)
    level = np.repeat([1, 1, 1, 1.2, 1, 1, 2, 2, 2, 2], 160)
    samples = np.zeros(RATE, np.float32)
    samples[1520 : 1520 + len(level)] = level  # each level reaches 5 ms either side of its pulse
    measured = shimmer(samples, contour(100.0, samples), pulses=pulses)
    amplitudes = np.array([1, 1, 1.2, 1, 1, 2, 2, 2])  # the first and last pulse have one neighbour only
    steps = np.array([0, 0.2, 0.2, 0, 0, 0])  # without that from 1 to 2
    assert measured.local == pytest.approx(steps.mean() / amplitudes[:-1].mean(), rel=1e-4)
    assert measured.local_db == pytest.approx(2 * 20 * np.log10(1.2) / 6, rel=1e-4)


@pytest.mark.parametrize("pulses", [[], [0.1], [0.1, 0.11], [0.1, 0.11, 0.15, 0.16]])
def test_too_few_periods_are_not_measurable(pulses: list[float]) -> None:
    samples = voice(0.5)
    for measure in (jitter, shimmer):
        values = astuple(measure(samples, contour(100.0, samples), pulses=np.array(pulses)))
        assert all(math.isnan(value) for value in values)


@pytest.mark.parametrize("hnr_db", [0.0, 5.0, 10.0, 20.0, 30.0])
@pytest.mark.parametrize("f0_hz", [100.0, 210.0])
def test_ratio_of_known_noise_within_one_and_a_half_db(f0_hz: float, hnr_db: float) -> None:
    samples, _, _ = held(f0_hz, hnr_db=hnr_db)
    ratio = harmonics_to_noise(samples, contour(f0_hz, samples))[10:-10]
    assert ratio.mean() == pytest.approx(hnr_db, abs=1.5)
    # Praat takes the highest of all multiples of the period, which flatters a voice with very little noise.
    reference = np.nanmean(praat_ratio(praat_sound(samples), len(ratio) + 20)[10:-10])
    assert ratio.mean() == pytest.approx(reference, abs=1.5 if hnr_db < 30 else 2.0)


def test_ratio_is_praats_frame_by_frame() -> None:
    samples = voice(3.0)
    pitch = track_pitch(samples)
    ours, theirs = harmonics_to_noise(samples, pitch), praat_ratio(praat_sound(samples), len(pitch.voiced))
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.sum() > 100
    assert np.median(np.abs(ours - theirs)[both]) < 0.3


def test_ratio_is_there_where_the_voice_is() -> None:
    """NaN exactly where unvoiced, on the shared axis, whatever the hop and the blocks."""
    samples = np.concatenate([np.zeros(RATE // 2, np.float32), held(150.0, hnr_db=15)[0]])
    pitch = track_pitch(samples)
    ratio = harmonics_to_noise(samples, pitch)
    assert ratio.dtype == np.float32
    np.testing.assert_array_equal(np.isfinite(ratio), pitch.voiced)
    assert 0.3 < pitch.voiced.mean() < 0.9
    coarse = Pitch(pitch.f0_hz[::2], pitch.voiced[::2], pitch.periodicity[::2], PitchConfig(hop=320))
    np.testing.assert_allclose(harmonics_to_noise(samples, coarse), ratio[::2], atol=0.05)


def test_blocks_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = voice(1.0)
    pitch = track_pitch(samples)
    whole = harmonics_to_noise(samples, pitch)
    monkeypatch.setattr(module, "_BLOCK", 7)
    np.testing.assert_allclose(harmonics_to_noise(samples, pitch), whole, atol=0.05)


def test_a_long_recording_is_measured_as_its_parts_are() -> None:
    part = np.concatenate([np.zeros(4000, np.float32), voice(1.5), np.zeros(4000, np.float32)])
    once, often = track_pitch(part), track_pitch(np.tile(part, 20))
    expected, found = jitter(part, once), jitter(np.tile(part, 20), often)
    assert found.local == pytest.approx(expected.local, rel=0.02)
    pulses = glottal_pulses(np.tile(part, 20), often)
    assert len(pulses) == pytest.approx(20 * len(glottal_pulses(part, once)), abs=20)
    assert (np.diff(pulses) > 0).all()


def test_the_level_does_not_matter() -> None:
    samples = voice(1.0)
    pitch = track_pitch(samples)
    expected = [jitter(samples, pitch).local, shimmer(samples, pitch).local]
    ratio = harmonics_to_noise(samples, pitch)
    for level in (1e-6, 1e-15):
        quiet = samples * np.float32(level)
        assert [jitter(quiet, pitch).local, shimmer(quiet, pitch).local] == pytest.approx(expected, rel=1e-3)
        np.testing.assert_allclose(harmonics_to_noise(quiet, pitch), ratio, atol=0.01)


@pytest.mark.parametrize("everywhere", [False, True], ids=["tracked", "said to be voiced"])
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_sounds(name: str, everywhere: bool) -> None:
    """No exception and no warning, whether the tracker finds a voice or is wrong about one."""
    samples = AWKWARD[name].astype(np.float32)
    pitch = contour(150.0, samples) if everywhere else track_pitch(samples)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pulses = glottal_pulses(samples, pitch)
        values = (*astuple(jitter(samples, pitch)), *astuple(shimmer(samples, pitch)))
        ratio = harmonics_to_noise(samples, pitch)
    assert (np.diff(pulses) > 0).all()
    assert all(math.isnan(value) or 0 <= value < 5 for value in values)
    np.testing.assert_array_equal(np.isnan(ratio), ~pitch.voiced)
    assert (np.abs(ratio[pitch.voiced]) <= 60.001).all()
    if name in ("nothing", "one sample", "silence", "click") and not everywhere:
        assert not len(pulses)
        assert all(math.isnan(value) for value in values)


def test_a_contour_of_another_sound_is_refused() -> None:
    samples = voice(1.0)
    pitch = track_pitch(samples)
    shorter = replace(pitch, f0_hz=pitch.f0_hz[:50], voiced=pitch.voiced[:50])
    for measure in (jitter, shimmer, harmonics_to_noise, glottal_pulses):
        with pytest.raises(AudioError, match="belongs to another sound"):
            measure(samples, shorter)
