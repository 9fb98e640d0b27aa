import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.errors import AudioError
from tests.synthetic import KINDS, encode, voice


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_becomes_mono_float32_at_16_khz(kind, channels):
    sound = voice(1.0, rate=48_000)
    data = encode(np.stack([sound] * channels, axis=1) if channels > 1 else sound, kind, 48_000)
    waveform = load_audio(data)
    assert waveform.samples.dtype == np.float32
    assert waveform.samples.ndim == 1
    assert waveform.duration_s == pytest.approx(1.0, abs=0.05)
    assert (waveform.original_rate, waveform.original_channels) == (48_000, channels)
    reference = load_audio(sound, rate=48_000).samples
    assert _best_correlation(waveform.samples, reference) > 0.95


def _best_correlation(first, second):
    """Return the largest correlation over shifts, since codecs delay."""
    size = 1 << 16
    product = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)))
    return product.max() / np.linalg.norm(first) / np.linalg.norm(second)


@pytest.mark.parametrize(("kind", "extension"), [("aiff", ".wav"), ("mp3", ".wav"), ("opus", ".mp3"), ("m4a", "")])
def test_the_content_counts_not_the_extension(tmp_path, kind, extension):
    path = tmp_path / f"clip{extension}"
    path.write_bytes(encode(voice(1.0), kind))
    assert load_audio(path).duration_s == pytest.approx(1.0, abs=0.1)


def test_the_same_sound_through_every_way_in(tmp_path, clip_wav):
    path = tmp_path / "clip.wav"
    path.write_bytes(clip_wav)
    samples, rate = sf.read(io.BytesIO(clip_wav), dtype="float32")
    with path.open("rb") as file:
        ways = [
            load_audio(path),
            load_audio(str(path)),
            load_audio(clip_wav),
            load_audio(bytearray(clip_wav)),
            load_audio(memoryview(clip_wav)),
            load_audio(io.BytesIO(clip_wav)),
            load_audio(file),
            load_audio(samples, rate=rate),
        ]
    for waveform in ways:
        np.testing.assert_array_equal(waveform.samples, ways[0].samples)


def test_names_for_messages(tmp_path, clip_wav):
    path = tmp_path / "hello.wav"
    path.write_bytes(clip_wav)
    assert load_audio(path).name == "hello.wav"
    assert load_audio(clip_wav).name == "the recording"
    assert load_audio(clip_wav, name="yours").name == "yours"
    with path.open("rb") as file:
        assert load_audio(file).name == "hello.wav"


def test_stereo_is_averaged():
    left = np.full(1600, 0.5, np.float32)
    waveform = load_audio(np.stack([left, -0.1 * left], axis=1), rate=SAMPLE_RATE)
    assert waveform.samples == pytest.approx(np.full(1600, 0.225), abs=1e-6)
    assert waveform.original_channels == 2


@pytest.mark.parametrize(
    ("dtype", "highest", "lowest"),
    [("int16", 32767, -32768), ("int32", 2**31 - 1, -(2**31)), ("int8", 127, -128), ("uint8", 255, 0)],
)
def test_integers_are_scaled_to_full_scale(dtype, highest, lowest):
    waveform = load_audio(np.array([highest, lowest] * 800, dtype=dtype), rate=SAMPLE_RATE)
    assert waveform.samples.max() == pytest.approx(1.0, abs=0.01)
    assert waveform.samples.min() == -1.0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_any_float_type(dtype):
    waveform = load_audio(voice(0.5).astype(dtype), rate=SAMPLE_RATE)
    assert waveform.samples.dtype == np.float32


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 24414, 44100, 96000, 192000])
def test_a_tone_keeps_its_frequency(rate):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    samples = load_audio(tone, rate=rate).samples
    assert len(samples) == pytest.approx(SAMPLE_RATE, abs=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(samples) == pytest.approx(440, abs=1.5)


def test_what_lies_above_8_khz_does_not_fold_down():
    tone = 0.5 * np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000)
    assert np.abs(load_audio(tone, rate=48_000).samples[500:-500]).max() < 1e-3


def test_an_array_at_16_khz_is_left_as_it_is(speech):
    np.testing.assert_array_equal(load_audio(speech, rate=SAMPLE_RATE).samples, speech)


def test_limits_are_settings(monkeypatch, clip_wav):
    monkeypatch.setenv("SER_MAX_SECONDS", "1.5")
    with pytest.raises(AudioError, match=r"longer than the limit of 1\.5 seconds.*SER_MAX_SECONDS"):
        load_audio(clip_wav)
    assert load_audio(clip_wav, max_seconds=3).duration_s == 2.0
    monkeypatch.delenv("SER_MAX_SECONDS")
    monkeypatch.setenv("SER_MAX_MEGABYTES", "0.01")
    with pytest.raises(AudioError, match=r"larger than the limit of 0\.01 MB.*SER_MAX_MEGABYTES"):
        load_audio(clip_wav)
    assert load_audio(clip_wav, max_megabytes=1).duration_s == 2.0


def test_a_file_over_the_limit_is_not_read_to_its_end(clip_wav):
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size=-1):
            assert size >= 0, "asked for everything"
            Endless.asked += size
            return bytes(size)

    with pytest.raises(AudioError, match="larger than the limit"):
        load_audio(Endless(), max_megabytes=0.5)
    assert Endless.asked <= 500_001


def test_exactly_at_the_limit_of_length_is_accepted(clip_wav):
    assert load_audio(clip_wav, max_seconds=2.0).duration_s == 2.0


def test_waveform_cut_and_wav_round_trip(speech):
    waveform = Waveform(speech, 48_000, 2, "x")
    part = waveform.cut(0.5, 1.25)
    assert part.duration_s == 0.75
    np.testing.assert_array_equal(part.samples, speech[8_000:20_000])
    assert (part.original_rate, part.original_channels, part.name) == (48_000, 2, "x")
    np.testing.assert_array_equal(waveform.cut(-0.5, 0.5).samples, speech[:8_000])
    back = load_audio(waveform.to_wav())
    np.testing.assert_allclose(back.samples, speech, atol=1 / 32768)


def test_wav_of_a_waveform_above_full_scale_is_limited():
    loud = Waveform(np.array([2.0, -2.0] * 800, np.float32))
    assert np.abs(load_audio(loud.to_wav()).samples).max() <= 1.0


def test_real_originals_of_every_kind(originals: Path):
    for path in sorted(originals.glob("*/*.wav")):
        waveform = load_audio(path)
        assert 0.5 < waveform.duration_s < 8, path.name
        assert waveform.original_rate == sf.info(str(path)).samplerate
