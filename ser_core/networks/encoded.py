"""The front end of models on a pretrained encoder: what some of its layers make of the spoken part of a clip."""

from __future__ import annotations

import functools
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from ser_core.audio import Waveform, speech_span
from ser_core.networks.encoders import Encoder, find_encoder, fingerprint, load_known_encoder


class EncoderConfig(BaseModel):
    """Which encoder and which of its layers; frames are averaged in blocks, which keeps means and most of the change.

    On held-out speakers of CREMA-D's training part, statistics over blocks of 80 ms were as good as over 20 ms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["encoder"] = "encoder"
    encoder: str = Field("openai/whisper-base", description="name at the hub, or a local folder")
    layers: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (2, 3, 4)
    width: int = Field(512, ge=1, description="numbers in a frame of one layer")
    block: int = Field(4, ge=1, le=50, description="frames of 20 ms that are averaged")
    trim: bool = Field(True, description="cut what lies before the first and after the last speech")
    margin_s: float = Field(0.5, ge=0, description="seconds kept before and after: breaths, sobs and laughs count")
    fingerprint: str = Field("", description="of the encoder's weights; a bundle is refused with others")


def encoded_frames(waveform: Waveform, config: EncoderConfig) -> np.ndarray:
    """Return the layers' states beside each other, time first [shape=(t, len(layers) * width), float32].

    Raises
    ------
    EncoderError
        If the encoder is not there, or is another than the settings say.
    """
    encoder = open_encoder(config)
    samples = waveform.cut(*speech_span(waveform, config.margin_s)).samples if config.trim else waveform.samples
    states = torch.cat(encoder.states(samples, config.layers), dim=1).numpy()
    return block_means(states, config.block)


def open_encoder(config: EncoderConfig) -> Encoder:
    """Return the encoder of some settings; raises as :func:`encoded_frames` does."""
    return _checked(config, find_encoder(config.encoder))


def pinned(config: EncoderConfig) -> EncoderConfig:
    """Return the settings with the fingerprint of the encoder that is on this machine."""
    free = config.model_copy(update={"fingerprint": ""})
    return config.model_copy(update={"fingerprint": fingerprint(open_encoder(free))})


@functools.lru_cache(maxsize=8)
def _checked(config: EncoderConfig, _folder: str) -> Encoder:
    return load_known_encoder(config.encoder, max(config.layers), config.width, config.fingerprint)


def block_means(frames: np.ndarray, block: int) -> np.ndarray:
    """Return the mean of every *block* frames [shape=(ceil(t / block), width)]; the last one may average fewer."""
    starts = np.arange(0, len(frames), block)
    sizes = np.diff(np.append(starts, len(frames)))
    means: np.ndarray = np.add.reduceat(frames, starts, axis=0) / sizes[:, None].astype(frames.dtype)
    return means
