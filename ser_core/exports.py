"""A model as one file: a ZIP that this program takes back, and ONNX for any other program.

data = export_bundle(find_bundle("lite"))                       # the same bytes every time
card = import_bundle(data, settings().own_models / "lite-2")
network = export_onnx(find_bundle("lite"))                      # log-mel in, logits and probabilities out
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core.bundle import CARD_NAME, Graph, ModelCard, checked_weights, list_bundles, load_card, write_card
from ser_core.errors import BundleError
from ser_core.features.logmel import LogMelConfig
from ser_core.files import write_bytes
from ser_core.networks.encoded import EncoderConfig
from ser_core.onnx_scorer import INPUT, ONNX_NAME, OUTPUT
from ser_core.scorers import load_network, load_scorer
from ser_core.settings import settings

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor, nn

#: The largest card and weights that are read from a ZIP, in bytes: a file of a few kB may claim to hold terabytes.
LARGEST_CARD = 5_000_000
LARGEST_WEIGHTS = 500_000_000
WEIGHTS_NAMES = ("weights.safetensors", "weights.skops")
_NAME = re.compile(r"\w[\w.+-]{0,99}")
_OPSET = 17
_TRACED_FRAMES = 101


def export_bundle(folder: Path) -> bytes:
    """Return a bundle as a ZIP with its card and its weights; the same bundle gives the same bytes.

    Raises
    ------
    BundleError
        If the bundle is missing or damaged.
    """
    card = load_card(folder)
    weights = checked_weights(folder, card)
    buffer = io.BytesIO()
    # Stored, since weights hardly shrink and another zlib would give other bytes.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in ((CARD_NAME, (folder / CARD_NAME).read_bytes()), (card.weights.file, weights)):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            file.writestr(entry, data)
    return buffer.getvalue()


def import_bundle(data: bytes, folder: Path | None = None) -> ModelCard:
    """Check a ZIP as :func:`export_bundle` gives it and put it where models are found.

    It is a person's file, so it is taken for hostile: only a card and weights are read, up to a size, never under a
    name from the file; the hash must fit, and the model must load (numbers and known types only) before it is kept.

    Parameters
    ----------
    data
        The ZIP.
    folder
        Where to, a folder that is not there yet; its name becomes the model's. By default one with the card's name
        where own models are kept.

    Raises
    ------
    BundleError
        If the file is no such ZIP, its model does not load, there is already a model of that name, or it cannot be
        written.
    """
    try:
        return _import(data, folder)
    except OSError as error:
        raise BundleError(
            f"The model cannot be stored ({error.strerror or type(error).__name__}): make room and try again."
        ) from error


def _import(data: bytes, folder: Path | None) -> ModelCard:
    card_text, weights_name, weights = _unpack(data)
    with tempfile.TemporaryDirectory() as place:
        staged = Path(place)
        (staged / CARD_NAME).write_bytes(card_text)
        (staged / weights_name).write_bytes(weights)
        try:
            card = load_card(staged)
        except BundleError as error:
            raise BundleError(
                f"The ZIP's {CARD_NAME} is damaged or of a newer format: export the model anew."
            ) from error
        if card.weights.file != weights_name or hashlib.sha256(weights).hexdigest() != card.weights.sha256:
            raise BundleError("The weights in the ZIP are not those that its model.json names: export the model anew.")
        load_scorer(card, weights)
        name = folder.name if folder else card.name
        if not _NAME.fullmatch(name):
            raise BundleError("A model's name is made of letters, digits and . _ + -, at most 100: give it another.")
        target = folder or settings().own_models / name
        if target.exists() or name in list_bundles():
            raise BundleError(f"There is already a model '{name}': give the imported one another name.")
        # A stranger's graph could answer otherwise than the weights do, so none is taken: it is made anew.
        had_onnx, card = card.onnx is not None, card.model_copy(update={"name": name, "onnx": None})
        write_card(staged, card)
        if had_onnx:
            card = add_onnx(staged)
        _move(staged, target)
    return card


def export_onnx(folder: Path) -> bytes:
    """Return a network as an ONNX model (opset 17), which runs without this program.

    Its input ``log_mel`` is what the front end gives for one clip, in dB [shape=(1, n_mels, frames), float32]; its
    outputs are ``logits`` and calibrated ``probabilities`` [each shape=(1, classes), float32]. Labels, front end and
    threshold are in its metadata, each as JSON.

    Raises
    ------
    BundleError
        If the bundle is missing, damaged, or of a model that is no network.
    """
    import onnx

    card = load_card(folder)
    if isinstance(card.front_end, EncoderConfig):
        raise BundleError(
            f"The model '{card.name}' reads the encoder '{card.front_end.encoder}', and only networks that read a "
            "spectrogram can be exported as ONNX: export its ZIP instead."
        )
    if not isinstance(card.front_end, LogMelConfig):
        raise BundleError(f"The model '{card.name}' is no network, and only networks can be exported as ONNX.")
    module = _answering_module(card, checked_weights(folder, card))
    model = _traced(card, module, "log_mel", ["logits", "probabilities"])
    facts = {
        "name": card.name,
        "labels": list(card.labels),
        "front_end": card.front_end.model_dump(mode="json"),
        "sample_rate": 16_000,
        "threshold": card.threshold,
        "set_level": card.set_level,
        "set_threshold": card.set_threshold,
        "licence": card.licence,
    }
    onnx.helper.set_model_props(model, {key: json.dumps(value) for key, value in facts.items()})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def add_onnx(folder: Path) -> ModelCard:
    """Put the graph that :mod:`ser_core.onnx_scorer` reads into a network's bundle, and name it in the card.

    Raises
    ------
    BundleError
        As :func:`export_onnx` does.
    """
    card = load_card(folder)
    if not isinstance(card.front_end, LogMelConfig):
        raise BundleError(f"The model '{card.name}' does not read a spectrogram, and only such networks get a graph.")
    model = _traced(card, _logits_module(card, checked_weights(folder, card)), INPUT, [OUTPUT])
    data = bytes(model.SerializeToString(deterministic=True))
    digest, of = hashlib.sha256(data).hexdigest(), card.weights.sha256
    graph = Graph(file=ONNX_NAME, bytes=len(data), sha256=digest, weights_sha256=of)
    card = card.model_copy(update={"onnx": graph})
    write_bytes(folder / ONNX_NAME, data)
    write_card(folder, card)
    return card


def _traced(card: ModelCard, module: nn.Module, input_name: str, outputs: list[str]) -> ModelProto:
    """Return a module that reads one clip's spectrogram of any length as ONNX."""
    import onnx
    import torch

    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        # The exporter that torch recommends needs two more packages; this one warns of itself, and of sizes that are
        # the same for every clip.
        warnings.simplefilter("ignore")
        path = Path(place) / ONNX_NAME
        torch.onnx.export(
            module,
            (torch.zeros(1, getattr(card.front_end, "n_mels", 0), _TRACED_FRAMES),),
            path,
            dynamo=False,
            opset_version=_OPSET,
            input_names=[input_name],
            output_names=outputs,
            dynamic_axes={input_name: {2: "frames"}},
        )
        return onnx.load_model(path)


def _logits_module(card: ModelCard, weights: bytes) -> nn.Module:
    """Return a module from one clip's log-mel to logits."""
    import torch

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = load_network(card, weights)

        def forward(self, log_mel: Tensor) -> Tensor:
            lengths = torch.full((1,), log_mel.shape[2], dtype=torch.int64)
            logits: Tensor = self.network(log_mel, lengths).reshape(1, len(card.labels))
            return logits

    return Logits().eval()


def _answering_module(card: ModelCard, weights: bytes) -> nn.Module:
    """Return a module from one clip's log-mel to logits and probabilities."""
    import torch

    class Answer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.logits = _logits_module(card, weights)
            self.register_buffer("bias", torch.tensor(card.bias))

        def forward(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
            logits = self.logits(log_mel)
            certain = logits.log_softmax(1)  # as ser_core.calibration.Calibration.scores does it
            entropy = -(certain.exp() * certain).sum(1, keepdim=True)
            temperature = card.temperature * (card.temperature_slope * entropy).exp()
            return logits, (logits / temperature + self.bias).softmax(1)

    return Answer().eval()


def _unpack(data: bytes) -> tuple[bytes, str, bytes]:
    """Return card, name of the weights and weights of a ZIP that holds these two files and nothing else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            entries = {entry.filename: entry for entry in file.infolist()}
            weights = [name for name in WEIGHTS_NAMES if name in entries]
            if len(file.infolist()) != 2 or CARD_NAME not in entries or len(weights) != 1:
                raise BundleError(
                    f"The ZIP holds something else than {CARD_NAME} and its weights: choose one that was exported here."
                )
            card = _read(file, entries[CARD_NAME], LARGEST_CARD)
            return card, weights[0], _read(file, entries[weights[0]], LARGEST_WEIGHTS)
    except BundleError:
        raise
    except Exception as error:  # zipfile and zlib raise many types for a damaged or encrypted file
        raise BundleError("The file is no ZIP that can be read: choose one that was exported here.") from error


def _read(file: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    # What the directory claims may be less than what comes, so the reading itself is limited.
    with file.open(entry) as stream:
        # No more than claimed is asked for either: zipfile unfolds as much as that, and cuts it afterwards.
        data = stream.read(entry.file_size + 1) if entry.file_size <= most else b""
    if entry.file_size > most or len(data) > most:
        raise BundleError(f"The ZIP's {entry.filename} is larger than {most // 1_000_000} MB, too large for a model.")
    return data


def _move(staged: Path, target: Path) -> None:
    """Copy a checked bundle beside its place and rename it into it, so that no page sees half of it."""
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(staged, temporary, dirs_exist_ok=True)
        temporary.rename(target)
    except OSError as error:
        raise BundleError(f"The model cannot be written to {target} ({error.strerror}).") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
