"""A small residual CNN with a bidirectional GRU and attentive statistics pooling over a log-mel spectrogram.

Train it with `python scripts/train.py lite --protocol joint`. The parts, in the order in which the sound passes them:

1. every clip is brought to mean 0 and standard deviation 1, so that neither level nor range of the microphone counts;
2. convolutions with residual connections (He et al. 2016) and squeeze-and-excitation (Hu et al. 2018) find local
   patterns in time and frequency, halving both as they go;
3. a gated recurrent unit (Cho et al. 2014) reads these patterns in both directions;
4. attentive statistics pooling (Okabe et al. 2018) weighs the frames and keeps their mean and standard deviation;
5. a linear layer gives one number (logit) for each emotion.
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
    recur,
)


class ResidualCRNNConfig(SpectrogramNetworkConfig):
    """Sizes of the network."""

    kind: Literal["residual-crnn"] = "residual-crnn"
    channels: Channels = (32, 64, 128)
    blocks: int = Field(1, ge=1, le=8)
    hidden: int = Field(96, ge=8, le=1024)
    dropout: float = Field(0.3, ge=0, lt=1)


class ResidualCRNN(SpectrogramNetwork):
    """The network of this module's docstring; its vector is [shape=(batch, 4 * hidden)]."""

    def __init__(self, config: ResidualCRNNConfig) -> None:
        super().__init__(config)
        first = config.channels[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True)
        )
        stages: list[ResidualBlock] = []
        before = first
        for number, width in enumerate(config.channels):
            # The last stage halves only the frequencies: rhythm needs its 80 ms.
            stride = (2, 2) if number < len(config.channels) - 1 else (2, 1)
            stages.append(ResidualBlock(before, width, stride))
            stages += [ResidualBlock(width, width, (1, 1)) for _ in range(config.blocks - 1)]
            before = width
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(config.dropout)
        height = height_after(config.rows, len(config.channels) + 1)
        self.squash = nn.Linear(before * height, 2 * config.hidden)
        self.gru = nn.GRU(2 * config.hidden, config.hidden, batch_first=True, bidirectional=True)
        self.pool = AttentiveStatistics(2 * config.hidden)
        self.head = nn.Linear(4 * config.hidden, config.n_classes)

    def embed(self, standardised: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector a clip from a standardised spectrogram [shape=(batch, 4 * hidden)]."""
        x = self.image(standardised, lengths)
        lengths = halved(lengths)
        x = masked(self.stem(x), lengths)
        for stage in self.stages:
            x, lengths = stage(x, lengths)
        x = self.dropout(x).permute(0, 3, 1, 2).flatten(2)
        x = F.relu(self.squash(x)).float()
        x = recur(self.gru, self.dropout(x), lengths)
        return self.pool(x, frame_mask(lengths, x.shape[1]))
