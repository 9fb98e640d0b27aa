"""Decoding in a child process: the same sound as here, a sentence whatever becomes of the child, and limits on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ser_core import untrusted
from ser_core.audio import load_audio
from ser_core.errors import AudioError
from ser_core.untrusted import load_untrusted
from tests.synthetic import encode, voice

LINUX = pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="needs Linux's /proc")


@pytest.fixture(scope="module")
def sound() -> bytes:
    return encode(np.stack([voice(0.5), voice(0.5, seed=1)], axis=1), "flac", rate=48_000)


@pytest.fixture
def other_child(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No child is kept from before, and none that a test makes is kept for others."""
    untrusted._close_all()
    yield monkeypatch
    untrusted._close_all()


def _instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    code = f"import os, struct, sys, time\nread, write = sys.stdin.buffer.read, sys.stdout.buffer.write\n{code}"
    monkeypatch.setattr(untrusted, "_COMMAND", (sys.executable, "-S", "-c", code))


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
    child = untrusted._idle.get_nowait()
    untrusted._idle.put(child)
    load_untrusted(sound)
    assert untrusted._idle.qsize() == 1
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
    other_child.setattr(untrusted, "_LONGEST_WAIT_S", 3.0)
    _instead(other_child, code)
    with pytest.raises(AudioError, match=r"^a\.flac cannot be decoded: it ended the decoder or took too long"):
        load_untrusted(sound, name="a.flac")
    assert untrusted._idle.empty()
    other_child.undo()
    assert len(load_untrusted(sound).samples) == 2667


def test_threads_at_once_get_each_their_own(other_child: pytest.MonkeyPatch) -> None:
    sounds = [encode(voice(0.2 + 0.1 * number), "wav") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(load_untrusted, sounds * 3))
    assert [round(waveform.duration_s, 1) for waveform in found] == [0.2, 0.3, 0.4, 0.5] * 3
    assert untrusted._idle.qsize() <= untrusted._KEPT


@LINUX
def test_a_child_may_write_nothing_and_knows_no_key(sound: bytes, other_child: pytest.MonkeyPatch) -> None:
    other_child.setenv("SER_API_KEY", "very-secret")
    load_untrusted(sound)
    child = untrusted._idle.get_nowait()
    untrusted._idle.put(child)
    place = Path(f"/proc/{child._process.pid}")
    limits = {line[:25].strip(): line[26:].split()[0] for line in (place / "limits").read_text().splitlines()}
    assert limits["Max file size"] == limits["Max core file size"] == "0"
    assert 1e9 < int(limits["Max address space"]) < 1e10
    assert 0 < int(limits["Max cpu time"]) < 100
    assert b"very-secret" not in (place / "environ").read_bytes()
