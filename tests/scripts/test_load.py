"""Visitors at the same time, in short: real sessions that each get their own answers (long: docs/reliability.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_visitors_at_once_get_the_answers_and_the_sound_of_their_own_clips() -> None:
    short = ["--visitors", "3", "--every", "2", "--seconds", "4", "--without-training", "--within", "1000"]
    command = [sys.executable, str(PROJECT / "scripts/load.py"), "class", *short]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["errors"] == []
    assert report["answers_of_another_clip"] == 0
    assert report["predictions"] == 6
    assert done.returncode == 0
