"""The network: shapes, size, and that neither padding nor level changes an answer."""

from __future__ import annotations

import pytest
import torch

from ser_core.networks.layers import AttentiveStatistics, frame_mask, standardise
from ser_core.networks.residual_crnn import ResidualCRNN, ResidualCRNNConfig


@pytest.fixture(scope="module")
def network() -> ResidualCRNN:
    torch.manual_seed(0)
    network = ResidualCRNN(ResidualCRNNConfig())
    network.train()
    for _ in range(3):  # so that batch normalisation has statistics other than the initial ones
        network(torch.randn(8, 64, 120) * 20 - 40, torch.full((8,), 120))
    return network.eval()


def _clip(frames: int) -> torch.Tensor:
    return torch.randn(1, 64, frames, generator=torch.Generator().manual_seed(frames)) * 20 - 40


@pytest.mark.parametrize("frames", [1, 2, 7, 33, 50, 101, 128, 700])
def test_company_in_a_batch_does_not_matter(network: ResidualCRNN, frames: int) -> None:
    clip, longer = _clip(frames), _clip(frames + 83)
    batch = torch.zeros(2, 64, frames + 83)
    batch[0, :, :frames], batch[1] = clip[0], longer[0]
    with torch.inference_mode():
        alone = network(clip, torch.tensor([frames]))
        together = network(batch, torch.tensor([frames, frames + 83]))
    torch.testing.assert_close(together[:1], alone, atol=1e-5, rtol=1e-4)


def test_level_does_not_matter(network: ResidualCRNN) -> None:
    clip, lengths = _clip(90), torch.tensor([90])
    with torch.inference_mode():
        torch.testing.assert_close(network(clip + 25, lengths), network(clip, lengths), atol=1e-4, rtol=1e-3)


def test_silence_gives_finite_logits(network: ResidualCRNN) -> None:
    with torch.inference_mode():
        assert torch.isfinite(network(torch.zeros(1, 64, 40), torch.tensor([40]))).all()


def test_is_small() -> None:
    assert sum(p.numel() for p in ResidualCRNN(ResidualCRNNConfig()).parameters()) < 2_000_000


@pytest.mark.parametrize("bands", [40, 64, 80])
def test_any_number_of_bands(bands: int) -> None:
    network = ResidualCRNN(ResidualCRNNConfig(n_mels=bands, n_classes=4))
    assert network(torch.randn(3, bands, 50), torch.tensor([50, 20, 9])).shape == (3, 4)


def test_standardise_looks_at_true_frames_only() -> None:
    spectrogram = torch.randn(2, 8, 30) * 7 + 100
    lengths = torch.tensor([30, 10])
    result = standardise(spectrogram, lengths)
    assert (result[1, :, 10:] == 0).all()
    for row, length in enumerate((30, 10)):
        part = result[row, :, :length]
        assert part.mean().abs() < 1e-4
        assert part.std(unbiased=False) == pytest.approx(1.0, abs=1e-3)


def test_pooling_of_even_attention_is_mean_and_deviation() -> None:
    pool = AttentiveStatistics(5)
    torch.nn.init.zeros_(pool.attention[2].weight)
    x = torch.randn(2, 12, 5)
    result = pool(x, frame_mask(torch.tensor([12, 4]), 12))
    torch.testing.assert_close(result[1, :5], x[1, :4].mean(0))
    torch.testing.assert_close(result[1, 5:], x[1, :4].std(0, unbiased=False), atol=1e-3, rtol=1e-3)
