"""A fold's own model answers sound as it answered in training, under every condition, and is not asked twice."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import load_audio
from ser_core.classical import LogisticRegressionConfig
from ser_core.corpora import read_corpora
from ser_core.errors import TrainingError
from ser_core.evaluation.conditions import CLEAN, CONDITIONS
from ser_core.evaluation.robustness import FILE_NAME, read_robustness
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.transformer import TransformerConfig
from ser_core.recogniser import Recogniser
from ser_core.training import fold_models
from ser_core.training.features import load_features
from ser_core.training.fold_models import answer_clips, fold_bundle
from ser_core.training.job import train_folds
from ser_core.training.parts import OptimiserConfig
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, Recipe
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

PROJECT = Path(__file__).resolve().parents[2]
PROTOCOL = "speaker-5fold"
RECIPES: dict[str, Recipe] = {
    "network": NetworkRecipe(
        name="tiny",
        corpora=("savee",),
        labels=6,
        front_end=LogMelConfig(n_mels=24),
        network=TransformerConfig(n_mels=24, stem=8, width=16, layers=1, heads=2, feedforward=16),
        optimiser=OptimiserConfig(epochs=1, batch_size=16, learning_rate=5e-3, average_decay=0.8),
    ),
    "classical": ClassicalRecipe(name="quick", corpora=("savee",), classifier=LogisticRegressionConfig()),
}


@pytest.fixture(scope="module")
def place(synthetic_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_DATA", str(synthetic_corpora))
        patch.setenv("SER_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("SER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=RECIPES)
def run(request: pytest.FixtureRequest, place: None) -> RunFolder:
    """A run of which the second fold is finished."""
    recipe = RECIPES[request.param]
    table, store = load_features(recipe)
    run = RunFolder.open(recipe, PROTOCOL)
    train_folds(run, recipe, PROTOCOL, table, store, folds=[1])
    return run


def _clips(run: RunFolder, count: int = 6) -> pd.DataFrame:
    test = run.predictions(1).query("part == 'test'").head(count)
    return test.merge(read_corpora(["savee"])[["corpus", "clip", "path"]])


def test_clean_answers_are_those_of_the_training(run: RunFolder) -> None:
    clips = _clips(run)
    with fold_bundle(run, 1) as folder:
        found = answer_clips(folder, clips, CONDITIONS[CLEAN])
        model = Recogniser.load(folder)
        named = [model.predict(load_audio(path)).emotion for path in clips["path"]]
    assert not folder.exists()
    assert found["clip"].tolist() == clips["clip"].tolist()
    # Features are stored with half the digits.
    np.testing.assert_allclose(found[LOGIT_COLUMNS], clips[LOGIT_COLUMNS], atol=0.02)
    assert found["refused"].tolist() == [emotion is None for emotion in named]


def test_answers_are_kept_while_model_and_condition_are_the_same(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition, answer, asked = CONDITIONS["level-20"], fold_models._answer, []

    def counted(bundle, path, *rest):
        asked.append(path)
        return answer(bundle, path, *rest)

    monkeypatch.setattr(fold_models, "_answer", counted)
    clips, seen = _clips(run), []
    with fold_bundle(run, 1) as folder:
        few = answer_clips(folder, clips.head(2), condition, kept=tmp_path, progress=lambda *done: seen.append(done))
        both = answer_clips(folder, clips.iloc[::-1], condition, kept=tmp_path)
        again = answer_clips(folder, clips, condition, kept=tmp_path)
        assert asked == clips["path"].tolist()[:2] + clips["path"].tolist()[:1:-1]
        assert seen == [(1, 2), (2, 2)]
        assert both["clip"].tolist() == clips["clip"].tolist()[::-1]
        pd.testing.assert_frame_equal(again.head(2), few, check_dtype=False)
        file = tmp_path / "robustness" / "level-20.parquet"
        pd.read_parquet(file).assign(made="by another model").to_parquet(file)
        answer_clips(folder, clips, condition, kept=tmp_path)
        assert len(asked) == 2 * len(clips)
        with pytest.raises(TrainingError, match="cannot be written"):
            answer_clips(folder, clips.head(1), condition, kept=tmp_path / "gone")


def test_the_command_measures_every_condition_and_leaves_its_report(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    command = importlib.import_module("robustness")

    def call(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["robustness.py", "--jobs", "1", *arguments])
        assert command.main() == 0
        return tuple(capsys.readouterr())

    words, _ = call(run.name, "--conditions", "level-20")
    assert "20 dB quieter" in words
    assert read_robustness(run) is None  # a part of the conditions is for a look only
    with pytest.raises(TrainingError, match="no condition 'fog'"):
        call(run.name, "--conditions", "fog")
    if "tiny" not in run.name:
        return
    words, progress = call(str(run.path), "--json")
    report = json.loads(words)
    assert report == json.loads((run.path / FILE_NAME).read_text()) == read_robustness(run)
    entry = report["protocols"][PROTOCOL]
    assert list(entry["conditions"]) == list(CONDITIONS)
    assert (entry["clips"], entry["agreement"]) == (6, 1.0)
    assert f"fold 1, 6 clips, {len(CONDITIONS)}/{len(CONDITIONS)} speed-1.1" in progress
