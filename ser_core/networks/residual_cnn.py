"""Residual convolutions and attentive statistics over a log-mel spectrogram (or MFCC), without a recurrent layer.

Train it with `python scripts/train.py residual-cnn --protocol ravdess-emobox`. The parts, in the order in which the
sound passes them:

1. every clip is brought to mean 0 and standard deviation 1;
2. convolutions with residual connections (He et al. 2016) and squeeze-and-excitation (Hu et al. 2018) find local
   patterns in time and frequency, halving both as they go;
3. attentive statistics pooling (Okabe et al. 2018) weighs the frames and keeps their mean and standard deviation; the
   order of the frames counts only within what a convolution sees;
4. a linear layer gives one number (logit) for each emotion.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ser_core.networks.layers import (
    AttentiveStatistics,
    Channels,
    ResidualBlock,
    SpectrogramNetwork,
    SpectrogramNetworkConfig,
    frame_mask,
    halved,
    height_after,
    masked,
)


class ResidualCNNConfig(SpectrogramNetworkConfig):
    """Sizes of the network."""

    kind: Literal["residual-cnn"] = "residual-cnn"
    channels: Channels = (24, 48, 96)
    blocks: int = Field(1, ge=1, le=8)
    hidden: int = Field(128, ge=8, le=1024)
    dropout: float = Field(0.3, ge=0, lt=1)


class ResidualCNN(SpectrogramNetwork):
    """The network of this module's docstring; its vector is [shape=(batch, 2 * hidden)]."""

    def __init__(self, config: ResidualCNNConfig) -> None:
        super().__init__(config)
        before = config.channels[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, before, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(before), nn.ReLU(inplace=True)
        )
        stages: list[ResidualBlock] = []
        for number, width in enumerate(config.channels):
            # The last stage halves only the frequencies: rhythm needs its 80 ms.
            stages.append(ResidualBlock(before, width, (2, 2) if number < len(config.channels) - 1 else (2, 1)))
            stages += [ResidualBlock(width, width, (1, 1)) for _ in range(config.blocks - 1)]
            before = width
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(config.dropout)
        self.squash = nn.Linear(before * height_after(config.rows, len(config.channels) + 1), config.hidden)
        self.pool = AttentiveStatistics(config.hidden)
        self.head = nn.Linear(2 * config.hidden, config.n_classes)

    def embed(self, standardised: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector a clip from a standardised spectrogram [shape=(batch, 2 * hidden)]."""
        x = self.image(standardised, lengths)
        lengths = halved(lengths)
        x = masked(self.stem(x), lengths)
        for stage in self.stages:
            x, lengths = stage(x, lengths)
        x = self.dropout(x).permute(0, 3, 1, 2).flatten(2)
        x = F.relu(self.squash(x)).float()
        return self.pool(x, frame_mask(lengths, x.shape[1]))
