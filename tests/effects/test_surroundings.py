from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform, speech_segments
from ser_core.effects import add_noise, reverberate, telephone
from ser_core.errors import AudioError
from tests.effects.measures import band_db, lag, rms_db

KINDS = ("white", "pink", "babble")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("snr", [0.0, 15.0])
def test_noise_lies_as_far_below_the_speech_as_asked(spoken, kind, snr):
    with_pauses = Waveform(np.pad(spoken.samples, 32_000))
    noise = add_noise(with_pauses, snr, kind).samples - with_pauses.samples
    assert rms_db(spoken.samples) - rms_db(noise) == pytest.approx(snr, abs=1.0)
    assert rms_db(noise[:32_000]) == pytest.approx(rms_db(noise[64_000:]), abs=2.0)


def test_colours_of_noise(spoken):
    quiet = Waveform(np.zeros(160_000, np.float32))
    octaves = [(125 * 2**k, 250 * 2**k) for k in range(5)]
    white, pink = (
        np.array([band_db(add_noise(quiet, 0, kind).samples, *octave) for octave in octaves])
        for kind in ("white", "pink")
    )
    np.testing.assert_allclose(np.diff(white), 3.0, atol=0.6)
    np.testing.assert_allclose(np.diff(pink), 0.0, atol=0.8)


def test_babble_is_like_speech_and_not_one_voice():
    sound = add_noise(Waveform(np.zeros(160_000, np.float32)), 0, "babble").samples
    assert band_db(sound, 100, 4000) > band_db(sound, 4000, 8000) + 15
    envelope = np.sqrt(np.mean(sound.reshape(-1, 800) ** 2, axis=1))
    assert 0.1 < envelope.std() / envelope.mean() < 0.6
    assert np.isfinite(sound).all()


def test_noise_on_silence_has_a_known_level():
    silence = Waveform(np.zeros(32_000, np.float32))
    assert rms_db(add_noise(silence, 10, "white").samples) == pytest.approx(-36, abs=0.01)


def test_long_babble_repeats_and_keeps_its_level():
    noise = add_noise(Waveform(np.zeros(22 * 16_000, np.float32)), 0, "babble").samples
    np.testing.assert_array_equal(noise[:1000], noise[20 * 16_000 : 20 * 16_000 + 1000])
    assert rms_db(noise) == pytest.approx(-26, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides(spoken, kind):
    first, again, other = (add_noise(spoken, 10, kind, seed).samples for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.corrcoef(first - spoken.samples, other - spoken.samples)[0, 1] < 0.3


def test_too_much_noise_lowers_all_instead_of_cutting_off(spoken):
    loud = Waveform(spoken.samples / np.abs(spoken.samples).max())
    result = add_noise(loud, -10).samples
    assert np.abs(result).max() == pytest.approx(1.0, abs=1e-6)
    assert np.sum(np.abs(result) > 0.999) < 5


@pytest.mark.parametrize("rt60", [0.3, 0.8, 2.0])
def test_echoes_die_away_in_the_time_asked(rt60):
    knock = np.zeros(round(1.2 * rt60 * 16_000) + 100, np.float32)
    knock[0] = 1.0
    response = reverberate(Waveform(knock), rt60, seed=1).samples.astype(np.float64)
    tail = response[100:]
    decay = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1] / np.sum(tail**2))  # Schroeder's integral
    first, last = np.argmax(decay < -5), np.argmax(decay < -35)
    assert (last - first) / 16_000 * 2 == pytest.approx(rt60, rel=0.1)
    assert np.abs(response[1:79]).max() < 1e-12
    assert np.sum(response[1:] ** 2) / response[0] ** 2 == pytest.approx(rt60 / 0.5, rel=0.01)


def test_a_room_keeps_length_level_and_time(spoken):
    result = reverberate(spoken, 0.5)
    assert len(result.samples) == len(spoken.samples)
    assert rms_db(result.samples) == pytest.approx(rms_db(spoken.samples), abs=0.01)
    assert lag(spoken.samples, result.samples) == 0
    np.testing.assert_array_equal(result.samples, reverberate(spoken, 0.5).samples)
    assert np.abs(result.samples - reverberate(spoken, 0.5, seed=1).samples).max() > 0.01
    assert reverberate(spoken, 0) is spoken


def test_a_telephone_passes_300_to_3400_hz():
    rng = np.random.default_rng(0)
    noise = Waveform((0.1 * rng.standard_normal(64_000)).astype(np.float32))
    line = telephone(noise).samples
    for low, high, loss, tolerance in ((400, 3000, 0, 0.5), (290, 310, 2.5, 0.8), (3390, 3410, 2.5, 0.8)):
        assert band_db(noise.samples, low, high) - band_db(line, low, high) == pytest.approx(loss, abs=tolerance)
    for low, high in ((20, 150), (4200, 8000)):
        assert band_db(noise.samples, low, high) - band_db(line, low, high) > 25
    assert lag(noise.samples, line) == 0
    assert len(line) == 64_000


def test_speech_over_the_telephone_is_still_speech(spoken):
    assert speech_segments(telephone(spoken))


def test_bad_values_are_refused(spoken):
    with pytest.raises(AudioError, match="Voice above noise must lie between -10 and 60 dB"):
        add_noise(spoken, 61)
    with pytest.raises(AudioError, match="Noise 'brown' is not known"):
        add_noise(spoken, 10, "brown")
    with pytest.raises(AudioError, match="Reverberation must lie between 0 and 5 s"):
        reverberate(spoken, 6)
