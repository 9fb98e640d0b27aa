"""Files are whole or not there."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from ser_core.files import one_at_a_time, remove_scraps, write_atomically, write_bytes, write_text


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


def test_scraps_of_killed_processes_go_when_they_are_old(tmp_path: Path) -> None:
    for name, age_s in ((".note.1-2.tmp", 7200), (".note.3-4.tmp", 60), ("note.tmp", 7200)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    remove_scraps(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".note.3-4.tmp", "note.tmp"]


def test_one_at_a_time_waits(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with one_at_a_time(tmp_path):
            order.append("second")

    with one_at_a_time(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
