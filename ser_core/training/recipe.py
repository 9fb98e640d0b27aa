"""A recipe: everything needed to repeat a training, as a small validated TOML file."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from ser_core.bundle import check_log_mel
from ser_core.classical import ClassicalConfig, SVMConfig
from ser_core.corpora import CORPORA
from ser_core.corpora.own import own_corpora
from ser_core.emotions import EMOTIONS, check_labels, label_names
from ser_core.errors import RecipeError
from ser_core.features.functionals import FunctionalsConfig
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.adapted import AdaptedEncoderConfig
from ser_core.networks.encoded import EncoderConfig
from ser_core.networks.encoder_head import HeadConfig
from ser_core.networks.registry import NetworkConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.protocols import JOINT, protocol_names
from ser_core.training.variants import Variant

#: Parts of a recipe in which a search may try values: what is known before features are computed.
SEARCHABLE = ("classifier", "network", "optimiser", "augmentation", "variants", "distillation", "listeners")
MOST_CANDIDATES = 64
_BUILT_IN = resources.files("ser_core") / "recipes"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AugmentationConfig(_Part):
    """What is done to training clips on the fly; each is drawn anew for every clip and epoch.

    Speed is a factor either way (0.15 = from 0.85 to 1.15), pitch likewise; noise a range of signal-to-noise ratios
    in dB; tilt the largest gain or loss in dB at either end of the spectrum; masks are in bands and frames.
    """

    speed: float = Field(0.15, ge=0, lt=0.5)
    pitch: float = Field(0.10, ge=0, lt=0.5)
    noise_probability: float = Field(0.4, ge=0, le=1)
    noise_db: tuple[float, float] = (10.0, 40.0)
    tilt_db: float = Field(6.0, ge=0)
    band_masks: int = Field(2, ge=0)
    band_width: int = Field(8, ge=0)
    time_masks: int = Field(2, ge=0)
    time_width: int = Field(20, ge=0)
    mixup: float = Field(0.2, ge=0, description="alpha of the Beta distribution; 0 switches mixup off")


class VariantsConfig(_Part):
    """Versions of training clips made of their sound (:mod:`ser_core.training.variants`), computed once and kept."""

    kinds: tuple[Variant, ...] = ()
    probability: float = Field(0.5, ge=0, le=1, description="that a clip is drawn as one of its versions")


class DistillationConfig(_Part):
    """Learning from a stronger model's answers (Hinton et al. 2015) and vectors (Romero et al. 2015).

    The teacher's run is of the same protocol. The teacher of a fold is the model of that very fold, which has heard
    none of its test speakers.
    """

    teacher: str = Field(description="a recipe; its run <recipe>-<protocol> answers")
    weight: float = Field(0.5, ge=0, le=1, description="of the teacher's answers; the rest is the labels'")
    temperature: float = Field(2.0, gt=0)
    vectors: float = Field(
        0, ge=0, description="weight of the mean squared error in telling the teacher's last layer but one"
    )
    directions: int = Field(96, ge=1, description="how many of that layer's main directions are told")


class PartnerConfig(_Part):
    """Another network that answers beside this one: their logits are averaged. Its run is of the same protocol."""

    recipe: str = Field(description="its run <recipe>-<protocol> is the partner")
    share: float = Field(0.5, gt=0, lt=1, description="of the partner's answer")


class OptimiserConfig(_Part):
    """AdamW with linear warm-up and a cosine to zero, and an exponential moving average of the weights."""

    epochs: int = Field(30, ge=1)
    batch_size: int = Field(32, ge=2)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    warmup_share: float = Field(0.05, ge=0, lt=1)
    average_decay: float = Field(0.995, ge=0, lt=1)
    crop_frames: int = Field(300, ge=32)
    precision: Literal["auto", "bfloat16", "float32"] = "auto"


def _label_set(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Mapping):
        raise ValueError("use 8, 7, 6, 4, or a table of emotions")
    check_labels(value)
    return value


def _of_kind(kind: str) -> BeforeValidator:
    """Take settings that do not say their kind to be of *kind*."""
    return BeforeValidator(lambda value: {"kind": kind} | value if isinstance(value, dict) else value)


class FilterConfig(_Part):
    """Which clips are used; what is left empty does not filter. Rows are filtered after the split is made.

    A speaker may be given as `corpus/speaker` or, in every corpus, as `speaker`.
    """

    scope: Literal["all", "training"] = Field("all", description="training: all clips are scored, whatever was heard")
    sex: Literal["any", "female", "male"] = "any"
    intensity: tuple[str, ...] = ()
    emotions: tuple[Literal[EMOTIONS], ...] = ()  # type: ignore[valid-type]
    speakers_excluded: tuple[str, ...] = ()
    max_clips_per_speaker: int = Field(0, ge=0, description="drawn evenly from the speaker's emotions; 0 = all")


class _AnyRecipe(_Part):
    """What recipes of both kinds hold."""

    name: str
    title: str = ""
    description: str = ""
    seed: int = Field(0, ge=0, lt=2**32)
    corpora: tuple[str, ...] = tuple(CORPORA)
    protocol: str = Field(JOINT, description="used where none is given when the training is started")
    folds: tuple[Annotated[int, Field(ge=0)], ...] = Field((), description="likewise; none = all of the protocol")
    labels: Annotated[int | dict[str, str], BeforeValidator(_label_set)] = Field(
        8, description="size of a label set, or a table from emotion to emotion or 'skip'"
    )
    filters: FilterConfig = FilterConfig()
    search: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict, description="values to try, by dotted setting; chosen among training speakers alone"
    )

    @field_validator("protocol")
    @classmethod
    def _is_a_protocol(cls, name: str) -> str:
        if name not in protocol_names():
            raise ValueError(f"use one of {', '.join(protocol_names())}")
        return name


class NetworkRecipe(_AnyRecipe):
    """A network on log-mel spectrograms or on an encoder's states; its sizes follow from front end and label set."""

    kind: Literal["network"] = "network"
    corpus_weights: dict[str, float] = Field(default_factory=dict, description="how often a clip is drawn; 1 if absent")
    front_end: Annotated[Annotated[LogMelConfig | EncoderConfig, Field(discriminator="kind")], _of_kind("log-mel")] = (
        LogMelConfig()
    )
    network: Annotated[NetworkConfig, _of_kind("residual-crnn")] = ResidualCRNNConfig()
    augmentation: AugmentationConfig = Field(AugmentationConfig(), description="of spectrograms; not of an encoder's")
    variants: VariantsConfig = VariantsConfig()
    distillation: DistillationConfig | None = None
    partner: PartnerConfig | None = None
    listeners: float = Field(0, ge=0, le=1, description="weight of what CREMA-D's listeners answered, as soft labels")
    optimiser: OptimiserConfig = OptimiserConfig()

    @model_validator(mode="after")
    def _network_fits(self) -> Self:
        sizes: dict[str, int] = {"n_classes": len(label_names(self.labels))}
        if isinstance(self.front_end, LogMelConfig):
            check_log_mel(self.front_end)
        if isinstance(self.front_end, EncoderConfig) != isinstance(self.network, HeadConfig):
            raise ValueError(
                "a front end of kind 'encoder' needs a network of kind 'encoder-head' or 'adapted-encoder', and no "
                "other does"
            )
        if isinstance(self.front_end, EncoderConfig) and isinstance(self.network, AdaptedEncoderConfig):
            given = (self.front_end.encoder, self.front_end.layers, self.front_end.block)
            if given != (self.network.encoder, (self.network.first,), 1):
                raise ValueError("an adapted encoder reads its own layer 'first' alone, in blocks of 1")
            sizes |= {"width": self.front_end.width}
        elif isinstance(self.front_end, EncoderConfig):
            sizes |= {"n_layers": len(self.front_end.layers), "width": self.front_end.width}
        else:
            sizes |= {"n_mels": self.front_end.n_mels}
        if self.partner is not None and not isinstance(self.front_end, EncoderConfig):
            raise ValueError("a partner answers beside a network on an encoder: front_end.kind must be 'encoder'")
        if any(getattr(self.network, name) != size for name, size in sizes.items()):
            try:
                fitting = type(self.network).model_validate(self.network.model_dump() | sizes)
            except ValidationError as error:
                first = error.errors()[0]
                raise ValueError(f"the network does not fit front_end.n_mels: {first['msg']}") from error
            object.__setattr__(self, "network", fitting)
        return self


class ClassicalRecipe(_AnyRecipe):
    """A scikit-learn classifier on functionals."""

    kind: Literal["classical"] = "classical"
    front_end: FunctionalsConfig = FunctionalsConfig()
    classifier: Annotated[ClassicalConfig, _of_kind("svm")] = SVMConfig()


Recipe = NetworkRecipe | ClassicalRecipe
_Recipe = TypeAdapter[Recipe](Annotated[Recipe, Field(discriminator="kind")])


def built_in_recipes() -> list[str]:
    """Return the names of the recipes that come with the package."""
    return sorted(entry.name.removesuffix(".toml") for entry in _BUILT_IN.iterdir() if entry.name.endswith(".toml"))


def recipe_from_run(content: dict[str, Any]) -> Recipe:
    """Return the recipe that a run folder holds; raises :class:`RecipeError` where this version cannot read it."""
    try:
        return _Recipe.validate_python(content["recipe"])
    except (KeyError, ValidationError) as error:
        raise RecipeError("The run's recipe does not fit this version of the program: train it anew.") from error


def load_recipe(name_or_path: str) -> Recipe:
    """Read a recipe by the name of a built-in one or from a TOML file.

    Raises
    ------
    RecipeError
        If there is no such recipe, it is no TOML, or a setting is missing, unknown or out of range.
    """
    path = Path(name_or_path)
    try:
        if name_or_path in built_in_recipes():
            text = (_BUILT_IN / f"{name_or_path}.toml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(built_in_recipes())
        raise RecipeError(f"There is no recipe '{name_or_path}': give a TOML file or one of {known}.") from error
    return parse_recipe(text, name_or_path)


def parse_recipe(text: str, name: str = "the recipe") -> Recipe:
    """Read a recipe from the text of a TOML file; raises :class:`RecipeError` as :func:`load_recipe` does."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name} is not a TOML file: {error}.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets
        raise RecipeError(
            f"{name} is not a TOML file that can be read: a number or a table in it is endless."
        ) from error
    recipe = _validated(content, name)
    known = [*CORPORA, *own_corpora()]
    unknown = sorted(set(recipe.corpora) - set(known))
    if unknown or not recipe.corpora:
        raise RecipeError(f"{name}: corpora must be some of {', '.join(known)}, not '{', '.join(unknown)}'.")
    if _grid_size(recipe) > MOST_CANDIDATES:
        raise RecipeError(f"{name}: search has {_grid_size(recipe)} settings, at most {MOST_CANDIDATES} can be tried.")
    candidates(recipe)  # raises for a setting that there is not
    return recipe


def with_settings(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """Return a recipe with other settings, checked.

    Parameters
    ----------
    settings
        Values by dotted name, such as ``{"classifier.c": 10, "corpora": ["ravdess"]}``.

    Raises
    ------
    RecipeError
        If a setting is unknown or out of range.
    """
    content = recipe.model_dump(mode="json")
    for name, value in settings.items():
        *path, last = name.split(".")
        place = content
        for part in path:
            place = place.get(part) if isinstance(place, dict) else None  # type: ignore[assignment]
        if not isinstance(place, dict):
            raise RecipeError(f"{recipe.name}: there is no setting '{name}'.")
        place[last] = value
    return _validated(content, recipe.name)


def candidates(recipe: Recipe) -> list[dict[str, Any]]:
    """Return every combination of the values that a recipe's search names, in its order; [] without a search.

    Raises
    ------
    RecipeError
        If one is unknown or out of range, or no setting of a classifier, network, optimiser or augmentation.
    """
    outside = [name for name in recipe.search if name.split(".")[0] not in SEARCHABLE or "." not in name]
    if outside or not all(recipe.search.values()):
        wrong = outside[0] if outside else next(name for name, values in recipe.search.items() if not values)
        raise RecipeError(f"{recipe.name}: search needs values for settings of {', '.join(SEARCHABLE)}, not '{wrong}'.")
    if not recipe.search:
        return []
    grid = [dict(zip(recipe.search, values, strict=True)) for values in itertools.product(*recipe.search.values())]
    for settings in grid:
        with_settings(recipe, settings)
    return grid


def _grid_size(recipe: Recipe) -> int:
    return math.prod(map(len, recipe.search.values())) if recipe.search else 0


def _validated(content: Mapping[str, Any], name: str) -> Recipe:
    try:
        return _Recipe.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        parts = [str(part) for part in first["loc"][1:]]  # the first is the kind of the recipe
        if len(parts) > 2 and parts[0] in ("classifier", "network"):
            del parts[1]  # the kind of the model, which the file does not have there
        place = ".".join(parts) or "kind"
        message = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise RecipeError(f"{name}: setting '{place}' is wrong: {message}.") from error
