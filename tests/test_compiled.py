"""numba gets a place where its usual ones cannot be written; else it is left alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import ser_core
from ser_core import compiled


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which only *tmp_path* can be written."""
    monkeypatch.setattr(compiled.os, "access", lambda path, _: Path(path).is_relative_to(tmp_path))
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(tmp_path))
    for name in (compiled.VARIABLE, "SER_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(compiled.atexit, "register", lambda *_, **__: None)
    return tmp_path


def test_a_machine_as_usual_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(compiled.VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    compiled.give_numba_a_place()
    assert compiled.VARIABLE not in os.environ


def test_a_place_that_was_given_is_left_alone(read_only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(compiled.VARIABLE, "/elsewhere")
    compiled.give_numba_a_place()
    assert os.environ[compiled.VARIABLE] == "/elsewhere"


def test_the_cache_of_this_program_comes_first(read_only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CACHE", str(read_only / "cache"))
    compiled.give_numba_a_place()
    assert os.environ[compiled.VARIABLE] == str(read_only / "cache/numba")


def test_else_it_is_a_folder_that_nobody_else_can_write(read_only: Path) -> None:
    compiled.give_numba_a_place()
    place = Path(os.environ.pop(compiled.VARIABLE))
    assert place.parent == read_only
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_it_is_asked_for_before_anything_else_is_imported() -> None:
    assert ser_core.give_numba_a_place is compiled.give_numba_a_place
