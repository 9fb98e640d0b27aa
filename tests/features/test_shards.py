"""Shards on disk: complete or not there, whatever happens; many small ones become one."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from ser_core.errors import CorpusError
from ser_core.features.shards import DamagedShardError, Extracted, Shards

LIMITS = (3600.0, 200.0)


def _clip(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _part(*numbers: int, unreadable: bool = False) -> Extracted:
    """Clip k has k frames of the value k; with *unreadable* one more clip, which cannot be read."""
    clips = tuple(_clip(number) for number in numbers) + ((_clip(-1),) if unreadable else ())
    lengths = np.array([*numbers] + [Extracted.UNREADABLE] * unreadable, np.int64)
    return Extracted(clips, lengths, np.repeat(np.array(numbers, np.float32), numbers)[:, None] * np.ones((1, 2)))


@pytest.fixture
def shards(tmp_path: Path) -> Shards:
    return Shards(tmp_path / "what" / "code")


def _check(shards: Shards, *numbers: int) -> None:
    known = shards.known(LIMITS, with_unreadable=False)
    assert set(known) == {_clip(number) for number in numbers}
    for number in numbers:
        entry = known[_clip(number)]
        frames = shards.values(entry.shard)[entry.start : entry.start + entry.length]
        np.testing.assert_array_equal(frames, np.full((number, 2), number))


def test_what_is_written_is_known(shards: Shards) -> None:
    assert shards.known(LIMITS, with_unreadable=True) == {}
    shards.write([_part(3, 1), _part(2)], LIMITS)
    shards.write([_part(5)], LIMITS)
    _check(shards, 1, 2, 3, 5)
    assert len(list(shards.folder.iterdir())) == 2


def test_the_same_twice_is_one_file(shards: Shards) -> None:
    shards.write([_part(3, 1)], LIMITS)
    Shards(shards.folder).write([_part(3, 1)], LIMITS)
    assert len(list(shards.folder.iterdir())) == 1


def test_unreadable_clips_count_under_the_same_limits_only(shards: Shards) -> None:
    shards.write([_part(2, unreadable=True)], LIMITS)
    assert shards.known(LIMITS, with_unreadable=True)[_clip(-1)].length == 0
    assert _clip(-1) not in shards.known((60.0, 200.0), with_unreadable=True)
    _check(shards, 2)


def test_a_shard_of_unreadable_clips_alone_joins_others(shards: Shards) -> None:
    nothing = Extracted((_clip(-1),), np.array([Extracted.UNREADABLE]), np.zeros((0, 0), np.float32))
    shards.write([nothing], LIMITS)
    shards.write([nothing, _part(4)], LIMITS)
    _check(shards, 4)


def test_a_shard_cut_anywhere_or_changed_is_never_answered_from(shards: Shards) -> None:
    shards.write([_part(3, 1, 2)], LIMITS)
    (path,) = shards.folder.iterdir()
    whole = path.read_bytes()
    place = whole.index(np.full(2, 3.0).tobytes())
    flipped = whole[:place] + b"\x01" + whole[place + 1 :]
    for damaged in [flipped, *(whole[:length] for length in range(0, len(whole), 37))]:
        path.write_bytes(damaged)
        entries = shards.known(LIMITS, with_unreadable=False)
        assert not entries or damaged is flipped
        with pytest.raises(DamagedShardError):
            shards.values(path)
        assert not path.exists()
    shards.write([_part(3, 1, 2)], LIMITS)
    _check(shards, 1, 2, 3)


def test_many_small_shards_become_one(shards: Shards) -> None:
    for number in range(1, 34):
        shards.write([_part(number, unreadable=number == 5)], LIMITS if number < 33 else (60.0, 1.0))
    assert len(list(shards.folder.iterdir())) == 1
    _check(shards, *range(1, 34))
    assert _clip(-1) not in shards.known((60.0, 1.0), with_unreadable=True)


def test_large_shards_are_left_alone(shards: Shards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.features.shards._SMALL", 2)
    for number in range(1, 40):
        shards.write([_part(number, 100 + number)], LIMITS)
    assert len(list(shards.folder.iterdir())) == 39


def test_a_shard_that_another_process_merged_is_said_to_be_gone(shards: Shards) -> None:
    with pytest.raises(DamagedShardError):
        shards.values(shards.folder / "gone.npz")


def test_what_killed_processes_and_old_code_left_is_removed(shards: Shards) -> None:
    for number in range(4):
        old = shards.folder.parent / f"old{number}"
        old.mkdir(parents=True)
        os.utime(old, (number, number))
    shards.folder.mkdir()
    for name, age in ((".young.npz.1-1.tmp", 0.0), (".old.npz.1-1.tmp", 7200.0)):
        (shards.folder / name).write_bytes(b"half")
        os.utime(shards.folder / name, (time.time() - age,) * 2)
    shards.prepare()
    assert {path.name for path in shards.folder.parent.iterdir()} == {"old2", "old3", "code"}
    assert [path.name for path in shards.folder.iterdir()] == [".young.npz.1-1.tmp"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(
    shards: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards.write([_part(1)], LIMITS)

    def full(file: object, **_: np.ndarray) -> None:
        file.write(b"PK\x03\x04 half a shard")  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(CorpusError, match=r"No space left on device.*SER_CACHE"):
        shards.write([_part(2)], LIMITS)
    assert len(list(shards.folder.iterdir())) == 1
    _check(shards, 1)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CorpusError, match=r"cannot be kept in .*: free some space, or set SER_CACHE"):
        Shards(tmp_path / "file" / "code").prepare()
