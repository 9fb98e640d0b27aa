"""Other versions of a training clip, made of its sound: another voice, or a recording in the world outside.

They are drawn once for a clip, by its content, so that what is computed from them can be kept like any feature. Only
clips trained on are ever varied; the split comes first.
"""

from __future__ import annotations

import zlib
from typing import Annotated, Literal

import numpy as np
import soxr
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.effects.codecs import encode
from ser_core.effects.level import change_effort, clip, with_samples
from ser_core.effects.surroundings import add_noise, reverberate, telephone
from ser_core.features.logmel import LogMelConfig, log_mel_frames
from ser_core.networks.encoded import EncoderConfig, encoded_frames

#: Kinds of versions: a voice of another size and rate; a voice, often another, in a noisy room or over a line.
Variant = Literal["voice", "world"]

_LINES = ("telephone", "mu-law", "amr-nb", "opus", "opus", "mp3", "mp3", "overdriven")
_RATES: dict[str, tuple[float, ...]] = {"opus": (8, 12, 16, 24), "mp3": (24, 32, 40), "amr-nb": (5.9, 12.2)}
_NOISES: tuple[Literal["white", "pink", "babble"], ...] = ("white", "pink", "babble")


class VariedConfig(BaseModel):
    """A front end that reads a version of the clip instead of the clip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    front_end: Annotated[EncoderConfig | LogMelConfig, Field(discriminator="kind")]
    variant: Variant
    seed: int = 0


def varied_frames(waveform: Waveform, config: VariedConfig) -> np.ndarray:
    """Return the front end's frames of a version of a clip [shape=(t, width)]."""
    varied = vary(waveform, config.variant, config.seed)
    if isinstance(config.front_end, EncoderConfig):
        return encoded_frames(varied, config.front_end)
    return log_mel_frames(varied, config.front_end)


def vary(waveform: Waveform, variant: Variant, seed: int = 0) -> Waveform:
    """Return a version of a clip; the same clip, kind and seed give the same samples."""
    rng = np.random.default_rng([zlib.crc32(waveform.samples.tobytes()), zlib.crc32(variant.encode()), seed])
    if variant == "voice":
        return _another_voice(waveform, rng, 0.15)
    if rng.random() < 0.5:
        waveform = _another_voice(waveform, rng, 0.10)
    return _in_a_room(waveform, rng) if rng.random() < 0.5 else _over_a_line(waveform, rng)


def _another_voice(waveform: Waveform, rng: np.random.Generator, most: float) -> Waveform:
    """Play it faster or slower, which moves pitch and resonances like a speaker of another size, and tilt it."""
    rate = SAMPLE_RATE * float(np.exp(rng.uniform(-most, most)))
    played = soxr.resample(waveform.samples, rate, SAMPLE_RATE, quality="MQ")
    return change_effort(with_samples(waveform, played), float(rng.uniform(-2, 2)))


def _in_a_room(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    noisy, echoing = rng.random() < 0.75, rng.random() < 0.5
    if echoing or not noisy:
        waveform = reverberate(waveform, float(rng.uniform(0.2, 1.0)), seed=int(rng.integers(2**31)))
    if noisy:
        kind = _NOISES[rng.integers(len(_NOISES))]
        waveform = add_noise(waveform, float(rng.uniform(3, 25)), kind=kind, seed=int(rng.integers(2**31)))
    return waveform


def _over_a_line(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    line = _LINES[rng.integers(len(_LINES))]
    if line == "overdriven":
        return clip(waveform, float(rng.uniform(3, 20)))
    if line == "telephone":
        return telephone(waveform)
    rates = _RATES.get(line)
    return encode(waveform, line, kbit_s=float(rng.choice(rates)) if rates else None)  # type: ignore[arg-type]
