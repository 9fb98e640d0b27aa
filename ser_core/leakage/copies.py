"""Augmented copies of clips, as features: apart from the laboratory, so that its changes leave the cache valid."""

from __future__ import annotations

import zlib

import numpy as np
from pydantic import BaseModel, ConfigDict

from ser_core.audio import Waveform
from ser_core.effects.change import VoiceChange, apply
from ser_core.features.functionals import FunctionalsConfig, functional_vector


class CopyConfig(BaseModel):
    """Settings of the functionals of an augmented copy: a little faster or slower, noisier, louder or softer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    functionals: FunctionalsConfig = FunctionalsConfig()
    seed: int = 0


def copy_functionals(waveform: Waveform, config: CopyConfig) -> np.ndarray:
    """Return the functionals of a clip's augmented copy [shape=(1, n), float32]; the same for the same sound."""
    rng = np.random.default_rng([config.seed, zlib.crc32(waveform.samples.tobytes())])
    change = VoiceChange(
        speed=round(float(rng.choice([rng.uniform(0.94, 0.98), rng.uniform(1.02, 1.06)])), 3),
        noise="white",
        snr_db=round(float(rng.uniform(20, 30)), 1),
        level_db=round(float(rng.uniform(-9, -3)), 1),
        seed=int(rng.integers(1 << 31)),
    )
    return functional_vector(apply(waveform, change), config.functionals)
