"""The command `corpora.py`: what it prints, its JSON, its statuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ser_core.corpora import CORPORA
from tests.scripts.calling import call
from tests.synthetic import clip_bytes


def _call(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    return call("corpora.py", *arguments, SER_DATA=str(data), SER_CACHE=str(data / ".cache"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two clips of SAVEE, one of them under a name it should not have."""
    for number, name in enumerate(("DC_a01.wav", "JE_su15.wav", "DC_a16.wav")):
        path = tmp_path / "data/savee" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip_bytes("sad", 0.3, seed=number))
    return tmp_path / "data"


@pytest.mark.parametrize("command", [[], ["list"], ["download"], ["verify"], ["stats"]])
def test_help(command: list[str], tmp_path: Path) -> None:
    result = _call(*command, "--help", data=tmp_path)
    assert result.returncode == 0
    assert "usage: corpora.py" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [[], ["fetch"], ["download"], ["download", "emodb"], ["download", "starter", "--kaggle"], ["list", "--nothing"]],
)
def test_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    result = _call(*arguments, data=tmp_path)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


def test_list(data: Path) -> None:
    words = _call("list", data=data)
    assert words.returncode == 0
    for facts in CORPORA.values():
        assert facts.title in words.stdout
        assert facts.licence in words.stdout
    assert "208 MB" in words.stdout
    assert words.stdout.count("here: nothing") == 3
    answer = json.loads(_call("list", "--json", data=data).stdout)
    assert list(answer) == list(CORPORA)
    assert answer["ravdess"]["clips"] == 1440
    assert [answer[corpus]["clips_here"] for corpus in answer] == [0, 0, 2, 0]


def test_verify(data: Path) -> None:
    result = _call("verify", "--json", data=data)
    assert result.returncode == 1
    assert result.stderr == ""
    report = json.loads(result.stdout)["savee"]
    assert (report["clips"], report["expected"], len(report["missing"])) == (3, 480, 478)
    assert report["extra"] == ["DC_a16"]
    words = _call("verify", "savee", data=data)
    assert words.returncode == 1
    assert words.stdout.startswith("SAVEE in ")
    assert "478 missing" in words.stdout
    nothing = _call("verify", "tess", data=data)
    assert nothing.returncode == 1
    assert nothing.stderr.count("\n") == 1


def test_verify_a_whole_copy_is_fine(data_folder: Path, tmp_path: Path) -> None:
    """The real SAVEE, which has no defect."""
    (tmp_path / "savee").symlink_to(data_folder / "savee")
    result = _call("verify", "savee", "--json", data=tmp_path)
    assert result.returncode == 0, result.stdout
    assert json.loads(result.stdout)["savee"]["as_published"] is True


def test_download_from_a_folder(synthetic_corpora: Path, tmp_path: Path) -> None:
    source = str(synthetic_corpora / "savee")
    refused = _call("download", "savee", "--from", source, data=tmp_path)
    assert refused.returncode == 1
    assert "--accept-licence" in refused.stderr
    assert refused.stderr.count("\n") == 1
    taken = _call("download", "savee", "--from", source, "--accept-licence", "--json", data=tmp_path)
    assert taken.returncode == 0, taken.stderr
    assert json.loads(taken.stdout) == {
        "corpus": "savee",
        "folder": str(tmp_path / "savee"),
        "clips": 28,
        "licence": CORPORA["savee"].licence,
    }
    wrong = _call("download", "ravdess", "--from", source, data=tmp_path)
    assert wrong.returncode == 1
    assert "look like SAVEE" in wrong.stderr


def test_download_of_savee_explains_the_form(tmp_path: Path) -> None:
    result = _call("download", "savee", "--accept-licence", data=tmp_path)
    assert result.returncode == 1
    assert "registration form" in result.stderr
    assert result.stderr.count("\n") == 1


def test_stats(synthetic_corpora: Path) -> None:
    words = _call("stats", "savee", data=synthetic_corpora)
    assert words.returncode == 0, words.stderr
    assert "28" in words.stdout
    assert json.loads(_call("stats", "--json", data=synthetic_corpora).stdout)
