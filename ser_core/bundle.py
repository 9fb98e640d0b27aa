"""A model on disk: a folder with `model.json` (what it is, what it learnt from, how good it is) and its weights.

Nothing is unpickled: networks are safetensors, scikit-learn models are skops files whose every type is checked.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ser_core.classical import ClassicalConfig
from ser_core.emotions import EMOTIONS
from ser_core.errors import BundleError
from ser_core.features.functionals import FunctionalsConfig
from ser_core.features.logmel import LogMelConfig
from ser_core.files import one_at_a_time, remove_scraps, write_bytes
from ser_core.networks.adapted import AdaptedEncoderConfig
from ser_core.networks.encoded import EncoderConfig
from ser_core.networks.encoder_head import EncoderHeadConfig
from ser_core.networks.layers import ClipNetworkConfig, SpectrogramNetworkConfig
from ser_core.networks.registry import NetworkConfig
from ser_core.settings import PROJECT, settings

#: The newest format this package reads; raised when an old reader could misunderstand a new bundle.
FORMAT_VERSION = 1
CARD_NAME = "model.json"
#: What the names of a partner's tensors begin with.
PARTNER = "partner."
#: Where the bundles of this repository lie.
SHIPPED = PROJECT / "models"


#: Levels of tables within tables in a card: what is deeper could be read, but not written again.
_DEEPEST = 40


def _inside(part: Any) -> Iterable[Any]:
    return part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ()


def _not_deep(value: dict[str, Any]) -> dict[str, Any]:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [inner for part in level for inner in _inside(part)]
        if not level:
            return value
    raise ValueError("it is nested too deeply")


_Shallow = Annotated[dict[str, Any], AfterValidator(_not_deep)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Weights(_Part):
    """A file beside the card: its name, size in bytes and SHA-256."""

    file: str
    bytes: int
    sha256: str


class Graph(Weights):
    """The network as a file for ONNX Runtime, for speed only, and the SHA-256 of the weights it was made of."""

    weights_sha256: str


class Partner(_Part):
    """A second network that answers beside a bundle's own, and its share of the answer: logits are averaged.

    Its tensors lie in the same file, their names behind :data:`PARTNER`.
    """

    recipe: _Shallow
    front_end: Annotated[LogMelConfig | EncoderConfig, Field(discriminator="kind")]
    model: NetworkConfig = Field(discriminator="kind")
    share: float = Field(gt=0, lt=1)


class TrainingCorpus(_Part):
    """A corpus the model has heard, and what its licence allows."""

    corpus: str
    title: str
    clips: int
    speakers: int
    licence: str
    source: str


class ModelCard(_Part):
    """The content of `model.json`."""

    format_version: int = FORMAT_VERSION
    name: str
    title: str
    description: str
    labels: tuple[str, ...] = EMOTIONS
    front_end: Annotated[LogMelConfig | FunctionalsConfig | EncoderConfig, Field(discriminator="kind")]
    model: Annotated[NetworkConfig | ClassicalConfig, Field(discriminator="kind")]
    partner: Partner | None = None
    temperature: float = Field(gt=0)
    bias: tuple[float, ...]
    temperature_slope: float = 0.0
    threshold: float = Field(ge=0, le=1)
    # Both or neither: a model that promises no sets of candidates, as those of earlier versions, has none.
    set_level: float | None = Field(None, gt=0, lt=1)
    set_threshold: float | None = Field(None, ge=0, le=1)
    weights: Weights
    onnx: Graph | None = None
    parameters: int | None = None
    training_data: tuple[TrainingCorpus, ...]
    recipe: _Shallow
    seed: int
    environment: _Shallow
    evaluation: dict[str, _Shallow]
    evaluation_note: str
    robustness: _Shallow | None = None
    licence: str
    limits: tuple[str, ...]
    task: Literal["speech emotion recognition"] = "speech emotion recognition"

    @model_validator(mode="after")
    def _classes_fit(self) -> Self:
        unknown = sorted(set(self.labels) - set(EMOTIONS))
        if unknown or len(set(self.labels)) != len(self.labels) or not self.labels:
            raise ValueError(f"labels are not distinct emotions: {unknown}")
        if len(self.bias) != len(self.labels):
            raise ValueError("there is another number of biases than of labels")
        if (self.set_level is None) != (self.set_threshold is None):
            raise ValueError("a level of sets needs their threshold, and the other way round")
        models = [self.model, *([self.partner.model] if self.partner else [])]
        if any(isinstance(model, ClipNetworkConfig) and model.n_classes != len(self.labels) for model in models):
            raise ValueError("the network has another number of classes than there are labels")
        return self

    @model_validator(mode="after")
    def _front_end_fits(self) -> Self:
        _check_fit(self.front_end, self.model)
        if self.partner is not None:
            _check_fit(self.partner.front_end, self.partner.model)
            if not isinstance(self.front_end, EncoderConfig):
                raise ValueError("only a network on an encoder has a partner")
        return self


def check_log_mel(front_end: LogMelConfig) -> None:
    """Raise ValueError where no spectrogram can be made with some settings.

    Here and not in the settings themselves, any change of which makes all stored features stale.
    """
    if front_end.window > front_end.n_fft:
        raise ValueError("front_end.window must not exceed front_end.n_fft")
    if front_end.f_min >= front_end.f_max:
        raise ValueError("front_end.f_min must lie below front_end.f_max")


def _check_fit(front_end: LogMelConfig | FunctionalsConfig | EncoderConfig, model: Any) -> None:
    """Raise ValueError where a model cannot read what a front end gives, or the front end can give nothing."""
    if isinstance(front_end, LogMelConfig):
        check_log_mel(front_end)
    match front_end, model:
        case LogMelConfig(), SpectrogramNetworkConfig():
            if front_end.n_mels != model.n_mels:
                raise ValueError("the network reads another number of bands than the front end gives")
        case EncoderConfig(), AdaptedEncoderConfig():
            if (front_end.layers, front_end.width) != ((model.first,), model.width):
                raise ValueError("the network reads other layers than the front end gives")
        case EncoderConfig(), EncoderHeadConfig():
            if (len(front_end.layers), front_end.width) != (model.n_layers, model.width):
                raise ValueError("the network reads other layers than the front end gives")
        case _, ClipNetworkConfig():
            raise ValueError("the front end is not one that the model reads")
        case LogMelConfig() | EncoderConfig(), _:
            raise ValueError("the front end is not one that the model reads")


def list_bundles() -> dict[str, Path]:
    """Return the folders of all bundles by name: those that ship, those made of trainings, those in `SER_MODELS`."""
    found: dict[str, Path] = {}
    for place in (SHIPPED, settings().runs / "bundles", settings().own_models):
        folders = sorted(place.iterdir()) if place.is_dir() else []
        found |= {folder.name: folder for folder in folders if (folder / CARD_NAME).is_file()}
    return found


def find_bundle(name_or_folder: str | os.PathLike[str]) -> Path:
    """Return the folder of a bundle by its name or path.

    Raises
    ------
    BundleError
        If there is none.
    """
    bundles = list_bundles()
    if str(name_or_folder) in bundles:
        return bundles[str(name_or_folder)]
    folder = Path(name_or_folder)
    if (folder / CARD_NAME).is_file():
        return folder
    known = ", ".join(bundles) or "none is installed"
    raise BundleError(f"There is no model '{name_or_folder}': give a folder with a {CARD_NAME}, or one of: {known}.")


def load_card(folder: str | os.PathLike[str]) -> ModelCard:
    """Read and check the card of a bundle.

    Raises
    ------
    BundleError
        If it is missing, no JSON, of a newer format, or lacks something.
    """
    path = Path(folder) / CARD_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"The model in {folder} has no readable {CARD_NAME}: install it again.") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"The {CARD_NAME} of the model in {folder} is damaged: install it again.") from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BundleError(
            f"The model in {folder} has format {version}, and this program reads up to {FORMAT_VERSION}: "
            "update the program."
        )
    try:
        return ModelCard.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BundleError(
            f"The {CARD_NAME} of the model in {folder} is damaged at '{place}' ({first['msg']}): install it again."
        ) from error


def checked_weights(folder: str | os.PathLike[str], card: ModelCard) -> bytes:
    """Return the bytes of a bundle's weights.

    Raises
    ------
    BundleError
        If the file is missing, lies outside the folder, or its hash is not the card's.
    """
    return _checked(folder, card, card.weights)


def checked_onnx(folder: str | os.PathLike[str], card: ModelCard) -> bytes | None:
    """Return the bytes of a bundle's graph for ONNX Runtime; None where it is not there or was made of other weights.

    Raises
    ------
    BundleError
        If the file lies outside the folder, or its hash is not the card's.
    """
    if card.onnx is None or card.onnx.weights_sha256 != card.weights.sha256:
        return None
    return _checked(folder, card, card.onnx) if (Path(folder) / card.onnx.file).is_file() else None


def _checked(folder: str | os.PathLike[str], card: ModelCard, entry: Weights) -> bytes:
    if Path(entry.file).name != entry.file:
        raise BundleError(f"The model '{card.name}' names weights outside its folder: do not use it.")
    path = Path(folder) / entry.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(f"The model '{card.name}' lacks its file {entry.file}: install it again.") from error
    if hashlib.sha256(data).hexdigest() == entry.sha256:
        return data
    waiting = _waiting(path, entry.sha256)
    if waiting is None:
        raise BundleError(f"The file {entry.file} of model '{card.name}' is damaged: install it again.")
    return waiting


def _next(path: Path) -> Path:
    """Return where new weights wait until the card names them."""
    return path.with_name(f".{path.name}.next")


def _waiting(path: Path, sha256: str) -> bytes | None:
    """Return weights that the card names already and that a killed process did not move into their place."""
    try:
        data = _next(path).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def write_bundle(folder: Path, weights: bytes, weights_file: str, fields: Mapping[str, Any]) -> ModelCard:
    """Write a bundle, so that at every moment, whatever happens, the folder holds the old model or the new one.

    New weights wait beside the old ones until the card, whose renaming decides, names them.

    Parameters
    ----------
    folder
        Created when needed; what it held is replaced.
    weights, weights_file
        The bytes and the name of their file.
    fields
        All fields of :class:`ModelCard` but `weights`.

    Raises
    ------
    BundleError
        If it cannot be written; what the folder held can still be used.
    """
    entry = Weights(file=weights_file, bytes=len(weights), sha256=hashlib.sha256(weights).hexdigest())
    card = ModelCard(weights=entry, **fields)
    path = folder / weights_file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(folder):
            _settle(folder, path)
            write_bytes(_next(path), weights)
            write_card(folder, card)
            _next(path).replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(
            f"The model cannot be written to {folder} ({reason}): make room there, or choose another folder."
        ) from error
    return card


def _settle(folder: Path, path: Path) -> None:
    """Finish what a killed process began: weights that the card names move into their place, scraps go."""
    remove_scraps(folder, older_s=None)  # whoever else writes here waits for the lock
    try:
        named = load_card(folder).weights
    except BundleError:  # there was none, or nothing that could be used
        return
    if named.file == path.name and _waiting(path, named.sha256) is not None:
        _next(path).replace(path)


def write_card(folder: Path, card: ModelCard) -> None:
    """Write the card of a bundle, whole or not at all."""
    write_bytes(folder / CARD_NAME, (json.dumps(card.model_dump(mode="json"), indent=1) + "\n").encode())
