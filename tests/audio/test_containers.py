import io
import struct

import av
import numpy as np
import pytest
import soundfile as sf

from ser_core.audio import load_audio
from ser_core.audio.containers import container_of, declared_bytes_missing
from ser_core.errors import AudioError
from tests.synthetic import KINDS, encode, voice


@pytest.fixture(scope="module")
def files():
    return {kind: encode(voice(2.0), kind) for kind in KINDS}


def _chunk(name, content, size=None):
    return name + struct.pack("<I", len(content) if size is None else size) + content


def _riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


_FMT = _chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16))
_PCM = (voice(1.0) * 32767).astype("<i2").tobytes()


def test_containers_by_their_first_bytes(files):
    names = {"webm": "matroska", "m4a": "mp4", "mp4": "mp4", "opus": "ogg"}
    for kind, data in files.items():
        assert container_of(data) == names.get(kind, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"R",
        b"RIFF",
        b"RIFF\0\0\0\0AVI ",
        b"ID3",
        b"ID3\x04\0\0\0\0\0\x05abcde",
        b"\xff\xfb",
        b"\xff" * 99,
        b"GIF89a",
    ],
)
def test_what_is_no_container(data):
    assert container_of(data) is None
    assert declared_bytes_missing(data) == 0


def test_complete_files_miss_nothing(files):
    assert {kind: declared_bytes_missing(data) for kind, data in files.items()} == dict.fromkeys(KINDS, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.97, 0.9, 0.6, 0.3])
def test_a_file_cut_off_anywhere_is_refused(files, kind, share):
    data = files[kind]
    part = data[: int(len(data) * share) - 1]
    with pytest.raises(AudioError, match="cut off"):
        load_audio(part)


@pytest.mark.parametrize("kind", ["wav", "aiff", "webm", "m4a", "mp4"])
def test_how_many_bytes_are_missing(files, kind):
    assert declared_bytes_missing(files[kind][:-100]) >= 100


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_riff(_FMT, _chunk(b"LIST", b"INFOISFT\x04\0\0\0abc\0"), _chunk(b"data", _PCM)), id="LIST before"),
        pytest.param(_riff(_FMT, _chunk(b"data", _PCM), _chunk(b"LIST", b"INFOISFT\x04\0\0\0abc\0")), id="LIST after"),
        pytest.param(_riff(_FMT, _chunk(b"data", _PCM), b"LIST\xff\0\0\0cut"), id="LIST cut off after the sound"),
        pytest.param(_riff(_chunk(b"JUNK", b"\0" * 28), _FMT, _chunk(b"data", _PCM)), id="JUNK first"),
        pytest.param(_riff(_chunk(b"bext", b"\0" * 603) + b"\0", _FMT, _chunk(b"data", _PCM)), id="odd chunk, padded"),
        pytest.param(_riff(_FMT, _chunk(b"data", _PCM)) + b"trailing rubbish", id="rubbish after"),
        pytest.param(_riff(_FMT, _chunk(b"data", _PCM, len(_PCM) + 1)), id="size counts a pad byte that is not there"),
        pytest.param(_riff(_FMT, _chunk(b"data", _PCM, len(_PCM) + 44)), id="size counts the header"),
        pytest.param(_riff(_FMT, _chunk(b"data", _PCM, 0)), id="size never filled in"),
        pytest.param(_riff(_FMT, _chunk(b"data", _PCM, 0xFFFFFFFF)), id="size of a stream"),
        pytest.param(b"RIFF\xff\xff\xff\xff" + _riff(_FMT, _chunk(b"data", _PCM))[8:], id="RIFF size of a stream"),
    ],
)
def test_wave_headers_as_they_are_met(data):
    assert declared_bytes_missing(data) == 0
    assert load_audio(data).duration_s == pytest.approx(1.0, abs=0.01)


def test_cut_off_behind_a_chunk_of_odd_size():
    data = _riff(_chunk(b"bext", b"\0" * 603) + b"\0", _FMT, _chunk(b"data", _PCM))
    assert declared_bytes_missing(data[:-1_000]) == 1_000


def test_eight_bit_wave_with_an_odd_number_of_samples():
    buffer = io.BytesIO()
    sf.write(buffer, voice(1.0)[:15_999], 16_000, format="WAV", subtype="PCM_U8")
    data = buffer.getvalue()
    assert len(load_audio(data).samples) == 15_999
    assert len(load_audio(data[: 44 + 15_999]).samples) == 15_999, "without its pad byte"


@pytest.mark.parametrize("content", [_riff(), _riff(_FMT), _riff(_FMT, _chunk(b"data", b""))])
def test_wave_of_nothing_but_headers(content):
    with pytest.raises(AudioError, match=r"holds no samples|cannot be decoded"):
        load_audio(content)


def test_rf64_cut_off():
    buffer = io.BytesIO()
    sf.write(buffer, voice(1.0), 16_000, format="RF64", subtype="PCM_16")
    data = buffer.getvalue()
    assert declared_bytes_missing(data) == 0
    assert declared_bytes_missing(data[:-8_000]) == 8_000


def _set_page_flags(data, position, flags):
    """Return Ogg *data* with other flags on the page at *position*, its checksum made right again."""
    page_end = position + 27 + data[position + 26] + sum(data[position + 27 : position + 27 + data[position + 26]])
    page = bytearray(data[position:page_end])
    page[5] = flags
    page[22:26] = bytes(4)
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x04C11DB7 if checksum & 1 << 31 else 0)) & 0xFFFFFFFF
    page[22:26] = struct.pack("<I", checksum)
    return data[:position] + bytes(page) + data[page_end:]


def test_voice_message_without_an_end_of_stream_flag(files):
    data = files["opus"]
    last = data.rfind(b"OggS")
    assert data[last + 5] & 4, "the flag is there before it is taken away"
    assert load_audio(_set_page_flags(data, last, data[last + 5] & ~4)).duration_s == pytest.approx(2.0, abs=0.05)


def _mp3(**options):
    buffer = io.BytesIO()
    loud_then_silent = np.concatenate([voice(1.0, rate=48_000), np.zeros(96_000, np.float32)])[None]
    with av.open(buffer, "w", format="mp3", options=options) as container:
        stream = container.add_stream("libmp3lame", rate=48_000, layout="mono", options={"q": "4"})
        stream.codec_context.global_quality = 4 * 118
        stream.codec_context.flags |= 2  # variable bit rate
        for start in range(0, loud_then_silent.shape[1], 960):
            block = np.ascontiguousarray(loud_then_silent[:, start : start + 960])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.rate, frame.pts = 48_000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def test_mp3_of_variable_bit_rate_without_a_xing_tag_is_not_taken_for_cut_off():
    """Decoders guess its length from the first frames, wrongly."""
    data = _mp3(write_xing="0", id3v2_version="0")
    assert b"Xing" not in data[:200]
    assert load_audio(data).duration_s == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("tag", [b"", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10), b"ID3\x03\0\0\0\0\x10\x00" + bytes(2048)])
def test_mp3_with_and_without_tags_around_it(files, tag):
    mp3 = files["mp3"]
    assert load_audio(tag + mp3 + b"TAG" + bytes(125)).duration_s == pytest.approx(2.0, abs=0.1)
    assert declared_bytes_missing(tag + mp3[: len(mp3) // 2]) > 0


def test_flac_behind_an_id3_tag(files):
    tagged = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + files["flac"]
    assert container_of(tagged) == "flac"
    assert load_audio(tagged).duration_s == 2.0


def test_webm_of_unknown_size_as_browsers_record_it(files):
    data = bytearray(files["webm"])
    segment = data.find(b"\x18\x53\x80\x67")
    data[segment + 4 : segment + 12] = b"\x01" + b"\xff" * 7
    assert declared_bytes_missing(bytes(data[:-50])) == 0
    assert load_audio(bytes(data)).duration_s == pytest.approx(2.0, abs=0.05)


def test_mp4_with_rubbish_behind_it(files):
    assert declared_bytes_missing(files["m4a"] + b"rubbish!" * 4) == 0
    assert load_audio(files["m4a"] + bytes(64)).duration_s == pytest.approx(2.0, abs=0.1)


def test_aac_without_a_container():
    buffer = io.BytesIO()
    with av.open(io.BytesIO(encode(voice(2.0), "m4a"))) as source, av.open(buffer, "w", format="adts") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert container_of(buffer.getvalue()) == "aac"
    assert load_audio(buffer.getvalue()).duration_s == pytest.approx(2.0, abs=0.15)
