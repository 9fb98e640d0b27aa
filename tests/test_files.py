"""Files are whole or not there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ser_core.files import write_atomically, write_bytes, write_text


def test_text_and_bytes_replace_what_was_there(tmp_path: Path) -> None:
    write_text(tmp_path / "note", "first")
    write_text(tmp_path / "note", "zweite Fassung ü")
    write_bytes(tmp_path / "data", b"\x00\x01")
    assert (tmp_path / "note").read_text(encoding="utf-8") == "zweite Fassung ü"
    assert (tmp_path / "data").read_bytes() == b"\x00\x01"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "note"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "note", "old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_atomically(tmp_path / "note", fail)
    assert (tmp_path / "note").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_threads_that_write_at_once_do_not_meet(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def write(text: str) -> None:
        def slowly(temporary: Path) -> None:
            temporary.write_text(text[:1])
            both.wait(timeout=30)
            temporary.write_text(text)

        write_atomically(tmp_path / "note", slowly)

    threads = [threading.Thread(target=write, args=(text,)) for text in ("aaaa", "bbbb")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "note").read_text() in ("aaaa", "bbbb")
    assert [path.name for path in tmp_path.iterdir()] == ["note"]
