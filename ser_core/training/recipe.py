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
    BeforeValidator,
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
from ser_core.emotions import check_labels, label_names
from ser_core.errors import RecipeError
from ser_core.features.functionals import FunctionalsConfig
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.adapted import AdaptedEncoderConfig
from ser_core.networks.encoded import EncoderConfig
from ser_core.networks.encoder_head import HeadConfig
from ser_core.networks.registry import NetworkConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.protocols import JOINT, protocol_names
from ser_core.training.parts import (
    AugmentationConfig,
    DistillationConfig,
    FilterConfig,
    OptimiserConfig,
    Part,
    PartnerConfig,
    StartConfig,
    TasksConfig,
    VariantsConfig,
)

#: Parts of a recipe in which a search may try values: what neither other features nor a teacher's answers follow from.
SEARCHABLE = ("classifier", "network", "optimiser", "augmentation", "variants")
MOST_CANDIDATES = 64
_BUILT_IN = resources.files("ser_core") / "recipes"


def _label_set(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Mapping):
        raise ValueError("use 8, 7, 6, 4, or a table of emotions")
    check_labels(value)
    return value


def _of_kind(kind: str) -> BeforeValidator:
    """Take settings that do not say their kind to be of *kind*."""
    return BeforeValidator(lambda value: {"kind": kind} | value if isinstance(value, dict) else value)


class _AnyRecipe(Part):
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
    start: StartConfig | None = None
    distillation: DistillationConfig | None = None
    tasks: TasksConfig = TasksConfig()
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
        if isinstance(self.front_end, EncoderConfig) and self.tasks != TasksConfig():
            raise ValueError("tasks are learnt by a network on spectrograms: front_end.kind must be 'log-mel'")
        if self.start is not None and self.search:
            # What a search scores with are training speakers, whom the weights to begin with have heard.
            raise ValueError("a recipe with a start cannot search, too")
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
        If one is unknown or out of range, or no setting of a part in :data:`SEARCHABLE`.
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
