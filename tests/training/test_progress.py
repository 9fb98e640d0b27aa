"""How far a training is, how long it takes, and recipes as text."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from ser_core.errors import CancelledError
from ser_core.training.parts import OptimiserConfig
from ser_core.training.progress import (
    EpochProgress,
    FeatureProgress,
    clip_cost,
    duration_words,
    estimate,
    read_progress,
)
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, built_in_recipes, load_recipe, parse_recipe
from ser_core.training.recipe_text import recipe_toml
from ser_core.training.runs import RunFolder
from ser_core.training.state import RunState, ask_to_stop

NETWORK = NetworkRecipe(name="net", optimiser=OptimiserConfig(epochs=10))
RUNNING = RunState(status="running", jobs=2)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", NETWORK, "joint")


def log(run: RunFolder, fold: int, epochs: range, seconds: float = 12.0) -> None:
    for epoch in epochs:
        counts = [[epoch, 0], [1, 2]]
        entry = {"epoch": epoch, "epochs": 10, "loss": 1 / epoch, "seconds": seconds, "validation_uar": 0.5}
        run.log(fold, entry | {"confusion": counts, "labels": ["sad", "angry"]})


def test_share_and_time_left(run: RunFolder) -> None:
    log(run, 0, range(1, 11))
    (run.fold(0) / "predictions.parquet").touch()
    log(run, 1, range(1, 6))
    progress = read_progress(run, RUNNING, (0, 1, 2, 3))
    assert progress.share == pytest.approx((1 + 0.5) / 4)
    assert progress.finished == 1
    # 5 + 10 + 10 epochs of 12 s are missing, two at once
    assert progress.seconds_left == pytest.approx(25 * 12 / 2)
    assert clip_cost(progress, 100) == pytest.approx(0.12)
    assert clip_cost(progress, None) is None
    confusion = progress.confusion()
    assert confusion is not None
    np.testing.assert_array_equal(confusion[0], [[15, 0], [2, 4]])
    assert confusion[1] == ["sad", "angry"]
    table = progress.table()
    assert len(table) == 15
    assert math.isnan(table["learning_rate"].iloc[0])


def test_nothing_is_known_before_the_first_epoch(run: RunFolder) -> None:
    progress = read_progress(run, RUNNING, (0, 1))
    assert (progress.share, progress.seconds_left, progress.confusion()) == (0.0, None, None)
    assert progress.table().empty


def test_half_a_line_and_a_repeated_epoch(run: RunFolder) -> None:
    log(run, 0, range(1, 4))
    path = run.path / "fold-0/progress.jsonl"
    path.write_text(path.read_text() + '{"epoch": 4, "lo')
    log(run, 0, range(3, 6), seconds=20.0)
    entries = run.entries(0)
    assert [entry["epoch"] for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[2]["seconds"] == 20.0


def test_a_search_is_no_epoch(run: RunFolder) -> None:
    entry = {"epoch": 0, "epochs": 10, "candidate": 2, "candidates": 6, "settings": {}, "search_uar": 0.4, "seconds": 9}
    run.log(0, entry)
    (fold,) = read_progress(run, RUNNING, (0,)).folds
    assert (fold.search, fold.epoch, fold.share) == ((2, 6), 0, 0.0)


def test_features_are_told_and_stopped(run: RunFolder) -> None:
    note = FeatureProgress(run)
    note(3, 10)
    assert read_progress(run, RUNNING, (0,)).features == (3, 10)
    note(10, 10)
    assert read_progress(run, RUNNING, (0,)).features is None
    ask_to_stop(run)
    with pytest.raises(CancelledError):
        note(4, 10)


def test_an_epoch_stops_when_asked_but_not_the_last(run: RunFolder) -> None:
    look = EpochProgress(run)
    look({"epoch": 3, "epochs": 10})
    ask_to_stop(run)
    look({"epoch": 10, "epochs": 10})
    with pytest.raises(CancelledError):
        look({"epoch": 3, "epochs": 10})


def test_what_was_measured_decides_the_estimate() -> None:
    other = NETWORK.model_copy(update={"seed": 3})
    rough = estimate(NETWORK, 1000, 6, 2, cached=True)
    known = estimate(NETWORK, 1000, 6, 2, cached=True, runs=[(ClassicalRecipe(name="x"), 5.0), (other, 0.1)])
    assert not rough.measured
    assert known.measured
    # 10 epochs of 1000 clips at 0.1 s, in three rounds of two folds
    start = estimate(NETWORK, 0, 6, 2, cached=True).seconds
    assert known.seconds == pytest.approx(start + 3 * 10 * 1000 * 0.1)
    assert estimate(NETWORK, 1000, 6, 2, cached=False).seconds > rough.seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "5 seconds"), (21, "25 seconds"), (55, "1 minute"), (610, "10 minutes"), (9000, "2.5 hours")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize("name", built_in_recipes())
def test_a_recipe_comes_back_from_its_text(name: str) -> None:
    recipe = load_recipe(name)
    assert parse_recipe(recipe_toml(recipe)) == recipe


def test_odd_words_come_back_from_their_text() -> None:
    recipe = ClassicalRecipe(
        name='a "b" \\ c\n\x7f 😀', labels={"calm": "neutral", "surprised": "skip"}, search={"classifier.c": (1, 3.5)}
    )
    assert parse_recipe(recipe_toml(recipe)) == recipe
    assert json.dumps(recipe.labels) == '{"calm": "neutral", "surprised": "skip"}'
