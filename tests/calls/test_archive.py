"""Archives, manifests and patterns, also from strangers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ser_core.calls import archive
from ser_core.calls import zipped as unzipping
from ser_core.calls.archive import list_sources, uploaded_sources
from ser_core.calls.manifest import About, NamePattern, read_manifest
from ser_core.errors import AudioError, CallsError
from tests.calls.made import zipped

SOUND = b"RIFF" + bytes(40)


def test_a_folder_gives_its_sounds_and_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "monday").mkdir()
    (tmp_path / "monday/b.wav").write_bytes(SOUND)
    (tmp_path / "a.mp3").write_bytes(SOUND)
    (tmp_path / "notes.txt").write_text("no sound")
    (tmp_path / ".hidden.wav").write_bytes(SOUND)
    (tmp_path / "manifest.csv").write_text("file;agent;caller\nmonday\\b.wav;Amal;right\ngone.wav;Bo;\n")
    outside = tmp_path.parent / "outside.wav"
    outside.write_bytes(SOUND)
    (tmp_path / "link.wav").symlink_to(outside)
    found = list_sources([tmp_path])
    assert [source.name for source in found] == ["a.mp3", "monday/b.wav", "gone.wav"]
    assert [source.about for source in found] == [About(), About("Amal", 1), About("Bo")]
    assert found[1].read() == SOUND
    with pytest.raises(AudioError, match="gone.wav is in the manifest and was not found"):
        found[2].read()


def test_a_zip_is_read_in_memory_and_its_names_lead_nowhere(tmp_path: Path) -> None:
    names = ["../../evil.wav", "/etc/evil.wav", "C:\\evil.wav", "<img src=x>.wav", "=cmd().wav", "a\n\x1b[2J.wav"]
    packed = zipped(dict.fromkeys(names, SOUND) | {"__MACOSX/._x.wav": b"", "readme.txt": b"", "x/": b""})
    path = tmp_path / "archive.zip"
    path.write_bytes(packed)
    before = sorted(tmp_path.rglob("*"))
    for found in (list_sources([path]), uploaded_sources([("archive.zip", packed)])):
        assert len(found) == len(names)
        assert all(source.name.isprintable() for source in found)
        assert all(source.read() == SOUND for source in found)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_zip_that_unfolds_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzipping, "MOST_UNFOLDED", 1_000_000)
    with pytest.raises(CallsError, match="unfold to more"):
        uploaded_sources([("bomb.zip", zipped({"a.wav": bytes(2_000_000)}))])
    monkeypatch.setenv("SER_MAX_MEGABYTES", "0.5")
    (source,) = uploaded_sources([("large.zip", zipped({"a.wav": bytes(900_000)}))])
    with pytest.raises(AudioError, match="larger than the limit"):
        source.read()


def test_a_million_entries_are_counted_before_they_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packed = zipped({f"{number}.wav": b"" for number in range(40)})
    assert len(uploaded_sources([("many.zip", packed)])) == 40
    monkeypatch.setattr(unzipping, "MOST_ENTRIES", 39)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    (tmp_path / "many.zip").write_bytes(packed)
    for ask in (lambda: uploaded_sources([("many.zip", packed)]), lambda: list_sources([tmp_path / "many.zip"])):
        with pytest.raises(CallsError, match="unfold to more"):
            ask()


def test_many_manifests_are_read_one_at_a_time_and_only_so_much(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(archive, "LARGEST_MANIFEST", 30_000)
    files = {f"{number}/a.wav": SOUND for number in range(3)}
    said = {f"{number}/manifest.csv": f"file,agent\n{number}/a.wav,{number}".encode() for number in range(3)}
    for source in uploaded_sources([("fine.zip", zipped(files | said))]):
        assert source.about.agent == source.name[0]
    bombs = {f"{number}/manifest.csv": b"\n" * 20_000_000 for number in range(3)}
    with pytest.raises(CallsError, match="come to more than"):
        uploaded_sources([("bomb.zip", zipped(files | bombs))])
    for name, content in (files | bombs).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CallsError, match="come to more than"):
        list_sources([tmp_path])


def test_a_zip_that_lies_about_a_size_is_one_error() -> None:
    packed = bytearray(zipped({"a.wav": bytes(50_000), "b.wav": SOUND}))
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # the uncompressed size in both headers
        at = packed.find(mark) + place
        packed[at : at + 4] = (10).to_bytes(4, "little")
    first, second = uploaded_sources([("lies.zip", bytes(packed))])
    with pytest.raises(AudioError, match="cannot be unpacked"):
        first.read()
    assert second.read() == SOUND


def test_a_damaged_or_encrypted_zip_is_a_sentence() -> None:
    with pytest.raises(CallsError, match="no ZIP file that can be read"):
        uploaded_sources([("cut.zip", zipped({"a.wav": SOUND})[:40])])
    packed = bytearray(zipped({"a.wav": SOUND}))
    packed[packed.find(b"PK\x01\x02") + 8] |= 1
    packed[packed.find(b"PK\x03\x04") + 6] |= 1
    (source,) = uploaded_sources([("secret.zip", bytes(packed))])
    with pytest.raises(AudioError, match="encrypted"):
        source.read()


def test_uploads_take_a_manifest_beside_them() -> None:
    files = [
        ("a.wav", SOUND),
        ("pack.zip", zipped({"deep/b.wav": SOUND})),
        ("who.csv", b"file,agent\na.wav,A\nb.wav,B"),
    ]
    assert [source.about.agent for source in uploaded_sources(files)] == ["A", "B"]
    with pytest.raises(CallsError, match="No call was found"):
        uploaded_sources([("who.csv", b"file,agent\n")])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"name,agent\na,b", "no column 'file'"),
        (b"\xff\xfe\x00", "no CSV file in UTF-8"),
        (b"file,caller\na.wav,middle", "Line 2 .* write left, right or nothing"),
        (b"file,agent\na.wav,A\na.wav,B", "says two things"),
        (b"", "no column 'file'"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(content: bytes, complaint: str) -> None:
    with pytest.raises(CallsError, match=complaint):
        read_manifest(content, "m.csv")


def test_a_manifest_is_only_text() -> None:
    found = read_manifest('﻿file,agent,caller,call_id,more\n"a,b.wav","=1+1\n<b>",LEFT,7,x\n'.encode())
    assert found == {"a,b.wav": About("=1+1?<b>", 0, "7")}


@pytest.mark.parametrize(
    ("pattern", "name", "agent", "call"),
    [
        ("{agent}_{call}", "in/amal_0815.wav", "amal", "0815"),
        ("{call}-{agent}", "2024-01-02-amal.mp3", "01-02-amal", "2024"),
        ("*_{agent}", "x_y_amal.wav", "y_amal", ""),
        ("{agent}/*", "week/amal/1.wav", "amal", ""),
        ("call {agent} end", "call amal end.wav", "amal", ""),
        ("{agent}_{call}", "amal.wav", None, ""),
        ("{agent}_{call}", "_1.wav", None, ""),
        ("{agent}/*", "1.wav", None, ""),
    ],
)
def test_a_pattern_reads_the_agent(pattern: str, name: str, agent: str | None, call: str) -> None:
    found = NamePattern(pattern).about(name)
    assert (found.agent if found else None) == agent
    assert found is None or found.call_id == call


@pytest.mark.parametrize("pattern", ["", "call", "{agent}{call}", "{agent}_{agent}", "*{agent}"])
def test_a_pattern_that_cannot_be_used_says_why(pattern: str) -> None:
    with pytest.raises(CallsError, match="A pattern of file names"):
        NamePattern(pattern)


def test_no_pattern_takes_long() -> None:
    assert NamePattern("*a*a*a*a*a{agent}b").about("a" * 200) is None


def test_a_missing_place_is_a_sentence(tmp_path: Path) -> None:
    for place in (tmp_path / "none", tmp_path):
        with pytest.raises(CallsError):
            list_sources([place])


def test_a_wide_heading_is_refused_before_each_row_is_filled_up_to_it() -> None:
    wide = ",".join(f"c{number}" for number in range(300_000))
    with pytest.raises(CallsError, match="over 1000 columns"):
        read_manifest((f"file,{wide}\n" + "x\n" * 300_000).encode())


@pytest.mark.parametrize("file", ["/", "./.", "\\\\"])
def test_a_row_that_names_nothing_is_refused(file: str) -> None:
    with pytest.raises(CallsError, match="Line 2 of the manifest names no file"):
        read_manifest(f"file,agent\n{file},Amal\n".encode())
