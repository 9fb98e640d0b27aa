"""The batch extraction as a person or a program calls it: formats, broken files, going on, wrong usage."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import load_audio
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector, functionals
from ser_core.features.logmel import log_mel
from tests.scripts.calling import call
from tests.synthetic import clip_bytes

PROJECT = Path(__file__).resolve().parents[2]


def _call(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return call("features.py", *arguments, **{"SER_CACHE": str(folder / "cache")} | environment)


@pytest.fixture
def voices(tmp_path: Path) -> list[str]:
    """A clip, a file that is no sound, a path where nothing lies, and another clip."""
    for name, emotion in (("one", "happy"), ("two", "sad")):
        (tmp_path / f"{name}.wav").write_bytes(clip_bytes(emotion, 1.0))
    (tmp_path / "broken.wav").write_text("hello")
    return [str(tmp_path / f"{name}.wav") for name in ("one", "broken", "missing", "two")]


def test_functionals_of_files_as_json_and_csv(voices: list[str], tmp_path: Path) -> None:
    result = _call(tmp_path, "functionals", *voices, "--json", "--jobs", "1")
    assert result.returncode == 1
    one, broken, missing, two = json.loads(result.stdout)
    assert [answer["path"] for answer in (one, broken, missing, two)] == voices
    assert set(broken) == set(missing) == {"path", "error"}
    assert "not audio" in broken["error"]
    for answer in (one, two):
        wanted = functionals(load_audio(answer["path"]))
        assert list(answer["functionals"]) == list(wanted)
        assert answer["functionals"] == pytest.approx(wanted, rel=1e-5, abs=1e-6)
    assert result.stderr == ""

    good = [voices[3], voices[0]]
    table = _call(tmp_path, "functionals", *good)
    assert table.returncode == 0
    rows = pd.read_csv(io.StringIO(table.stdout))
    assert rows.columns.tolist() == ["path", *functional_names()]
    assert rows["path"].tolist() == good
    assert rows["f0_p50"].tolist() == pytest.approx([two["functionals"]["f0_p50"], one["functionals"]["f0_p50"]])


def test_only_broken_files(voices: list[str], tmp_path: Path) -> None:
    result = _call(tmp_path, "functionals", *voices[1:3])
    assert result.returncode == 1
    assert result.stderr.count("\n") == 2
    assert "broken.wav is not audio" in result.stderr
    assert "Traceback" not in result.stderr


def test_functionals_of_a_corpus_as_a_table(synthetic_corpora: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.parquet"
    call = ["functionals", "--corpora", "savee", "--out", str(out), "--json"]
    result = _call(tmp_path, *call, SER_DATA=str(synthetic_corpora))
    assert result.returncode == 0, result.stderr
    names = functional_names()
    assert json.loads(result.stdout) == {
        "what": "functionals", "clips": 28, "unreadable": 0, "functionals": len(names), "out": str(out),
    }  # fmt: skip
    table = pd.read_parquet(out)
    assert table.columns.tolist() == ["path", "clip", "emotion", "speaker", "corpus", *names]
    assert table["emotion"].value_counts().to_dict() == dict.fromkeys(
        ("angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"), 4
    )
    assert set(table["speaker"]) == {"DC", "JE", "JK", "KL"}
    np.testing.assert_array_equal(
        table.loc[5, names].to_numpy(np.float32),
        functional_vector(load_audio(table.loc[5, "path"]), FunctionalsConfig())[0],
    )


def test_log_mel_as_an_npz(voices: list[str], tmp_path: Path) -> None:
    out = tmp_path / "features.npz"
    result = _call(tmp_path, "log-mel", *voices, "--out", str(out))
    assert result.returncode == 1
    assert result.stdout.startswith("2 clips, ")
    assert result.stderr.count("\n") == 2
    with np.load(out) as arrays:
        assert arrays["paths"].tolist() == [voices[0], voices[3]]
        offsets = arrays["offsets"]
        for row, path in enumerate(arrays["paths"]):
            np.testing.assert_array_equal(
                arrays["values"][offsets[row] : offsets[row + 1]], log_mel(load_audio(path)).T.astype(np.float16)
            )
        assert offsets[-1] == len(arrays["values"])


@pytest.mark.parametrize(
    ("arguments", "status", "part"),
    [
        (["functionals"], 2, "either FILEs or --corpora"),
        (["functionals", "a.wav", "--corpora", "savee"], 2, "either FILEs or --corpora"),
        (["log-mel", "a.wav", "--out", "table.csv"], 2, "must end in .npz"),
        (["pitch", "a.wav"], 2, "invalid choice"),
        (["functionals", "a.wav", "--jobs", "0"], 2, "--jobs"),
        (["functionals", "a.wav", "--out", "/no/such/folder/x.csv"], 1, "does not exist"),
        (["functionals", "--corpora", "nothing"], 1, "nothing"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str],
    status: int,
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SER_DATA", str(tmp_path))
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    monkeypatch.setattr(sys, "argv", ["features.py", *arguments])
    command = importlib.import_module("features")
    with pytest.raises(SystemExit) as left:
        command.cli.run(command.main)
    assert left.value.code == status
    message = capsys.readouterr().err
    assert part in message
    assert message.count("\n") == 1
