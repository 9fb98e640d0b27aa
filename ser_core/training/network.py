"""The training loop of a network for one fold: resumes at the last finished epoch, draws the same numbers again."""

from __future__ import annotations

import copy
import ctypes
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from ser_core.bundle import PARTNER
from ser_core.emotions import label_names
from ser_core.errors import TrainingError
from ser_core.features.logmel import LogMelConfig
from ser_core.features.store import FeatureStore
from ser_core.files import write_atomically
from ser_core.networks.layers import ClipNetwork, SpectrogramNetwork
from ser_core.networks.registry import NetworkConfig, build_network
from ser_core.training.augmentation import augment, mask_bands_and_frames
from ser_core.training.beside import Beside
from ser_core.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint
from ser_core.training.data import Batch, ClipData, VariedStore
from ser_core.training.recipe import NetworkRecipe

Report = Callable[[dict[str, Any]], None]
_EVALUATION_BATCH = 64
_EVALUATION_FRAMES = 1000


def train_network(
    recipe: NetworkRecipe,
    data: ClipData,
    train: np.ndarray,
    validation: np.ndarray,
    folder: Path,
    report: Report,
    *,
    seed: int,
    start: ClipNetwork | None = None,
) -> ClipNetwork:
    """Train on the rows *train* and return the averaged network, in evaluation mode.

    The number of epochs is fixed beforehand; *validation* rows are only scored for the log. It begins with the weights
    of *start*, by default with random ones. The checkpoint in *folder* is replaced after every epoch and taken up when
    it is there, with what an unbroken training would give; so to pause is to end the process. *report* gets, after
    every epoch, {"epoch", "epochs", "loss", "learning_rate", "seconds"}, and where there are validation rows
    {"validation_uar", "confusion" (counts, a row for each true class), "labels"}.

    Raises
    ------
    TrainingError
        If there is nothing to train on, or the checkpoint does not fit.
    """
    if len(train) < 2:
        raise TrainingError("There are fewer than two clips to train on: choose more corpora or another protocol.")
    _keep_freed_memory()
    state = _new_state(recipe, seed, data.guidance.vectors.shape[1], start)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        load_checkpoint(checkpoint, state)
    labels = list(label_names(recipe.labels))
    steps = math.ceil(len(train) / recipe.optimiser.batch_size) * recipe.optimiser.epochs
    while state.epoch < recipe.optimiser.epochs:
        started = time.perf_counter()
        loss = _epoch(recipe, data, train, state, steps, seed)
        state.epoch += 1
        entry: dict[str, Any] = {"epoch": state.epoch, "epochs": recipe.optimiser.epochs, "loss": round(loss, 4)}
        if len(validation):
            counts = _confusion(predict_logits(_outcome(recipe, state), data, validation), data, validation)
            entry |= {"validation_uar": _macro_recall(counts), "confusion": counts.tolist(), "labels": labels}
        entry |= {"learning_rate": state.optimiser.param_groups[0]["lr"], "seconds": time.perf_counter() - started}
        save_checkpoint(checkpoint, state)
        report(entry)
    return _outcome(recipe, state).eval()


def predict_logits(network: ClipNetwork, data: ClipData, rows: np.ndarray) -> np.ndarray:
    """Return logits of whole clips [shape=(len(rows), n_classes), float32], in the order of *rows*."""
    if not len(rows):
        return np.zeros((0, network.config.n_classes), np.float32)
    return _predicted(network, data, rows, lambda frames, lengths: network.votes(frames, lengths).mean(0))


def predict_vectors(network: ClipNetwork, data: ClipData, rows: np.ndarray) -> np.ndarray:
    """Return the vectors of whole clips, at least one [shape=(len(rows), width), float32], in the order of *rows*."""
    return _predicted(network, data, rows, network.embed)


def _predicted(
    network: ClipNetwork, data: ClipData, rows: np.ndarray, ask: Callable[[Tensor, Tensor], Tensor]
) -> np.ndarray:
    network.eval()
    order = rows[np.argsort(np.diff(data.store.offsets)[rows], kind="stable")]
    parts = []
    with torch.inference_mode():
        for start in range(0, len(order), _EVALUATION_BATCH):
            batch = data.batch(order[start : start + _EVALUATION_BATCH], _EVALUATION_FRAMES)
            parts.append(ask(_prepared(network, data, batch), batch.lengths).float().numpy())
    by_row = dict(zip(order.tolist(), np.concatenate(parts), strict=True))
    return np.stack([by_row[row] for row in rows.tolist()])


@torch.no_grad()
def prepared_once(network: ClipNetwork, data: ClipData) -> ClipData:
    """Return the data as the network's layers read it, where that is the same throughout a training; else as it is."""
    if data.prepared or not network.prepares_once:
        return data
    store = _prepared_store(network, data.store)
    if isinstance(data.store, VariedStore):
        versions = tuple(_prepared_store(network, version) for version in data.store.versions)
        store = VariedStore(store.values, store.offsets, versions, data.store.probability)
    return replace(data, store=store, prepared=True)


def _prepared_store(network: ClipNetwork, store: FeatureStore) -> FeatureStore:
    """Return a store with one frame for each clip that has any."""
    lengths = np.minimum(np.diff(store.offsets), 1)
    values = []
    for row in np.flatnonzero(lengths).tolist():
        frames = torch.from_numpy(store[row].T.astype(np.float32))[None]
        values.append(network.prepare(frames, torch.tensor([frames.shape[2]]))[0, :, 0])
    joined = torch.stack(values).to(torch.float16).numpy() if values else store.values[:0]
    return FeatureStore(joined, np.concatenate([[0], np.cumsum(lengths)]))


def _prepared(network: ClipNetwork, data: ClipData, batch: Batch) -> Tensor:
    return batch.spectrogram if data.prepared else network.prepare(batch.spectrogram, batch.lengths)


def masked_loss(votes: Tensor, batch: Batch, smoothing: float) -> Tensor:
    """Return the cross-entropy of each clip over the classes its corpus has, averaged over members [shape=(batch,)].

    A class that a corpus lacks takes no part, so its clips do not teach that the class is absent. Where a teacher or
    listeners gave shares of classes, the wanted answer is the label and these shares, each by its weight.

    Parameters
    ----------
    votes
        Logits of each member [shape=(members, batch, classes)].
    """
    possible = batch.possible.to(torch.float32)
    log_probability = votes.float().masked_fill(~batch.possible, -1e4).log_softmax(2)
    hard = nn.functional.one_hot(batch.target, votes.shape[2]) * (1 - smoothing)
    hard = hard + smoothing * possible / possible.sum(1, keepdim=True)
    wanted = hard * (1 - batch.trust[:, None]) + batch.shares * batch.trust[:, None]
    return -(wanted * log_probability * possible).sum(2).mean(0)


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's weights as safetensors, whole or not at all."""
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    write_atomically(path, lambda temporary: safetensors.torch.save_file(tensors, str(temporary)))


def load_weights(config: NetworkConfig, path: Path) -> ClipNetwork:
    """Return a fold's own network, without its partner, in evaluation mode; TrainingError where weights misfit."""
    network = build_network(config)
    try:
        tensors = safetensors.torch.load_file(path).items()
        network.load_state_dict({name: tensor for name, tensor in tensors if not name.startswith(PARTNER)})
    except Exception as error:  # safetensors and torch raise many types, all of which mean the same here
        raise TrainingError(f"The weights {path} cannot be read: train this fold anew.") from error
    return network.eval()


@torch.no_grad()
def _outcome(recipe: NetworkRecipe, state: TrainingState) -> ClipNetwork:
    """Return what the training has come to: the averaged network, mixed with the first one where that is wanted."""
    if state.start is None or recipe.start is None or not recipe.start.kept:
        return state.average
    mixed = copy.deepcopy(state.average)
    for tensor, first in zip(mixed.state_dict().values(), state.start.state_dict().values(), strict=True):
        if tensor.is_floating_point():
            tensor.lerp_(first, recipe.start.kept)
    return mixed


def _new_state(recipe: NetworkRecipe, seed: int, told: int = 0, start: ClipNetwork | None = None) -> TrainingState:
    torch.manual_seed(seed)
    network = build_network(recipe.network)
    if start is not None:
        network.load_state_dict(start.state_dict())
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    beside = Beside(recipe, network.head.in_features, told) if isinstance(network, SpectrogramNetwork) else None
    trained = [*network.parameters(), *(beside.parameters() if beside else ())]
    decayed = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": recipe.optimiser.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=recipe.optimiser.learning_rate,
        fused=True,
    )
    return TrainingState(network, copy.deepcopy(network), optimiser, beside, start)


def _epoch(
    recipe: NetworkRecipe, data: ClipData, train: np.ndarray, state: TrainingState, steps: int, seed: int
) -> float:
    # Every epoch has its own random numbers, so that a resumed training draws what an unbroken one would.
    numbers = [seed, state.epoch]
    rng = np.random.default_rng(numbers)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    torch.manual_seed(int(rng.integers(2**62)))
    state.network.train()
    settings = recipe.optimiser
    losses = []
    for batch in data.training_batches(train, settings.batch_size, settings.crop_frames, rng):
        for group in state.optimiser.param_groups:
            group["lr"] = settings.learning_rate * _schedule(state.step / steps, settings.warmup_share)
        loss = _loss(recipe, data, state, batch, rng, generator)
        if not torch.isfinite(loss):
            raise TrainingError("The loss is no longer a number: lower the recipe's learning rate.")
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
        state.optimiser.step()
        state.step += 1
        _average(state, min(settings.average_decay, (1 + state.step) / (10 + state.step)))
        losses.append(loss.item())
    return float(np.mean(losses))


def _loss(
    recipe: NetworkRecipe,
    data: ClipData,
    state: TrainingState,
    batch: Batch,
    rng: np.random.Generator,
    generator: torch.Generator,
) -> Tensor:
    network, front_end = state.network, recipe.front_end
    if not isinstance(network, SpectrogramNetwork) or not isinstance(front_end, LogMelConfig):
        votes = network.votes(_prepared(network, data, batch), batch.lengths)
        return masked_loss(votes, batch, recipe.optimiser.label_smoothing).mean()
    settings = recipe.augmentation
    spectrogram, lengths = augment(batch.spectrogram, batch.lengths, settings, front_end, generator)
    x = network.prepare(spectrogram, lengths)
    share, order = 1.0, torch.arange(len(lengths))
    if settings.mixup > 0:
        share = float(rng.beta(settings.mixup, settings.mixup))
        share = max(share, 1 - share)
        order = torch.randperm(len(lengths), generator=generator)
        x = share * x + (1 - share) * x[order]
        lengths = torch.maximum(lengths, lengths[order])
    x = mask_bands_and_frames(x, lengths, settings, generator)
    with torch.autocast("cpu", torch.bfloat16, enabled=_uses_bfloat16(recipe)):
        vectors = network.embed(x, lengths)
        votes = network.answers(vectors)
    other = batch.reordered(order)
    clips = share * masked_loss(votes, batch, recipe.optimiser.label_smoothing)
    if share < 1:
        clips = clips + (1 - share) * masked_loss(votes, other, recipe.optimiser.label_smoothing)
    loss = clips.mean()
    if state.beside is not None:
        loss = loss + state.beside.loss(vectors.float(), batch, other, share)
    return loss


def _uses_bfloat16(recipe: NetworkRecipe) -> bool:
    """Return whether to compute in bfloat16, which is three times as fast with instructions for it, else far slower."""
    if recipe.optimiser.precision == "auto":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return recipe.optimiser.precision == "bfloat16"


def _schedule(done: float, warmup: float) -> float:
    """Return the factor of the learning rate: up in a line, down in half a cosine."""
    if done < warmup:
        return (done + 1e-3) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (done - warmup) / (1 - warmup))))


@torch.no_grad()
def _average(state: TrainingState, decay: float) -> None:
    pairs = zip(state.average.state_dict().values(), state.network.state_dict().values(), strict=True)
    for average, current in pairs:
        if average.is_floating_point():
            average.lerp_(current, 1 - decay)
        else:
            average.copy_(current)


def _confusion(logits: np.ndarray, data: ClipData, rows: np.ndarray) -> np.ndarray:
    """Return how many clips of each class (row) got which answer (column), among those their corpora have."""
    answer = np.where(data.possible[rows], logits, -np.inf).argmax(1)
    counts = np.zeros((logits.shape[1], logits.shape[1]), np.int64)
    np.add.at(counts, (data.target[rows], answer), 1)
    return counts


def _macro_recall(counts: np.ndarray) -> float:
    total = counts.sum(1)
    return round(float(np.mean(counts.diagonal()[total > 0] / total[total > 0])), 4)


def _keep_freed_memory() -> None:
    """Ask glibc not to return freed memory to the system between steps, which doubles the speed of a step."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
    mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
