from __future__ import annotations

import itertools

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.effects import add_noise, high_pass, normalise_level, reduce_noise, split_utterances, trim_silence
from ser_core.effects.level import active_level_dbfs
from ser_core.errors import AudioError
from tests.effects.measures import band_db, lag, rms_db, snr_db
from tests.synthetic import voice


def _phrases(*gaps_s: float) -> Waveform:
    """Return seconds of speech with these pauses between and a second of silence around them."""
    parts = [np.zeros(SAMPLE_RATE, np.float32), voice(1.0, seed=9)]
    for number, gap in enumerate(gaps_s):
        parts += [np.zeros(round(gap * SAMPLE_RATE), np.float32), voice(1.0, seed=number)]
    return Waveform(np.concatenate([*parts, np.zeros(SAMPLE_RATE, np.float32)]), name="phrases")


def test_trimming_leaves_the_speech_and_its_margin():
    original = _phrases()
    trimmed = trim_silence(original, 0.2)
    assert trimmed.duration_s == pytest.approx(1.4, abs=0.15)
    assert trimmed.name == "phrases"
    start = int(np.argmax(np.abs(trimmed.samples) > 0.01))
    assert start / SAMPLE_RATE == pytest.approx(0.2, abs=0.1)
    assert trim_silence(original, 0.0).duration_s < trimmed.duration_s - 0.3


def test_trimming_leaves_a_recording_without_speech_alone():
    silence = Waveform(np.zeros(SAMPLE_RATE, np.float32))
    assert trim_silence(silence) is silence


def test_utterances_are_parted_at_long_pauses():
    found = split_utterances(_phrases(0.8, 1.2))
    assert len(found) == 3
    np.testing.assert_allclose([start for start, _ in found], [0.9, 2.7, 4.9], atol=0.15)
    np.testing.assert_allclose([end for _, end in found], [2.1, 3.9, 6.1], atol=0.15)


def test_short_pauses_and_short_sounds_do_not_count():
    recording = _phrases(0.8, 1.6)
    assert len(split_utterances(recording, min_gap_s=1.2)) == 2
    assert len(split_utterances(recording, min_gap_s=3)) == 1
    assert split_utterances(recording, min_length_s=1.5) == []


def test_utterances_never_overlap_and_stay_inside():
    recording = _phrases(0.5, 0.6)
    found = split_utterances(recording, margin_s=2.0)
    assert len(found) == 3
    assert found[0][0] == 0
    assert found[-1][1] == recording.duration_s
    for (_, end), (start, _) in itertools.pairwise(found):
        assert end == pytest.approx(start)


def test_no_speech_is_no_utterance():
    assert split_utterances(Waveform(np.zeros(SAMPLE_RATE, np.float32))) == []
    with pytest.raises(AudioError, match="cannot be negative"):
        split_utterances(_phrases(), min_gap_s=-1)


@pytest.mark.parametrize("gain", [0.02, 1.0])
@pytest.mark.parametrize("target", [-30.0, -26.0])
def test_the_speech_ends_up_at_the_target(gain, target):
    recording = _phrases(1.0)
    recording = Waveform(recording.samples * np.float32(gain))
    assert active_level_dbfs(normalise_level(recording, target)) == pytest.approx(target, abs=0.05)


def test_normalising_never_cuts_off(spoken):
    result = normalise_level(spoken, -6).samples
    assert np.abs(result).max() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(result / result.max(), spoken.samples / spoken.samples.max(), atol=1e-6)


@pytest.mark.parametrize(("kind", "gain"), [("white", 3.5), ("pink", 1.0)])
def test_noise_is_reduced(spoken, kind, gain):
    clean = Waveform(np.pad(spoken.samples, 8000))
    noisy = add_noise(clean, 10, kind)
    result = reduce_noise(noisy, 12)
    assert len(result.samples) == len(noisy.samples)
    assert lag(clean.samples, result.samples) == 0
    assert snr_db(clean.samples, result.samples) > snr_db(clean.samples, noisy.samples) + gain


def test_pauses_become_quieter_by_at_most_the_strength(spoken):
    noisy = add_noise(Waveform(np.pad(spoken.samples, 16_000)), 15, "white")
    weak, strong = (
        rms_db(noisy.samples[4000:12_000]) - rms_db(reduce_noise(noisy, strength).samples[4000:12_000])
        for strength in (6, 20)
    )
    assert 3 < weak < 7
    assert 12 < strong < 21


def test_a_clean_voice_is_left_nearly_as_it_is(spoken):
    clean = Waveform(np.pad(spoken.samples, 8000))
    assert snr_db(clean.samples, reduce_noise(clean, 12).samples) > 20


def test_a_high_pass_takes_hum_and_leaves_the_voice(spoken):
    time = np.arange(len(spoken.samples)) / SAMPLE_RATE
    hum = (0.1 * np.sin(2 * np.pi * 50 * time)).astype(np.float32)
    result = high_pass(Waveform(spoken.samples + hum), 100).samples
    assert band_db(result, 45, 55) < band_db(spoken.samples + hum, 45, 55) - 40
    assert band_db(result, 150, 8000) == pytest.approx(band_db(spoken.samples, 150, 8000), abs=0.2)
    assert lag(spoken.samples, result) == 0


def test_nothing_asked_is_nothing_done(spoken):
    assert reduce_noise(spoken, 0) is spoken
    assert high_pass(spoken, 0) is spoken


@pytest.mark.parametrize(
    ("function", "bad"), [(trim_silence, -0.1), (normalise_level, 0), (reduce_noise, 41), (high_pass, 301)]
)
def test_values_outside_their_range_are_refused(spoken, function, bad):
    with pytest.raises(AudioError, match="must lie between"):
        function(spoken, bad)
