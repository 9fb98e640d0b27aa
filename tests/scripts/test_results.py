"""The figures in README and docs/results.md are those of the models that ship."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_no_figure_is_stale() -> None:
    command = [sys.executable, str(PROJECT / "scripts/results.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
