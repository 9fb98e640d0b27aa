import json

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, assess_quality, load_audio
from tests.synthetic import voice


def _codes(samples, segments=None):
    return [problem.code for problem in assess_quality(Waveform(np.asarray(samples, np.float32)), segments).problems]


def test_a_good_recording_has_no_problem():
    quality = assess_quality(Waveform(voice(3.0, level=0.5)))
    assert quality.problems == ()
    assert not quality.blocking
    assert quality.duration_s == 3.0
    assert quality.peak == pytest.approx(0.5, abs=0.01)
    assert quality.clipped_share == 0
    assert 0.5 < quality.speech_share <= 1


@pytest.mark.parametrize("samples", [np.zeros(SAMPLE_RATE), np.zeros(1), np.full(SAMPLE_RATE, 1e-4)])
def test_silence_is_named_and_nothing_else(samples):
    quality = assess_quality(Waveform(samples.astype(np.float32)))
    assert [problem.code for problem in quality.problems] == ["silent"]
    assert quality.blocking
    assert quality.silence_share == 1
    assert "microphone" in quality.problems[0].message


@pytest.mark.parametrize("kind", ["noise", "tone"])
def test_sound_without_speech_blocks(kind):
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    sound = {"noise": np.random.default_rng(0).normal(0, 0.1, len(time)), "tone": 0.3 * np.sin(2 * np.pi * 1000 * time)}
    quality = assess_quality(Waveform(sound[kind].astype(np.float32)))
    assert [problem.code for problem in quality.problems] == ["no_speech"]
    assert quality.blocking
    assert quality.speech_share < 0.15


@pytest.mark.parametrize("seconds", [0.0001, 0.01, 0.3, 0.49])
def test_too_short_blocks(seconds):
    assert "short" in _codes(voice(seconds) if seconds > 0.1 else np.full(max(1, int(seconds * 16_000)), 0.2))
    assert assess_quality(Waveform(np.full(max(1, int(seconds * 16_000)), 0.2, np.float32))).blocking


def test_half_a_second_is_not_too_short():
    assert "short" not in _codes(voice(0.5))


def test_quiet_is_a_warning_only():
    quality = assess_quality(Waveform(voice(2.0, level=0.008)))
    assert [problem.code for problem in quality.problems] == ["quiet"]
    assert not quality.blocking
    assert quality.level_dbfs < -45
    assert f"{quality.level_dbfs:.0f} dBFS" in quality.problems[0].message


def test_level_is_in_decibels_of_full_scale():
    sine = np.sin(2 * np.pi * 200 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert assess_quality(Waveform(sine.astype(np.float32)), []).level_dbfs == pytest.approx(-3.01, abs=0.1)
    assert assess_quality(Waveform((sine / 10).astype(np.float32)), []).level_dbfs == pytest.approx(-23.01, abs=0.1)


def test_clipping_is_measured():
    clipped = np.clip(voice(2.0, level=4.0), -1, 1)
    quality = assess_quality(Waveform(clipped))
    at_ceiling = np.mean(np.abs(clipped) == 1)
    assert "clipped" in [problem.code for problem in quality.problems]
    assert quality.clipped_share == pytest.approx(at_ceiling, rel=0.5)
    assert not quality.blocking


def test_a_loud_voice_that_touches_full_scale_is_not_clipped():
    assert "clipped" not in _codes(voice(2.0, level=1.0))


def test_a_voice_limited_at_a_low_level_is_not_taken_for_clipped():
    assert assess_quality(Waveform(np.clip(voice(2.0, level=1.0), -0.5, 0.5))).clipped_share == 0


def test_little_speech_in_a_long_recording():
    samples = np.concatenate([np.random.default_rng(0).normal(0, 0.002, 8 * SAMPLE_RATE), voice(1.5)])
    quality = assess_quality(Waveform(samples.astype(np.float32)))
    assert [problem.code for problem in quality.problems] == ["little_speech"]
    assert 0.03 < quality.speech_share < 0.25


def test_known_segments_are_used_instead_of_looking_again():
    waveform = Waveform(voice(2.0))
    assert assess_quality(waveform, [(0.5, 1.5)]).speech_share == 0.5
    assert _codes(waveform.samples, []) == ["no_speech"]


def test_blocking_problems_come_first():
    quiet_noise = np.random.default_rng(0).normal(0, 0.003, int(0.4 * SAMPLE_RATE))
    problems = assess_quality(Waveform(quiet_noise.astype(np.float32))).problems
    assert [problem.code for problem in problems] == ["no_speech", "short", "quiet"]
    assert [problem.blocking for problem in problems] == sorted((p.blocking for p in problems), reverse=True)


def test_every_measure_goes_into_json():
    quality = assess_quality(Waveform(np.zeros(100, np.float32)))
    plain = json.loads(json.dumps(quality.to_dict()))
    assert plain["problems"][0]["code"] == "silent"
    assert set(plain) == {
        "duration_s",
        "level_dbfs",
        "peak",
        "clipped_share",
        "silence_share",
        "speech_share",
        "problems",
    }


@pytest.mark.parametrize(
    ("clip", "code"), [("cremad/1076_MTI_SAD_XX.wav", "silent"), ("ravdess/03-01-02-01-01-02-01.wav", None)]
)
def test_real_clips(originals, clip, code):
    codes = [problem.code for problem in assess_quality(load_audio(originals / clip)).problems]
    assert (code in codes) if code else ("silent" not in codes)


def test_most_real_clips_have_nothing_blocking(originals):
    clips = sorted(originals.glob("*/*.wav"))
    blocked = [path.name for path in clips if assess_quality(load_audio(path)).blocking]
    assert "1076_MTI_SAD_XX.wav" in blocked
    assert len(blocked) <= 0.15 * len(clips)


def _coloured(exponent: float) -> np.ndarray:
    """Return noise whose power falls with the frequency to the power *exponent*: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=len(TIME)))
    spectrum[1:] /= np.fft.rfftfreq(len(TIME), 1 / SAMPLE_RATE)[1:] ** (exponent / 2)
    return np.fft.irfft(np.where(np.arange(len(spectrum)) > 0, spectrum, 0), len(TIME))


def _music(drums: bool = True, melody: bool = True) -> np.ndarray:
    """Return chords of plucked harmonics, a bass drum, a hi-hat and a melody with vibrato, two beats a second."""
    rng, sound = np.random.default_rng(0), np.zeros(len(TIME))
    for beat in range(8):
        time = TIME[: len(TIME) - beat * SAMPLE_RATE // 2]
        root = rng.choice([110.0, 131.0, 147.0, 165.0])
        tones = [root * step * h for step in (1, 1.26, 1.5) for h in range(1, 7)]
        part = sum(np.exp(-2 * time) * np.sin(2 * np.pi * f * time) * root / f for f in tones)
        if drums:
            part += 2 * np.exp(-18 * time) * np.sin(100 * np.pi * time) + np.exp(-60 * time) * rng.normal(
                size=len(time)
            )
        if melody:
            phase = 3 * root * time + 0.5 * np.sin(2 * np.pi * 5.5 * time)
            part += np.exp(-time) * (2 * (phase % 1) - 1)
        sound[len(TIME) - len(time) :] += part
    return sound


TIME = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
NOT_SPEECH = {
    "white noise": _coloured(0),
    "pink noise": _coloured(1),
    "brown noise": _coloured(2),
    "noise bursts": _coloured(0) * (TIME % 0.5 < 0.2),
    "noise at the rate of syllables": _coloured(1) * np.sin(4 * np.pi * TIME) ** 2,
    "sine": np.sin(880 * np.pi * TIME),
    "hum": sum(np.sin(100 * np.pi * h * TIME) / h for h in range(1, 12)),
    "siren": np.sign(np.sin(2 * np.pi * (700 * TIME + 95 * np.sin(np.pi * TIME)))),
    "chords": _music(drums=False, melody=False),
    "chords and drums": _music(melody=False),
    "music": _music(),
}


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_not_speech_blocks(name):
    sound = NOT_SPEECH[name]
    quality = assess_quality(Waveform((0.3 * sound / np.abs(sound).max()).astype(np.float32)))
    assert [problem.code for problem in quality.problems if problem.blocking] == ["no_speech"]
