"""A recipe: everything needed to repeat a training, as a small validated TOML file."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ser_core.classical import SVMConfig
from ser_core.corpora import CORPORA
from ser_core.corpora.own import own_corpora
from ser_core.errors import RecipeError
from ser_core.features.functionals import FunctionalsConfig
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig

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
    precision: Literal["bfloat16", "float32"] = "bfloat16"


class NetworkRecipe(_Part):
    """A network on log-mel spectrograms."""

    kind: Literal["network"] = "network"
    name: str
    title: str = ""
    description: str = ""
    seed: int = 0
    corpora: tuple[str, ...] = tuple(CORPORA)
    corpus_weights: dict[str, float] = Field(default_factory=dict, description="how often a clip is drawn; 1 if absent")
    front_end: LogMelConfig = LogMelConfig()
    network: ResidualCRNNConfig = ResidualCRNNConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    optimiser: OptimiserConfig = OptimiserConfig()


class ClassicalRecipe(_Part):
    """A scikit-learn classifier on functionals."""

    kind: Literal["classical"] = "classical"
    name: str
    title: str = ""
    description: str = ""
    seed: int = 0
    corpora: tuple[str, ...] = tuple(CORPORA)
    front_end: FunctionalsConfig = FunctionalsConfig()
    classifier: SVMConfig = SVMConfig()


Recipe = NetworkRecipe | ClassicalRecipe


class _AnyRecipe(BaseModel):
    recipe: Annotated[Recipe, Field(discriminator="kind")]


def built_in_recipes() -> list[str]:
    """Return the names of the recipes that come with the package."""
    return sorted(entry.name.removesuffix(".toml") for entry in _BUILT_IN.iterdir() if entry.name.endswith(".toml"))


def recipe_from_run(content: dict[str, Any]) -> Recipe:
    """Return the recipe that a run folder holds; raises :class:`RecipeError` where this version cannot read it."""
    try:
        return _AnyRecipe.model_validate({"recipe": content["recipe"]}).recipe
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
        recipe = _AnyRecipe.model_validate({"recipe": tomllib.loads(text)}).recipe
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name} is not a TOML file: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][2:]) or "kind"
        raise RecipeError(f"{name}: setting '{place}' is wrong: {first['msg']}.") from error
    known = [*CORPORA, *own_corpora()]
    unknown = sorted(set(recipe.corpora) - set(known))
    if unknown or not recipe.corpora:
        raise RecipeError(f"{name}: corpora must be some of {', '.join(known)}, not '{', '.join(unknown)}'.")
    return recipe
