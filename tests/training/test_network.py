"""The training loop: it learns, it masks, it resumes to the same weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
import torch

from ser_core.emotions import EMOTIONS
from ser_core.errors import TrainingError
from ser_core.features.logmel import LogMelConfig
from ser_core.features.store import FeatureStore
from ser_core.networks.cnn import CNNConfig
from ser_core.networks.crnn import CRNNConfig
from ser_core.networks.encoded import EncoderConfig
from ser_core.networks.encoder_head import EncoderHead, EncoderHeadConfig
from ser_core.networks.layers import ClipNetwork
from ser_core.networks.registry import build_network
from ser_core.networks.residual_cnn import ResidualCNNConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.networks.transformer import TransformerConfig
from ser_core.training.data import Batch, ClipData, VariedStore
from ser_core.training.network import (
    load_weights,
    masked_loss,
    predict_logits,
    prepared_once,
    save_weights,
    train_network,
)
from ser_core.training.parts import DistillationConfig, OptimiserConfig, StartConfig, TasksConfig
from ser_core.training.recipe import NetworkRecipe

#: Tiny ones of every family, with dropout, so that a resumed training must draw the same numbers.
FAMILIES: dict[str, Any] = {
    "residual-crnn": ResidualCRNNConfig(channels=(8, 12), hidden=8, dropout=0.1),
    "cnn on mfcc": CNNConfig(channels=(8, 12), hidden=16, input="mfcc", n_mfcc=12, n_mels=16, dropout=0.1),
    "crnn": CRNNConfig(channels=(8, 12), hidden=8, dropout=0.1),
    "residual-cnn": ResidualCNNConfig(channels=(8, 12), hidden=16, dropout=0.1),
    "transformer": TransformerConfig(stem=8, width=16, layers=1, heads=2, feedforward=16, dropout=0.1),
}


def _recipe(epochs: int = 4, network: Any = None, **optimiser: Any) -> NetworkRecipe:
    return NetworkRecipe(
        name="tiny",
        front_end=LogMelConfig(n_mels=16),
        network=network or ResidualCRNNConfig(n_mels=16, channels=(8, 12), hidden=8, dropout=0.0),
        optimiser=OptimiserConfig(epochs=epochs, batch_size=8, learning_rate=5e-3, average_decay=0.9, **optimiser),
    )


@pytest.fixture(scope="module")
def data() -> ClipData:
    """Clips in which the class is the place of a loud band."""
    rng = np.random.default_rng(0)
    emotions = ["neutral", "happy", "sad", "angry"] * 16
    clips = []
    for emotion in emotions:
        clip = rng.normal(-60, 3, (int(rng.integers(40, 60)), 16)).astype(np.float32)
        place = 3 * EMOTIONS.index(emotion)
        clip[:, place : place + 3] += 40
        clips.append(clip)
    offsets = np.cumsum([0, *map(len, clips)])
    table = pd.DataFrame({"corpus": "cremad", "emotion": emotions})
    return ClipData.from_table(table, FeatureStore(np.concatenate(clips), offsets), {})


def _train(
    recipe: NetworkRecipe,
    data: ClipData,
    folder: Path,
    log: list[dict[str, Any]] | None = None,
    start: ClipNetwork | None = None,
) -> Any:
    rows = np.arange(64)
    entries = log if log is not None else []
    return train_network(recipe, data, rows[:48], rows[48:], folder, entries.append, seed=1, start=start)


@pytest.mark.parametrize("family", FAMILIES)
def test_learns_what_can_be_learnt(family: str, data: ClipData, tmp_path: Path) -> None:
    network = _train(_recipe(16, FAMILIES[family]), data, tmp_path)
    answers = predict_logits(network, data, np.arange(48, 64)).argmax(1)
    assert (answers == data.target[48:64]).mean() >= 0.75


def test_the_log_has_what_a_page_draws(data: ClipData, tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    network = _train(_recipe(epochs=2), data, tmp_path, log)
    assert [entry["epoch"] for entry in log] == [1, 2]
    for entry in log:
        assert {"epochs", "loss", "validation_uar", "confusion", "labels", "learning_rate", "seconds"} <= set(entry)
        assert json.loads(json.dumps(entry)) == entry
    last, answers = log[-1], predict_logits(network, data, np.arange(48, 64))
    answers[:, ~data.possible[0]] = -np.inf  # what CREMA-D lacks cannot be an answer
    expected = sklearn.metrics.confusion_matrix(data.target[48:64], answers.argmax(1), labels=range(8))
    assert last["confusion"] == expected.tolist()
    recall = sklearn.metrics.balanced_accuracy_score(data.target[48:64], answers.argmax(1))
    assert last["validation_uar"] == pytest.approx(recall, abs=1e-4)
    assert last["labels"] == list(EMOTIONS)
    assert log[0]["learning_rate"] > log[1]["learning_rate"] > 0


def _guided(data: ClipData) -> ClipData:
    rng = np.random.default_rng(1)
    vectors, tasks = rng.normal(size=(64, 3)).astype(np.float32), rng.integers(-1, 2, size=(64, 2))
    return replace(data, guidance=replace(data.guidance, vectors=vectors, tasks=tasks))


@pytest.mark.parametrize(
    "family", ["residual-crnn", "transformer", "cnn on mfcc", "taught residual-crnn", "begun residual-crnn"]
)
def test_a_resumed_training_gives_the_same_weights(family: str, data: ClipData, tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def kill(entry: dict[str, Any]) -> None:
        if entry["epoch"] == 2:
            raise KilledError

    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()
    recipe, rows = _recipe(4, FAMILIES[family.removeprefix("taught ").removeprefix("begun ")]), np.arange(64)
    if family.startswith("taught"):
        taught = {"distillation": DistillationConfig(teacher="other", vectors=1.0), "tasks": TasksConfig(sex=0.5)}
        recipe = recipe.model_copy(update=taught)
        data = _guided(data)
    first, gone = (build_network(recipe.network) for _ in range(2)) if family.startswith("begun") else (None, None)
    if first is not None:
        recipe = recipe.model_copy(update={"start": StartConfig(recipe="other", kept=0.3)})
    whole = _train(recipe, data, tmp_path / "whole", start=first)
    with pytest.raises(KilledError):
        train_network(recipe, data, rows[:48], rows[48:], tmp_path / "broken", kill, seed=1, start=first)
    log: list[dict[str, Any]] = []
    resumed = _train(recipe, data, tmp_path / "broken", log, start=gone)  # trained anew meanwhile
    assert [entry["epoch"] for entry in log] == [3, 4]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_a_damaged_checkpoint_is_named(data: ClipData, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half a check")
    with pytest.raises(TrainingError, match=r"checkpoint\.pt cannot be read: delete it"):
        _train(_recipe(), data, tmp_path)


def test_nothing_to_train_on(data: ClipData, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="fewer than two clips"):
        train_network(_recipe(), data, np.arange(0), np.arange(0), tmp_path, print, seed=0)


def test_an_exploding_loss_is_said(data: ClipData, tmp_path: Path) -> None:
    recipe = _recipe(precision="float32").model_copy(
        update={"optimiser": OptimiserConfig(epochs=2, batch_size=8, learning_rate=1e30, precision="float32")}
    )
    with pytest.raises(TrainingError, match="no longer a number"):
        _train(recipe, data, tmp_path)


def test_predictions_do_not_depend_on_the_order(data: ClipData, tmp_path: Path) -> None:
    network = _train(_recipe(epochs=1), data, tmp_path)
    rows = np.array([40, 3, 17, 9])
    forward, backward = predict_logits(network, data, rows), predict_logits(network, data, rows[::-1])
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-5)
    assert predict_logits(network, data, np.arange(0)).shape == (0, 8)


def _batch(target: torch.Tensor, **other: torch.Tensor) -> Batch:
    n = len(target)
    parts = {"possible": torch.ones(n, 8, dtype=torch.bool), "shares": torch.zeros(n, 8)}
    parts |= {"trust": torch.zeros(n), "vectors": torch.zeros(n, 0), "tasks": torch.full((n, 2), -1)}
    return Batch(torch.zeros(n, 4, 9), torch.full((n,), 9), target, **(parts | other))


def test_an_absent_class_is_not_taught() -> None:
    logits = torch.randn(1, 4, 8, requires_grad=True)
    possible = torch.ones(4, 8, dtype=torch.bool)
    possible[:2, [1, 7]] = False
    masked_loss(logits, _batch(torch.tensor([0, 2, 1, 7]), possible=possible), smoothing=0.1).sum().backward()
    assert logits.grad is not None
    assert (logits.grad[0, :2, [1, 7]] == 0).all()
    assert (logits.grad[0, 2:] != 0).all()


def test_loss_without_masks_is_cross_entropy() -> None:
    logits, target = torch.randn(5, 8), torch.tensor([0, 1, 2, 3, 4])
    expected = torch.nn.functional.cross_entropy(logits, target, reduction="none", label_smoothing=0.1)
    torch.testing.assert_close(masked_loss(logits[None], _batch(target), 0.1), expected)
    torch.testing.assert_close(masked_loss(logits.expand(3, 5, 8), _batch(target), 0.1), expected)


def test_soft_labels_count_by_their_weight() -> None:
    logits, target, soft = torch.randn(2, 8), torch.tensor([0, 1]), torch.full((2, 8), 1 / 8)
    hard, even = (
        masked_loss(logits[None], _batch(target, trust=torch.tensor([t, t]), shares=soft), 0.0) for t in (0, 1)
    )
    mixed = masked_loss(logits[None], _batch(target, trust=torch.tensor([0.3, 0.3]), shares=soft), 0.0)
    torch.testing.assert_close(even, -logits.log_softmax(1).mean(1))
    torch.testing.assert_close(mixed, 0.7 * hard + 0.3 * even)


def _encoder_recipe(**network: Any) -> NetworkRecipe:
    return NetworkRecipe(
        name="tiny",
        front_end=EncoderConfig(encoder="none", layers=(1, 2), width=8),
        network=EncoderHeadConfig(n_layers=2, width=8, hidden=8, members=2, **network),
        optimiser=OptimiserConfig(epochs=40, batch_size=16, learning_rate=1e-2, average_decay=0.9),
    )


@pytest.mark.parametrize("network", [{}, {"layers": "weighted"}, {"pooling": "attention"}])
def test_a_head_on_an_encoder_learns_from_clips_and_their_versions(
    data: ClipData, tmp_path: Path, network: dict[str, Any]
) -> None:
    recipe, rows = _encoder_recipe(**network), np.arange(len(data.target))
    store = VariedStore(data.store.values, data.store.offsets, (data.store,), 0.5)
    learnt = prepared_once(EncoderHead(recipe.network), replace(data, store=store))  # type: ignore[arg-type]
    assert learnt.prepared == (not network)
    trained = train_network(recipe, learnt, rows[:48], rows[48:], tmp_path, lambda entry: None, seed=0)
    logits = predict_logits(trained, learnt, rows)
    assert np.mean(logits[48:].argmax(1) == data.target[48:]) > 0.8
    save_weights(trained, tmp_path / "weights.safetensors")
    again = load_weights(recipe.network, tmp_path / "weights.safetensors")
    # From the frames themselves, as a recording is answered; what was prepared was kept in half precision.
    np.testing.assert_allclose(predict_logits(again, data, rows), logits, atol=0.05)


def test_versions_are_drawn_as_often_as_asked(data: ClipData) -> None:
    other = FeatureStore(np.full_like(data.store.values, 7), data.store.offsets)
    store = VariedStore(data.store.values, data.store.offsets, (other,), 0.25)
    rng = np.random.default_rng(0)
    assert np.mean([store.drawn(3, rng)[0, 0] == 7 for _ in range(2000)]) == pytest.approx(0.25, abs=0.04)


def test_damaged_weights_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(TrainingError, match="train this fold anew"):
        load_weights(_encoder_recipe().network, tmp_path / "weights.safetensors")
