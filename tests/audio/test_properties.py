import io

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.errors import AudioError
from tests.synthetic import KINDS, encode, voice

rates = st.one_of(st.sampled_from([8_000, 16_000, 22_050, 24_414, 44_100, 48_000, 96_000]), st.integers(4_000, 768_000))
sample = st.floats(-2, 2, width=32)
sounds = st.one_of(
    arrays(np.float32, st.integers(1, 3_000), elements=sample),
    arrays(np.float32, st.tuples(st.integers(1, 800), st.integers(1, 8)), elements=sample),
)
integers = st.sampled_from(["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"]).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=1, max_dims=2, max_side=40))
)


def _is_sound(waveform):
    assert isinstance(waveform, Waveform)
    assert waveform.samples.dtype == np.float32
    assert waveform.samples.ndim == 1
    assert waveform.samples.flags.c_contiguous
    assert len(waveform.samples) >= 1
    assert np.isfinite(waveform.samples).all()


def _load(source, **options):
    """Return a waveform, or the sentence of an AudioError; anything else fails the test."""
    try:
        waveform = load_audio(source, **options)
    except AudioError as error:
        return str(error)
    _is_sound(waveform)
    return waveform


@given(sounds, rates)
def test_any_samples_at_any_rate_become_mono_float32_at_16_khz(samples, rate):
    expected = len(samples) * SAMPLE_RATE / rate
    waveform = _load(samples, rate=rate)
    if isinstance(waveform, str):
        assert "too short" in waveform
        assert expected < 1
        return
    assert abs(len(waveform.samples) - expected) <= 1
    assert waveform.original_rate == rate
    assert waveform.original_channels == (samples.shape[1] if samples.ndim == 2 else 1)


@given(integers, rates)
def test_any_integers_stay_within_full_scale(samples, rate):
    waveform = _load(samples, rate=rate)
    if isinstance(waveform, str):
        assert "too short" in waveform
    elif rate == SAMPLE_RATE:
        assert np.abs(waveform.samples).max() <= 1


@given(arrays(st.sampled_from([np.float32, np.float64]), array_shapes(min_dims=0, max_dims=3, max_side=70)), rates)
def test_any_floats_at_all_are_sound_or_an_audio_error(samples, rate):
    waveform = _load(samples, rate=rate)
    assert not isinstance(waveform, str) or waveform.endswith(".")


@given(st.binary(max_size=3_000))
def test_any_bytes_are_sound_or_an_audio_error(data):
    waveform = _load(data)
    assert not isinstance(waveform, str) or waveform.endswith(".")


_FILES = {kind: encode(voice(0.5), kind) for kind in KINDS}


@given(st.sampled_from(KINDS), st.data())
def test_a_damaged_file_is_sound_or_an_audio_error(kind, data):
    content = bytearray(_FILES[kind])
    place = st.one_of(st.integers(0, 200), st.integers(0, len(content) - 1)).filter(lambda at: at < len(content))
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=8)):
        content[at] = value
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    waveform = _load(bytes(content[:end]))
    assert not isinstance(waveform, str) or waveform.endswith(".")


@given(arrays(np.float32, st.integers(1, 2_000), elements=st.floats(-1, 1, width=32)), st.integers(1, 4))
def test_round_trip_through_a_float_wav_loses_nothing(samples, channels):
    buffer = io.BytesIO()
    sf.write(buffer, np.stack([samples] * channels, axis=1), SAMPLE_RATE, format="WAV", subtype="FLOAT")
    waveform = load_audio(buffer.getvalue())
    np.testing.assert_allclose(waveform.samples, samples, atol=1e-7)
    assert waveform.original_channels == channels


@given(arrays(np.float32, st.integers(1, 2_000), elements=st.floats(-1, 1, width=32)))
def test_round_trip_through_the_players_wav_loses_a_step_at_most(samples):
    back = load_audio(Waveform(samples).to_wav())
    np.testing.assert_allclose(back.samples, samples, atol=1.01 / 32768)


@given(
    st.integers(1, 20_000),
    st.floats(-1, 3, allow_nan=False),
    st.floats(-1, 3, allow_nan=False),
)
def test_a_cut_is_never_longer_than_asked_for(length, start, end):
    part = Waveform(np.arange(length, dtype=np.float32)).cut(start, end)
    assert part.duration_s <= max(0.0, end - start) + 1 / SAMPLE_RATE
    if len(part.samples):
        assert part.samples[0] == pytest.approx(max(0, round(start * SAMPLE_RATE)))
