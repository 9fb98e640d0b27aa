"""The front end on an encoder: its frames, and the encoders that it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import EncoderError
from ser_core.networks.encoded import EncoderConfig, block_means, encoded_frames, pinned
from ser_core.networks.encoders import load_encoder
from tests.networks.tiny_encoders import WIDTH, tiny_encoder

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EncoderConfig:
    folder = tmp_path_factory.mktemp("encoder")
    tiny_encoder("whisper", folder)
    return EncoderConfig(encoder=str(folder), layers=(1, 2), width=WIDTH, block=4)


def test_frames_are_the_layers_beside_each_other_averaged_in_blocks(config: EncoderConfig, speech: np.ndarray) -> None:
    frames = encoded_frames(Waveform(speech), config.model_copy(update={"trim": False}))
    states = load_encoder(config.encoder, 2).states(speech, (1, 2))
    assert frames.shape == (-(-len(states[0]) // 4), 2 * WIDTH)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames[1, :WIDTH], states[0][4:8].mean(0).numpy(), atol=1e-5)
    np.testing.assert_allclose(frames[1, WIDTH:], states[1][4:8].mean(0).numpy(), atol=1e-5)


def test_silence_around_the_speech_is_cut(config: EncoderConfig, speech: np.ndarray) -> None:
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    around = Waveform(np.concatenate([silence, speech, silence]))
    config = config.model_copy(update={"margin_s": 0.1})
    assert len(encoded_frames(around, config)) < 1.3 * len(encoded_frames(Waveform(speech), config))


def test_the_last_block_averages_what_is_left() -> None:
    frames = np.arange(10, dtype=np.float32)[:, None]
    assert block_means(frames, 4)[:, 0].tolist() == [1.5, 5.5, 8.5]
    assert block_means(frames, 1) == pytest.approx(frames)


def test_a_pinned_encoder_is_taken_and_another_is_refused(config: EncoderConfig, tmp_path: Path) -> None:
    sound = Waveform(np.zeros(SAMPLE_RATE, np.float32))
    fixed = pinned(config)
    assert len(fixed.fingerprint) == 32
    assert pinned(fixed) == fixed
    assert len(encoded_frames(sound, fixed))
    tiny_encoder("whisper", tmp_path, seed=1)
    with pytest.raises(EncoderError, match="other weights"):
        encoded_frames(sound, fixed.model_copy(update={"encoder": str(tmp_path)}))


def test_another_width_is_refused(config: EncoderConfig) -> None:
    with pytest.raises(EncoderError, match=f"gives {WIDTH} numbers a frame, not 512"):
        encoded_frames(Waveform(np.zeros(SAMPLE_RATE, np.float32)), config.model_copy(update={"width": 512}))
