"""The command for encoders, run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT


def _call(*arguments: str, encoders: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SER_ENCODERS": str(encoders), "HF_HOME": str(encoders / "hub"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(PROJECT / "scripts/encoders.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_list_says_what_is_here_and_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "whisper-base").mkdir()
    (tmp_path / "whisper-base/config.json").write_text("{}")
    answer = json.loads(_call("list", "--json", encoders=tmp_path).stdout)
    assert answer["openai/whisper-base"]["folder"] == str(tmp_path / "whisper-base")
    assert answer["openai/whisper-tiny.en"]["folder"] is None
    assert answer["openai/whisper-base"]["licence"] == "MIT"


def test_without_a_network_a_download_is_one_sentence(tmp_path: Path) -> None:
    result = _call("download", "openai/whisper-base", encoders=tmp_path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "cannot be reached" in result.stderr
