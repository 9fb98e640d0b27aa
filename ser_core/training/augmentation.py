"""Changes to a batch of log-mel spectrograms in dB that leave the emotion as it is (or mix two).

Speed and pitch are a warp of the time and frequency axes (a resampled voice moves along both); noise is added as
power with a random smooth spectrum; tilt stands for microphones and rooms; masks are SpecAugment (Park et al. 2019).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ser_core.effects.surroundings import TELEPHONE_BAND_HZ
from ser_core.features.logmel import LogMelConfig, hz_to_mel, mel_frequencies
from ser_core.networks.layers import frame_mask
from ser_core.training.parts import AugmentationConfig


def augment(
    spectrogram: Tensor,
    lengths: Tensor,
    config: AugmentationConfig,
    front_end: LogMelConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Return a changed copy of a batch in dB [shape=(batch, n_mels, t)] and its new lengths [shape=(batch,)]."""
    spectrogram, lengths = warp(spectrogram, lengths, config, front_end, generator)
    spectrogram = add_noise(spectrogram, config, front_end.range_db, generator)
    spectrogram = tilt(spectrogram, config.tilt_db, generator)
    if config.telephone_probability:
        spectrogram = over_the_telephone(spectrogram, config.telephone_probability, front_end, generator)
    return spectrogram, lengths


def warp(
    spectrogram: Tensor,
    lengths: Tensor,
    config: AugmentationConfig,
    front_end: LogMelConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Change speed and pitch by independent random factors."""
    batch, bands, frames = spectrogram.shape
    speed = 1 + config.speed * _uniform((batch,), generator)
    pitch = 1 + config.pitch * _uniform((batch,), generator)
    new_lengths = (lengths / speed).round().clamp(min=8).long()
    new_frames = int(new_lengths.max())
    source_frame = (torch.arange(new_frames) + 0.5)[None] * speed[:, None] - 0.5
    source_frame = torch.minimum(source_frame, (lengths[:, None] - 1).float())
    source_band = _source_bands(pitch, front_end)
    grid = torch.stack(
        [
            (2 * source_frame / max(frames - 1, 1) - 1)[:, None, :].expand(batch, bands, new_frames),
            (2 * source_band / (bands - 1) - 1)[:, :, None].expand(batch, bands, new_frames),
        ],
        dim=3,
    )
    warped = F.grid_sample(spectrogram[:, None], grid, padding_mode="border", align_corners=True)
    return warped[:, 0], new_lengths


def add_noise(spectrogram: Tensor, config: AugmentationConfig, range_db: float, generator: torch.Generator) -> Tensor:
    """Add stationary noise of a random level and colour to some clips of a batch."""
    batch, bands, _ = spectrogram.shape
    low, high = config.noise_db
    ratio = low + (high - low) * torch.rand((batch, 1, 1), generator=generator)
    points = 6 * torch.randn((batch, 1, 4), generator=generator)
    colour = F.interpolate(points, bands, mode="linear", align_corners=True)
    # The loudest cell lies at 0 dB, some 20 dB above the mean power of the voice's cells.
    noise = -20 - ratio + colour.transpose(1, 2) + 2 * torch.randn(spectrogram.shape, generator=generator)
    chosen = torch.rand((batch, 1, 1), generator=generator) < config.noise_probability
    noise = torch.where(chosen, noise, torch.full_like(noise, -2 * range_db))
    return torch.logaddexp(spectrogram * _LN10_OVER_10, noise * _LN10_OVER_10) / _LN10_OVER_10


_LN10_OVER_10 = float(np.log(10) / 10)


def tilt(spectrogram: Tensor, most_db: float, generator: torch.Generator) -> Tensor:
    """Raise or lower each clip's spectrum smoothly along frequency."""
    batch, bands, _ = spectrogram.shape
    points = most_db * _uniform((batch, 1, 4), generator)
    return spectrogram + F.interpolate(points, bands, mode="linear", align_corners=True).transpose(1, 2)


def over_the_telephone(
    spectrogram: Tensor, probability: float, front_end: LogMelConfig, generator: torch.Generator
) -> Tensor:
    """Leave some clips what a landline passes on (:func:`ser_core.effects.surroundings.telephone`), its edges moved.

    Outside about 300 to 3400 Hz the bands fall steeply; from 4 kHz on there is nothing; and 8-bit µ-law adds noise that
    follows the sound.
    """
    batch = len(spectrogram)
    centres = torch.from_numpy(mel_frequencies(front_end)[1:-1]).float()[None, :, None]
    low, high = (edge * 2 ** (0.25 * _uniform((batch, 1, 1), generator)) for edge in TELEPHONE_BAND_HZ)
    fall = _FALL_DB[0] * (low / centres).log2().clamp(min=0) + _FALL_DB[1] * (centres / high).log2().clamp(min=0)
    hiss = spectrogram.amax(1, keepdim=True) + _HISS_DB
    heard = torch.logaddexp((spectrogram - fall) * _LN10_OVER_10, hiss * _LN10_OVER_10) / _LN10_OVER_10
    heard = torch.where(centres < _NYQUIST_HZ, heard, torch.full_like(heard, -2 * front_end.range_db))
    heard = (heard - heard.amax((1, 2), keepdim=True)).clamp(min=-front_end.range_db)
    chosen = torch.rand((batch, 1, 1), generator=generator) < probability
    return torch.where(chosen, heard, spectrogram)


#: Of a landline: how steeply bands fall below and above its own, in dB an octave (fitted to the sound itself), how far
#: its noise lies below the loudest band of a frame, and the highest frequency that 8,000 samples a second can hold.
_FALL_DB, _HISS_DB, _NYQUIST_HZ = (30.0, 60.0), -56.0, 4000.0


def mask_bands_and_frames(
    standardised: Tensor, lengths: Tensor, config: AugmentationConfig, generator: torch.Generator
) -> Tensor:
    """Set random bands and stretches of a standardised batch to its mean, zero (SpecAugment)."""
    batch, bands, frames = standardised.shape
    for _ in range(config.band_masks):
        widths = torch.randint(0, min(config.band_width, bands // 2) + 1, (batch, 1), generator=generator)
        starts = (torch.rand((batch, 1), generator=generator) * (bands - widths)).long()
        place = torch.arange(bands)[None]
        standardised = standardised * ((place < starts) | (place >= starts + widths))[:, :, None]
    for _ in range(config.time_masks):
        widths = torch.randint(0, config.time_width + 1, (batch, 1), generator=generator)
        widths = torch.minimum(widths, lengths[:, None] // 5)
        starts = (torch.rand((batch, 1), generator=generator) * (lengths[:, None] - widths)).long()
        place = torch.arange(frames)[None]
        standardised = standardised * ((place < starts) | (place >= starts + widths))[:, None, :]
    return standardised * frame_mask(lengths, frames)[:, None]


def _source_bands(pitch: Tensor, front_end: LogMelConfig) -> Tensor:
    """Return for each clip and band where to read it when all frequencies are multiplied [shape=(batch, n_mels)]."""
    centres = mel_frequencies(front_end)
    step = float(hz_to_mel(centres[1]) - hz_to_mel(centres[0]))
    wanted = hz_to_mel(centres[1:-1][None] / pitch.numpy()[:, None])
    bands = (wanted - float(hz_to_mel(centres[1]))) / step
    return torch.from_numpy(bands).float().clamp(0, front_end.n_mels - 1)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Return numbers drawn evenly from -1 to 1."""
    return 2 * torch.rand(shape, generator=generator) - 1
