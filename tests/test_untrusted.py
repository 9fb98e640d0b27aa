"""Decoding in a child process: the same sound as here, a sentence whatever becomes of the child, and limits on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import load_audio
from ser_core.errors import AudioError, CancelledError
from ser_core.recogniser import Recogniser
from ser_core.recordings import open_recording, read_timeline
from ser_core.untrusted import children, load_untrusted, open_untrusted
from tests.synthetic import encode, voice

LINUX = pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs Linux's /proc")


@pytest.fixture(scope="module")
def sound() -> bytes:
    return encode(np.stack([voice(0.5), voice(0.5, seed=1)], axis=1), "flac", rate=48_000)


@pytest.fixture
def other_child(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No child is kept from before, and none that a test makes is kept for others."""
    children.close_all()
    yield monkeypatch
    children.close_all()


def _instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    code = f"import os, struct, sys, time\nread, write = sys.stdin.buffer.read, sys.stdout.buffer.write\n{code}"
    monkeypatch.setattr(children, "_COMMAND", (sys.executable, "-S", "-c", code))


def test_the_sound_is_that_of_the_audio_door(sound: bytes) -> None:
    here, there = load_audio(sound, name="a.flac"), load_untrusted(sound, name="a.flac")
    np.testing.assert_array_equal(there.samples, here.samples)
    assert (there.original_rate, there.original_channels, there.name) == (48_000, 2, "a.flac")


@pytest.mark.parametrize("data", [b"", b"no sound", b"RIFF\xff\xff\xff\xffWAVEfmt "])
def test_the_sentence_is_that_of_the_audio_door(data: bytes) -> None:
    with pytest.raises(AudioError) as here:
        load_audio(data, name="<b>\n.wav")
    with pytest.raises(AudioError) as there:
        load_untrusted(data, name="<b>\n.wav")
    assert str(there.value) == str(here.value)


def test_limits_reach_the_child(sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AudioError, match=r"longer than the limit of 0.1 seconds"):
        load_untrusted(sound, max_seconds=0.1)
    monkeypatch.setenv("SER_MAX_MEGABYTES", "0.001")
    with pytest.raises(AudioError, match=r"larger than the limit of 0.001 MB"):
        load_untrusted(sound)


def test_a_child_is_kept_and_one_that_is_gone_is_replaced(sound: bytes, other_child: pytest.MonkeyPatch) -> None:
    load_untrusted(sound)
    child = children._idle.get_nowait()
    children._idle.put(child)
    load_untrusted(sound)
    assert children._idle.qsize() == 1
    child.close()
    assert len(load_untrusted(sound).samples) == 2667
    assert not child.alive


@pytest.mark.parametrize(
    "code",
    [
        "read(100); os.abort()",  # as a crash in a codec does
        "read(8); time.sleep(60)",
        "write(struct.pack('<Q', 2**60)); sys.stdout.flush(); time.sleep(60)",
        "write(struct.pack('<Q', 4) + b'rubb'); sys.stdout.flush(); time.sleep(60)",
        "write(struct.pack('<Q', 2) + b'{}' + struct.pack('<Q', 8) + b'\\xff' * 8); sys.stdout.flush(); read()",
    ],
)
def test_whatever_a_child_does_is_a_sentence(sound: bytes, other_child: pytest.MonkeyPatch, code: str) -> None:
    other_child.setattr(children, "_LONGEST_WAIT_S", 3.0)
    _instead(other_child, code)
    with pytest.raises(AudioError, match=r"^a\.flac cannot be decoded: it ended the decoder or took too long"):
        load_untrusted(sound, name="a.flac")
    assert children._idle.empty()
    other_child.undo()
    assert len(load_untrusted(sound).samples) == 2667


def test_threads_at_once_get_each_their_own(other_child: pytest.MonkeyPatch) -> None:
    sounds = [encode(voice(0.2 + 0.1 * number), "wav") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(load_untrusted, sounds * 3))
    assert [round(waveform.duration_s, 1) for waveform in found] == [0.2, 0.3, 0.4, 0.5] * 3
    assert children._idle.qsize() <= children.KEPT


@LINUX
def test_a_child_may_write_nothing_and_knows_no_key(sound: bytes, other_child: pytest.MonkeyPatch) -> None:
    other_child.setenv("SER_API_KEY", "very-secret")
    load_untrusted(sound)
    child = children._idle.get_nowait()
    children._idle.put(child)
    place = Path(f"/proc/{child._process.pid}")
    limits = {line[:25].strip(): line[26:].split()[0] for line in (place / "limits").read_text().splitlines()}
    assert limits["Max file size"] == limits["Max core file size"] == "0"
    assert 1e9 < int(limits["Max address space"]) < 1e10
    assert 0 < int(limits["Max cpu time"]) < 100
    assert b"very-secret" not in (place / "environ").read_bytes()


def test_a_stream_is_that_of_the_audio_door(sound: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(sound)
    here = open_recording(sound, name="a.flac")
    for source in (sound, path):
        there = open_untrusted(source, name="a.flac")
        assert (there.name, there.duration_s, there.declared_s) == (here.name, here.duration_s, here.declared_s)
        assert (there.rate, there.channels) == (48_000, 2)
        for channel in (None, 0, 1):
            for one, other in zip(there.blocks(channel, 0.1), here.blocks(channel, 0.1), strict=True):
                np.testing.assert_array_equal(one, other)
    with pytest.raises(AudioError, match="no channel 3: choose one of its 2"):
        there.blocks(2)


def test_a_stream_may_be_left_and_read_again_beside_others(sound: bytes) -> None:
    recording = open_untrusted(sound)
    left = recording.blocks(seconds=0.05)
    first = next(left)
    again = recording.blocks(seconds=0.05)
    assert len(load_untrusted(sound).samples) == 2667
    np.testing.assert_array_equal(next(again), first)
    left.close()
    assert sum(map(len, again)) == 2667 - 800


def test_headers_are_read_although_all_streams_are_taken(sound: bytes) -> None:
    recording = open_untrusted(sound)
    taken = [recording.blocks(seconds=0.05) for _ in range(4)]
    for stream in taken:
        next(stream)
    assert not children.STREAMS.acquire(blocking=False)
    assert open_untrusted(sound).channels == 2
    for stream in taken:
        stream.close()
    assert sum(map(len, recording.blocks())) == 2667


def test_who_waits_for_a_stream_can_give_up(sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.untrusted.stream._LOOK_S", 0.05)
    recording, asked = open_untrusted(sound), iter([False, False, True])
    taken = [recording.blocks(seconds=0.05) for _ in range(4)]
    for stream in taken:
        next(stream)
    with pytest.raises(CancelledError):
        read_timeline(Recogniser.load("lite"), recording, cancelled=lambda: next(asked, True))
    for stream in taken:
        stream.close()
    for _ in range(4):  # no place was lost
        assert children.STREAMS.acquire(blocking=False)
    for _ in range(4):
        children.STREAMS.release()


def test_the_sentence_of_a_stream_is_that_of_the_audio_door(sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = encode(voice(4.0), "mp3")[:-3000]
    for data in (b"", b"no sound", cut):
        sentences = []
        for door in (open_recording, open_untrusted):
            with pytest.raises(AudioError) as raised:
                list(door(data, name="<b>\n.wav").blocks(seconds=0.5))
            sentences.append(str(raised.value))
        assert sentences[0] == sentences[1]
    monkeypatch.setenv("SER_MAX_HOURS", "0.00001")
    with pytest.raises(AudioError, match=r"limit of 1e-05 hours"):
        open_untrusted(sound)


@pytest.mark.parametrize(
    "code", ["read(100); os.abort()", "write(struct.pack('<Q', 2) + b'{}' + struct.pack('<Q', 2**40)); time.sleep(60)"]
)
def test_a_child_that_is_gone_in_a_stream_is_a_sentence(
    sound: bytes, other_child: pytest.MonkeyPatch, code: str
) -> None:
    recording = open_untrusted(sound, name="a.flac")
    other_child.setattr(children, "_LONGEST_WAIT_S", 3.0)
    children.close_all()
    _instead(other_child, code)
    for call in (lambda: open_untrusted(sound, name="a.flac"), lambda: list(recording.blocks())):
        with pytest.raises(AudioError, match=r"^a\.flac cannot be decoded: it ended the decoder or took too long"):
            call()
    assert children._idle.empty()
