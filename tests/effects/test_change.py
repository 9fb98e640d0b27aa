from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from ser_core.audio import Waveform
from ser_core.effects import (
    CleanUp,
    VoiceChange,
    add_noise,
    apply,
    change_effort,
    change_level,
    change_voice,
    clean_up,
    clip,
    encode,
    high_pass,
    normalise_level,
    reduce_noise,
    reverberate,
    telephone,
    trim_silence,
)
from ser_core.errors import AudioError

EVERYTHING = VoiceChange(
    pitch_semitones=3,
    range_factor=1.5,
    speed=0.8,
    effort_db_per_octave=4,
    level_db=3,
    rt60_s=0.4,
    noise="babble",
    clip_db=3,
    telephone=True,
    codec="amr-nb",
)


def test_defaults_change_nothing(spoken):
    assert VoiceChange().is_identity
    assert VoiceChange().describe() == "no change"
    assert apply(spoken, VoiceChange()) is spoken
    assert CleanUp().is_identity
    assert CleanUp().describe() == "nothing done"
    assert clean_up(spoken, CleanUp()) is spoken


def test_a_setting_without_what_it_needs_changes_nothing(spoken):
    settings = VoiceChange(snr_db=0, kbit_s=8, seed=4)
    assert settings.is_identity
    assert apply(spoken, settings) is spoken
    assert CleanUp(margin_s=1, target_dbfs=-20).is_identity


def test_changes_are_told_in_words():
    assert VoiceChange(pitch_semitones=3, telephone=True).describe() == "pitch +3 semitones, telephone"
    assert VoiceChange(noise="pink", snr_db=5, codec="opus", kbit_s=8).describe() == (
        "pink noise at 5 dB, opus at 8 kbit/s"
    )
    assert EVERYTHING.describe() == (
        "pitch +3 semitones, pitch range × 1.5, speed × 0.8, effort +4 dB per octave, level +3 dB, "
        "reverberation 0.4 s, babble noise at 10 dB, overdriven by 3 dB, telephone, amr-nb"
    )
    assert CleanUp(noise_reduction=12, trim=True).describe() == "noise reduced by up to 12 dB, silence trimmed"
    assert CleanUp(high_pass_hz=80, normalise=True).describe() == "high-pass at 80 Hz, level normalised to -26 dBFS"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pitch_semitones": 13}, "Pitch must lie between -12 and 12 semitones, not 13"),
        ({"speed": float("nan")}, "Speaking rate must lie between 0.5 and 2 times, not nan"),
        ({"pitch_semitones": "high"}, "The setting pitch_semitones is 'high', but input should be a valid number"),
        ({"pich": 1}, "The setting pich is '1', but extra inputs are not permitted"),
        ({"noise": "brown"}, "The setting noise is 'brown', but input should be 'white', 'pink' or 'babble'"),
        ({"codec": "amr-nb", "kbit_s": 64}, "AMR has no bit rate of 64 kbit/s: choose one of 4.75, 5.15"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(settings, message):
    with pytest.raises(AudioError, match=message):
        VoiceChange(**settings)


def test_settings_are_frozen_and_travel_as_json():
    with pytest.raises(ValidationError, match="frozen"):
        EVERYTHING.speed = 1.0
    assert VoiceChange.model_validate_json(EVERYTHING.model_dump_json()) == EVERYTHING
    assert hash(EVERYTHING) == hash(EVERYTHING.model_copy())


def test_the_chain_follows_the_sound_from_mouth_to_ear(spoken):
    by_hand = change_voice(spoken, pitch_semitones=3, range_factor=1.5, speed=0.8)
    by_hand = change_level(change_effort(by_hand, 4), 3)
    by_hand = clip(add_noise(reverberate(by_hand, 0.4), 10, "babble"), 3)
    by_hand = encode(telephone(by_hand), "amr-nb")
    result = apply(spoken, EVERYTHING)
    np.testing.assert_array_equal(result.samples, by_hand.samples)
    assert len(result.samples) == len(spoken.samples) / 0.8
    assert (result.name, result.original_rate) == ("spoken", 44_100)


def test_the_seed_is_passed_on(spoken):
    settings = VoiceChange(noise="white", rt60_s=0.3)
    first, again, other = (
        apply(spoken, change).samples for change in (settings, settings, settings.model_copy(update={"seed": 1}))
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_cleaning_reduces_cuts_trims_and_levels(spoken):
    noisy = add_noise(Waveform(np.pad(spoken.samples, 8000)), 20)
    settings = CleanUp(noise_reduction=12, high_pass_hz=80, trim=True, margin_s=0.2, normalise=True, target_dbfs=-20)
    by_hand = normalise_level(trim_silence(high_pass(reduce_noise(noisy, 12), 80), 0.2), -20)
    np.testing.assert_array_equal(clean_up(noisy, settings).samples, by_hand.samples)


@pytest.mark.filterwarnings("error")
def test_odd_sounds_pass_through_everything(odd):
    for settings in (EVERYTHING, VoiceChange(speed=2, noise="pink", snr_db=-5, codec="opus", level_db=40)):
        result = apply(odd, settings)
        assert result.samples.dtype == np.float32
        assert np.isfinite(result.samples).all()
        assert len(result.samples) == max(1, round(len(odd.samples) / settings.speed))
    settings = CleanUp(noise_reduction=40, high_pass_hz=300, trim=True, normalise=True)
    cleaned = clean_up(odd, settings).samples
    assert np.isfinite(cleaned).all()
    assert np.abs(cleaned).max() <= 1


@pytest.mark.filterwarnings("error")
def test_nothing_at_all_stays_nothing():
    nothing = Waveform(np.zeros(0, np.float32))
    assert len(apply(nothing, EVERYTHING).samples) == 0
    assert len(clean_up(nothing, CleanUp(noise_reduction=9, trim=True, normalise=True)).samples) == 0
