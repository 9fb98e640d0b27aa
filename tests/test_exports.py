"""Models as files: the same bytes, the same answers, and nothing hostile gets in."""

from __future__ import annotations

import errno
import io
import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch
from scipy.special import softmax

from ser_core import exports
from ser_core.audio import load_audio
from ser_core.bundle import (
    CARD_NAME,
    SHIPPED,
    checked_onnx,
    checked_weights,
    find_bundle,
    list_bundles,
    load_card,
    write_bundle,
)
from ser_core.calibration import Calibration
from ser_core.classical import SVMConfig, storage
from ser_core.classical.pipelines import build_classifier, fit_classifier
from ser_core.classical.storage import save_classifier
from ser_core.emotions import LABEL_SETS
from ser_core.errors import BundleError
from ser_core.exports import add_onnx, export_bundle, export_onnx, import_bundle
from ser_core.features.functionals import FunctionalsConfig, functional_names
from ser_core.features.logmel import log_mel
from ser_core.networks.cnn import CNNConfig
from ser_core.networks.crnn import CRNNConfig
from ser_core.networks.registry import build_network
from ser_core.networks.residual_cnn import ResidualCNNConfig
from ser_core.networks.transformer import TransformerConfig
from ser_core.onnx_scorer import ONNX_NAME, onnx_score
from ser_core.recogniser import Recogniser
from ser_core.scorers import load_network, load_scorer
from ser_core.settings import settings

FOUR = LABEL_SETS[4]
FAMILIES: dict[str, Any] = {
    "cnn on mfcc": CNNConfig(n_classes=4, input="mfcc"),
    "crnn, lstm": CRNNConfig(n_classes=4),
    "crnn, gru": CRNNConfig(n_classes=4, cell="gru"),
    "residual-cnn": ResidualCNNConfig(n_classes=4),
    "transformer": TransformerConfig(n_classes=4),
}


@pytest.fixture(autouse=True)
def _own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("SER_MODELS", raising=False)


def _fields(**changes: Any) -> dict[str, Any]:
    card = load_card(find_bundle("lite"))
    return {name: getattr(card, name) for name in type(card).model_fields if name not in ("weights", "onnx")} | changes


def _network_bundle(folder: Path, config: Any) -> Path:
    torch.manual_seed(0)
    network = build_network(config).train()
    with torch.no_grad():
        network(torch.randn(4, 64, 80) * 20 - 40, torch.full((4,), 80))
    weights = safetensors.torch.save(network.state_dict())
    bias = (0.1, -0.2, 0.3, 0.0)
    fields = _fields(name=folder.name, model=config, labels=FOUR, bias=bias, temperature=0.7, temperature_slope=-0.4)
    write_bundle(folder, weights, "weights.safetensors", fields)
    return folder


def _classical_bundle(folder: Path) -> Path:
    rng, config = np.random.default_rng(0), FunctionalsConfig()
    features, target = rng.normal(size=(40, len(functional_names(config)))), np.arange(40) % 4
    model = SVMConfig(components=5)
    save_classifier(fit_classifier(build_classifier(model, 0), features, target), folder.parent / "made.skops")
    fields = _fields(name=folder.name, model=model, front_end=config, labels=FOUR, bias=(0.0,) * 4)
    write_bundle(folder, (folder.parent / "made.skops").read_bytes(), "weights.skops", fields)
    return folder


def _target(name: str) -> Path:
    return settings().own_models / name


def _zip(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return buffer.getvalue()


def _parts(folder: Path) -> dict[str, bytes]:
    """Return what goes into a ZIP; a bundle may also have a graph and a README, which are made of it."""
    names = (CARD_NAME, *exports.WEIGHTS_NAMES)
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def _refused(data: bytes, part: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=part) as caught:
        import_bundle(data, tmp_path / "runs" / "bundles" / "new")
    assert "\n" not in str(caught.value)
    left = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert left == []


def test_zip_has_the_same_bytes_each_time_and_can_be_read_by_anyone() -> None:
    folder = find_bundle("lite")
    data = export_bundle(folder)
    assert data == export_bundle(folder)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == _parts(folder)


def test_what_was_exported_comes_back_and_answers_the_same(clip_wav: bytes) -> None:
    card = import_bundle(export_bundle(find_bundle("lite")), _target("lite-again"))
    assert card.name == "lite-again"
    assert list_bundles()["lite-again"] == _target("lite-again")
    sound = load_audio(clip_wav)
    first, second = (Recogniser.load(name).predict(sound) for name in ("lite", "lite-again"))
    assert second.probabilities == first.probabilities
    assert second.model == "lite-again"


def test_without_room_it_is_a_sentence_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = export_bundle(find_bundle("lite"))

    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    _refused(data, "No space left on device", tmp_path)


def test_a_classifier_comes_back_too(tmp_path: Path, clip_wav: bytes) -> None:
    folder = _classical_bundle(tmp_path / "svm")
    card = import_bundle(export_bundle(folder))
    assert list_bundles()["svm"] == _target("svm")
    sound, scores = load_audio(clip_wav), []
    for place in (folder, _target("svm")):
        scores.append(load_scorer(card, checked_weights(place, card))(sound))
    np.testing.assert_array_equal(*scores)


def test_a_name_is_not_taken_twice(tmp_path: Path) -> None:
    data = export_bundle(find_bundle("lite"))
    with pytest.raises(BundleError, match="already a model 'lite'"):
        import_bundle(data)
    folder = _network_bundle(tmp_path / "mine", FAMILIES["residual-cnn"])
    import_bundle(export_bundle(folder))
    before = _parts(_target("mine"))
    with pytest.raises(BundleError, match="already a model 'mine'"):
        import_bundle(export_bundle(folder))
    assert _parts(_target("mine")) == before


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "..", "", "a/b", "a\\b", ".hidden", "x" * 101])
def test_a_name_that_leads_elsewhere(name: str, tmp_path: Path) -> None:
    parts = _parts(_network_bundle(tmp_path / "mine", FAMILIES["residual-cnn"]))
    card = json.loads(parts[CARD_NAME]) | {"name": name}
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BundleError, match="name is made of letters"):
        import_bundle(_zip(parts | {CARD_NAME: json.dumps(card).encode()}))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("extra", ["../evil.txt", "/evil", "run.py", "sub/", "model.json.bak"])
def test_anything_but_a_card_and_weights(extra: str, tmp_path: Path) -> None:
    parts = _parts(find_bundle("lite"))
    _refused(_zip(parts | {extra: b"x"}), "holds something else", tmp_path)
    weights = parts.pop("weights.safetensors")
    _refused(_zip(parts), "holds something else", tmp_path)
    _refused(_zip(parts | {extra: weights}), "holds something else", tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in (CARD_NAME, "weights.safetensors", CARD_NAME):
            file.writestr(name, b"{}")
    _refused(buffer.getvalue(), "holds something else", tmp_path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip at all" * 50])
def test_files_that_are_no_zip(data: bytes, tmp_path: Path) -> None:
    _refused(data, "no ZIP that can be read", tmp_path)


def test_half_a_file_and_a_flipped_bit(tmp_path: Path) -> None:
    data = export_bundle(find_bundle("lite"))
    _refused(data[: len(data) // 2], "no ZIP that can be read", tmp_path)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    _refused(bytes(flipped), "no ZIP that can be read", tmp_path)


def test_a_bomb_is_not_unfolded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LARGEST_WEIGHTS", 3_000_000)
    parts = _parts(find_bundle("lite"))
    bomb = _zip(parts | {"weights.safetensors": bytes(4_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 40_000
    _refused(bomb, "larger than 3 MB", tmp_path)
    # The same file whose directory claims a small size: what comes is cut there, and its hash does not fit.
    lying = bomb.replace(struct.pack("<I", 4_000_000), struct.pack("<I", 4_000))
    assert lying != bomb
    _refused(lying, "no ZIP|not those that its model.json names", tmp_path)


def test_a_bomb_within_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _classical_bundle(tmp_path / "svm")
    bomb = _zip({"schema.json": bytes(4_000_000)}, zipfile.ZIP_DEFLATED)
    write_bundle(folder, bomb, "weights.skops", {k: v for k, v in dict(load_card(folder)).items() if k != "weights"})
    monkeypatch.setattr(storage, "_LARGEST", 3_000_000)
    _refused(export_bundle(folder), "unfolds to 4 MB", tmp_path)


def test_weights_that_are_not_the_cards(tmp_path: Path) -> None:
    parts = _parts(find_bundle("lite"))
    _refused(_zip(parts | {"weights.safetensors": b"others"}), "not those that its model.json names", tmp_path)
    renamed = {CARD_NAME: parts[CARD_NAME], "weights.skops": parts["weights.safetensors"]}
    _refused(_zip(renamed), "not those that its model.json names", tmp_path)
    _refused(_zip(parts | {CARD_NAME: b"{}"}), "model.json is damaged", tmp_path)


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "run",))

    folder = _network_bundle(tmp_path / "mine", FAMILIES["residual-cnn"])
    fields = {name: value for name, value in dict(load_card(folder)).items() if name != "weights"}
    write_bundle(folder, pickle.dumps(Evil()), "weights.safetensors", fields)
    _refused(export_bundle(folder), "do not fit", tmp_path)
    assert not (tmp_path / "run").exists()


def test_a_network_that_claims_to_be_huge_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = _parts(find_bundle("lite"))
    card = json.loads(parts[CARD_NAME])
    card["model"] |= {"channels": [1024] * 5, "blocks": 8, "hidden": 1024}  # three gigabytes
    devices: list[str] = []
    original = torch.nn.Conv2d.__init__

    def watch(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        devices.append(self.weight.device.type)

    monkeypatch.setattr(torch.nn.Conv2d, "__init__", watch)
    _refused(_zip(parts | {CARD_NAME: json.dumps(card).encode()}), "do not fit", tmp_path)
    assert set(devices) == {"meta"}


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports.shutil, "copytree", full)
    _refused(export_bundle(find_bundle("lite")), "cannot be written .*No space left", tmp_path)


@pytest.mark.parametrize("family", ["lite", *FAMILIES])
def test_onnx_answers_as_torch_does(family: str, tmp_path: Path, clip_wav: bytes) -> None:
    folder = find_bundle("lite") if family == "lite" else _network_bundle(tmp_path / "mine", FAMILIES[family])
    card = load_card(folder)
    network = load_network(card, checked_weights(folder, card))
    session = onnxruntime.InferenceSession(export_onnx(folder), providers=["CPUExecutionProvider"])
    clips = [torch.randn(64, frames).numpy() * 20 - 40 for frames in (1, 2, 7, 50, 101, 333, 1000)]
    for array in [*clips, log_mel(load_audio(clip_wav), card.front_end)]:  # type: ignore[arg-type]
        with torch.inference_mode():
            expected = network(torch.from_numpy(array)[None], torch.tensor([array.shape[1]]))
        logits, probabilities = session.run(["logits", "probabilities"], {"log_mel": array[None]})
        np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)
        shares = softmax(Calibration(card.temperature, np.array(card.bias), card.temperature_slope).scores(expected), 1)
        np.testing.assert_allclose(probabilities, shares, atol=1e-4)


def test_onnx_says_what_it_is_and_has_the_same_bytes_each_time() -> None:
    folder = find_bundle("lite")
    data = export_onnx(folder)
    assert data == export_onnx(folder)
    facts = onnxruntime.InferenceSession(data).get_modelmeta().custom_metadata_map
    card = load_card(folder)
    assert json.loads(facts["labels"]) == list(card.labels)
    assert json.loads(facts["front_end"]) == card.front_end.model_dump(mode="json")
    assert json.loads(facts["threshold"]) == card.threshold


def test_a_classifier_has_no_onnx(tmp_path: Path) -> None:
    folder = _classical_bundle(tmp_path / "svm")
    for make in (export_onnx, add_onnx):
        with pytest.raises(BundleError, match="only"):
            make(folder)


@pytest.mark.parametrize("name", [path.parent.name for path in sorted(SHIPPED.glob("*/model.onnx"))])
def test_a_shipped_graph_answers_as_its_weights_do(name: str, clip_wav: bytes) -> None:
    folder = find_bundle(name)
    card = load_card(folder)
    with_torch = load_scorer(card, checked_weights(folder, card))
    with_onnx = load_scorer(card, checked_weights(folder, card), checked_onnx(folder, card))
    assert with_onnx.score is not with_torch.score
    sound = with_torch.read(load_audio(clip_wav))
    noise = [np.random.default_rng(t).normal(-40, 20, (len(sound), t)).astype(np.float32) for t in (1, 2, 7, 101, 800)]
    for frames in (sound, *noise):
        np.testing.assert_allclose(with_onnx.score(frames), with_torch.score(frames), atol=1e-4)


def test_a_graph_becomes_part_of_a_bundle(tmp_path: Path, clip_wav: bytes) -> None:
    folder = _network_bundle(tmp_path / "mine", FAMILIES["residual-cnn"])
    sound = load_audio(clip_wav)
    before = Recogniser.load(folder).predict(sound).probabilities
    card = add_onnx(folder)
    assert load_card(folder) == card
    assert checked_onnx(folder, card) == (folder / ONNX_NAME).read_bytes()
    assert Recogniser.load(folder).predict(sound).probabilities == pytest.approx(before, abs=1e-5)
    (folder / ONNX_NAME).write_bytes(b"another")
    with pytest.raises(BundleError, match="model.onnx .* is damaged"):
        Recogniser.load(folder)
    (folder / ONNX_NAME).unlink()
    assert Recogniser.load(folder).predict(sound).probabilities == before


def test_a_graph_of_other_weights_is_not_used(tmp_path: Path) -> None:
    folder = _network_bundle(tmp_path / "mine", FAMILIES["residual-cnn"])
    card = add_onnx(folder)
    retrained = card.weights.model_copy(update={"sha256": "0" * 64})
    assert checked_onnx(folder, card) is not None
    assert checked_onnx(folder, card.model_copy(update={"weights": retrained})) is None


def test_a_graph_that_is_imported_is_made_of_the_weights(tmp_path: Path) -> None:
    folder = _network_bundle(tmp_path / "mine", FAMILIES["residual-cnn"])
    made = add_onnx(folder).onnx
    (folder / ONNX_NAME).unlink()
    assert import_bundle(export_bundle(folder)).onnx == made
    assert (_target("mine") / ONNX_NAME).is_file()


@pytest.mark.parametrize("data", [b"no graph", b""])
def test_what_is_no_graph(data: bytes) -> None:
    with pytest.raises(BundleError, match="model.onnx cannot be read"):
        onnx_score(data)


def test_a_graph_of_another_make() -> None:
    with pytest.raises(BundleError, match="not one that this program made"):
        onnx_score(export_onnx(find_bundle("lite")))
