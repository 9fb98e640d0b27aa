"""The parts of a recipe, each a table of its TOML file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ser_core.emotions import EMOTIONS
from ser_core.training.variants import Variant


class Part(BaseModel):
    """Settings that are checked, cannot be changed, and take no unknown name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AugmentationConfig(Part):
    """What is done to training clips on the fly; each is drawn anew for every clip and epoch.

    Speed is a factor either way (0.15 = from 0.85 to 1.15), pitch likewise; noise a range of signal-to-noise ratios
    in dB; tilt the largest gain or loss in dB at either end of the spectrum; masks are in bands and frames.
    """

    speed: float = Field(0.15, ge=0, lt=0.5)
    pitch: float = Field(0.10, ge=0, lt=0.5)
    noise_probability: float = Field(0.4, ge=0, le=1)
    noise_db: tuple[float, float] = (10.0, 40.0)
    tilt_db: float = Field(6.0, ge=0)
    telephone_probability: float = Field(0, ge=0, le=1, description="that a clip keeps only the telephone's band")
    band_masks: int = Field(2, ge=0)
    band_width: int = Field(8, ge=0)
    time_masks: int = Field(2, ge=0)
    time_width: int = Field(20, ge=0)
    mixup: float = Field(0.2, ge=0, description="alpha of the Beta distribution; 0 switches mixup off")


#: Settings of a recipe with which clips are heard as they are.
NO_AUGMENTATION = {
    "augmentation.speed": 0,
    "augmentation.pitch": 0,
    "augmentation.noise_probability": 0,
    "augmentation.tilt_db": 0,
    "augmentation.telephone_probability": 0,
    "augmentation.band_masks": 0,
    "augmentation.time_masks": 0,
    "augmentation.mixup": 0,
}


class VariantsConfig(Part):
    """Versions of training clips made of their sound (:mod:`ser_core.training.variants`), computed once and kept."""

    kinds: tuple[Variant, ...] = ()
    probability: float = Field(0.5, ge=0, le=1, description="that a clip is drawn as one of its versions")


class DistillationConfig(Part):
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


class StartConfig(Part):
    """Training begins with the weights of another recipe's run of the same protocol instead of random ones.

    What was learnt there and is not needed for the new clips is kept better where the last weights are mixed with the
    first ones (Wortsman et al. 2022, https://arxiv.org/abs/2109.01903).
    """

    recipe: str = Field(description="its run <recipe>-<protocol> gives the weights")
    kept: float = Field(0, ge=0, lt=1, description="share of the first weights in the last ones")


class TasksConfig(Part):
    """Weights of what a network tells beside the emotion (Caruana 1997), by layers that no bundle keeps."""

    sex: float = Field(0, ge=0, description="female or male, of the speaker")
    intensity: float = Field(0, ge=0, description="low, normal or high, where the corpus says it")


class PartnerConfig(Part):
    """Another network that answers beside this one: their logits are averaged. Its run is of the same protocol."""

    recipe: str = Field(description="its run <recipe>-<protocol> is the partner")
    share: float = Field(0.5, gt=0, lt=1, description="of the partner's answer")


class OptimiserConfig(Part):
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


class FilterConfig(Part):
    """Which clips are used; what is left empty does not filter. Rows are filtered after the split is made.

    A speaker may be given as `corpus/speaker` or, in every corpus, as `speaker`.
    """

    scope: Literal["all", "training"] = Field("all", description="training: all clips are scored, whatever was heard")
    sex: Literal["any", "female", "male"] = "any"
    intensity: tuple[str, ...] = ()
    emotions: tuple[Literal[EMOTIONS], ...] = ()  # type: ignore[valid-type]
    speakers_excluded: tuple[str, ...] = ()
    max_clips_per_speaker: int = Field(0, ge=0, description="drawn evenly from the speaker's emotions; 0 = all")
