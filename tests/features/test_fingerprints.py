"""Hashes change with what they stand for, and with nothing else."""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

from ser_core.errors import CorpusError
from ser_core.features import fingerprints
from ser_core.features.fingerprints import code_files, content_hashes, function_key
from ser_core.features.functionals import FunctionalsConfig
from ser_core.features.logmel import LogMelConfig, log_mel_frames


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two files that were last changed long ago."""
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode() * 1000)
    return [str(tmp_path / name) for name in "ab"]


@pytest.fixture(autouse=True)
def _old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "_FRESH_NS", -(10**9))  # the files of a test are younger than two seconds


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _forbid_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(hashlib, "file_digest", fail)


def test_hashes_are_of_the_bytes_and_are_remembered(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [_sha(b"a" * 1000), _sha(b"b" * 1000)]
    assert content_hashes(files, tmp_path / "memo") == wanted
    monkeypatch.chdir(tmp_path)
    _forbid_reading(monkeypatch)
    assert content_hashes(["b", files[0]], tmp_path / "memo") == wanted[::-1]


def test_a_changed_file_is_read_again(files: list[str], tmp_path: Path) -> None:
    content_hashes(files, tmp_path)
    status = os.stat(files[0])
    Path(files[0]).write_bytes(b"c" * 1000)
    os.utime(files[0], ns=(status.st_atime_ns, status.st_mtime_ns))  # as a copying tool would: only ctime tells
    assert content_hashes(files, tmp_path)[0] == _sha(b"c" * 1000)


def test_a_file_that_may_change_within_the_clocks_tick_is_not_remembered(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_FRESH_NS", 10**12)
    content_hashes(files, tmp_path / "memo")
    assert not (tmp_path / "memo").exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"%s": 5}', b'{"%s": [1, 2]}', b"\xff\xfe"])
def test_a_damaged_memory_is_ignored(files: list[str], tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "content.json").write_bytes(damage.replace(b"%s", files[0].encode()))
    assert content_hashes(files, tmp_path) == [_sha(b"a" * 1000), _sha(b"b" * 1000)]


def test_the_memory_is_bounded(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "_MOST", 1)
    content_hashes(files[:1], tmp_path)
    content_hashes(files[1:], tmp_path)
    text = (tmp_path / "content.json").read_text()
    assert files[1] in text
    assert files[0] not in text


def test_files_out_of_reach(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert content_hashes(files, tmp_path / "file")[0] == _sha(b"a" * 1000)
    assert content_hashes([str(tmp_path)], tmp_path) == [""]
    with pytest.raises(CorpusError, match=r"gone\.wav is no longer there"):
        content_hashes([str(tmp_path / "gone.wav")], tmp_path)


def test_the_key_changes_with_settings_and_type_of_numbers() -> None:
    what, code = function_key(log_mel_frames, LogMelConfig(), "float16")
    assert what.startswith("log_mel_frames-")
    assert function_key(log_mel_frames, LogMelConfig(), "float16") == (what, code)
    others = [
        function_key(log_mel_frames, LogMelConfig(n_mels=40), "float16"),
        function_key(log_mel_frames, LogMelConfig(), "float32"),
        function_key(log_mel_frames, FunctionalsConfig(), "float16"),
    ]
    assert len({what, *(other[0] for other in others)}) == 4
    assert {other[1] for other in others} == {code}


def test_the_code_is_followed_into_what_decides_the_numbers() -> None:
    names = {path.name for path in code_files("ser_core.features.logmel")}
    assert names >= {"logmel.py", "speech.py", "waveform.py", "door.py", "decode.py"}
    assert not names & {"settings.py", "errors.py", "store.py", "table.py"}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "formula_of_a_test.py").write_text('"""Text."""\ndef double(x, config):\n    return 2 * x\n')
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("formula_of_a_test")


def test_the_key_changes_with_the_code_but_not_with_its_comments(module: ModuleType) -> None:
    def key() -> str:
        fingerprints._code_key.cache_clear()
        return function_key(module.double, LogMelConfig(), "float32")[1]

    path, first = Path(str(module.__file__)), key()
    path.write_text(
        '"""Other text."""\n\n# a comment\ndef double(x, config):\n    """Say more."""\n    return (2 * x)\n'
    )
    assert key() == first
    path.write_text("def double(x, config):\n    return 3 * x\n")
    assert key() != first
