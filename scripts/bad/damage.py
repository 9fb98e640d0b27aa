"""Sound files that were cut, flipped, spliced or misnamed, in every container."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np

from bad.case import ANSWER, EITHER, ERROR, Case, flipped, sound
from bad.encoded import KINDS, USUAL, spoken
from bad.tiny_models import packed

_SHARES = (0.02, 0.3, 0.6, 0.95)
#: (name, number of bits, share of the file in which they lie)
_FLIPS = (("one-bit", 1, 1.0), ("eight-bits", 8, 1.0), ("many-bits", 400, 1.0), ("head", 6, 0.01), ("start", 3, 0.1))


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Yield all of them, the same for the same generator."""
    yield from _cut()
    yield from _flipped(rng)
    yield from _spliced(rng)
    yield from _misnamed()
    yield from _no_sound(rng)


def _cut() -> Iterator[Case]:
    for kind in KINDS:
        data = spoken(kind)
        for share in _SHARES:
            expect = ERROR if kind in USUAL else EITHER  # other containers do not all say how long they should be
            yield sound(f"cut-{kind}-{share:g}", data[: int(share * len(data))], expect, ending=kind)


def _flipped(rng: np.random.Generator) -> Iterator[Case]:
    for kind in KINDS:
        for name, count, share in _FLIPS:
            data = spoken(kind)
            data = flipped(data, rng, count, 0, max(16, int(share * len(data))))
            yield sound(f"flipped-{kind}-{name}", data, EITHER, ending=kind)


def _spliced(rng: np.random.Generator) -> Iterator[Case]:
    for first, second in zip(USUAL, (*USUAL[1:], USUAL[0]), strict=True):
        yield sound(f"spliced-{first}-{second}", spoken(first)[:300] + spoken(second)[300:], EITHER, ending=first)
        yield sound(f"random-behind-{first}", spoken(first)[:64] + rng.bytes(20_000), EITHER, ending=first)


def _misnamed() -> Iterator[Case]:
    for kind, ending in zip(USUAL, (*USUAL[1:], USUAL[0]), strict=True):
        yield sound(f"misnamed-{kind}-as-{ending}", spoken(kind), ANSWER, ending=ending)
    yield sound("two-files-in-one", spoken("wav") + spoken("mp3"), EITHER)
    yield sound("sound-behind-a-page", b"<html><script>alert(1)</script>" + spoken("flac"), ERROR, ending="flac")
    yield sound("sound-and-zip", spoken("flac") + packed({"a.wav": b"x"}), EITHER, ending="flac")


class _Runs:
    """Pickled: creates a file where it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.mkdir, ("hostile-pickle-ran",)


def pickled() -> bytes:
    """Return a pickle that does something when it is read."""
    return pickle.dumps(_Runs())


def _no_sound(rng: np.random.Generator) -> Iterator[Case]:
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89" + bytes(40)
    contents = {
        "empty": b"",
        "one-byte": b"\0",
        "zeros": bytes(100_000),
        "text": b"Dear all, please find the recording attached.\n" * 50,
        "page": b"<!DOCTYPE html><html><body onload=alert(1)>404</body></html>",
        "picture": picture,
        "program": b"MZ\x90\0" + rng.bytes(4000),
        "elf": b"\x7fELF\x02\x01\x01" + rng.bytes(4000),
        "shell": b"#!/bin/sh\ntouch hostile-shell-ran\n",
        "pickle": pickled(),
        "zip": packed({"clip.wav": spoken("wav")}),
        "gzip": b"\x1f\x8b\x08" + rng.bytes(4000),
        "pdf": b"%PDF-1.7\n" + rng.bytes(4000),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "playlist": b"#EXTM3U\n#EXTINF:3,\nfile:///etc/passwd\n",
        "playlist-of-hosts": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "session-description": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        "manifest-of-streams": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><MPD>&e;</MPD>",
        "lfs-pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 9\n",
        "midi": b"MThd\0\0\0\x06\0\0\0\x01\0`MTrk\0\0\0\x04\0\xff/\0",
        "avi": b"RIFF\0\x10\0\0AVI LIST" + rng.bytes(4000),
        "webp": b"RIFF\0\x10\0\0WEBPVP8 " + rng.bytes(4000),
        "half-a-magic": b"RI",
        "sync-words": b"\xff\xfb\x90\x64" * 5000,
        "mp3-tag-that-never-ends": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + rng.bytes(4000),
    }
    for name, data in contents.items():
        yield sound(f"no-sound-{name}", data)
