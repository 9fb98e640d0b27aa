"""Kills and misfortunes in their short form; and that the command notices what is lost or half-written."""

from __future__ import annotations

import importlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, and asks the system of Linux")


def test_five_kills_and_the_quick_cases() -> None:
    command = [sys.executable, str(PROJECT / "scripts/faults.py"), "--short", "--json", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, env=dict(os.environ), check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    answer = json.loads(done.stdout)
    assert [series["work"] for series in answer["kills"]] == ["training", "download", "batch", "bundle", "manifest"]
    assert all(series["kills"] == 1 and not series["problems"] for series in answer["kills"])
    assert {case["problem"] for case in answer["cases"].values()} == {""}
    assert list(answer["cases"]) == [
        "disk full, bundle", "disk full, manifest", "clock jumps, manifest", "two at once, bundle",
    ]  # fmt: skip


@pytest.fixture
def harm(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    return importlib.import_module("harm.kills"), importlib.import_module("harm.works")


@pytest.mark.parametrize("fault", ["half-written", "lost", "another end"])
@pytest.mark.long
def test_what_goes_wrong_is_noticed(harm: Any, fault: str, tmp_path: Path) -> None:
    kills, works = harm
    whole = "x\n" * 1000

    class Careless(works.Work):  # type: ignore[name-defined]
        name = "careless"

        def run(self, place: Path) -> None:
            with (place / "begun").open("a") as file:
                file.write("again\n")
            for path in place.glob("*.txt" if fault == "lost" else "nothing"):
                path.unlink()
            for number in range(60):
                path = place / f"{number}.txt"
                if fault == "half-written":
                    with path.open("w", buffering=1) as file:
                        file.writelines("x\n" for _ in range(1000))
                else:
                    path.with_suffix(".tmp").write_text(whole)
                    path.with_suffix(".tmp").rename(path)

        def finished(self, place: Path) -> dict[str, str]:
            found = {path.name: path.read_text() for path in place.glob("*.txt")}
            if any(text != whole for text in found.values()):
                raise works.HalfWrittenError("a file is half-written")
            return dict.fromkeys(found, "whole")

        def result(self, place: Path) -> dict[str, str]:
            return {"starts": (place / "begun").read_text() if fault == "another end" else ""}

    series = kills.kill_series(Careless(tmp_path / "in"), tmp_path / "out", 30, random.Random(1))
    expected = {"half-written": "half-written is loaded", "lost": "is lost", "another end": "the end differs"}
    assert expected[fault] in series.problems[0]
