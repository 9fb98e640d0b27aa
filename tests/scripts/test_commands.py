"""The commands as a person or a program calls them: statuses, JSON shapes, one-sentence errors."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ser_core.emotions import EMOTIONS
from tests.scripts.calling import call
from tests.synthetic import clip_bytes

PROJECT = Path(__file__).resolve().parents[2]
#: What a person may call; the other files of the folder are read by these.
COMMANDS = [path for path in (PROJECT / "scripts").glob("*.py") if "__main__" in path.read_text(encoding="utf-8")]


@pytest.fixture
def voice_file(tmp_path: Path) -> str:
    path = tmp_path / "voice.wav"
    path.write_bytes(clip_bytes("happy", 4.0))
    return str(path)


@pytest.mark.parametrize("script", sorted(path.name for path in COMMANDS))
def test_every_command_has_help(script: str) -> None:
    result = call(script, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("usage: ")


@pytest.mark.parametrize("script", ["predict.py", "train.py", "evaluate.py"])
def test_wrong_usage(script: str) -> None:
    wrong = call(script, "--no-such-option")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1


def test_predict_json_and_broken_files(voice_file: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("hello")
    result = call("predict.py", voice_file, str(broken), str(tmp_path / "missing.wav"), "--timeline", "--json")
    assert result.returncode == 1
    good, bad, missing = json.loads(result.stdout)
    assert good["path"] == voice_file
    assert list(good["probabilities"]) == list(EMOTIONS)
    assert set(good) == {
        "path", "emotion", "confidence", "sure", "candidates", "probabilities", "duration_s", "model", "warnings",
        "segments",
        "valence", "arousal", "negative_high_arousal",
    }  # fmt: skip
    assert set(good["segments"][0]) == {
        "start_s", "end_s", "emotion", "confidence", "probabilities", "valence", "arousal", "negative_high_arousal",
    }  # fmt: skip
    assert set(bad) == set(missing) == {"path", "error"}
    assert "Traceback" not in result.stderr


def test_predict_words_and_csv(voice_file: str) -> None:
    words = call("predict.py", voice_file)
    assert words.returncode == 0
    assert "%" in words.stdout
    table = call("predict.py", voice_file, "--csv", "--model", "functionals-svm")
    (row,) = csv.DictReader(io.StringIO(table.stdout))
    assert row["model"] == "functionals-svm"
    assert float(row["confidence"]) == pytest.approx(max(float(row[emotion]) for emotion in EMOTIONS))


def test_predict_without_the_model() -> None:
    result = call("predict.py", "x.wav", "--model", "nothing")
    assert result.returncode == 1
    assert result.stderr.startswith("There is no model 'nothing'")
    assert result.stderr.count("\n") == 1


def test_evaluate_prints_what_the_bundle_holds() -> None:
    result = call("evaluate.py", "--model", "lite", "--protocol", "cremad-evar", "--json")
    assert result.returncode == 0
    report = json.loads(result.stdout)
    assert report["corpus"] == "cremad"
    assert sum(map(sum, report["confusion"])) == 1552
    assert set(report) >= {
        "protocol", "corpus", "classes", "folds", "uar", "uar_ci95", "wa", "wa_ci95", "macro_f1", "ece", "chance",
        "confusion", "labels",
    }  # fmt: skip
    everything = call("evaluate.py", "--model", "functionals-svm")
    assert everything.returncode == 0
    assert everything.stdout.count("chance ") == everything.stdout.count("  UAR 0.") == 4


def test_train_and_evaluate_a_recipe(synthetic_corpora: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text('kind = "classical"\nname = "small"\ncorpora = ["savee"]\n[classifier]\ncomponents = 4\n')
    places = {
        "SER_DATA": str(synthetic_corpora),
        "SER_RUNS": str(tmp_path / "runs"),
        "SER_CACHE": str(tmp_path / "cache"),
    }
    trained = call("train.py", str(recipe), "--protocol", "savee-loso", "--jobs", "1", "--json", **places)
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["folds"] == [0, 1, 2, 3]
    scored = call("evaluate.py", "--recipe", str(recipe), "--protocol", "savee-loso", "--json", **places)
    assert scored.returncode == 0, scored.stderr
    assert json.loads(scored.stdout)["classes"] == 7
    again = call("train.py", "--resume", "small-savee-loso", "--json", **places)
    assert again.returncode == 0, again.stderr
    bundle = ("--protocol", "all", "--bundle", str(tmp_path / "mine"), "--held-out", "small-savee-loso")
    published = call("train.py", str(recipe), *bundle, "--json", **places)
    assert published.returncode == 0, published.stderr
    asked = ("--recipe", str(recipe), "--protocol", "speaker-5fold", "--add-to", str(tmp_path / "mine"), "--json")
    added = call("evaluate.py", *asked, **places)
    assert added.returncode == 0, added.stderr
    card = json.loads((tmp_path / "mine" / "model.json").read_text())
    assert card["evaluation"]["speaker-5fold"] == json.loads(added.stdout)
    assert list(card["evaluation"]) == ["savee-loso", "speaker-5fold"]
    refused = call("evaluate.py", *asked[:3], "savee-loso", *asked[4:], **places)
    assert refused.returncode == 1
    assert "cannot be added to the model 'mine'" in refused.stderr
    assert "without --details" in call("evaluate.py", *asked, "--details", **places).stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["no-such-recipe"], "There is no recipe"),
        (["lite", "--protocol", "savee-loso", "--folds", "9"], "has folds 0 to 3, not 9"),
        (["lite", "--folds", "one"], "takes numbers"),
        (["--resume", "no-such-run"], "is no run folder"),
    ],
)
def test_train_errors_are_one_sentence(
    arguments: list[str], part: str, synthetic_corpora: Path, tmp_path: Path
) -> None:
    result = call("train.py", *arguments, SER_DATA=str(synthetic_corpora), SER_RUNS=str(tmp_path))
    assert result.returncode == 1
    assert part in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_train_without_corpora_says_so(tmp_path: Path) -> None:
    result = call("train.py", "lite", SER_DATA=str(tmp_path), SER_RUNS=str(tmp_path / "runs"))
    assert result.returncode == 1
    assert "SER_DATA" in result.stderr


@pytest.mark.long
@pytest.mark.long
def test_a_killed_training_goes_on_to_the_same_weights(synthetic_corpora: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'kind = "network"\nname = "small"\ncorpora = ["savee"]\n[front_end]\nn_mels = 16\n'
        "[network]\nn_mels = 16\nchannels = [8, 8]\nhidden = 8\n[optimiser]\nepochs = 40\nbatch_size = 8\n"
    )
    command = [sys.executable, str(PROJECT / "scripts/train.py"), str(recipe), "--protocol", "savee-loso"]
    command += ["--folds", "0", "--jobs", "1"]
    places = {"SER_DATA": str(synthetic_corpora), "SER_CACHE": str(tmp_path / "cache")}
    unbroken, killed = (os.environ | places | {"SER_RUNS": str(tmp_path / name)} for name in ("unbroken", "killed"))
    subprocess.run(command, env=unbroken, check=True, capture_output=True, timeout=280)
    with subprocess.Popen(command, env=killed, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "epoch 3/" in line:
                process.kill()
                break
    assert process.returncode < 0
    fold = "small-savee-loso/fold-0"
    assert not (tmp_path / "killed" / fold / "predictions.parquet").exists()
    subprocess.run(command, env=killed, check=True, capture_output=True, timeout=280)
    for name in ("weights.safetensors", "predictions.parquet"):
        assert (tmp_path / "killed" / fold / name).read_bytes() == (tmp_path / "unbroken" / fold / name).read_bytes()
    epochs = [json.loads(line)["epoch"] for line in (tmp_path / "killed" / fold / "progress.jsonl").open()]
    assert epochs[:3] == [1, 2, 3]
    assert epochs[-1] == 40
    assert len(epochs) < 50
