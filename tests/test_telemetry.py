"""No library that the program uses tells anybody of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def test_onnx_runtime_keeps_no_device_id_and_no_events(tmp_path: Path) -> None:
    told = ("ORT_", "HF_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(told)}
    environment |= {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    code = "import ser_core, onnxruntime, os; print(os.environ['HF_HUB_DISABLE_TELEMETRY'])"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "1"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_streamlit_sends_no_usage() -> None:
    settings = tomllib.loads((PROJECT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert settings["browser"]["gatherUsageStats"] is False
