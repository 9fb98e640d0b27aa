"""What the networks share: their common settings, the interface, and layers in which padding never counts.

Clips of a batch have different lengths and are padded with zeros. Every layer here sets what lies beyond a clip's own
frames back to zero, or leaves it out of its sums, so that a clip's answer does not depend on its company.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.fft import dct
from torch import Tensor, nn
from torch.nn import functional as F

#: Channels of the convolutions of a network, one entry a stage.
Channels = Annotated[tuple[Annotated[int, Field(ge=4, le=1024)], ...], Field(min_length=1, max_length=5)]


class ClipNetworkConfig(BaseModel):
    """What every network is told; kept in the bundle, so that it can be built again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_classes: int = Field(8, ge=2, le=64)


class SpectrogramNetworkConfig(ClipNetworkConfig):
    """What every network on log-mel spectrograms is told.

    With ``input = "mfcc"`` the first layer is a fixed cosine transform (:class:`Cepstrum`), so that the front end, its
    cache and the augmentation stay those of log-mel.
    """

    n_mels: int = Field(64, ge=16, le=256)
    input: Literal["log-mel", "mfcc"] = "log-mel"
    n_mfcc: int = Field(24, ge=8, le=64, description="coefficients kept where the input is mfcc")

    @model_validator(mode="after")
    def _no_more_coefficients_than_bands(self) -> Self:
        if self.input == "mfcc" and self.n_mfcc > self.n_mels:
            raise ValueError("n_mfcc must not exceed n_mels")
        return self

    @property
    def rows(self) -> int:
        """Rows of what the convolutions read: mel bands or coefficients."""
        return self.n_mfcc if self.input == "mfcc" else self.n_mels


class ClipNetwork(nn.Module):
    """The interface of all networks: from the frames of clips, padded with zeros, to a logit for each class."""

    config: ClipNetworkConfig

    @property
    def prepares_once(self) -> bool:
        """Whether :meth:`prepare` gives the same at any stage of a training, and less than it takes."""
        return False

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return logits [shape=(batch, n_classes)].

        Parameters
        ----------
        frames
            What the front end gives: log-mel in dB, any level, or states of an encoder [shape=(batch, rows, t)].
        lengths
            Frames of each clip that are not padding [shape=(batch,), int64].
        """
        return self.votes(self.prepare(frames, lengths), lengths).mean(0)

    def prepare(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return the frames as the layers read them [shape=(batch, rows, t)]; statistics have t = 1."""
        raise NotImplementedError

    def embed(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Return one vector a clip [shape=(batch, width)]."""
        raise NotImplementedError

    def votes(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits of each member, of which most networks have one [shape=(members, batch, n_classes)]."""
        raise NotImplementedError


class SpectrogramNetwork(ClipNetwork):
    """A network on log-mel: a subclass sets `dropout` and `head` and says how a clip becomes one vector."""

    dropout: nn.Dropout
    head: nn.Linear

    def __init__(self, config: SpectrogramNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.cepstrum = Cepstrum(config.n_mels, config.n_mfcc) if config.input == "mfcc" else None

    def prepare(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return a standardised copy."""
        return standardise(frames, lengths)

    def votes(self, prepared: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits of the only member [shape=(1, batch, n_classes)]."""
        return self.answers(self.embed(prepared, lengths))

    def answers(self, vectors: Tensor) -> Tensor:
        """Return the logits that follow from what :meth:`embed` gave [shape=(1, batch, n_classes)]."""
        return self.head(self.dropout(vectors))[None]

    def image(self, standardised: Tensor, lengths: Tensor) -> Tensor:
        """Return what the convolutions read [shape=(batch, 1, rows, t)]."""
        x = standardised if self.cepstrum is None else self.cepstrum(standardised, lengths)
        return x[:, None].contiguous(memory_format=torch.channels_last)


class Cepstrum(nn.Module):
    """Mel-frequency cepstral coefficients (Davis & Mermelstein 1980) of a standardised log-mel spectrogram.

    An orthonormal cosine transform of every frame, then each coefficient brought to mean 0 and deviation 1 over the
    training clips. Not over the clip itself, as is usual: the mean of a clip's coefficients is its timbre, which tells
    much about the emotion.
    """

    basis: Tensor

    def __init__(self, n_mels: int, n_mfcc: int) -> None:
        super().__init__()
        basis = dct(np.eye(n_mels), norm="ortho", axis=0)[:n_mfcc].astype(np.float32)
        self.register_buffer("basis", torch.from_numpy(basis), persistent=False)
        self.norm = nn.BatchNorm1d(n_mfcc, affine=False)

    def forward(self, spectrogram: Tensor, lengths: Tensor) -> Tensor:
        """Map [shape=(batch, n_mels, t)] to [shape=(batch, n_mfcc, t)]; padding becomes zero."""
        x: Tensor = self.norm((self.basis @ spectrogram).float())
        return x * frame_mask(lengths, x.shape[2])[:, None]


class ConvBlock(nn.Module):
    """A convolution, batch normalisation (Ioffe & Szegedy 2015), the positive part, and the maximum of neighbours."""

    def __init__(self, before: int, width: int, pool: tuple[int, int], kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.steps = (stride, pool[1])
        self.convolution = nn.Conv2d(before, width, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(width)
        # Nothing is below 0 here, so the zeros of the padding never win.
        self.pool = nn.MaxPool2d(pool, ceil_mode=True)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map [shape=(batch, before, f, t)] to [shape=(batch, width, f', t')], with the true frames of both."""
        convolved, pooled = self.steps
        lengths = halved(lengths) if convolved == 2 else lengths
        x = self.pool(masked(F.relu(self.norm(self.convolution(x))), lengths))
        return x, halved(lengths) if pooled == 2 else lengths


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2016) and a gate for each channel (Hu et al. 2018)."""

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
        after = halved(lengths) if self.stride[1] == 2 else lengths
        y = masked(F.relu(self.first_norm(self.first(x)), inplace=True), after)
        y = masked(self.second_norm(self.second(y)), after)
        mean = y.sum((2, 3)) / (after[:, None] * y.shape[2])
        y = y * self.gate(mean.to(y.dtype))[:, :, None, None] + self.shortcut(x)
        return masked(F.relu(y), after), after


class AttentiveStatistics(nn.Module):
    """Mean and standard deviation over time, weighted by a learned attention (Okabe et al. 2018)."""

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


def recur(layer: nn.GRU | nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """Run a recurrent layer in both directions over the true frames of [shape=(batch, t, width)] only."""
    if torch.onnx.is_in_onnx_export():  # of one clip, which has no padding
        return layer(x)[0]
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    result: Tensor = nn.utils.rnn.pad_packed_sequence(layer(packed)[0], batch_first=True)[0]
    return result


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


def masked(x: Tensor, lengths: Tensor) -> Tensor:
    """Set padding in [shape=(batch, channels, f, t)] to zero, so that a clip's company in a batch does not matter."""
    return x * frame_mask(lengths, x.shape[3])[:, None, None].to(x.dtype)


def halved(lengths: Tensor) -> Tensor:
    """Return the true frames that are left after a step of two."""
    return (lengths + 1) // 2


def height_after(rows: int, halvings: int) -> int:
    """Return the rows that are left after so many steps of two."""
    return -(-rows // 2**halvings)
