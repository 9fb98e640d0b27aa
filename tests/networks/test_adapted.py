"""An encoder with adapted layers, against the encoder as it was pretrained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ser_core.errors import EncoderError
from ser_core.networks.adapted import AdaptedEncoder, AdaptedEncoderConfig, pinned_body
from ser_core.networks.encoder_head import EncoderHead, EncoderHeadConfig
from ser_core.networks.encoders import load_encoder
from tests.networks.tiny_encoders import WIDTH, tiny_encoder

pytest.importorskip("peft")

KINDS = ("whisper", "wav2vec2", "hubert", "data2vec-audio")


def _config(folder: Path, **changes: object) -> AdaptedEncoderConfig:
    sizes = {"first": 1, "n_layers": 3, "width": WIDTH, "hidden": 8, "members": 2, "rank": 2}
    return AdaptedEncoderConfig.model_validate({"encoder": str(folder), **sizes, **changes})


@pytest.mark.parametrize("kind", KINDS)
def test_before_training_it_answers_as_a_head_on_the_encoder(kind: str, tmp_path: Path, speech: np.ndarray) -> None:
    tiny_encoder(kind, tmp_path)
    states = load_encoder(str(tmp_path), 3).states(speech, (1, 2, 3))
    config = _config(tmp_path)
    network = AdaptedEncoder(config).eval()
    head = EncoderHead(EncoderHeadConfig(n_layers=3, width=WIDTH, hidden=8, members=2)).eval()
    head.load_state_dict(network.head.state_dict())
    length = torch.tensor([len(states[0])])
    padded = torch.nn.functional.pad(states[0].T[None], (0, 7))
    with torch.no_grad():
        expected = head(torch.cat(states, 1).T[None], length)
        torch.testing.assert_close(network(padded, length), expected, atol=2e-4, rtol=1e-3)


def test_only_adapters_and_head_are_learnt_and_kept(tmp_path: Path) -> None:
    tiny_encoder("whisper", tmp_path)
    network = AdaptedEncoder(_config(tmp_path, input_dropout=0.0, dropout=0.0))
    before = {name: value.clone() for name, value in network.upper.state_dict().items()}
    frames, lengths = torch.randn(6, WIDTH, 9), torch.tensor([9, 9, 8, 7, 6, 5])
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2)
    target = torch.tensor([0, 1, 2, 0, 1, 2])
    losses = []
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(network(frames, lengths), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    changed = {name for name, value in network.upper.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all("lora_" in name for name in changed)
    kept = network.state_dict()
    assert all(name.startswith("head.") or "lora_" in name for name in kept)
    again = AdaptedEncoder(network.config)
    again.load_state_dict(kept)
    torch.testing.assert_close(again.eval()(frames, lengths), network.eval()(frames, lengths))
    with pytest.raises(RuntimeError, match="missing or unknown"):
        again.load_state_dict({name: value for name, value in kept.items() if "lora_" not in name})


def test_another_body_is_refused(tmp_path: Path) -> None:
    tiny_encoder("whisper", tmp_path / "one")
    tiny_encoder("whisper", tmp_path / "two", seed=1)
    config = pinned_body(_config(tmp_path / "one"))
    AdaptedEncoder(config)
    with pytest.raises(EncoderError, match="other weights"):
        AdaptedEncoder(config.model_copy(update={"encoder": str(tmp_path / "two")}))
    with pytest.raises(EncoderError, match=f"gives {WIDTH} numbers"):
        AdaptedEncoder(_config(tmp_path / "one", width=32))
    tiny_encoder("wavlm", tmp_path / "three")
    with pytest.raises(EncoderError, match="cannot be adapted"):
        AdaptedEncoder(_config(tmp_path / "three"))
