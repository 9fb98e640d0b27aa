import base64
import importlib
import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf
import soxr

from ser_core.audio import decode as decoder
from ser_core.audio.decode import decode, mix_down
from ser_core.errors import AudioError
from tests.synthetic import encode, voice


def _wav(samples, subtype, form="WAV", rate=16_000):
    buffer = io.BytesIO()
    sf.write(buffer, samples, rate, format=form, subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("form", "subtype", "error"),
    [
        ("WAV", "PCM_U8", 0.01),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-6),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 1e-7),
        ("WAV", "ULAW", 0.03),
        ("WAV", "ALAW", 0.03),
        ("WAV", "IMA_ADPCM", 0.25),
        ("WAV", "GSM610", 0.3),
        ("WAVEX", "PCM_16", 1e-4),
        ("RF64", "PCM_16", 1e-4),
        ("W64", "PCM_16", 1e-4),
        ("CAF", "PCM_16", 1e-4),
        ("AU", "PCM_16", 1e-4),
        ("AIFF", "PCM_24", 1e-6),
        ("AIFF", "FLOAT", 0),
    ],
)
def test_kinds_of_wave_files(form, subtype, error):
    sound = voice(1.0)
    samples, _, rate, channels = decode(_wav(sound, subtype, form), "x", 60)
    assert (rate, channels) == (16_000, 1)
    assert samples.dtype == np.float32
    assert 0 <= len(samples) - len(sound) < 1100, "codecs with blocks pad the last one"
    np.testing.assert_allclose(samples[: len(sound)], sound, atol=error)


def test_big_endian_wave():
    sound = voice(0.5)
    buffer = io.BytesIO()
    sf.write(buffer, sound, 16_000, format="WAV", subtype="PCM_16", endian="BIG")
    assert buffer.getvalue()[:4] == b"RIFX"
    np.testing.assert_allclose(decode(buffer.getvalue(), "x", 60)[0], sound, atol=1e-4)


def test_many_blocks_are_joined_in_order(monkeypatch):
    monkeypatch.setattr(decoder, "_BLOCK_FRAMES", 1000)
    sound = voice(1.0)
    samples, _, _, channels = decode(_wav(np.stack([sound, sound], axis=1), "FLOAT"), "x", 60)
    np.testing.assert_array_equal(samples, sound)
    assert channels == 2


def test_mix_down_is_the_mean_of_the_channels():
    np.testing.assert_array_equal(mix_down(np.array([[1, 3], [5, 7]], np.float32)), [2, 6])
    np.testing.assert_array_equal(mix_down(np.array([[1], [5]], np.float32)), [1, 5])


def test_a_bad_block_in_the_middle_is_not_passed_over():
    data = bytearray(encode(voice(3.0), "flac"))
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    with pytest.raises(AudioError, match="cannot be decoded"):
        decode(bytes(data), "x", 60)


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "webm", "m4a"])
def test_the_limit_of_length_holds_for_every_decoder(kind):
    with pytest.raises(AudioError, match="longer than the limit of 1 seconds"):
        decode(encode(voice(2.0), kind), "x", 1.0)


def test_decoding_stops_at_the_limit_when_the_header_hides_the_length(monkeypatch):
    """A FLAC stream whose header says 'unknown' must be counted while it unfolds."""
    data = bytearray(encode(np.zeros(16_000 * 60, np.float32), "flac"))
    assert data[:4] == b"fLaC"
    data[21] &= 0xF0  # the 36 bits of the number of samples
    data[22:26] = bytes(4)
    read = []
    original = decoder._sndfile_blocks

    def counted(file):
        for block in original(file):
            read.append(len(block))
            yield block

    monkeypatch.setattr(decoder, "_sndfile_blocks", counted)
    monkeypatch.setattr(decoder, "_BLOCK_FRAMES", 16_000)
    with pytest.raises(AudioError, match="longer than the limit"):
        decode(bytes(data), "x", 5.0)
    assert sum(read) <= 6 * 16_000


@pytest.mark.parametrize("kind", ["mp3", "m4a", "webm"])
def test_ffmpeg_is_always_told_the_format(monkeypatch, kind):
    data, formats, original = encode(voice(0.5), kind), [], decoder.av.open

    def recorded(*arguments, **options):
        formats.append(options.get("format"))
        return original(*arguments, **options)

    monkeypatch.setattr(decoder.av, "open", recorded)
    decode(data, "x", 60)
    assert formats == [{"m4a": "mp4", "webm": "matroska"}.get(kind, kind)]


def test_a_playlist_opens_nothing(tmp_path):
    """FFmpeg would follow the entries of a playlist to files and hosts; the door must not let it guess."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(encode(voice(1.0), "wav"))
    playlists = [
        f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{secret}'\n",
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n{secret}",
    ]
    for text in playlists:
        with pytest.raises(AudioError, match="not audio"):
            decode(text.encode(), "x", 60)


@pytest.mark.parametrize(("form", "codec"), [("ipod", "aac"), ("webm", "libopus")])
def test_eight_channels(form, codec):
    """PyAV counts more planes than a frame of eight or more channels has: reading them ended the process."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream(codec, rate=48_000, layout="7.1")
        sound = np.repeat(voice(0.5, rate=48_000), 8)
        for start in range(0, len(sound), 960 * 8):
            frame = av.AudioFrame.from_ndarray(sound[None, start : start + 960 * 8], format="flt", layout="7.1")
            frame.rate, frame.pts = 48_000, start // 8
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    decoded = decode(buffer.getvalue(), "x", 60)
    assert decoded.channels == 8
    assert 0.45 < len(decoded.samples) / decoded.rate < 0.6
    assert 0.05 < np.abs(decoded.samples).max() < 1


def test_aac_of_21_channels_that_the_fuzzer_found():
    decoded = decode(base64.b64decode(_MANY_CHANNELS), "x", 60)
    assert decoded.channels == 21
    assert np.isfinite(decoded.samples).all()


def test_a_longer_recording_is_resampled_on_the_way_and_sounds_the_same():
    sound = np.tile(voice(13.0, rate=24_000), 10)
    decoded = decode(_wav(sound, "FLOAT", rate=24_000), "x", 3600)
    assert (decoded.rate, decoded.original_rate) == (16_000, 24_000)
    whole = soxr.resample(sound, 24_000, 16_000, quality="HQ")
    np.testing.assert_allclose(decoded.samples, whole, atol=1e-5)
    with pytest.raises(AudioError, match="longer than the limit of 2.08 minutes"):
        decode(_wav(sound, "FLOAT", rate=24_000), "x", 125)


@pytest.fixture
def handmade(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "scripts"))
    return importlib.import_module("bad.handmade")


def test_flac_that_unfolds_to_gigabytes(handmade):
    data = handmade.flac(3_000, 655_350, 8, declared=0)
    assert len(data) < 1_000_000
    with pytest.raises(AudioError, match="unfolds to over 100 times its size"):
        decode(data, "x", 3600)


@pytest.mark.parametrize("kind", ["webm", "mp3"])
def test_packets_are_counted_before_hours_of_them_are_decoded(handmade, monkeypatch, kind):
    data = getattr(handmade, kind)(8_000)
    monkeypatch.setattr("ser_core.audio.decode._joined", None)
    with pytest.raises(AudioError, match="longer than the limit of 60 minutes"):
        decode(data, "x", 3600)


_MANY_CHANNELS = (
    "//FgQDu//N4CAExndmM2Mi4yOC4xMDIAAgirWeD1KwwPTWF+fHCOeMsrqXW8dSuN1lTOL2kTuTPP//cAAAAAAAAAAAAAAAAAAAAAOAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOlZwM1ntU8H1hPPWGrZTQt2ckvZxyoZQEP5/sOLdRNNHkFRdAvbOoUPMdMqABmH2"
    "6fA2+Dyb7Jo48HFxT9sZJ7C9m/9ShKym5q708OGYUt7c+6yYd60lCttz/JyOTLrzgI5MuvOAw/n/o8+hhtl6hJGgTODiAjC8M4XGGKLHySkA"
    "zt51ZWFl/Qt4xmv1dsfSeFq6PM+Z4cMu+f+jz6GG2XqEkaBM4OICMLwzhcYYosfJKWjO3nVlYWX9C3jGa/V2x9J4Wro8z5nhE9LHbmDRcgTi"
    "EFFpwcnSyWhzJEEBAAAAAAAAACPmNH4G0S4KK6JhLDwfZ67LRDkTmImMRGCkIkJw//FgQAGf/AEYgbRw"
)
