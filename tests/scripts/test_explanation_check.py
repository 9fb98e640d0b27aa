"""The check of explanations as a command: the shape of its answer; how faithful they are is measured, not tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def _call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "scripts/explanation_check.py"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=280, env=os.environ | environment
    )


def test_a_bundle_is_checked(synthetic_corpora: Path) -> None:
    result = _call("--clips", "2", "--draws", "2", "--json", SER_DATA=str(synthetic_corpora))
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["held_out"] is False
    assert report["clips"] + report["without_answer"] == 2
    for kind in ("time", "time_in_speech", "cells"):
        low, high = report[kind]["faithful_ci95"]
        assert 0 <= low <= report[kind]["faithful"] <= high <= 1


def test_wrong_usage_is_one_sentence() -> None:
    result = _call("--clips", "0")
    assert result.returncode == 2
    assert "at least 1" in result.stderr
    assert "Traceback" not in result.stderr
