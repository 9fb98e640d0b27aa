"""A training end to end on synthetic corpora: run folder, held-out predictions, report, bundle, prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import load_audio
from ser_core.bundle import load_card
from ser_core.emotions import EMOTIONS, label_names, map_label
from ser_core.errors import TrainingError
from ser_core.evaluation.report import calibrate_run, evaluate_run
from ser_core.features.logmel import LogMelConfig
from ser_core.features.store import FeatureStore
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.protocols import make_split
from ser_core.recogniser import Recogniser
from ser_core.training.features import load_features
from ser_core.training.job import ABSENT, train_folds, train_in_processes
from ser_core.training.parts import OptimiserConfig
from ser_core.training.publish import publish_bundle
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, Recipe, with_settings
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

PROTOCOL = "ravdess-emobox"
RECIPES: dict[str, Recipe] = {
    "network": NetworkRecipe(
        name="tiny",
        description="tiny",
        corpora=("ravdess", "savee"),
        front_end=LogMelConfig(n_mels=24),
        network=ResidualCRNNConfig(n_mels=24, channels=(8, 12), hidden=12, dropout=0.0),
        optimiser=OptimiserConfig(epochs=3, batch_size=16, learning_rate=5e-3, average_decay=0.8),
    ),
    "classical": ClassicalRecipe(name="svm", description="svm", corpora=("ravdess", "savee")),
}


@pytest.fixture(scope="module")
def folders(synthetic_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_DATA", str(synthetic_corpora))
        patch.setenv("SER_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("SER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=RECIPES)
def trained(request: pytest.FixtureRequest, folders: None) -> tuple[Recipe, RunFolder, RunFolder, pd.DataFrame]:
    """Return the recipe, its finished held-out run, its finished run on everything, and the table."""
    recipe = RECIPES[request.param]
    table, store = load_features(recipe)
    held_out, final = RunFolder.open(recipe, PROTOCOL), RunFolder.open(recipe, "all")
    train_folds(held_out, recipe, PROTOCOL, table, store)
    train_folds(final, recipe, "all", table, store)
    return recipe, held_out, final, table


Trained = tuple[Recipe, RunFolder, RunFolder, pd.DataFrame]


def test_predictions_are_of_the_held_out_clips_only(trained: Trained) -> None:
    _, run, _, table = trained
    for fold in range(6):
        split, frame = make_split(table, PROTOCOL, fold), run.predictions(fold)
        for part, rows in (("test", split.test), ("validation", split.validation)):
            found = frame[frame["part"] == part]
            assert sorted(found["clip"]) == sorted(table.iloc[rows]["clip"])
        assert np.isfinite(frame[LOGIT_COLUMNS].to_numpy()).all()


def test_finished_folds_are_not_trained_again(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, run, _, table = trained

    def refuse(*arguments: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("ser_core.training.job.fit_network", refuse)
    monkeypatch.setattr("ser_core.training.job.fit_classical", refuse)
    _, store = load_features(recipe)
    train_folds(run, recipe, PROTOCOL, table, store)


def test_the_report_is_left_in_the_run_folder(trained: Trained) -> None:
    _, run, final, _ = trained
    assert json.loads((run.path / "evaluation.json").read_text()) == json.loads(json.dumps(evaluate_run(run)))
    assert not (final.path / "evaluation.json").exists()  # nobody was held out


def test_report_scores_every_test_clip_once(trained: Trained) -> None:
    _, run, _, _ = trained
    reports = evaluate_run(run)
    assert set(reports) == {PROTOCOL}
    report = reports[PROTOCOL]
    assert np.sum(report["confusion"]) == 24 * 8 == sum(fold["n"] for fold in report["folds"])
    assert [len(fold["test_speakers"]) for fold in report["folds"]] == [4] * 6
    assert report["labels"] == list(EMOTIONS)
    assert report["chance"] == 1 / 8
    assert 0 <= report["ece"] <= 1
    assert report["uar"] == pytest.approx(np.mean([fold["uar"] for fold in report["folds"]]))


def test_the_synthetic_manners_are_learnt_by_the_svm(trained: Trained) -> None:
    recipe, run, _, _ = trained
    if isinstance(recipe, ClassicalRecipe):
        assert evaluate_run(run)[PROTOCOL]["uar"] > 0.9


def test_calibration_does_not_look_at_test_clips(trained: Trained) -> None:
    _, run, _, _ = trained
    before = repr(calibrate_run(run, [0]))
    path = run.path / "fold-0" / "predictions.parquet"
    original = path.read_bytes()
    frame = pd.read_parquet(path)
    frame.loc[frame["part"] == "test", LOGIT_COLUMNS] = 0.0
    frame.to_parquet(path)
    try:
        assert repr(calibrate_run(run, [0])) == before
    finally:
        path.write_bytes(original)


def test_a_fold_is_not_calibrated_on_the_validation_of_another(trained: Trained) -> None:
    """A validation speaker of one fold may be a test speaker of another."""
    _, run, _, _ = trained
    before = calibrate_run(run, [0, 1])
    path = run.path / "fold-1" / "predictions.parquet"
    original = path.read_bytes()
    frame = pd.read_parquet(path)
    frame[LOGIT_COLUMNS] = 0.0
    frame.to_parquet(path)
    try:
        after = calibrate_run(run, [0, 1])
        assert repr(after.folds[0]) == repr(before.folds[0])
        assert after.thresholds[0] == before.thresholds[0]
        assert repr(after.folds[1]) != repr(before.folds[1])  # so the change was one that could be seen
    finally:
        path.write_bytes(original)


def test_the_bundle_predicts_what_the_run_predicted(trained: Trained, tmp_path: Path) -> None:
    recipe, held_out, final, table = trained
    card = publish_bundle(tmp_path / "mine", recipe, final, held_out, table)
    assert load_card(tmp_path / "mine") == card
    assert card.evaluation == evaluate_run(held_out)
    assert {entry.corpus: entry.speakers for entry in card.training_data} == {"ravdess": 24, "savee": 4}
    prediction = Recogniser.load(tmp_path / "mine").predict(load_audio(table["path"].iloc[5]))
    assert prediction.model == "mine"
    assert sum(prediction.probabilities.values()) == pytest.approx(1.0)


def test_publishing_refuses_a_run_of_another_protocol(trained: Trained, tmp_path: Path) -> None:
    recipe, held_out, _, table = trained
    with pytest.raises(TrainingError, match="protocol 'all'"):
        publish_bundle(tmp_path / "mine", recipe, held_out, held_out, table)
    assert not (tmp_path / "mine").exists()


def test_a_run_folder_of_another_recipe_is_not_reused(trained: Trained) -> None:
    recipe, _, _, _ = trained
    with pytest.raises(TrainingError, match="other settings"):
        RunFolder.open(recipe.model_copy(update={"seed": 5}), PROTOCOL)


def test_unfinished_folds_are_said(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not finished"):
        RunFolder(tmp_path).predictions(3)
    with pytest.raises(TrainingError, match="no run folder"):
        RunFolder(tmp_path).read()


@pytest.mark.long
def test_processes_give_the_same_as_one_after_another(folders: None) -> None:
    recipe = RECIPES["classical"]
    table, store = load_features(recipe)
    alone, together = (RunFolder.open(recipe, PROTOCOL, name) for name in ("alone", "together"))
    train_folds(alone, recipe, PROTOCOL, table, store, folds=[0, 1])
    train_in_processes(together, recipe, PROTOCOL, table, store, folds=[0, 1], jobs=2)
    for fold in (0, 1):
        pd.testing.assert_frame_equal(alone.predictions(fold), together.predictions(fold))


@pytest.mark.parametrize("kind", RECIPES)
def test_the_same_recipe_twice_gives_the_same_bytes(folders: None, kind: str) -> None:
    recipe = RECIPES[kind]
    table, store = load_features(recipe)
    found = []
    for name in ("once", "again"):
        run = RunFolder.open(recipe, PROTOCOL, f"{kind}-{name}")
        train_folds(run, recipe, PROTOCOL, table, store, folds=[1])
        found.append((run.path / "fold-1" / "predictions.parquet").read_bytes())
    assert found[0] == found[1]


def test_another_seed_gives_another_network(folders: None) -> None:
    recipe = RECIPES["network"].model_copy(update={"seed": 1})
    table, store = load_features(recipe)
    runs = [RunFolder.open(recipe, PROTOCOL, "other-seed"), RunFolder.open(RECIPES["network"], PROTOCOL, "seed")]
    for run, part in zip(runs, (recipe, RECIPES["network"]), strict=True):
        train_folds(run, part, PROTOCOL, table, store, folds=[1])
    first, second = (run.predictions(1) for run in runs)
    assert (first["clip"] == second["clip"]).all()
    assert not np.allclose(first[LOGIT_COLUMNS], second[LOGIT_COLUMNS])


@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize("labels", [4, {"calm": "neutral", "surprised": "happy", "disgust": "skip"}], ids=["4", "own"])
def test_a_smaller_label_set(folders: None, kind: str, labels: Any) -> None:
    """Left-out emotions are in no part, mapped ones answer to their class, absent classes are never the answer."""
    recipe = with_settings(RECIPES[kind], {"labels": labels, "name": f"{kind}-labels"})
    names = label_names(recipe.labels)
    table, store = load_features(recipe)
    run = RunFolder.open(recipe, PROTOCOL, f"{kind}-{len(names)}")
    train_folds(run, recipe, PROTOCOL, table, store, folds=[0])
    split, frame = make_split(table, PROTOCOL, 0), run.predictions(0)
    own = table.set_index(["corpus", "clip"])["emotion"]
    rows = np.concatenate([split.validation, split.test])
    kept = [row for row in rows if map_label(table["emotion"].iloc[row], recipe.labels)]
    assert frame["clip"].tolist() == table["clip"].iloc[kept].tolist()
    mapped = [map_label(own[key], recipe.labels) for key in zip(frame["corpus"], frame["clip"], strict=True)]
    assert frame["emotion"].tolist() == mapped
    assert set(frame["emotion"]) == set(names)
    absent = [f"logit_{emotion}" for emotion in EMOTIONS if emotion not in names]
    assert (frame[absent] == ABSENT).all(axis=None)
    present = frame[[f"logit_{emotion}" for emotion in names]].to_numpy()
    assert present.min() > ABSENT
    if kind == "classical":
        answers = np.array(names)[present.argmax(axis=1)]
        assert np.mean(answers == frame["emotion"].to_numpy(dtype=str)) > 0.8


def test_a_search_is_logged_and_its_choice_trained(folders: None) -> None:
    recipe = with_settings(RECIPES["classical"], {"search": {"classifier.c": [1e-6, 3.0]}, "name": "searched"})
    table, store = load_features(recipe)
    run, plain = (RunFolder.open(part, PROTOCOL, name) for part, name in ((recipe, "s"), (RECIPES["classical"], "p")))
    for folder, part in ((run, recipe), (plain, RECIPES["classical"])):
        train_folds(folder, part, PROTOCOL, table, store, folds=[2])
    lines = [json.loads(line) for line in (run.path / "fold-2" / "progress.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line.get("settings")) for line in lines] == [
        (0, {"classifier.c": 1e-6}),
        (0, {"classifier.c": 3.0}),
        (1, None),
    ]
    assert all(line["epochs"] == 1 for line in lines)
    assert lines[1]["search_uar"] > lines[0]["search_uar"]
    pd.testing.assert_frame_equal(run.predictions(2), plain.predictions(2))  # 3 is what the plain recipe has


def test_filtered_training_leaves_the_test_as_it_is(folders: None) -> None:
    recipe = with_settings(RECIPES["classical"], {"filters": {"scope": "training", "max_clips_per_speaker": 5}})
    table, store = load_features(recipe)
    run = RunFolder.open(recipe, PROTOCOL, "filtered")
    train_folds(run, recipe, PROTOCOL, table, store, folds=[0])
    frame = run.predictions(0)
    assert len(frame[frame["part"] == "test"]) == len(make_split(table, PROTOCOL, 0).test)


def test_clips_that_are_left_out_are_not_even_measured(folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = with_settings(RECIPES["classical"], {"labels": 4, "filters": {"sex": "male"}})
    whole, full = load_features(RECIPES["classical"])
    monkeypatch.setattr(
        "ser_core.training.features.extract_table", lambda table, *rest, **options: _only(table, full, whole)
    )
    table, store = load_features(recipe)
    pd.testing.assert_frame_equal(table, whole)
    used = (table["emotion"].isin(["neutral", "happy", "sad", "angry"]) & (table["sex"] == "male")).to_numpy()
    assert np.diff(store.offsets).tolist() == used.astype(int).tolist()
    for row in np.flatnonzero(used):
        np.testing.assert_array_equal(store[row], full[row])


def _only(part: pd.DataFrame, full: FeatureStore, whole: pd.DataFrame) -> FeatureStore:
    rows = np.flatnonzero(whole["path"].isin(part["path"]).to_numpy())
    return FeatureStore(full.values[rows], np.arange(len(rows) + 1))
