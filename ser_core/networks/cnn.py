"""A plain convolutional network over a log-mel spectrogram (or MFCC): the first network of most papers and courses.

Train it with `python scripts/train.py cnn --protocol ravdess-emobox`. The parts, in the order in which the sound
passes them:

1. every clip is brought to mean 0 and standard deviation 1;
2. four times: a convolution finds local patterns, and the largest of each four neighbours is kept;
3. over time, the mean and the maximum of each pattern: what the clip is like as a whole, and at its most marked;
4. a small layer mixes them, and a linear layer gives one number (logit) for each emotion.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ser_core.networks.layers import (
    Channels,
    ConvBlock,
    SpectrogramNetwork,
    SpectrogramNetworkConfig,
    frame_mask,
    height_after,
)


class CNNConfig(SpectrogramNetworkConfig):
    """Sizes of the network."""

    kind: Literal["cnn"] = "cnn"
    channels: Channels = (24, 48, 72, 96)
    hidden: int = Field(128, ge=8, le=1024)
    dropout: float = Field(0.3, ge=0, lt=1)


class CNN(SpectrogramNetwork):
    """The network of this module's docstring; its vector is [shape=(batch, hidden)]."""

    def __init__(self, config: CNNConfig) -> None:
        super().__init__(config)
        blocks = [ConvBlock(1, config.channels[0], (2, 2), kernel=5, stride=2)]
        for number, (before, width) in enumerate(zip(config.channels, config.channels[1:], strict=False)):
            # Time is halved three times in all: rhythm needs its 80 ms.
            blocks.append(ConvBlock(before, width, (2, 2) if number == 0 else (2, 1)))
        self.blocks = nn.ModuleList(blocks)
        self.dropout = nn.Dropout(config.dropout)
        height = height_after(config.rows, len(config.channels) + 1)
        self.mix = nn.Linear(2 * config.channels[-1] * height, config.hidden)
        self.head = nn.Linear(config.hidden, config.n_classes)

    def embed(self, standardised: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector a clip from a standardised spectrogram [shape=(batch, hidden)]."""
        x = self.image(standardised, lengths)
        for block in self.blocks:
            x, lengths = block(x, lengths)
        x = x.permute(0, 3, 1, 2).flatten(2).float()
        # The blocks leave nothing below 0, so a masked frame cannot be the maximum.
        x = x * frame_mask(lengths, x.shape[1])[:, :, None]
        x = torch.cat([x.sum(1) / lengths[:, None], x.amax(1)], dim=1)
        return F.relu(self.mix(self.dropout(x)))
