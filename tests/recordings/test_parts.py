"""The parts of a timeline: speech and envelope of a stream."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, speech_segments
from ser_core.recordings.envelope import Envelope
from ser_core.recordings.speech import SpeechStream
from tests.synthetic import voice


def _fed(samples: np.ndarray, size: int) -> SpeechStream:
    stream = SpeechStream()
    for start in range(0, len(samples), size):
        stream.add(samples[start : start + size])
    return stream


def test_speech_is_the_same_however_the_stream_is_cut() -> None:
    pause = np.zeros(SAMPLE_RATE, np.float32)
    samples = np.concatenate([part for seed in range(8) for part in (voice(2.7, seed=seed), pause)])
    segments = _fed(samples, 5000).segments()
    assert segments == _fed(samples, 70_001).segments() == _fed(samples, len(samples)).segments()
    whole = speech_segments(Waveform(samples))
    assert len(segments) == len(whole)
    assert np.array(segments) == pytest.approx(np.array(whole), abs=0.1)


@pytest.mark.parametrize("level", [1.0, 0.003])
def test_quiet_voices_are_heard_and_hiss_is_not(level: float) -> None:
    hiss = np.random.default_rng(0).normal(0, 1e-4, 20 * SAMPLE_RATE).astype(np.float32)
    samples = np.concatenate([hiss, level * voice(4.0), hiss])
    segments = _fed(samples, 48_000).segments()
    assert segments[0][0] == pytest.approx(20, abs=0.3)
    assert segments[-1][1] == pytest.approx(24, abs=0.3)


def test_an_empty_stream_holds_no_speech() -> None:
    assert SpeechStream().segments() == []


@pytest.mark.parametrize("seconds", [0.004, 3.0, 47.3, 601.7])
def test_the_envelope_keeps_extremes_in_a_bounded_number_of_columns(seconds: float) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)
    envelope = Envelope()
    for start in range(0, len(samples), 70_001):
        envelope.add(samples[start : start + 70_001])
    limits = envelope.array()
    assert limits.dtype == np.float32
    assert limits.shape[1] == -(-len(samples) // envelope.column) <= 4097
    for column in (0, limits.shape[1] // 2, limits.shape[1] - 1):
        part = samples[column * envelope.column : (column + 1) * envelope.column]
        assert limits[:, column] == pytest.approx([part.min(), part.max()])
