"""The smallest models that this program takes, as the parts of a bundle: a few kB, to be damaged in every way."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.bundle import CARD_NAME, SHIPPED
from ser_core.features.functionals import FunctionalsConfig, functional_names
from ser_core.features.logmel import LogMelConfig

NETWORK, CLASSIFIER = "weights.safetensors", "weights.skops"
_LABELS = ("neutral", "happy", "sad", "angry")


@functools.cache
def network() -> tuple[str, bytes]:
    """Return card (JSON) and weights of a network on spectrograms."""
    import safetensors.torch
    import torch

    from ser_core.networks.cnn import CNNConfig
    from ser_core.networks.registry import build_network

    torch.manual_seed(0)
    config = CNNConfig(n_classes=4, n_mels=16, channels=(4,), hidden=8)
    card = _card("tiny-network") | {"model": config.model_dump(mode="json")}
    card["front_end"] = LogMelConfig(n_mels=16).model_dump(mode="json")
    return json.dumps(card), safetensors.torch.save(build_network(config).state_dict())


@functools.cache
def classifier() -> tuple[str, bytes]:
    """Return card (JSON) and weights of a scikit-learn model on functionals."""
    from ser_core.classical import RandomForestConfig
    from ser_core.classical.pipelines import build_classifier, fit_classifier
    from ser_core.classical.storage import save_classifier

    rng, front_end = np.random.default_rng(0), FunctionalsConfig()
    features, target = rng.normal(size=(24, len(functional_names(front_end)))), np.arange(24) % 4
    config = RandomForestConfig(trees=10)
    with tempfile.TemporaryDirectory() as place:
        save_classifier(fit_classifier(build_classifier(config, 0), features, target), Path(place, CLASSIFIER))
        weights = _settled(Path(place, CLASSIFIER).read_bytes())
    card = _card("tiny-forest") | {"model": config.model_dump(mode="json")}
    card["front_end"] = front_end.model_dump(mode="json")
    return json.dumps(card), weights


def _settled(weights: bytes) -> bytes:
    """Return a skops file without what differs from run to run: addresses in memory, and times in its ZIP."""
    with zipfile.ZipFile(io.BytesIO(weights)) as file:
        files = {name: file.read(name) for name in file.namelist()}
    schema = files.pop("schema.json").decode()
    numbers = {old: str(new) for new, old in enumerate(dict.fromkeys(re.findall(r"\d{9,}", schema)))}
    schema = re.sub(r"\d{9,}", lambda found: numbers[found[0]], schema)
    renamed = {re.sub(r"\d{9,}", lambda found: numbers[found[0]], name): data for name, data in files.items()}
    return packed(renamed | {"schema.json": schema.encode()}, zipfile.ZIP_DEFLATED)


def truthful(card: str, weights: bytes, name: str = NETWORK) -> str:
    """Return a card that names these weights, so that its hash is no protection; unchanged where it is no card."""
    try:
        content = json.loads(card)
        content["weights"] = {"file": name, "bytes": len(weights), "sha256": hashlib.sha256(weights).hexdigest()}
    except (ValueError, TypeError, RecursionError):
        return card
    return json.dumps(content)


def packed(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return files as a ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, compression)
    return buffer.getvalue()


def bundle(card: str, weights: bytes, name: str = NETWORK) -> bytes:
    """Return a bundle as a ZIP whose card names the weights as they are."""
    return packed({CARD_NAME: truthful(card, weights, name).encode("utf-8", "surrogatepass"), name: weights})


def _card(name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((SHIPPED / "lite" / CARD_NAME).read_text(encoding="utf-8"))
    return card | {
        "name": name,
        "labels": list(_LABELS),
        "bias": [0.0] * len(_LABELS),
        "onnx": None,
        "robustness": None,
        "evaluation": {},
        "recipe": {},
        "set_level": None,
        "set_threshold": None,
    }
