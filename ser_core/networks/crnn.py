"""Convolutions, a recurrent layer and attention over a log-mel spectrogram (or MFCC).

Train it with `python scripts/train.py crnn --protocol ravdess-emobox`. The parts, in the order in which the sound
passes them:

1. every clip is brought to mean 0 and standard deviation 1;
2. three convolutions find local patterns and halve the frequencies more often than time;
3. an LSTM (Hochreiter & Schmidhuber 1997) or a GRU (Cho et al. 2014) reads the patterns in both directions;
4. attention weighs the frames (Mirsamadi et al. 2017) and keeps their mean and standard deviation;
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
    ConvBlock,
    SpectrogramNetwork,
    SpectrogramNetworkConfig,
    frame_mask,
    height_after,
    recur,
)


class CRNNConfig(SpectrogramNetworkConfig):
    """Sizes of the network, and which recurrent cell it has."""

    kind: Literal["crnn"] = "crnn"
    cell: Literal["lstm", "gru"] = "lstm"
    channels: Channels = (24, 48, 64)
    hidden: int = Field(64, ge=8, le=1024)
    dropout: float = Field(0.3, ge=0, lt=1)


class CRNN(SpectrogramNetwork):
    """The network of this module's docstring; its vector is [shape=(batch, 4 * hidden)]."""

    def __init__(self, config: CRNNConfig) -> None:
        super().__init__(config)
        blocks = [ConvBlock(1, config.channels[0], (2, 1), kernel=5, stride=2)]
        for number, (before, width) in enumerate(zip(config.channels, config.channels[1:], strict=False)):
            # 40 ms a step: finer than syllables, and few enough steps to read quickly.
            blocks.append(ConvBlock(before, width, (2, 2) if number == 0 else (2, 1)))
        self.blocks = nn.ModuleList(blocks)
        self.dropout = nn.Dropout(config.dropout)
        height = height_after(config.rows, len(config.channels) + 1)
        self.squash = nn.Linear(config.channels[-1] * height, 2 * config.hidden)
        layer = nn.LSTM if config.cell == "lstm" else nn.GRU
        self.recurrent = layer(2 * config.hidden, config.hidden, batch_first=True, bidirectional=True)
        self.pool = AttentiveStatistics(2 * config.hidden)
        self.head = nn.Linear(4 * config.hidden, config.n_classes)

    def embed(self, standardised: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector a clip from a standardised spectrogram [shape=(batch, 4 * hidden)]."""
        x = self.image(standardised, lengths)
        for block in self.blocks:
            x, lengths = block(x, lengths)
        x = self.dropout(x).permute(0, 3, 1, 2).flatten(2)
        x = F.relu(self.squash(x)).float()
        x = recur(self.recurrent, self.dropout(x), lengths)
        return self.pool(x, frame_mask(lengths, x.shape[1]))
