"""Other versions of a training clip."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from ser_core.audio import Waveform
from ser_core.features.logmel import LogMelConfig, log_mel_frames
from ser_core.training.variants import Variant, VariedConfig, varied_frames, vary

KINDS: tuple[Variant, ...] = get_args(Variant)


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_is_drawn_by_content_kind_and_seed(kind: Variant, speech: np.ndarray) -> None:
    sound = Waveform(speech)
    version = vary(sound, kind).samples
    np.testing.assert_array_equal(vary(Waveform(speech.copy()), kind).samples, version)
    assert not np.array_equal(version[:8000], speech[:8000])
    others = [vary(sound, kind, seed=1), vary(Waveform(speech * np.float32(0.5)), kind)]
    others += [vary(sound, other) for other in KINDS if other != kind]
    for other in others:
        assert other.samples.shape != version.shape or not np.array_equal(other.samples, version)


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_is_a_sound_of_about_the_same_length(kind: Variant, speech: np.ndarray) -> None:
    most = {"voice": 0.17, "world": 0.13}[kind]  # the range of speeds, and what a codec may add
    for seed in range(20):
        version = vary(Waveform(speech), kind, seed).samples
        assert np.isfinite(version).all()
        assert np.abs(version).max() > 0.01
        assert abs(np.log(len(version) / len(speech))) < most
        assert version.dtype == np.float32


def test_frames_are_those_of_the_version(speech: np.ndarray) -> None:
    front_end, sound = LogMelConfig(), Waveform(speech)
    frames = varied_frames(sound, VariedConfig(front_end=front_end, variant="voice", seed=3))
    np.testing.assert_array_equal(frames, log_mel_frames(vary(sound, "voice", 3), front_end))
