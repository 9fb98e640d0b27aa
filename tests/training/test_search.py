"""The search sees a fold's training speakers alone, finds the better setting, and goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ser_core.errors import TrainingError
from ser_core.features.logmel import LogMelConfig
from ser_core.features.store import FeatureStore
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.training import search
from ser_core.training.parts import OptimiserConfig
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe
from ser_core.training.search import chosen_recipe, inner_splits, search_settings

EMOTIONS = ("happy", "sad", "angry")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rows = [
        {"corpus": "ravdess", "speaker": f"{speaker:02d}", "sex": ("male", "female")[speaker % 2], "emotion": emotion}
        for speaker in range(10)
        for emotion in EMOTIONS
        for _ in range(6)
    ]
    return pd.DataFrame(rows).assign(song=False).astype({"corpus": "string", "speaker": "string", "emotion": "string"})


@pytest.fixture(scope="module")
def store(table: pd.DataFrame) -> FeatureStore:
    """Features in which the class is a weak difference, so that too weak a penalty or too few neighbours shows."""
    rng = np.random.default_rng(0)
    target = np.array([EMOTIONS.index(emotion) for emotion in table["emotion"]])
    values = rng.normal(0, 1, (len(table), 30)) + rng.normal(0, 0.45, (3, 30))[target]
    return FeatureStore(values.astype(np.float32), np.arange(len(table) + 1))


def _recipe(**grid: Any) -> ClassicalRecipe:
    classifier = {"kind": "k-nn", "components": 0, "metric": "euclidean", "weights": "uniform"}
    return ClassicalRecipe.model_validate({"name": "x", "classifier": classifier, "search": grid})


TRAIN = np.arange(0, 8 * 18)


def test_inner_folds_share_no_speaker_and_stay_within_the_training_rows(table: pd.DataFrame) -> None:
    speakers = table["speaker"].to_numpy(dtype=str)
    scored = []
    for heard, held_out in inner_splits(table, TRAIN):
        assert not set(speakers[heard]) & set(speakers[held_out])
        assert set(heard) | set(held_out) == set(TRAIN)
        scored += held_out.tolist()
    assert sorted(scored) == TRAIN.tolist()


def test_the_better_setting_is_found_and_every_candidate_logged(
    table: pd.DataFrame, store: FeatureStore, tmp_path: Path
) -> None:
    recipe = _recipe(**{"classifier.neighbours": [1, 25, 140]})
    log: list[dict[str, Any]] = []
    best = search_settings(recipe, table, store, TRAIN, tmp_path, log.append)
    assert isinstance(best, ClassicalRecipe)
    assert best.classifier.model_dump()["neighbours"] == 25
    assert best.model_copy(update={"classifier": recipe.classifier}) == recipe
    assert [entry["settings"] for entry in log] == [{"classifier.neighbours": k} for k in (1, 25, 140)]
    scores = [entry["search_uar"] for entry in log]
    assert 1 / 3 < scores[0] < scores[1] - 0.02
    assert chosen_recipe(recipe, tmp_path) == best
    assert json.loads((tmp_path / "search.json").read_text())["chosen"] == {"classifier.neighbours": 25}


def test_other_rows_do_not_matter(table: pd.DataFrame, store: FeatureStore, tmp_path: Path) -> None:
    """What belongs to validation and test speakers may be anything, the search comes to the same scores."""
    recipe = _recipe(**{"classifier.neighbours": [3, 25]})
    values = store.values.copy()
    values[len(TRAIN) :] = np.nan
    logs: list[list[float]] = [[], []]
    for log, part in zip(logs, (store, FeatureStore(values, store.offsets)), strict=True):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        search_settings(recipe, table, part, TRAIN, folder, lambda entry, log=log: log.append(entry["search_uar"]))
    assert logs[0] == logs[1]
    assert len(logs[0]) == 2


def test_a_stopped_search_goes_on(
    table: pd.DataFrame, store: FeatureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = _recipe(**{"classifier.neighbours": [1, 25], "classifier.weights": ["uniform", "distance"]})
    score, calls = search._score, []

    def stopped(chosen: Any, *rest: Any) -> float:
        calls.append(chosen.classifier)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return score(chosen, *rest)

    monkeypatch.setattr(search, "_score", stopped)
    with pytest.raises(KeyboardInterrupt):
        search_settings(recipe, table, store, TRAIN, tmp_path, lambda entry: None)
    with pytest.raises(TrainingError, match="no finished search"):
        chosen_recipe(recipe, tmp_path)
    resumed = search_settings(recipe, table, store, TRAIN, tmp_path, lambda entry: None)
    assert len(calls) == 2 + 1 + 2
    assert calls[2] == calls[3]
    monkeypatch.setattr(search, "_score", score)
    (tmp_path / "search.json").write_text('{"candidates": [{"settings": {"classifier.c": 1}, "uar": 2}]}')
    assert search_settings(recipe, table, store, TRAIN, tmp_path, lambda entry: None) == resumed  # another grid's file


def test_without_a_search_nothing_is_done(table: pd.DataFrame, store: FeatureStore, tmp_path: Path) -> None:
    recipe = _recipe()
    assert search_settings(recipe, table, store, TRAIN, tmp_path, lambda entry: None) is recipe
    assert chosen_recipe(recipe, tmp_path) is recipe
    assert not list(tmp_path.iterdir())


def test_a_network_is_searched_with_fewer_epochs(table: pd.DataFrame, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    clips = rng.normal(-60, 3, (len(table), 16, 16)).astype(np.float32)
    for row, emotion in enumerate(table["emotion"]):
        place = 5 * EMOTIONS.index(emotion)
        clips[row, :, place : place + 4] += 40
    store = FeatureStore(clips.reshape(-1, 16), 16 * np.arange(len(table) + 1))
    recipe = NetworkRecipe(
        name="tiny",
        front_end=LogMelConfig(n_mels=16),
        network=ResidualCRNNConfig(channels=(8,), hidden=8, dropout=0.0),
        optimiser=OptimiserConfig(epochs=13, batch_size=8, average_decay=0.6),
        search={"optimiser.learning_rate": (1e-7, 1e-2)},
    )
    log: list[dict[str, Any]] = []
    best = search_settings(recipe, table, store, TRAIN[: 5 * 18], tmp_path, log.append)
    assert isinstance(best, NetworkRecipe)
    assert best.optimiser.learning_rate == 1e-2
    assert best.optimiser.epochs == 13
    assert log[1]["search_uar"] > 0.7 > log[0]["search_uar"]
    assert [path.name for path in tmp_path.iterdir()] == ["search.json"]
