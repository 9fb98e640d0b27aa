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

from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualCRNNConfig(BaseModel):
    """Sizes of the network; kept in the bundle, so that it can be built again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["residual-crnn"] = "residual-crnn"
    n_mels: int = Field(64, ge=16, le=256)
    n_classes: int = Field(8, ge=2, le=64)
    channels: tuple[Annotated[int, Field(ge=4, le=1024)], ...] = Field((32, 64, 128), min_length=1, max_length=5)
    blocks: int = Field(1, ge=1, le=8)
    hidden: int = Field(96, ge=8, le=1024)
    dropout: float = Field(0.3, ge=0, lt=1)


class ResidualCRNN(nn.Module):
    """The network of this module's docstring."""

    def __init__(self, config: ResidualCRNNConfig) -> None:
        super().__init__()
        self.config = config
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
        height = -(-config.n_mels // 2 ** (len(config.channels) + 1))
        self.squash = nn.Linear(before * height, 2 * config.hidden)
        self.gru = nn.GRU(2 * config.hidden, config.hidden, batch_first=True, bidirectional=True)
        self.pool = AttentiveStatistics(2 * config.hidden)
        self.head = nn.Linear(4 * config.hidden, config.n_classes)

    def forward(self, spectrogram: Tensor, lengths: Tensor) -> Tensor:
        """Return logits [shape=(batch, n_classes)].

        Parameters
        ----------
        spectrogram
            Log-mel in dB, any level [shape=(batch, n_mels, t)].
        lengths
            Frames of each clip that are not padding [shape=(batch,), int64].
        """
        return self.head(self.dropout(self.embed(standardise(spectrogram, lengths), lengths)))

    def embed(self, standardised: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector a clip from a standardised spectrogram [shape=(batch, 4 * hidden)]."""
        x = standardised[:, None].contiguous(memory_format=torch.channels_last)
        lengths = _halved(lengths)
        x = _masked(self.stem(x), lengths)
        for stage in self.stages:
            x, lengths = stage(x, lengths)
        x = self.dropout(x).permute(0, 3, 1, 2).flatten(2)
        x = F.relu(self.squash(x)).float()
        x = self.dropout(x)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        x, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.pool(x, frame_mask(lengths, x.shape[1]))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut and a gate for each channel."""

    def __init__(self, before: int, width: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride = stride
        self.first = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        self.gate = nn.Sequential(
            nn.Linear(width, width // 4), nn.ReLU(inplace=True), nn.Linear(width // 4, width), nn.Sigmoid()
        )
        self.shortcut: nn.Module = nn.Identity()
        if before != width or stride != (1, 1):
            self.shortcut = nn.Sequential(
                nn.MaxPool2d(stride, ceil_mode=True),
                nn.Conv2d(before, width, 1, bias=False),
                nn.BatchNorm2d(width),
            )

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map [shape=(batch, before, f, t)] to [shape=(batch, width, f / stride, t / stride)].

        *lengths* are the true frames of *x*, and of the result where they are returned; padding stays zero.
        """
        after = _halved(lengths) if self.stride[1] == 2 else lengths
        y = _masked(F.relu(self.first_norm(self.first(x)), inplace=True), after)
        y = _masked(self.second_norm(self.second(y)), after)
        mean = y.sum((2, 3)) / (after[:, None] * y.shape[2])
        y = y * self.gate(mean.to(y.dtype))[:, :, None, None] + self.shortcut(x)
        return _masked(F.relu(y), after), after


class AttentiveStatistics(nn.Module):
    """Mean and standard deviation over time, weighted by a learned attention."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Linear(width, 64), nn.Tanh(), nn.Linear(64, 1))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map [shape=(batch, t, width)] and a mask of true frames [shape=(batch, t)] to [shape=(batch, 2 * width)]."""
        scores = self.attention(x).squeeze(2).float().masked_fill(~mask, float("-inf"))
        weights = scores.softmax(1)[:, :, None]
        mean = (weights * x).sum(1)
        variance = (weights * (x - mean[:, None]) ** 2).sum(1)
        return torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)


def standardise(spectrogram: Tensor, lengths: Tensor) -> Tensor:
    """Bring each clip [shape=(batch, n_mels, t)] to mean 0 and deviation 1 over its true frames, padding to 0."""
    mask = frame_mask(lengths, spectrogram.shape[2])[:, None].to(spectrogram.dtype)
    count = mask.sum((1, 2), keepdim=True) * spectrogram.shape[1]
    mean = (spectrogram * mask).sum((1, 2), keepdim=True) / count
    centred = (spectrogram - mean) * mask
    deviation = ((centred**2).sum((1, 2), keepdim=True) / count).sqrt()
    return centred / (deviation + 1e-3)


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """Return which frames are true [shape=(batch, frames), bool]."""
    return torch.arange(frames, device=lengths.device)[None] < lengths[:, None]


def _masked(x: Tensor, lengths: Tensor) -> Tensor:
    """Set padding in [shape=(batch, channels, f, t)] to zero, so that a clip's company in a batch does not matter."""
    return x * frame_mask(lengths, x.shape[3])[:, None, None].to(x.dtype)


def _halved(lengths: Tensor) -> Tensor:
    return (lengths + 1) // 2
