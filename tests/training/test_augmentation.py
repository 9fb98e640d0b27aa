"""Augmentation keeps shapes and true frames, and does what its names say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.effects.surroundings import telephone
from ser_core.features.logmel import LogMelConfig, log_mel
from ser_core.training.augmentation import add_noise, augment, mask_bands_and_frames, over_the_telephone, tilt, warp
from ser_core.training.parts import AugmentationConfig

FRONT_END = LogMelConfig()
STILL = AugmentationConfig(speed=0, pitch=0, noise_probability=0, tilt_db=0, band_masks=0, time_masks=0, mixup=0)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    spectrogram = -80 * torch.rand(6, 64, 100, generator=_generator(1))
    return spectrogram, torch.tensor([100, 90, 80, 70, 60, 50])


def test_switched_off_changes_nothing(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    spectrogram, lengths = batch
    changed, new_lengths = augment(spectrogram, lengths, STILL, FRONT_END, _generator())
    assert new_lengths.tolist() == lengths.tolist()
    for row, length in enumerate(lengths):
        torch.testing.assert_close(changed[row, :, :length], spectrogram[row, :, :length], atol=1e-3, rtol=1e-3)


def test_same_seed_same_result(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    first, _ = augment(*batch, AugmentationConfig(), FRONT_END, _generator(3))
    again, _ = augment(*batch, AugmentationConfig(), FRONT_END, _generator(3))
    other, _ = augment(*batch, AugmentationConfig(), FRONT_END, _generator(4))
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_speed_changes_length_within_its_bounds(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    spectrogram, lengths = batch
    config = STILL.model_copy(update={"speed": 0.2})
    _, changed = warp(spectrogram, lengths, config, FRONT_END, _generator())
    ratio = changed / lengths
    assert ((ratio > 1 / 1.21) & (ratio < 1 / 0.79)).all()
    assert ratio.unique().numel() > 3


def test_pitch_moves_a_band() -> None:
    spectrogram = torch.full((64, 64, 50), -80.0)
    spectrogram[:, 30] = 0.0
    config = STILL.model_copy(update={"pitch": 0.3})
    moved, _ = warp(spectrogram, torch.full((64,), 50), config, FRONT_END, _generator())
    peaks = moved.mean(2).argmax(1)
    assert peaks.min() < 29
    assert peaks.max() > 31


def test_noise_fills_silence_to_its_ratio() -> None:
    silence = torch.full((200, 64, 20), -80.0)
    config = AugmentationConfig(noise_probability=1.0, noise_db=(20.0, 20.0))
    noisy = add_noise(silence, config, FRONT_END.range_db, _generator())
    assert noisy.mean() == pytest.approx(-40.0, abs=2.0)


def test_noise_leaves_some_clips_alone() -> None:
    silence = torch.full((200, 64, 20), -80.0)
    noisy = add_noise(silence, AugmentationConfig(noise_probability=0.5), FRONT_END.range_db, _generator())
    untouched = (noisy.mean((1, 2)) < -79.9).float().mean()
    assert untouched == pytest.approx(0.5, abs=0.1)


def test_tilt_stays_within_its_bounds(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    change = tilt(batch[0], 6.0, _generator()) - batch[0]
    assert change.abs().max() <= 6.001
    assert change.abs().max() > 3


def test_masks_hide_a_part_but_never_all(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    spectrogram, lengths = batch
    masked = mask_bands_and_frames(spectrogram - 1, lengths, AugmentationConfig(), _generator())
    for row, length in enumerate(lengths):
        hidden = (masked[row, :, :length] == 0).float().mean()
        assert 0 < hidden < 0.7
        assert (masked[row, :, length:] == 0).all()


def test_masks_wider_than_the_spectrogram_leave_half_of_it(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    spectrogram, lengths = batch
    config = STILL.model_copy(update={"band_masks": 1, "band_width": 1000})
    masked = mask_bands_and_frames(spectrogram - 1, lengths, config, _generator())
    hidden = (masked[:, :, 0] == 0).sum(1)
    assert 0 < hidden.max() <= 32


def test_a_telephone_leaves_what_the_sound_itself_keeps_of_it() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    pulses = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 55))
    hiss = 0.02 * np.random.default_rng(0).standard_normal(len(time))
    sound = load_audio(0.1 * (pulses * (1.2 + np.sin(2 * np.pi * 2 * time)) + hiss), rate=SAMPLE_RATE)
    untrimmed = FRONT_END.model_copy(update={"trim": False})
    real, clean = (torch.from_numpy(log_mel(heard, untrimmed)) for heard in (telephone(sound), sound))
    drawn = over_the_telephone(clean.repeat(20, 1, 1), 1.0, FRONT_END, _generator())
    bands = (drawn.mean(0) - real).mean(1).abs()
    assert bands.median() < 2
    assert bands.quantile(0.9) < 12  # but at the edges, which move
    assert (clean - real).mean(1).abs().max() > 25
    some = over_the_telephone(clean.repeat(200, 1, 1), 0.3, FRONT_END, _generator())
    assert 0.2 < (some != clean).flatten(1).any(1).float().mean() < 0.4
