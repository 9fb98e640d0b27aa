"""What turns the states of a pretrained encoder into an emotion: statistics over time and a few small classifiers.

Train it with `python scripts/train.py base --protocol joint`. The parts, in the order in which the states pass them:

1. the layers stand beside each other, or are added up with learned weights (as in SUPERB, Yang et al. 2021);
2. mean and standard deviation over the clip's true frames, all alike or weighed by attention (Okabe et al. 2018);
3. each number is brought to mean 0 and deviation 1 over the training clips (batch normalisation without a scale);
4. several members with one hidden layer each, which start and drop out differently, vote: their logits are averaged.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ser_core.networks.layers import AttentiveStatistics, ClipNetwork, ClipNetworkConfig, frame_mask


class HeadConfig(ClipNetworkConfig):
    """Sizes of a head."""

    n_layers: int = Field(3, ge=1, le=64)
    width: int = Field(512, ge=1, le=8192)
    layers: Literal["concatenated", "weighted"] = "concatenated"
    pooling: Literal["statistics", "attention"] = "statistics"
    hidden: int = Field(256, ge=4, le=4096)
    members: int = Field(5, ge=1, le=32)
    input_dropout: float = Field(0.3, ge=0, lt=1)
    dropout: float = Field(0.5, ge=0, lt=1)

    @property
    def rows(self) -> int:
        """Numbers in a frame after the layers were brought together."""
        return self.width * (self.n_layers if self.layers == "concatenated" else 1)


class EncoderHeadConfig(HeadConfig):
    """Sizes of the network; `n_layers` and `width` are the front end's."""

    kind: Literal["encoder-head"] = "encoder-head"


class EncoderHead(ClipNetwork):
    """The network of this module's docstring; its vector is [shape=(batch, members * hidden)]."""

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.config: HeadConfig = config
        self.layer_weights = nn.Parameter(torch.zeros(config.n_layers)) if config.layers == "weighted" else None
        self.attention = AttentiveStatistics(config.rows) if config.pooling == "attention" else None
        self.norm = nn.BatchNorm1d(2 * config.rows, affine=False)
        self.hidden = _Members(config.members, 2 * config.rows, config.hidden)
        self.head = _Members(config.members, config.hidden, config.n_classes)

    @property
    def prepares_once(self) -> bool:
        """Whether nothing is learnt before the statistics, so that they can be computed once for each clip."""
        return self.layer_weights is None and self.attention is None

    def prepare(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return mean and deviation over the true frames [shape=(batch, 2 * rows, 1)]."""
        if self.layer_weights is not None:
            shares = self.layer_weights.softmax(0)[None, :, None, None]
            frames = (frames.unflatten(1, (self.config.n_layers, self.config.width)) * shares).sum(1)
        mask = frame_mask(lengths, frames.shape[2])
        if self.attention is not None:
            pooled: Tensor = self.attention(frames.transpose(1, 2), mask)
            return pooled[:, :, None]
        true = mask[:, None].to(frames.dtype)
        count = lengths[:, None, None].to(frames.dtype)
        mean = (frames * true).sum(2, keepdim=True) / count
        variance = (((frames - mean) * true) ** 2).sum(2, keepdim=True) / count
        return torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)

    def embed(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Return the hidden layers of all members beside each other [shape=(batch, members * hidden)]."""
        return self._hidden(prepared).transpose(0, 1).flatten(1)

    def votes(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits of each member [shape=(members, batch, n_classes)]."""
        hidden = F.dropout(self._hidden(prepared), self.config.dropout, self.training)
        logits: Tensor = self.head(hidden)
        return logits

    def _hidden(self, prepared: Tensor) -> Tensor:
        x: Tensor = self.norm(prepared[:, :, 0])
        x = x.expand(self.config.members, *x.shape)
        return F.relu(self.hidden(F.dropout(x, self.config.input_dropout, self.training)))


class _Members(nn.Module):
    """A linear layer for each member, all at once; each starts as a linear layer of its own would."""

    def __init__(self, members: int, before: int, after: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(before)
        self.weight = nn.Parameter(torch.empty(members, before, after).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, 1, after).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Map [shape=(members, batch, before)] to [shape=(members, batch, after)]."""
        return torch.baddbmm(self.bias, x, self.weight)
