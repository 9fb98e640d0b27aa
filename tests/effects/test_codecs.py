from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.effects import CODECS, EFFECTS, encode
from ser_core.effects import codecs as module
from ser_core.errors import AudioError
from tests.effects.measures import band_db, lag

#: What each codec must leave of a voice at its lowest and its usual bit rate (correlation with the original).
LIKENESS = {"opus": (0.5, 0.9), "mp3": (0.7, 0.98), "aac": (0.6, 0.98), "amr-nb": (0.6, 0.7), "mu-law": (0.9, 0.9)}
CASES = [(codec, rate) for codec, info in CODECS.items() for rate in {info.kbit_s[0], info.default_kbit_s}]


@pytest.mark.parametrize(("codec", "rate"), CASES)
def test_what_comes_out_is_the_same_voice_in_time(spoken, codec, rate):
    result = encode(spoken, codec, rate)
    assert len(result.samples) == len(spoken.samples)
    assert abs(lag(spoken.samples, result.samples)) <= 2
    likeness = np.corrcoef(spoken.samples, result.samples)[0, 1]
    usual = rate == CODECS[codec].default_kbit_s
    assert LIKENESS[codec][usual] < likeness < 1 - 1e-6
    assert (result.name, result.original_rate) == (spoken.name, spoken.original_rate)


@pytest.mark.parametrize("codec", CODECS)
def test_the_end_is_not_lost(codec):
    time = np.arange(8000) / 16_000
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    result = encode(Waveform(tone), codec).samples
    assert np.sqrt(np.mean(result[-1600:] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.25)


@pytest.mark.parametrize("codec", ["opus", "mp3", "aac", "amr-nb"])
def test_fewer_bits_lose_more(spoken, codec):
    rates = CODECS[codec].kbit_s
    low, high = (encode(spoken, codec, rate).samples for rate in (rates[0], rates[-1]))
    assert np.corrcoef(spoken.samples, low)[0, 1] < np.corrcoef(spoken.samples, high)[0, 1]


def test_telephone_codecs_end_at_4_khz(spoken):
    for codec in ("amr-nb", "mu-law"):
        result = encode(spoken, codec).samples
        assert band_db(result, 4300, 8000) < band_db(result, 100, 4000) - 40


def test_mu_law_is_g711():
    """A constant comes back as the nearest of 255 steps, whose size grows with the level (ITU-T G.711)."""
    for level in (0.01, 0.1, 0.6):
        steady = Waveform(np.full(8000, level, np.float32))
        heard = float(np.median(encode(steady, "mu-law").samples[2000:6000]))
        segment = np.floor(np.log2(level * 8159 + 33)) - 5
        assert abs(heard - level) <= 2**segment / 8159 * 1.1


@pytest.mark.parametrize("codec", CODECS)
def test_the_same_again_is_the_same(spoken, codec):
    np.testing.assert_array_equal(encode(spoken, codec).samples, encode(spoken, codec).samples)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("codec", CODECS)
def test_odd_sounds(odd, codec):
    result = encode(odd, codec).samples
    assert len(result) == len(odd.samples)
    assert np.isfinite(result).all()
    assert result.dtype == np.float32


def test_a_long_recording_stays_in_time():
    time = np.arange(90 * 16_000) / 16_000
    chirp = Waveform((0.3 * np.sin(2 * np.pi * (200 + 10 * time) * time)).astype(np.float32))
    result = encode(chirp, "aac", 32).samples
    assert lag(chirp.samples[-80_000:], result[-80_000:]) == 0


def test_unknown_codecs_and_rates_are_refused(spoken):
    with pytest.raises(AudioError, match="Codec 'gsm' is not known: choose one of opus, mp3, aac, amr-nb, mu-law"):
        encode(spoken, "gsm")
    with pytest.raises(AudioError, match="Opus has no bit rate of 7 kbit/s: choose one of 6, 8, 12"):
        encode(spoken, "opus", 7)


def test_a_missing_encoder_is_told(spoken, monkeypatch):
    lost = module.Codec("GSM", "libgsm_is_not_here", "gsm", 8000, (13,), 13)
    monkeypatch.setattr(module, "CODECS", {"mp3": lost})
    with pytest.raises(AudioError, match="GSM cannot be encoded by this installation of FFmpeg: choose another codec"):
        encode(spoken, "mp3")


def test_the_page_offers_every_codec():
    assert set(EFFECTS["codec"].choices) - {None} == set(CODECS)
    for codec in CODECS.values():
        assert codec.default_kbit_s in codec.kbit_s
        assert EFFECTS["kbit_s"].least <= min(codec.kbit_s) <= max(codec.kbit_s) <= EFFECTS["kbit_s"].most
