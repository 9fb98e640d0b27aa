from __future__ import annotations

import librosa
import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.effects import MAX_VOICE_SECONDS, change_voice
from ser_core.errors import AudioError
from tests.effects.measures import band_db, lag, melody, rms_db, shift, spread
from tests.synthetic import voice


def test_no_change_gives_the_same_samples(spoken):
    assert change_voice(spoken) is spoken
    assert change_voice(spoken, pitch_semitones=0, range_factor=1.0, speed=1) is spoken


def test_next_to_no_change_gives_next_to_the_same_samples(spoken):
    result = change_voice(spoken, pitch_semitones=1e-7)
    np.testing.assert_allclose(result.samples, spoken.samples, atol=2e-6)


@pytest.mark.parametrize("semitones", [-4.0, 2.0, 7.0])
@pytest.mark.parametrize("pitch_hz", [110.0, 180.0, 300.0])
def test_pitch_moves_by_what_was_asked(pitch_hz, semitones):
    original = Waveform(voice(1.5, pitch_hz=pitch_hz, pitch_range=0.1))
    result = change_voice(original, pitch_semitones=semitones)
    assert shift(original.samples, result.samples) == pytest.approx(semitones, abs=0.3)
    assert spread(melody(result.samples)) == pytest.approx(spread(melody(original.samples)), rel=0.2)
    assert len(result.samples) == len(original.samples)


@pytest.mark.parametrize("factor", [0.5, 1.5, 2.0])
def test_range_is_multiplied_about_the_median(spoken, factor):
    result = melody(change_voice(spoken, range_factor=factor).samples)
    original = melody(spoken.samples)
    assert spread(result) == pytest.approx(factor * spread(original), rel=0.2)
    assert np.median(result) == pytest.approx(np.median(original), abs=0.3)


def test_no_range_is_a_monotone(spoken):
    assert spread(melody(spoken.samples)) > 2
    assert spread(melody(change_voice(spoken, range_factor=0).samples)) < 0.3


@pytest.mark.parametrize("speed", [0.5, 0.75, 1.5, 2.0])
def test_speed_changes_the_length_and_not_the_pitch(spoken, speed):
    result = change_voice(spoken, speed=speed)
    assert len(result.samples) == round(len(spoken.samples) / speed)
    assert np.median(melody(result.samples)) == pytest.approx(np.median(melody(spoken.samples)), abs=0.3)


def test_what_was_said_when_moves_with_the_speed():
    early, late = voice(0.5, seed=1), voice(0.5, seed=2)
    apart = np.concatenate([early, np.zeros(SAMPLE_RATE, np.float32), late])
    result = change_voice(Waveform(apart), speed=2.0).samples
    loud = np.abs(result) > 0.01
    assert loud[:4000].any()
    assert not loud[4400:11600].any()
    assert loud[12000:].any()


@pytest.mark.parametrize("change", [{"pitch_semitones": 6.0}, {"pitch_semitones": -6.0}, {"speed": 0.6}])
def test_level_and_formants_stay(spoken, change):
    result = change_voice(spoken, **change).samples
    assert rms_db(result) == pytest.approx(rms_db(spoken.samples), abs=0.1)
    for low, high in ((200, 1000), (1000, 2000), (2000, 4000)):
        before = band_db(spoken.samples, low, high) - band_db(spoken.samples, 0, 8000)
        after = band_db(result, low, high) - band_db(result, 0, 8000)
        assert after == pytest.approx(before, abs=2.5)


def test_noise_and_silence_have_no_pitch_to_change():
    noise = Waveform((0.1 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32))
    result = change_voice(noise, pitch_semitones=12)
    assert np.corrcoef(result.samples, noise.samples)[0, 1] > 0.8
    silence = Waveform(np.zeros(16_000, np.float32))
    np.testing.assert_array_equal(change_voice(silence, speed=2).samples, np.zeros(8000))


def test_what_follows_a_voice_is_not_moved():
    noise = (0.05 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32)
    original = np.concatenate([voice(0.5), np.zeros(3000, np.float32), noise])
    for semitones in (-5, 3, 8):
        result = change_voice(Waveform(original), pitch_semitones=semitones).samples
        assert lag(original[-7000:-1000], result[-7000:-1000]) == 0
        assert np.corrcoef(original[-7000:-1000], result[-7000:-1000])[0, 1] > 0.99


def test_the_same_again_is_the_same(spoken):
    first, again = (change_voice(spoken, pitch_semitones=5, speed=0.8).samples for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("change", [{"pitch_semitones": -12.0, "range_factor": 3.0}, {"speed": 0.5}, {"speed": 2.0}])
def test_odd_sounds(odd, change):
    result = change_voice(odd, **change)
    assert np.isfinite(result.samples).all()
    assert len(result.samples) == max(1, round(len(odd.samples) / change.get("speed", 1.0)))
    assert np.abs(result.samples).max() <= max(1.0, np.abs(odd.samples).max()) + 1e-6


@pytest.mark.parametrize("name", ["pitch_semitones", "range_factor", "speed"])
def test_values_outside_their_range_are_refused(spoken, name):
    for value in (-13, 5.0 if name != "pitch_semitones" else 13, float("nan")):
        with pytest.raises(AudioError, match="must lie between"):
            change_voice(spoken, **{name: value})


def test_too_long_is_refused_in_a_sentence_unless_nothing_is_asked():
    long = Waveform(np.zeros(round((MAX_VOICE_SECONDS + 1) * SAMPLE_RATE), np.float32), name="lecture.wav")
    assert change_voice(long) is long
    with pytest.raises(AudioError, match=r"lecture\.wav lasts 121 s, .* at most 120 s: cut out the part"):
        change_voice(long, speed=1.5)


def test_real_voices_keep_their_sound_and_move_by_what_was_asked(real_table):
    clips = [load_audio(path) for path in real_table.groupby("corpus").sample(2, random_state=5).path]
    for clip in clips:
        kept = change_voice(clip, pitch_semitones=0.01).samples
        assert _distance_db(clip.samples, kept) < 0.5
    moved = [shift(clip.samples, change_voice(clip, pitch_semitones=4).samples) for clip in clips]
    assert np.median(moved) == pytest.approx(4, abs=0.3)
    assert np.mean(np.abs(np.array(moved) - 4) < 1) >= 0.75


def _distance_db(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean log-spectral distance over 40 mel bands, 50 dB down."""
    energies = [
        librosa.feature.melspectrogram(y=sound, sr=SAMPLE_RATE, n_fft=512, hop_length=160, n_mels=40)
        for sound in (first, second)
    ]
    floor = energies[0].max() * 1e-5
    difference = 10 * np.log10((energies[0] + floor) / (energies[1] + floor))
    return float(np.sqrt((difference**2).mean(axis=0)).mean())
