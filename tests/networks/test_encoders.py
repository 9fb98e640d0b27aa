"""Pretrained encoders of every kind: the same numbers as the Transformers library gives, and every refusal."""

from __future__ import annotations

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ser_core.errors import EncoderError
from ser_core.networks.encoders import find_encoder, fingerprint, load_encoder, whisper_spectrogram
from tests.conftest import PROJECT
from tests.networks.tiny_encoders import DEPTH, KINDS, WIDTH, tiny_encoder

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Any]]:
    """One encoder of each kind: its folder, and the whole model."""
    root = tmp_path_factory.mktemp("encoders")
    return {kind: (str(root / kind), tiny_encoder(kind, root / kind)) for kind in KINDS}


def whole_states(kind: str, model: Any, samples: np.ndarray) -> tuple[torch.Tensor, ...]:
    """What every layer gives, by the library's own way through the whole model."""
    if kind != "whisper":
        evened = (samples - samples.mean()) / samples.std()
        return model(torch.from_numpy(evened)[None], output_hidden_states=True).hidden_states
    spectrogram = torch.from_numpy(whisper_spectrogram(samples))[None]
    frames = (spectrogram.shape[2] + 1) // 2
    # The library's own refuses any length but one: make it the length of this sound.
    config = copy.deepcopy(model.config)
    config.max_source_positions = frames
    encoder = type(model.encoder)(config).eval()
    weights = model.encoder.state_dict()
    encoder.load_state_dict(weights | {"embed_positions.weight": weights["embed_positions.weight"][:frames]})
    return encoder(spectrogram, output_hidden_states=True).hidden_states


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_those_of_the_whole_model_and_the_layers_above_are_never_built(
    kind: str, tiny: dict[str, tuple[str, Any]], speech: np.ndarray
) -> None:
    folder, model = tiny[kind]
    encoder = load_encoder(folder, last_layer=2)
    assert (len(encoder.layers), encoder.width) == (2, WIDTH)
    assert not any(parameter.requires_grad for parameter in encoder.module.parameters())
    with torch.inference_mode():
        expected = whole_states(kind, model, speech)
    second, first = encoder.states(speech, layers=(2, 1))
    assert second.shape[0] == pytest.approx(len(speech) / 320, abs=1)
    for found, number in ((first, 1), (second, 2)):
        np.testing.assert_allclose(found.numpy(), expected[number][0].numpy(), atol=2e-4)
    assert not torch.allclose(first, second, atol=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_the_level_makes_no_difference(kind: str, tiny: dict[str, tuple[str, Any]], speech: np.ndarray) -> None:
    encoder = load_encoder(tiny[kind][0], last_layer=2)
    (loud,), (quiet,) = (encoder.states(samples, (2,)) for samples in (speech, speech * np.float32(0.01)))
    np.testing.assert_allclose(loud.numpy(), quiet.numpy(), atol=5e-3)


@pytest.mark.parametrize("kind", ["whisper", "wavlm"])
@pytest.mark.parametrize("length", [0, 1, 700, 80_000])
def test_any_length_gives_finite_frames(kind: str, length: int, tiny: dict[str, tuple[str, Any]]) -> None:
    (states,) = load_encoder(tiny[kind][0], last_layer=2).states(np.zeros(length, np.float32), (1,))
    wanted = max(length, 1600) / 320
    assert states.shape[1] == WIDTH
    # Whisper's table of positions ends somewhere: 200 frames here, 30 s in the published ones.
    assert len(states) == pytest.approx(min(wanted, 200) if kind == "whisper" else wanted, abs=1)
    assert torch.isfinite(states).all()


def test_a_fingerprint_tells_weights_apart_but_not_precisions(tmp_path: Path) -> None:
    prints = {}
    for name, seed, half in (("full", 0, False), ("half", 0, True), ("other", 1, False)):
        tiny_encoder("whisper", tmp_path / name, seed, half)
        prints[name] = fingerprint(load_encoder(str(tmp_path / name), 2))
    assert prints["full"] == prints["half"] != prints["other"]
    assert fingerprint(load_encoder(str(tmp_path / "full"), 1)) != prints["full"], "only the weights used are counted"


@pytest.mark.parametrize("layer", [0, DEPTH + 1])
def test_a_layer_that_is_not_there_is_a_sentence(layer: int, tiny: dict[str, tuple[str, Any]]) -> None:
    with pytest.raises(EncoderError, match=f"layers 1 to {DEPTH}, not {layer}"):
        load_encoder(tiny["hubert"][0], layer)


def test_an_encoder_that_is_nowhere_is_a_sentence_that_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError, match=r"encoders\.py download nobody/nothing"):
        find_encoder("nobody/nothing")


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_damaged_encoder_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    tiny_encoder("hubert", tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(EncoderError, match="cannot be read"):
        load_encoder(str(tmp_path), 1)


def test_the_folder_of_ones_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "whisper-base").mkdir()
    (tmp_path / "whisper-base/config.json").write_text("{}")
    monkeypatch.setenv("SER_ENCODERS", str(tmp_path))
    assert find_encoder("openai/whisper-base") == str(tmp_path / "whisper-base")


def test_the_real_whisper_is_the_one_that_the_models_were_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ.get("SER_ENCODERS") or PROJECT.parent / "shared/encoders")
    if not (folder / "whisper-base").is_dir():
        pytest.skip("the encoders are not here: no folder whisper-base where SER_ENCODERS points")
    monkeypatch.setenv("SER_ENCODERS", str(folder))
    encoder = load_encoder("openai/whisper-base", last_layer=4)
    assert fingerprint(encoder) == "d0870c2d5e72b3775b5886fda1504e2d"
    assert (encoder.width, len(encoder.layers)) == (512, 4)


def test_threads_that_share_an_encoder_never_get_each_others_states(tmp_path: Path) -> None:
    tiny_encoder("whisper", tmp_path)
    encoder = load_encoder(str(tmp_path), 3)
    rng = np.random.default_rng(0)
    sounds = [rng.standard_normal(4000 + 320 * number).astype(np.float32) for number in range(24)]
    alone = [encoder.states(sound, (1, 2, 3)) for sound in sounds]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda sound: encoder.states(sound, (1, 2, 3)), sounds * 4))
    for found, expected in zip(together, alone * 4, strict=True):
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other)
