"""Hostile inputs: the short form finds no fault, the files are the same each time, and faults would be seen."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ser_core.errors import AudioError

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    return importlib.import_module("hostile")


def test_the_short_form_ends_in_sentences_alone_and_files_are_the_same_each_time(
    hostile: ModuleType, tmp_path: Path
) -> None:
    # Ten seconds: what takes for ever is found, and how fast this machine is decides nothing.
    options = ["--check", "--short", "--json", "--seconds", "10"]
    command = [sys.executable, str(PROJECT / "scripts/hostile.py"), *options]
    result = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, timeout=280, check=False
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["faults"] == []
    assert answer["inputs"] >= 40
    assert {"sound", "corpus", "bundle", "archive", "upload"} <= set(answer["groups"])
    assert all(group["errors"] + group["answers"] == group["calls"] for group in answer["groups"].values())
    assert answer["groups"]["sound"]["errors"] > 10
    assert answer["groups"]["sound"]["answers"] > 5
    written = {path.parent.name: path for path in tmp_path.rglob("*/*/*") if path.is_file()}
    assert len(written) == answer["inputs"]
    # The first part of them, made anew: the others draw from the same numbers, and would take seconds.
    cases = list(importlib.import_module("bad.damage").cases(np.random.default_rng(hostile._SEED)))
    same = [
        case.made()[written[case.name].name] == written[case.name].read_bytes()
        for case in cases
        if case.name in written
    ]
    assert all(same)
    assert len(same) >= 8


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    return importlib.import_module("bad.limited")


def _refuse() -> str:
    raise AudioError("It is no sound.")


def _fail() -> str:
    return str(1 / 0)


def _crash() -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ""


def _grow() -> str:
    return str(len(b"x" * 300_000_000))


def _work() -> str:
    begun = time.process_time()
    while time.process_time() - begun < 0.3:
        pass
    return "done"


def test_whatever_goes_wrong_in_a_child_is_seen(
    limited: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    refused = limited.attempt(_refuse, inside)
    assert (refused.kind, refused.words, refused.written) == ("error", "It is no sound.", [])
    assert limited.attempt(_fail, inside).words.startswith("ZeroDivisionError at test_hostile.py")
    assert limited.attempt(_crash, inside).kind == "crash"
    assert limited.attempt(_grow, inside).memory_mb > 280
    assert limited.attempt(_work, inside).cpu_s > 0.29
    wrote = limited.attempt(lambda: str(outside.write_text("x")), inside)
    assert wrote.written == [str(outside)]
    assert limited.attempt(lambda: str((inside / "x").write_text("x")), inside).written == []
    monkeypatch.setattr(limited, "HANG_S", 0.3)
    assert limited.attempt(lambda: str(time.sleep(60)), inside).kind == "hang"
