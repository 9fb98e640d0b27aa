"""ZIPs of calls, hostile file names, and requests to the service that are none."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator

import numpy as np

from bad import handmade
from bad.case import ANSWER, EITHER, ERROR, Case, flipped, sound
from bad.encoded import spoken
from bad.tiny_models import packed

_NAMES = (
    "../../../../etc/passwd.wav",
    "/etc/cron.d/evil.wav",
    "..\\..\\windows\\evil.wav",
    "<script>alert(1)</script>.wav",
    "<img src=x onerror=alert(1)>.wav",
    '"><svg onload=alert(1)>.wav',
    "[click](javascript:alert(1)).wav",
    "$\\href{javascript:alert(1)}{x}$.wav",
    "=cmd|' /C calc'!A0.wav",
    "@SUM(1+1).wav",
    "a\0b.wav",
    "a\r\nSet-Cookie: x=1.wav",
    "\u202egnp.wav",
    "\x1b[2J\x1b]0;evil\x07.wav",
    "%s%n%x{0.__class__}.wav",
    "`touch evil`$(touch evil);touch evil.wav",
    "CON.wav",
    ".wav",
    "x" * 5000 + ".wav",
    "\U0001f600" * 300 + ".wav",
    "a/../../b.wav",
    "\udcff.wav",
)
_FORM = "multipart/form-data; boundary=x"


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Yield all of them, the same for the same generator."""
    for number, name in enumerate(_NAMES):
        yield sound(f"named-{number}", spoken("wav"), ANSWER, called=name)
        yield sound(f"named-{number}-no-sound", b"no sound", ERROR, called=name)
    yield from _archives(rng)
    yield from _uploads(rng)


def _archive(name: str, data: bytes | Callable[[], bytes], expect: str = ERROR) -> Case:
    return Case(f"archive-{name}", "archive", {"calls.zip": data}, expect)


def _archives(rng: np.random.Generator) -> Iterator[Case]:
    wave = spoken("wav")
    yield _archive("fine", packed({"a.wav": wave}), ANSWER)
    for number, name in enumerate(_NAMES[:-1]):
        yield _archive(f"name-{number}", packed({name: wave}), EITHER)
    deflate = zipfile.ZIP_DEFLATED
    yield _archive("nothing", packed({}))
    yield _archive("no-sound", packed({"a.txt": b"x"}))
    yield _archive("cut", packed({"a.wav": wave})[:500])
    yield _archive("cut-directory", packed({"a.wav": wave})[:-10])
    yield _archive("bomb", lambda: packed({"a.wav": handmade.wav(body=bytes(300_000_000))}, deflate))
    yield _archive("bomb-of-silence", lambda: packed({"a.mp3": handmade.mp3(36_000)}, deflate), ANSWER)
    yield _archive("bomb-in-bomb", lambda: packed({"a.wav": packed({"b.wav": bytes(100_000_000)}, deflate)}, deflate))
    yield _archive(
        "bomb-manifest",
        lambda: packed({"a.wav": wave, "manifest.csv": b"file\n" + b"\n" * 150_000_000}, deflate),
        EITHER,
    )
    yield _archive(
        "bombs-manifests",
        lambda: packed({"a.wav": wave} | {f"d{n}/manifest.csv": b"\n" * 150_000_000 for n in range(8)}, deflate),
    )
    yield _archive(
        "size-lies", lambda: _lying(packed({"a.wav": handmade.wav(body=bytes(50_000_000))}, deflate), 24, b"\x10\0\0\0")
    )
    yield _archive("size-of-4-gb", _lying(packed({"a.wav": wave}), 24, b"\xff\xff\xff\xfe"), EITHER)
    yield _archive("method-unknown", _lying(packed({"a.wav": wave}), 10, b"\x63\0"))
    yield _archive("encrypted", _lying(packed({"a.wav": wave}), 8, b"\x01\0"))
    yield _archive("crc-lies", _lying(packed({"a.wav": wave}), 16, b"\0\0\0\0"))
    yield _archive("offset-lies", _lying(packed({"a.wav": wave}), 42, b"\xff\xff\xff\x7f"))
    yield _archive("link", _link(), EITHER)
    yield _archive("same-name-often", _repeated(wave), EITHER)
    yield _archive("overlapping", _overlapping, EITHER)
    yield _archive("a-million-entries", lambda: _many(1_000_000))
    for number in range(8):
        data = packed({"a.wav": wave, "b/manifest.csv": b"file\na.wav\n"})
        yield _archive(f"flipped-{number}", flipped(data, rng, 1 + number, len(data) - 200), EITHER)


def _lying(data: bytes, offset: int, change: bytes) -> bytes:
    """Return a ZIP with other bytes in the directory's last entry."""
    changed = bytearray(data)
    place = changed.rfind(b"PK\x01\x02") + offset
    changed[place : place + len(change)] = change
    return bytes(changed)


def _link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        entry = zipfile.ZipInfo("a.wav", (1980, 1, 1, 0, 0, 0))
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


def _repeated(wave: bytes) -> bytes:
    """Return a ZIP with one name many times."""
    entry = packed({"a.wav": wave})
    directory = entry[entry.rfind(b"PK\x01\x02") : entry.rfind(b"PK\x05\x06")]
    local = entry[: entry.rfind(b"PK\x01\x02")]
    return _zip_of(local, [directory] * 500)


def _overlapping() -> bytes:
    """Return a ZIP whose many entries are the same bytes (Fifield 2019), each unfolding to 20 MB."""
    entry = packed({"aaaaa.wav": bytes(20_000_000)}, zipfile.ZIP_DEFLATED)
    directory = entry[entry.rfind(b"PK\x01\x02") : entry.rfind(b"PK\x05\x06")]
    names = [directory.replace(b"aaaaa", f"{number:05d}".encode()) for number in range(20_000)]
    return _zip_of(entry[: entry.rfind(b"PK\x01\x02")], names)


def _many(count: int) -> bytes:
    """Return a ZIP with a directory of empty files, without the files."""
    start = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0)
    local = packed({"0.wav": b""})
    return _zip_of(
        local[: local.rfind(b"PK\x01\x02")],
        [start + f"{number:08x}"[-4:].encode() + b".wav" for number in range(count)],
    )


def _zip_of(local: bytes, directory: list[bytes]) -> bytes:
    joined = b"".join(directory)
    count = min(len(directory), 65_535)
    return local + joined + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(joined), len(local), 0)


def _upload(name: str, body: bytes, expect: str = ERROR, kind: str = _FORM, **facts: str) -> Case:
    return Case(f"upload-{name}", "upload", {"body.bin": body}, expect, "", {"content-type": kind} | facts)


def _part(name: str, data: bytes, head: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{head}\r\n\r\n'.encode() + data + b"\r\n"


def _uploads(rng: np.random.Generator) -> Iterator[Case]:
    wave, end = spoken("wav"), b"--x--\r\n"
    yield _upload("fine", _part("file", wave, '; filename="a.wav"') + end, ANSWER)
    yield _upload("no-end", _part("file", wave))
    yield _upload("nothing", b"")
    yield _upload("json", b"{}", kind="application/json")
    yield _upload("no-type", wave, kind="")
    yield _upload("boundary-long", b"", kind="multipart/form-data; boundary=" + "x" * 10_000)
    yield _upload("boundary-null", b"", kind="multipart/form-data; boundary=a\0b")
    yield _upload("random", rng.bytes(100_000))
    yield _upload("two-files", _part("file", wave) * 2 + end)
    yield _upload("thousand-parts", _part("model", b"lite") * 1000 + end)
    yield _upload("model-traversal", _part("model", b"../../etc") + _part("file", wave) + end)
    yield _upload("model-null", _part("model", b"a\0b") + _part("file", wave) + end)
    yield _upload("model-long", _part("model", b"x" * 10_000) + _part("file", wave) + end)
    yield _upload("model-script", _part("model", b"<script>") + _part("file", wave) + end)
    yield _upload("head-long", b"--x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n" + end)
    yield _upload("heads-many", b"--x\r\n" + b"X: y\r\n" * 100_000 + b"\r\n" + end)
    yield _upload("name-open", b'--x\r\nContent-Disposition: form-data; name="file\r\n\r\n' + wave + b"\r\n" + end)
    name = b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
    for number, hostile in enumerate(_NAMES):
        called = hostile.replace("\r\n", " ").replace('"', "%22").encode("utf-8", "surrogatepass")
        yield _upload(f"name-{number}", name + called + b'"\r\n\r\n' + wave + b"\r\n" + end, EITHER)
    yield _upload("name-not-utf-8", name + b'\xff\xfe"\r\n\r\n' + wave + b"\r\n" + end, EITHER)
    yield _upload("deflate", _part("file", wave) + end, EITHER, encoding="deflate")
    yield _upload("method", wave, method="PUT")
    yield _upload("path", wave, path="/v1/predict/../../etc/passwd")
    yield _upload("job", b"", path="/v1/timelines/../../etc", method="GET")
    yield _upload("timeline", _part("file", b"no sound") + end, path="/v1/timelines")
