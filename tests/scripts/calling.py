"""Calls commands as a person would, but in this process: to import torch anew costs seconds each time."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def call(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call `scripts/<script>` with *arguments* and these variables in its environment; return what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", [str(SCRIPTS / script), *arguments])
        patch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
        with pytest.raises(SystemExit) as left:
            importlib.import_module("cli").run(importlib.import_module(script.removesuffix(".py")).main)
    return subprocess.CompletedProcess([script, *arguments], int(left.value.code or 0), out.getvalue(), err.getvalue())
