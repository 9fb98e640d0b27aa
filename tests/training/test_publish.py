"""A run becomes a model that every page offers, and its card says what it is and is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from ser_core.audio import load_audio
from ser_core.bundle import list_bundles, load_card
from ser_core.calibration import Calibration
from ser_core.emotions import LABEL_SETS, class_indices
from ser_core.errors import BundleError, TrainingError
from ser_core.evaluation.report import calibrate_run, evaluate_run
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.transformer import TransformerConfig
from ser_core.protocols import make_split
from ser_core.recogniser import Recogniser
from ser_core.settings import settings
from ser_core.training.features import load_features
from ser_core.training.job import train_folds
from ser_core.training.parts import OptimiserConfig
from ser_core.training.publish import add_figures, publish_bundle, publish_run
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, Recipe
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

PROTOCOL = "ravdess-emobox"
_TINY = {
    "front_end": LogMelConfig(n_mels=24),
    "network": TransformerConfig(n_mels=24, stem=8, width=16, layers=1, heads=2, feedforward=16),
    "optimiser": OptimiserConfig(epochs=1, batch_size=16, learning_rate=5e-3, average_decay=0.8),
}
NETWORK = NetworkRecipe(name="tiny", corpora=("ravdess",), labels=4, **_TINY)
CLASSICAL = ClassicalRecipe(name="svm", title="Quick", corpora=("ravdess", "cremad"))


@pytest.fixture(scope="module")
def place(synthetic_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_DATA", str(synthetic_corpora))
        patch.setenv("SER_RUNS", str(tmp_path_factory.mktemp("runs")))
        patch.setenv("SER_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SER_MODELS", raising=False)
        yield


def _train(recipe: Recipe, protocol: str, folds: list[int] | None, name: str | None = None) -> RunFolder:
    table, store = load_features(recipe)
    run = RunFolder.open(recipe, protocol, name)
    train_folds(run, recipe, protocol, table, store, folds=folds)
    return run


@pytest.fixture(scope="module")
def network_run(place: None) -> RunFolder:
    """A network with four classes; only its third fold is finished."""
    return _train(NETWORK, PROTOCOL, [2])


@pytest.fixture(scope="module")
def classical_run(place: None) -> RunFolder:
    return _train(CLASSICAL, PROTOCOL, None)


def _answers(run: RunFolder, fold: int, labels: tuple[str, ...], table: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
    """Return the test clips of a fold with their files, and the probabilities that the run stored for them."""
    calibration = calibrate_run(run, [fold]).folds[0]
    frame = run.predictions(fold).query("part == 'test'").head(4).merge(table[["corpus", "clip", "path"]])
    places = class_indices(labels)
    part = Calibration(calibration.temperature, calibration.bias[places], calibration.slope)
    return frame, softmax(part.scores(frame[LOGIT_COLUMNS].to_numpy()[:, places]), axis=1)


def test_one_fold_of_a_network_is_used_at_once(network_run: RunFolder) -> None:
    card = publish_run(network_run)
    name = network_run.path.name
    assert list_bundles()[name] == settings().own_models / name
    assert load_card(list_bundles()[name]) == card
    assert card.labels == LABEL_SETS[4]
    assert card.model == NETWORK.network.model_copy(update={"n_classes": 4})
    assert card.title == f"tiny ({name})"
    table, _ = load_features(NETWORK)
    frame, expected = _answers(network_run, 2, card.labels, table)
    model = Recogniser.load(name)
    for path, row in zip(frame["path"], expected, strict=True):
        prediction = model.predict(load_audio(path))
        assert tuple(prediction.probabilities) == LABEL_SETS[4]
        # Features are stored with half the digits.
        np.testing.assert_allclose(list(prediction.probabilities.values()), row, atol=0.02)


def test_a_part_of_a_protocol_has_no_figures_but_a_note(network_run: RunFolder) -> None:
    card = publish_run(network_run)
    assert card.evaluation == {}
    assert "fold 3 of 6 under protocol 'ravdess-emobox'" in card.evaluation_note
    assert "none of which it ever heard" in card.evaluation_note
    split = make_split(load_features(NETWORK)[0], PROTOCOL, 2)
    assert [entry.corpus for entry in card.training_data] == ["ravdess"]
    assert card.training_data[0].speakers == 24 - 4 - len(
        set(load_features(NETWORK)[0].iloc[split.validation]["speaker"])
    )
    assert "'calm' was heard from RAVDESS only" not in " ".join(card.limits)


def test_the_note_gives_the_recall_of_the_folds_own_test_clips(network_run: RunFolder) -> None:
    frame = network_run.predictions(2).query("part == 'test'")
    scores = frame[[f"logit_{label}" for label in LABEL_SETS[4]]].to_numpy()
    right = np.array(LABEL_SETS[4])[scores.argmax(1)] == frame["emotion"].to_numpy(dtype=str)
    recall = np.mean([right[(frame["emotion"] == label).to_numpy()].mean() for label in LABEL_SETS[4]])
    assert f"averaged over the classes was {100 * recall:.1f} %" in publish_run(network_run).evaluation_note


def test_a_whole_protocol_has_its_evaluation_and_the_first_fold(classical_run: RunFolder) -> None:
    card = publish_run(classical_run)
    assert card.evaluation == evaluate_run(classical_run)
    assert card.evaluation[PROTOCOL]["uar"] > 0.9
    assert "fold 1 of 6" in card.evaluation_note
    # The fold has sixteen validation speakers at most, which is enough for four in five.
    calibration = calibrate_run(classical_run, [0])
    assert (card.set_level, card.set_threshold) == (0.8, calibration.sets[0.8])
    assert card.temperature_slope == calibration.folds[0].slope
    assert card.title == f"Quick ({classical_run.path.name})"
    assert "'calm' was heard from RAVDESS only" in card.limits[-1]
    frame, expected = _answers(classical_run, 0, card.labels, load_features(CLASSICAL)[0])
    model = Recogniser.load(classical_run.path.name)
    for path, row in zip(frame["path"], expected, strict=True):
        np.testing.assert_allclose(list(model.predict(load_audio(path)).probabilities.values()), row, atol=1e-4)


def test_another_fold_and_another_place(classical_run: RunFolder, tmp_path: Path) -> None:
    card = publish_run(classical_run, tmp_path / "mine", fold=3)
    assert (card.name, load_card(tmp_path / "mine").name) == ("mine", "mine")
    assert "fold 4 of 6" in card.evaluation_note
    weights = (classical_run.path / "fold-3" / "weights.skops").read_bytes()
    assert (tmp_path / "mine" / "weights.skops").read_bytes() == weights


def test_the_models_folder_is_used_where_there_is_one(
    classical_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_MODELS", str(tmp_path))
    publish_run(classical_run)
    assert list_bundles()[classical_run.path.name] == tmp_path / classical_run.path.name


def test_a_run_on_everything_takes_the_figures_of_the_run_beside_it(classical_run: RunFolder) -> None:
    final = _train(CLASSICAL, "all", None)
    card = publish_run(final)
    assert card.evaluation == evaluate_run(classical_run)
    assert "were then trained on all clips" in card.evaluation_note
    assert {entry.corpus: entry.speakers for entry in card.training_data} == {"cremad": 91, "ravdess": 24}


def test_each_corpus_left_out_and_robustness_stand_in_the_card(classical_run: RunFolder, tmp_path: Path) -> None:
    final, table = _train(CLASSICAL, "all", None), load_features(CLASSICAL)[0]
    left_out = _train(CLASSICAL, "leave-one-corpus-out", None)
    measured = {"mean": {"telephone": {"loss": 0.02}}}
    (classical_run.path / "robustness.json").write_text(json.dumps(measured))
    try:
        card = publish_bundle(tmp_path / "both", CLASSICAL, final, classical_run, table, [left_out])
    finally:
        (classical_run.path / "robustness.json").unlink()
    assert load_card(tmp_path / "both") == card
    assert list(card.evaluation) == [PROTOCOL, "leave-one-corpus-out"]
    report = card.evaluation["leave-one-corpus-out"]
    assert report["labels"] == list(LABEL_SETS[6])  # what both corpora have
    assert [fold["test_corpus"] for fold in report["folds"]] == ["cremad", "ravdess"]
    assert [len(fold["test_speakers"]) for fold in report["folds"]] == [91, 24]
    assert min(fold["uar_ci95"][0] for fold in report["folds"]) > 0.9  # the synthetic manners are alike in both
    assert "under 'leave-one-corpus-out' are those of further models" in card.evaluation_note
    assert card.robustness == measured
    assert publish_run(classical_run, tmp_path / "without").robustness is None
    with pytest.raises(TrainingError, match="speaker-independent"):
        publish_bundle(tmp_path / "no", CLASSICAL, final, classical_run, table, [final])


def test_figures_added_later_are_those_of_a_model_published_with_them(classical_run: RunFolder, tmp_path: Path) -> None:
    final, table = _train(CLASSICAL, "all", None), load_features(CLASSICAL)[0]
    left_out, other = _train(CLASSICAL, "leave-one-corpus-out", None), tmp_path / "mine"
    at_once = publish_bundle(tmp_path / "both" / "mine", CLASSICAL, final, classical_run, table, [left_out])
    before = publish_bundle(other, CLASSICAL, final, classical_run, table)
    assert "leave-one-corpus-out" not in before.evaluation
    added = add_figures(other, left_out, [0, 1])
    assert added == at_once
    assert load_card(other) == at_once
    assert add_figures(other, left_out, [0, 1]) == at_once  # replaced, and noted once
    assert Recogniser.load(other).card.weights == before.weights


def test_figures_that_are_not_the_models_own_are_not_added(
    classical_run: RunFolder, network_run: RunFolder, tmp_path: Path
) -> None:
    final, table = _train(CLASSICAL, "all", None), load_features(CLASSICAL)[0]
    card = publish_bundle(tmp_path / "mine", CLASSICAL, final, classical_run, table)
    unlike = CLASSICAL.model_copy(update={"seed": 11})
    for run, message in (
        (_train(unlike, "leave-one-corpus-out", [0], "unlike"), "not of the recipe"),
        (classical_run, "'ravdess-emobox' cannot be added"),  # its calibration is that run's
        (final, "'all' cannot be added"),
        (_train(CLASSICAL, "random-leaky", [0], "heard"), "'random-leaky' cannot be added"),
        (network_run, "'ravdess-emobox' cannot be added"),
    ):
        with pytest.raises(TrainingError, match=message):
            add_figures(tmp_path / "mine", run, [0])
    left_out = _train(CLASSICAL, "leave-one-corpus-out", [0], "half")
    with pytest.raises(TrainingError):  # a fold is missing
        add_figures(tmp_path / "mine", left_out, [0, 1])
    assert load_card(tmp_path / "mine") == card
    # A model with figures of one protocol, by which it was calibrated, does not get another run's under the same name.
    own = publish_run(left_out, tmp_path / "own")
    with pytest.raises(TrainingError, match="cannot be added to the model 'own'"):
        add_figures(tmp_path / "own", left_out, [0])
    assert load_card(tmp_path / "own") == own


def test_a_run_on_everything_alone_is_never_sure(place: None) -> None:
    recipe = CLASSICAL.model_copy(update={"seed": 7})
    card = publish_run(_train(recipe, "all", None, "alone"))
    assert card.evaluation == {}
    assert card.threshold == 1.0
    assert (card.set_level, card.set_threshold) == (None, None)
    assert card.evaluation_note.startswith("Nobody knows how good this model is")


def test_a_leaky_run_says_so(place: None) -> None:
    recipe = CLASSICAL.model_copy(update={"seed": 8})
    card = publish_run(_train(recipe, "random-leaky", [0], "leaky"))
    assert "same speakers" in card.limits[0]
    assert "which it also heard in training" in card.evaluation_note
    # nor does it lend its figures to a run on everything
    assert publish_run(_train(recipe, "all", None, "leaky-all")).evaluation == {}


def test_what_cannot_be_used(classical_run: RunFolder, network_run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no finished fold"):
        publish_run(RunFolder.open(CLASSICAL, "joint"))
    with pytest.raises(TrainingError, match="no finished fold"):
        publish_run(network_run, fold=0)
    with pytest.raises(TrainingError, match="comes with the program"):
        publish_run(classical_run, tmp_path / "lite")
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="cannot be written"):
        publish_run(classical_run, tmp_path / "file" / "mine")
