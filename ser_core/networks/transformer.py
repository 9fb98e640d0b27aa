"""A small transformer over a log-mel spectrogram (or MFCC): convolutions make tokens of 80 ms, attention joins them.

Train it with `python scripts/train.py transformer --protocol ravdess-emobox`. The parts, in the order in which the
sound passes them:

1. every clip is brought to mean 0 and standard deviation 1;
2. three convolutions halve time and frequency, and what they find in each 80 ms becomes one vector, a token (without
   such a stem a transformer needs far more sound than four corpora hold);
3. a sinusoid is added to each token, so that its place in time is known (Vaswani et al. 2017);
4. layers of self-attention, in which every token looks at all others of its clip, each followed by a small network of
   its own; both are normalised before and added to what came in (Xiong et al. 2020);
5. attentive statistics pooling weighs the tokens, and a linear layer gives one number (logit) for each emotion.
"""

from __future__ import annotations

import math
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ser_core.networks.layers import (
    AttentiveStatistics,
    ConvBlock,
    SpectrogramNetwork,
    SpectrogramNetworkConfig,
    frame_mask,
    height_after,
)


class TransformerConfig(SpectrogramNetworkConfig):
    """Sizes of the network."""

    kind: Literal["transformer"] = "transformer"
    stem: int = Field(32, ge=4, le=256, description="channels of the convolutions")
    width: int = Field(96, ge=16, le=768, description="numbers in a token, a multiple of twice the heads")
    layers: int = Field(3, ge=1, le=12)
    heads: int = Field(4, ge=1, le=16)
    feedforward: int = Field(192, ge=16, le=3072)
    dropout: float = Field(0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError("width must be a multiple of twice the heads")
        return self


class Transformer(SpectrogramNetwork):
    """The network of this module's docstring; its vector is [shape=(batch, 2 * width)]."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        stem = config.stem
        self.blocks = nn.ModuleList(
            [
                ConvBlock(1, stem, (2, 1), kernel=5, stride=2),
                ConvBlock(stem, stem, (2, 2)),
                ConvBlock(stem, stem, (2, 2)),
            ]
        )
        self.token = nn.Linear(stem * height_after(config.rows, 4), config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList([AttentionLayer(config) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(config.width)
        self.pool = AttentiveStatistics(config.width)
        self.head = nn.Linear(2 * config.width, config.n_classes)

    def embed(self, standardised: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector a clip from a standardised spectrogram [shape=(batch, 2 * width)]."""
        x = self.image(standardised, lengths)
        for block in self.blocks:
            x, lengths = block(x, lengths)
        x = self.token(x.permute(0, 3, 1, 2).flatten(2)).float()
        mask = frame_mask(lengths, x.shape[1])
        x = self.dropout(x + positions(x))
        for layer in self.layers:
            x = layer(x, mask)
        return self.pool(self.norm(x), mask)


class AttentionLayer(nn.Module):
    """Self-attention among the tokens of a clip, then a small network for each token."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(config.width)
        self.queries_keys_values = nn.Linear(config.width, 3 * config.width)
        self.join = nn.Linear(config.width, config.width)
        self.network_norm = nn.LayerNorm(config.width)
        self.network = nn.Sequential(
            nn.Linear(config.width, config.feedforward), nn.GELU(), nn.Linear(config.feedforward, config.width)
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map tokens [shape=(batch, t, width)], of which *mask* are true [shape=(batch, t)], to as many new ones."""
        x = x + self.dropout(self.attend(self.attention_norm(x), mask))
        return x + self.dropout(self.network(self.network_norm(x)))

    def attend(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return for each token a mean of its clip's true tokens, weighted by likeness, in several ways at once."""
        parts = self.queries_keys_values(x).chunk(3, dim=2)
        # each [shape=(batch, heads, t, width / heads)]
        queries, keys, values = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        scores = (queries @ keys.transpose(2, 3)).float() / math.sqrt(queries.shape[3])
        weights = F.softmax(scores.masked_fill(~mask[:, None, None], float("-inf")), dim=3)
        return self.join((weights.to(values.dtype) @ values).transpose(1, 2).flatten(2))


def positions(x: Tensor) -> Tensor:
    """Return a sinusoid for each place in time [shape=(t, width)], fast in the first columns and slow in the last."""
    frames, half = x.shape[1], x.shape[2] // 2
    rates = torch.exp(torch.arange(half, device=x.device) * (-math.log(10_000.0) / half))
    angles = torch.arange(frames, device=x.device)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)
