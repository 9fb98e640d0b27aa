"""The check of explanations as a command: the shape of its answer; how faithful they are is measured, not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scripts.calling import call

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_a_bundle_is_checked(synthetic_corpora: Path) -> None:
    result = call("explanation_check.py", "--clips", "2", "--draws", "2", "--json", SER_DATA=str(synthetic_corpora))
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["held_out"] is False
    assert report["clips"] + report["without_answer"] == 2
    for kind in ("time", "time_in_speech", "cells"):
        low, high = report[kind]["faithful_ci95"]
        assert 0 <= low <= report[kind]["faithful"] <= high <= 1


def test_wrong_usage_is_one_sentence() -> None:
    result = call("explanation_check.py", "--clips", "0")
    assert result.returncode == 2
    assert "at least 1" in result.stderr
    assert "Traceback" not in result.stderr
