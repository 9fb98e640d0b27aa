"""What every network keeps: its size, its interface, and that neither padding nor level changes an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.fft
import torch
from pydantic import TypeAdapter, ValidationError

from ser_core.networks.cnn import CNNConfig
from ser_core.networks.crnn import CRNNConfig
from ser_core.networks.layers import Cepstrum, ClipNetwork, ConvBlock, frame_mask, standardise
from ser_core.networks.registry import NetworkConfig, build_network
from ser_core.networks.residual_cnn import ResidualCNNConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.networks.transformer import AttentionLayer, TransformerConfig, positions

CONFIGS: dict[str, Any] = {
    "cnn": CNNConfig(),
    "crnn, lstm": CRNNConfig(),
    "crnn, gru": CRNNConfig(cell="gru"),
    "residual-cnn": ResidualCNNConfig(),
    "residual-crnn": ResidualCRNNConfig(),
    "transformer": TransformerConfig(),
    "cnn on mfcc": CNNConfig(input="mfcc", n_mfcc=20),
    "crnn on mfcc": CRNNConfig(input="mfcc", n_mels=40),
    "residual-crnn on mfcc": ResidualCRNNConfig(input="mfcc"),
    "transformer on mfcc": TransformerConfig(input="mfcc"),
}


def _trained_a_little(config: Any) -> ClipNetwork:
    torch.manual_seed(0)
    network = build_network(config).train()
    with torch.no_grad():
        for _ in range(2):  # so that batch normalisation has statistics other than the initial ones
            network(torch.randn(6, config.n_mels, 80) * 20 - 40, torch.tensor([80, 80, 70, 60, 50, 80]))
    return network.eval()


@pytest.fixture(scope="module", params=CONFIGS)
def network(request: pytest.FixtureRequest) -> ClipNetwork:
    return _trained_a_little(CONFIGS[request.param])


def _clip(bands: int, frames: int) -> torch.Tensor:
    return torch.randn(1, bands, frames, generator=torch.Generator().manual_seed(frames)) * 20 - 40


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 8, 33, 50, 101])
def test_company_in_a_batch_does_not_matter(network: ClipNetwork, frames: int) -> None:
    bands = network.config.n_mels
    clip, longer = _clip(bands, frames), _clip(bands, frames + 83)
    batch = torch.full((2, bands, frames + 83), 7.0)  # not zeros: whatever stands in the padding
    batch[0, :, :frames], batch[1] = clip[0], longer[0]
    with torch.inference_mode():
        alone = network(clip, torch.tensor([frames]))
        together = network(batch, torch.tensor([frames, frames + 83]))
        torch.testing.assert_close(together[:1], alone, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together[1:], network(longer, torch.tensor([frames + 83])), atol=1e-5, rtol=1e-4)


def test_the_sound_matters(network: ClipNetwork) -> None:
    lengths = torch.tensor([90])
    with torch.inference_mode():
        first, second = (network(_clip(network.config.n_mels, 90).roll(shift, 1), lengths) for shift in (0, 13))
    assert (first - second).abs().max() > 1e-3


def test_level_does_not_matter(network: ClipNetwork) -> None:
    clip, lengths = _clip(network.config.n_mels, 90), torch.tensor([90])
    with torch.inference_mode():
        torch.testing.assert_close(network(clip + 25, lengths), network(clip, lengths), atol=1e-4, rtol=1e-3)


def test_silence_gives_finite_logits(network: ClipNetwork) -> None:
    with torch.inference_mode():
        for frames in (1, 40):
            silence = torch.zeros(1, network.config.n_mels, frames)
            assert torch.isfinite(network(silence, torch.tensor([frames]))).all()


def test_the_answer_is_the_head_of_the_vector(network: ClipNetwork) -> None:
    clip, lengths = _clip(network.config.n_mels, 60), torch.tensor([60])
    with torch.inference_mode():
        vector = network.embed(standardise(clip, lengths), lengths)
        assert vector.shape == (1, network.head.in_features)
        torch.testing.assert_close(network.head(vector), network(clip, lengths))


def test_each_is_small_and_every_weight_learns(network: ClipNetwork) -> None:
    config = network.config
    assert 50_000 < sum(p.numel() for p in network.parameters()) < 650_000
    fresh = build_network(config).train()  # type: ignore[arg-type]
    spectrogram = torch.randn(4, config.n_mels, 64) * 20 - 40
    logits = fresh(spectrogram, torch.tensor([64, 50, 40, 64]))
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 3])).backward()
    without = [name for name, p in fresh.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert without == []


@pytest.mark.parametrize("kind", ["cnn", "crnn", "residual-cnn", "residual-crnn", "transformer"])
@pytest.mark.parametrize(("bands", "classes"), [(16, 2), (41, 4), (80, 7)])
def test_any_number_of_bands_and_classes(kind: str, bands: int, classes: int) -> None:
    config = TypeAdapter(NetworkConfig).validate_python({"kind": kind, "n_mels": bands, "n_classes": classes})
    assert config.kind == kind
    network = build_network(config)
    assert network(torch.randn(3, bands, 50), torch.tensor([50, 20, 9])).shape == (3, classes)
    assert TypeAdapter(NetworkConfig).validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"kind": "perceptron"}, "perceptron"),
        ({"kind": "cnn", "hidden": 10**7}, "hidden"),
        ({"kind": "cnn", "input": "mfcc", "n_mels": 20, "n_mfcc": 21}, "n_mfcc must not exceed n_mels"),
        ({"kind": "transformer", "width": 90}, "multiple of twice the heads"),
        ({"kind": "crnn", "surprise": 1}, "surprise"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        TypeAdapter(NetworkConfig).validate_python(settings)


def test_cepstrum_is_the_cosine_transform_scaled_by_the_training_clips() -> None:
    spectrogram = torch.randn(2, 40, 30) * 10 + torch.linspace(5, -5, 40)[:, None]
    lengths = torch.tensor([30, 11])
    cepstrum = Cepstrum(40, 13)
    cepstrum.norm.momentum = 1.0  # keep the statistics of the last batch alone
    cepstrum.train()(spectrogram, torch.tensor([30, 30]))
    expected = scipy.fft.dct(spectrogram.numpy(), norm="ortho", axis=1)[:, :13]
    mean, deviation = expected.mean((0, 2)), expected.std((0, 2), ddof=1)
    expected = (expected - mean[:, None]) / deviation[:, None]
    expected[1, :, 11:] = 0
    np.testing.assert_allclose(cepstrum.eval()(spectrogram, lengths).detach().numpy(), expected, atol=1e-4)
    assert mean[1] > 5  # the tilt of the spectrum, which the scaling by other clips does not take from a clip
    assert list(cepstrum.parameters()) == []


def test_a_steady_timbre_is_seen_through_mfcc() -> None:
    network = _trained_a_little(CNNConfig(input="mfcc"))
    dark, bright = (torch.linspace(0, slope, 64)[None, :, None].expand(1, 64, 50) for slope in (-40.0, 40.0))
    with torch.inference_mode():
        first, second = (network(clip, torch.tensor([50])) for clip in (dark, bright))
    assert (first - second).abs().max() > 1e-2


def test_the_maximum_of_a_block_is_of_true_frames_and_lengths_follow() -> None:
    block = ConvBlock(1, 4, (2, 2), kernel=5, stride=2).eval()
    x = torch.randn(1, 1, 16, 21)
    y, lengths = block(x, torch.tensor([21]))
    assert y.shape == (1, 4, 4, 6)
    assert lengths.tolist() == [6]
    assert (y >= 0).all()


def test_attention_is_a_weighted_mean_of_true_tokens_as_torch_has_it() -> None:
    torch.manual_seed(0)
    layer = AttentionLayer(TransformerConfig(width=16, heads=2, dropout=0.0))
    x, mask = torch.randn(2, 9, 16), frame_mask(torch.tensor([9, 4]), 9)
    theirs = torch.nn.MultiheadAttention(16, 2, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": layer.queries_keys_values.weight,
            "in_proj_bias": layer.queries_keys_values.bias,
            "out_proj.weight": layer.join.weight,
            "out_proj.bias": layer.join.bias,
        }
    )
    expected, _ = theirs(x, x, x, key_padding_mask=~mask)
    torch.testing.assert_close(layer.attend(x, mask), expected, atol=1e-5, rtol=1e-4)


def test_places_in_time_are_told_apart() -> None:
    table = positions(torch.zeros(1, 100, 32))
    assert table.shape == (100, 32)
    torch.testing.assert_close(table[:, 0], torch.arange(100).sin())
    torch.testing.assert_close(table[:, 16], torch.arange(100).cos())
    distances = torch.cdist(table, table) + 9 * torch.eye(100)
    assert distances.min() > 0.1
