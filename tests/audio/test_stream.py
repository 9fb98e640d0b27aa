"""Streams of sound files: the samples of the one door, in blocks, in bounded memory, with its refusals."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import load_audio
from ser_core.errors import AudioError
from ser_core.recordings import open_recording
from tests.synthetic import KINDS, encode, video_only, voice

_RATE = 44_100


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_together_are_what_the_one_door_gives(kind: str, tmp_path: Path) -> None:
    rate = 48_000 if kind in ("opus", "webm") else _RATE
    data = encode(np.stack([voice(2.5, rate=rate), 0.5 * voice(2.5, rate=rate, seed=1)], axis=1), kind, rate)
    recording = open_recording(data)
    blocks = list(recording.blocks(seconds=0.5))
    whole = load_audio(data).samples
    assert {len(block) for block in blocks[:-1]} == {8000}
    assert 0 < len(blocks[-1]) <= 8000
    assert all(block.dtype == np.float32 for block in blocks)
    assert np.concatenate(blocks) == pytest.approx(whole, abs=1e-4)
    assert recording.channels == 2
    assert recording.duration_s == pytest.approx(2.5, abs=0.2)
    path = tmp_path / f"voice.{kind}"
    path.write_bytes(data)
    np.testing.assert_array_equal(np.concatenate(list(open_recording(path).blocks())), np.concatenate(blocks))


def test_each_channel_can_be_heard_alone() -> None:
    left, right = voice(1.0), voice(1.0, pitch_hz=220, seed=1)
    recording = open_recording(encode(np.stack([left, right], axis=1), "wav"))
    for channel, samples in enumerate((left, right)):
        assert np.concatenate(list(recording.blocks(channel))) == pytest.approx(samples, abs=1e-4)
    with pytest.raises(AudioError, match="no channel 3: choose one of its 2"):
        list(recording.blocks(2))


def test_a_container_that_is_silent_about_its_length_gets_an_estimate() -> None:
    wav = bytearray(encode(voice(4.0), "wav"))
    wav[40:44] = b"\xff\xff\xff\xff"  # as recorders write it to a pipe
    assert 1 < open_recording(bytes(wav)).duration_s < 30
    assert len(np.concatenate(list(open_recording(bytes(wav)).blocks()))) == 64_000


def _not_a_number() -> bytes:
    samples = voice(1.0)
    samples[8000] = np.nan
    return encode(samples, "wav", subtype="FLOAT")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git-LFS pointer"),
        (b"<html>not sound</html>", "is not audio"),
        (encode(voice(1.0), "wav")[:-9000], "is cut off"),
        (encode(voice(2.0), "flac")[:-9000], "cut off|cannot be decoded"),
        (encode(voice(2.0), "m4a")[:-3000], "cut off"),
        (_not_a_number(), "not numbers"),
        (encode(1000 * voice(1.0), "wav", subtype="FLOAT"), "full scale is 1"),
        (encode(np.zeros(0, np.float32), "wav"), "holds no samples|cannot be decoded"),
        (video_only(), "holds no sound"),
    ],
    ids=["empty", "lfs", "html", "cut wav", "cut flac", "cut m4a", "nan", "loud", "no samples", "video"],
)
def test_what_is_no_sound_is_refused_in_one_sentence(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(AudioError, match=message) as raised:
            list(open_recording(source, name="call.wav").blocks())
        assert "call.wav" in str(raised.value)


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is a folder"):
        open_recording(tmp_path)
    with pytest.raises(AudioError, match="cannot be opened"):
        open_recording(tmp_path / "missing.wav")
    with pytest.raises(AudioError, match="cannot be opened"):
        open_recording("a\0b.wav")


def test_what_is_longer_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(voice(8.0), "wav")
    silent = bytearray(data)
    silent[40:44] = b"\xff\xff\xff\xff"
    monkeypatch.setenv("SER_MAX_HOURS", "0.001")
    with pytest.raises(AudioError, match=r"limit of 0\.001 hours.*SER_MAX_HOURS"):
        open_recording(data)
    with pytest.raises(AudioError, match="SER_MAX_HOURS"):
        list(open_recording(bytes(silent)).blocks())


@pytest.mark.parametrize(("kind", "lengths"), [("flac", (60, 180)), ("mp3", (20, 50))])
def test_memory_does_not_grow_with_the_length(kind: str, lengths: tuple[int, int], tmp_path: Path) -> None:
    peaks = []
    for seconds in lengths:
        path = tmp_path / f"{seconds}.{kind}"
        path.write_bytes(encode(np.tile(voice(1.0, rate=48_000), seconds), kind, 48_000))
        tracemalloc.start()
        assert sum(map(len, open_recording(path).blocks(seconds=8.0))) == pytest.approx(seconds * 16_000, rel=0.01)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < 20e6


def test_a_flac_that_unfolds_to_far_more_than_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.audio.decode._UNFOLDED_FREELY", 100_000)
    bomb, voiced = encode(np.zeros(2_000_000, np.float32), "flac"), encode(np.tile(voice(1.0), 60), "flac")
    assert sum(map(len, open_recording(voiced).blocks())) == 60 * 16_000
    with pytest.raises(AudioError, match="unfolds to over 100 times its size"):
        list(open_recording(bomb, name="silence.flac").blocks())
