"""The delay of live readings: what the command prints, over a real stream on this machine. Speed is no test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.calling import call

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_a_voice_that_is_streamed_is_heard_and_its_delay_printed() -> None:
    pytest.importorskip("aiortc")
    command = [sys.executable, str(PROJECT / "scripts/live_delay.py"), "--seconds", "9", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["heard_s"] > 1
    assert report["heard_s"] <= report["sent_s"] + 0.1
    assert report["sound_to_reading_s"]["n"] > 0
    assert 0 <= report["sound_to_reading_s"]["median"] <= report["sound_to_reading_s"]["worst"]
    if report["voice_to_emotion_s"]["n"]:  # a busy machine may not have come that far
        assert report["voice_to_emotion_s"]["median"] > 0.2  # an emotion needs 0.3 s of speech


def test_wrong_usage_is_one_sentence() -> None:
    done = call("live_delay.py", "--seconds", "long")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
