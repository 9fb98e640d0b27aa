"""Bundles that lie: about hashes, shapes, classes, sizes; pickles, bombs and trees that lead out of themselves."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bad.case import ANSWER, EITHER, ERROR, Case, flipped
from bad.damage import pickled
from bad.tiny_models import CLASSIFIER, NETWORK, bundle, classifier, network, packed, truthful
from ser_core.bundle import CARD_NAME

_NAMES = ("../../evil", "/tmp/evil", "a/b", "", ".", "..", "a" * 300, "a\nb", "<script>", "CON\0", "=cmd", "lite")


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Yield all of them, the same for the same generator."""
    yield from _cards()
    yield from _weights(rng)
    yield from _classifiers(rng)
    yield from _zips(rng)


def _case(name: str, data: bytes | Callable[[], bytes], expect: str = ERROR) -> Case:
    return Case(f"bundle-{name}", "bundle", {"model.zip": data}, expect)


def _cards() -> Iterator[Case]:
    card, weights = network()
    own = json.loads(card)
    yield _case("fine-network", bundle(card, weights), ANSWER)
    yield _case("fine-classifier", bundle(*classifier(), CLASSIFIER), ANSWER)
    for number, name in enumerate(_NAMES):
        files = {"model.zip": bundle(_with(card, name=name), weights)}
        yield Case(f"bundle-name-{number}", "bundle's name", files)
    changes: dict[str, dict[str, Any]] = {
        "temperature-nan": {"temperature": float("nan")},
        "temperature-infinite": {"temperature": float("inf")},
        "temperature-negative": {"temperature": -1.0},
        "bias-nan": {"bias": [float("nan")] * 4},
        "bias-infinite": {"bias": [float("inf"), 0, 0, 0]},
        "bias-short": {"bias": [0.0]},
        "slope-nan": {"temperature_slope": float("nan")},
        "slope-huge": {"temperature_slope": 1e300},
        "threshold-nan": {"threshold": float("nan")},
        "labels-none": {"labels": []},
        "labels-script": {"labels": ["<script>", "happy", "sad", "angry"]},
        "labels-twice": {"labels": ["happy", "happy", "sad", "angry"]},
        "labels-more": {"labels": ["happy", "calm", "sad", "angry", "fearful"], "bias": [0.0] * 5},
        "format-newer": {"format_version": 99},
        "format-word": {"format_version": "1; import os"},
        "kind-unknown": {"model": {"kind": "os.system"}},
        "front-end-other": {"front_end": {"kind": "log-mel", "n_mels": 64}},
        "front-end-encoder": {"front_end": {"kind": "encoder", "encoder": "../../etc", "layers": [1], "width": 16}},
        "front-end-window": {"front_end": own["front_end"] | {"window": 8192, "n_fft": 64}},
        "front-end-band": {"front_end": own["front_end"] | {"f_min": 7000.0, "f_max": 100.0}},
        "partner": {"partner": {name: own[name] for name in ("recipe", "front_end", "model")} | {"share": 0.5}},
        "channels-huge": {"model": json.loads(card)["model"] | {"channels": [1024] * 5, "hidden": 1024}},
        "setting-unknown": {"trust_remote_code": True},
        "onnx": {"onnx": {"file": "../x", "bytes": 1, "sha256": "0", "weights_sha256": "0"}},
    }
    for name, change in changes.items():
        # A graph is never taken, so that nothing about it matters.
        expect = {"slope-huge": EITHER, "onnx": ANSWER}.get(name, ERROR)
        yield _case(name, bundle(_with(card, **change), weights), expect)
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    yield _case("recipe-deep", bundle(_with(card, recipe={"a": deep}), weights))
    yield _case("deep", packed({CARD_NAME: b"[" * 100_000, NETWORK: weights}))
    yield _case("digits", packed({CARD_NAME: b'{"format_version": ' + b"9" * 100_000 + b"}", NETWORK: weights}))
    yield _case("card-is-a-list", packed({CARD_NAME: b"[]", NETWORK: weights}))
    yield _case("card-is-nothing", packed({CARD_NAME: b"", NETWORK: weights}))
    yield _case("card-utf-16", packed({CARD_NAME: card.encode("utf-16"), NETWORK: weights}))
    yield _case(
        "card-of-5-mb", packed({CARD_NAME: _with(card, description="x" * 4_900_000).encode(), NETWORK: weights})
    )


def _weights(rng: np.random.Generator) -> Iterator[Case]:
    card, weights = network()
    yield _case("hash-lies", packed({CARD_NAME: truthful(card, weights).encode(), NETWORK: weights[:-1] + b"x"}))
    yield _case("weights-pickle", bundle(card, pickled()))
    yield _case("weights-nothing", bundle(card, b""))
    yield _case("weights-cut", bundle(card, weights[: len(weights) // 2]))
    yield _case("weights-torch-zip", bundle(card, packed({"archive/data.pkl": pickled()})))
    for name, size in (("2-gb", 2**31), ("exabytes", 2**63 - 1), ("negative", 2**64 - 1)):
        yield _case(f"head-of-{name}", bundle(card, struct.pack("<Q", size) + weights[8:]))
    heads: dict[str, Callable[[dict[str, Any]], Any]] = {
        "shape-huge": lambda entry: entry | {"shape": [2**40, 2**40]},
        "shape-negative": lambda entry: entry | {"shape": [-1]},
        "shape-other": lambda entry: entry | {"shape": [1, *entry["shape"]]},
        "offsets-outside": lambda entry: entry | {"data_offsets": [0, 2**40]},
        "offsets-backwards": lambda entry: entry | {"data_offsets": entry["data_offsets"][::-1]},
        "offsets-shared": lambda entry: entry | {"data_offsets": [0, entry["data_offsets"][1]]},
        "type-unknown": lambda entry: entry | {"dtype": "OBJECT"},
        "type-other": lambda entry: entry | {"dtype": "I32"},
        "no-entry": lambda entry: None,
    }
    for name, change in heads.items():
        yield _case(f"head-{name}", bundle(card, _rehead(weights, change)))
    yield _case("values-nan", bundle(card, _filled(weights, np.nan)))
    yield _case("values-infinite", bundle(card, _filled(weights, np.inf)))
    yield _case("values-huge", bundle(card, _filled(weights, 1e38)), EITHER)
    for number in range(10):
        changed = flipped(weights, rng, 1 + number, 0, len(weights) if number % 2 else 600)
        yield _case(f"weights-flipped-{number}", bundle(card, changed), EITHER)


def _classifiers(rng: np.random.Generator) -> Iterator[Case]:
    card, weights = classifier()
    yield _case("skops-pickle", bundle(card, pickled(), CLASSIFIER))
    yield _case("skops-empty-zip", bundle(card, packed({}), CLASSIFIER))
    yield _case(
        "skops-bomb",
        lambda: bundle(card, packed({"schema.json": bytes(600_000_000)}, zipfile.ZIP_DEFLATED), CLASSIFIER),
    )
    schema = json.loads(zipfile.ZipFile(io.BytesIO(weights)).read("schema.json"))
    changes: dict[str, dict[str, Any]] = {
        "system": {"__class__": "system", "__module__": "os", "__loader__": "TypeNode"},
        "function": {"__class__": "function", "__loader__": "FunctionNode", "content": "os.system"},
        "reduce": {"__class__": "Popen", "__module__": "subprocess", "__loader__": "ReduceNode"},
        "loader": {"__loader__": "../../x"},
        "protocol": {"protocol": 10**9},
        "nothing": {"content": {}},
    }
    for name, change in changes.items():
        yield _case(f"skops-{name}", bundle(card, _reschemed(weights, schema | change), CLASSIFIER))
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep}
    yield _case("skops-deep", bundle(card, _reschemed(weights, schema | {"content": deep}), CLASSIFIER))
    arrays = [name for name in zipfile.ZipFile(io.BytesIO(weights)).namelist() if name.endswith(".npy")]
    for number in range(8):
        name = arrays[int(rng.integers(len(arrays)))]
        yield _case(f"skops-array-{number}", bundle(card, _array(weights, name, number), CLASSIFIER), EITHER)
    huge = b"\x93NUMPY\x01\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }".ljust(128) + b"\n"
    yield _case("skops-array-of-terabytes", bundle(card, _replaced(weights, {arrays[0]: huge}), CLASSIFIER))


def _zips(rng: np.random.Generator) -> Iterator[Case]:
    card, weights = network()
    whole = bundle(card, weights)
    text = truthful(card, weights).encode()
    yield _case("zip-cut", whole[: len(whole) // 2])
    yield _case("zip-random", rng.bytes(10_000))
    yield _case("zip-nothing", b"")
    yield _case("zip-pickle", pickled())
    yield _case("zip-traversal", packed({CARD_NAME: text, "../../" + NETWORK: weights}))
    yield _case("zip-absolute", packed({CARD_NAME: text, "/etc/" + NETWORK: weights}))
    yield _case("zip-more-files", packed({CARD_NAME: text, NETWORK: weights, "run.py": b"import os"}))
    yield _case(
        "zip-bomb-weights", lambda: packed({CARD_NAME: text, NETWORK: bytes(600_000_000)}, zipfile.ZIP_DEFLATED)
    )
    yield _case("zip-bomb-card", lambda: packed({CARD_NAME: bytes(50_000_000), NETWORK: weights}, zipfile.ZIP_DEFLATED))
    yield _case(
        "zip-size-lies",
        lambda: _size_lies(packed({CARD_NAME: text, NETWORK: bytes(600_000_000)}, zipfile.ZIP_DEFLATED)),
    )
    for number in range(8):
        yield _case(f"zip-flipped-{number}", flipped(whole, rng, 1 + 2 * number), EITHER)


def _with(card: str, **changes: Any) -> str:
    return json.dumps(json.loads(card) | changes)


def _rehead(weights: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Return safetensors whose last tensor is described otherwise."""
    (size,) = struct.unpack("<Q", weights[:8])
    head = json.loads(weights[8 : 8 + size])
    name = [key for key in head if key != "__metadata__"][-1]
    changed = change(head.pop(name))
    text = json.dumps(head | ({name: changed} if changed else {})).encode()
    return struct.pack("<Q", len(text)) + text + weights[8 + size :]


def _filled(weights: bytes, value: float) -> bytes:
    """Return safetensors with the same shapes, all of whose numbers are *value*."""
    import safetensors.torch
    import torch

    tensors = safetensors.torch.load(weights)
    full = {name: torch.full_like(t, value) if t.is_floating_point() else t for name, t in tensors.items()}
    return safetensors.torch.save(full)


def _reschemed(weights: bytes, schema: dict[str, Any]) -> bytes:
    return _replaced(weights, {"schema.json": json.dumps(schema).encode()})


def _replaced(weights: bytes, entries: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(weights)) as file:
        return packed({name: file.read(name) for name in file.namelist()} | entries)


def _array(weights: bytes, name: str, number: int) -> bytes:
    """Return a skops file, one of whose arrays holds huge or negative numbers."""
    with zipfile.ZipFile(io.BytesIO(weights)) as file:
        data = bytearray(file.read(name))
    start = min(len(data), 128)
    data[start:] = (b"\xff", b"\x7f", b"\x80", b"\x01")[number % 4] * (len(data) - start)
    return _replaced(weights, {name: bytes(data)})


def _size_lies(data: bytes) -> bytes:
    """Return a ZIP whose directory says that its last file unfolds to a hundred bytes."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = changed.rfind(mark)
        changed[place + offset : place + offset + 4] = struct.pack("<I", 100)
    return bytes(changed)
