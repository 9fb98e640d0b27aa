"""Nothing but input that is not usable: each must end in an AudioError of one plain sentence and nothing else."""

import io
import re
import struct
import zipfile

import numpy as np
import pytest
import soundfile as sf

from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.errors import AudioError
from tests.synthetic import KINDS, encode, video_only, voice

RATE = SAMPLE_RATE


def _message(source, **options):
    with pytest.raises(AudioError) as caught:
        load_audio(source, **options)
    message = str(caught.value)
    assert re.fullmatch(r"[^\n]{20,250}\.", message), message
    assert "Error" not in message, message
    assert "Traceback" not in message, message
    return message


def _wav(samples, rate=RATE, subtype="PCM_16", form="WAV"):
    buffer = io.BytesIO()
    sf.write(buffer, samples, rate, format=form, subtype=subtype)
    return buffer.getvalue()


def _wav_header(rate=RATE, channels=1, bits=16, data_size=0, content=b"", tag=1):
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block % 2**32, block % 2**16, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", data_size) + content
    return b"RIFF" + struct.pack("<I", min(len(body) - len(content) + data_size, 2**32 - 1)) + body


def _zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("clip.wav", encode(voice(1.0), "wav"))
    return buffer.getvalue()


_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 72862\n"
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89" + bytes(40)
_WITH_HOLES = np.where(np.arange(RATE) % 100 == 7, np.nan, 0.1).astype(np.float32)
_WITH_INFINITY = np.where(np.arange(RATE) == 7, np.inf, 0.1).astype(np.float32)
_RANDOM = np.random.default_rng(0).bytes(50_000)

NOT_AUDIO = {
    "text": b"Dear all, please find the recording attached.\n" * 50,
    "one byte": b"\0",
    "zeros": bytes(10_000),
    "html": b"<!DOCTYPE html><html><body>404 not found</body></html>",
    "json": b'{"error": "not found"}' * 100,
    "png": _PNG,
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + _RANDOM,
    "pdf": b"%PDF-1.7\n" + _RANDOM,
    "zip": _zip(),
    "gzip": b"\x1f\x8b\x08" + _RANDOM,
    "avi": b"RIFF\0\x10\0\0AVI LIST" + _RANDOM[:4096],
    "webp": b"RIFF\0\x10\0\0WEBPVP8 " + _RANDOM[:4096],
    "random": _RANDOM,
    "random behind an mp3 sync": b"\xff\xfb\x90\x64" + _RANDOM,
    "random behind an aac sync": b"\xff\xf1\x50\x80" + _RANDOM,
    "random behind an id3 tag": b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + _RANDOM,
    "id3 tag that never ends": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + _RANDOM,
    "playlist": b"#EXTM3U\n#EXTINF:3,\nclip.wav\n",
    "python pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05hello\x94.",
    "midi": b"MThd\0\0\0\x06\0\0\0\x01\0`MTrk\0\0\0\x04\0\xff/\0",
    "half of the word RIFF": b"RI",
}


@pytest.mark.parametrize("kind", NOT_AUDIO)
def test_not_audio(kind):
    assert "is not audio in a format this program reads" in _message(NOT_AUDIO[kind])


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_of_every_length(seed):
    rng = np.random.default_rng(seed)
    assert "is not audio" in _message(rng.bytes(int(rng.integers(1, 200_000))))


@pytest.mark.parametrize(
    "magic", [b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"\0\0\0\x18ftypM4A ", b"caff", b".snd", b"riff"]
)
def test_random_bytes_behind_a_true_beginning(magic):
    assert re.search("cannot be decoded|is cut off|claims|longer", _message(magic + _RANDOM))


@pytest.mark.parametrize("source", [b"", bytearray(), io.BytesIO()])
def test_empty(source):
    assert "is empty (0 bytes)" in _message(source)


def test_empty_file(tmp_path):
    path = tmp_path / "nothing.wav"
    path.touch()
    assert _message(path).startswith("nothing.wav is empty")


@pytest.mark.parametrize("data", [_LFS, _LFS.replace(b"v1", b"v2")])
def test_git_lfs_pointer(tmp_path, data):
    path = tmp_path / "1001_DFA_ANG_XX.wav"
    path.write_bytes(data)
    message = _message(path)
    assert "1001_DFA_ANG_XX.wav is a Git-LFS pointer" in message
    assert "git lfs pull" in message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.02, 0.25, 0.5, 0.9])
def test_cut_off(kind, share):
    data = encode(voice(3.0), kind)
    assert "cut off" in _message(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("wav", "aiff", "mp3")])
def test_the_beginning_is_missing(kind):
    data = encode(voice(3.0), kind)
    assert "is not audio" in _message(data[len(data) // 3 :])


@pytest.mark.parametrize("kind", ["webm", "m4a", "flac", "opus"])
def test_the_middle_is_gone(kind):
    """A header of one file and the rest of another kind."""
    data = encode(voice(1.0), kind)
    assert re.search("cannot be decoded|cut off|no sound", _message(data[:300] + _RANDOM[: len(data)]))


def test_no_sound_track():
    assert "holds no sound" in _message(video_only())


@pytest.mark.parametrize("samples", [_WITH_HOLES, _WITH_INFINITY, -_WITH_INFINITY])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_that_are_not_numbers(samples, subtype):
    assert "not numbers (NaN or infinite)" in _message(_wav(samples, subtype=subtype))
    assert "not numbers (NaN or infinite)" in _message(samples, rate=RATE)
    assert "not numbers (NaN or infinite)" in _message(np.stack([samples, np.zeros(RATE)], axis=1), rate=48_000)


@pytest.mark.parametrize("peak", [32767.0, 1e6, -1e20])
def test_floats_that_are_not_scaled_to_one(peak):
    samples = (voice(1.0, level=1.0) * peak).astype(np.float32)
    assert "full scale is 1" in _message(samples, rate=RATE)
    assert "full scale is 1" in _message(_wav(samples, subtype="FLOAT"))


@pytest.mark.parametrize("value", [1e300, 3e38, -1e308])
def test_numbers_beyond_float32(value):
    _message(np.full((RATE, 2), value), rate=RATE)
    _message(_wav(np.full(RATE, value), subtype="DOUBLE"))


def test_no_samples():
    for kind in ("wav", "aiff"):
        assert re.search("holds no samples|cannot be decoded", _message(encode(np.zeros(0, np.float32), kind)))
    assert "holds no samples" in _message(np.zeros(0, np.float32), rate=RATE)
    assert "holds no samples" in _message(np.zeros((0, 2), np.float32), rate=RATE)
    assert "holds no samples" in _message(np.zeros((5, 0), np.float32), rate=RATE)


def test_one_sample_at_a_high_rate_leaves_nothing():
    assert re.search("too short|no samples", _message(_wav(np.full(1, 0.1), rate=192_000)))


def test_one_sample_at_16_khz_is_sound_however_short():
    assert len(load_audio(_wav(np.full(1, 0.1))).samples) == 1


@pytest.mark.parametrize("rate", [1, 100, 3_999, 10_000_000])
def test_absurd_sample_rate(rate):
    sound = np.zeros(RATE, np.int16)
    assert f"claims a sample rate of {rate} Hz" in _message(_wav(sound, rate=rate))
    assert f"claims a sample rate of {rate} Hz" in _message(sound, rate=rate)


@pytest.mark.parametrize("rate", [0, 2**31, 2**32 - 1])
def test_impossible_sample_rate(rate):
    pcm = (voice(1.0) * 32767).astype("<i2").tobytes()
    assert re.search("sample rate|cannot be decoded", _message(_wav_header(rate, data_size=len(pcm), content=pcm)))


@pytest.mark.parametrize("rate", [-16_000, 0, float("nan"), float("inf"), None])
def test_impossible_rate_of_an_array(rate):
    assert "rate" in _message(np.zeros(100, np.float32), rate=rate)


@pytest.mark.parametrize("channels", [65, 255, 1000])
def test_absurd_channels(channels):
    assert f"claims {channels} channels" in _message(_wav(np.zeros((100, channels), np.float32)))


@pytest.mark.parametrize("channels", [0, 65_535])
def test_impossible_channels(channels):
    content = bytes(32_000)
    _message(_wav_header(channels=channels, data_size=len(content), content=content))


@pytest.mark.parametrize("bits", [0, 65_535])
def test_impossible_bits(bits):
    content = bytes(32_000)
    message = _message(_wav_header(bits=bits, data_size=len(content), content=content))
    assert re.search("cannot be decoded|claims|no samples", message)


@pytest.mark.parametrize("size", [10_000_000, 2**31, 4_000_000_000])
def test_header_that_claims_gigabytes(size):
    assert "cut off" in _message(_wav_header(data_size=size, content=bytes(1000)))


def test_flac_that_claims_days():
    data = bytearray(encode(voice(1.0), "flac"))
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    assert "longer than the limit" in _message(bytes(data))


@pytest.mark.parametrize("kind", ["flac", "opus", "mp3", "m4a", "webm"])
def test_small_file_that_unfolds_to_a_long_one(kind):
    data = encode(np.zeros(RATE * 150, np.float32), kind)
    assert len(data) < 0.25 * RATE * 150 * 2
    assert "longer than the limit of 2 minutes" in _message(data, max_seconds=120)


def test_an_hour_of_silence_in_a_small_file_meets_the_default_limit():
    data = encode(np.zeros(8_000 * 3_700, np.int16), "flac", rate=8_000)
    assert len(data) < 200_000
    assert "longer than the limit of 60 minutes" in _message(data)


def test_too_long_an_array():
    assert "longer than the limit" in _message(np.zeros(RATE * 3), rate=RATE, max_seconds=2)


def test_too_large(tmp_path):
    path = tmp_path / "large.wav"
    path.write_bytes(bytes(2_000_000))
    assert "large.wav is larger than the limit of 1 MB" in _message(path, max_megabytes=1)
    assert "larger than the limit of 1 MB" in _message(path.read_bytes(), max_megabytes=1)


def test_places_that_are_no_files(tmp_path):
    assert "is a folder" in _message(tmp_path)
    assert "is a folder" in _message("")
    assert "cannot be opened (No such file or directory)" in _message(tmp_path / "missing.wav")
    assert "cannot be opened" in _message(tmp_path / ("x" * 5_000))
    assert "nul?byte.wav cannot be opened" in _message("nul\0byte.wav")
    assert "two?lines.wav cannot be opened" in _message("two\nlines.wav")
    file = tmp_path / "file"
    file.write_bytes(b"x")
    assert "cannot be opened" in _message(file / "below.wav")


def test_link_that_leads_nowhere_and_link_in_a_circle(tmp_path):
    (tmp_path / "nowhere.wav").symlink_to(tmp_path / "missing")
    (tmp_path / "circle.wav").symlink_to(tmp_path / "circle.wav")
    assert "cannot be opened" in _message(tmp_path / "nowhere.wav")
    assert "cannot be opened" in _message(tmp_path / "circle.wav")


@pytest.mark.parametrize("source", [None, 3, 0.5, ["clip.wav"], {"a": 1}, object(), io.StringIO("text")])
def test_things_that_are_no_sound(source):
    assert "is no sound" in _message(source)


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.zeros((2, 3, 4)), "3 dimensions"),
        (np.array(0.5), "0 dimensions"),
        (np.zeros((2, RATE)), "16000 columns"),
        (np.array([None, 1.0]), "holds object values"),
        (np.array(["a", "b"]), "values"),
        (np.zeros(10, bool), "holds bool values"),
        (np.zeros(10, complex), "holds complex128 values"),
        (np.zeros(10, "datetime64[s]"), "values"),
    ],
)
def test_arrays_that_are_no_samples(array, part):
    assert part in _message(array, rate=RATE)


def test_rate_where_it_does_not_belong(clip_wav):
    assert "leave out rate" in _message(clip_wav, rate=16_000)
    assert "needs its sample rate" in _message(np.zeros(100))


def test_every_sentence_names_the_file(tmp_path):
    for number, content in enumerate(NOT_AUDIO.values()):
        path = tmp_path / f"clip {number}.wav"
        path.write_bytes(content)
        assert _message(path).startswith(f"clip {number}.wav ")
