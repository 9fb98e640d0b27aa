"""The parts of a timeline: speech and envelope of a stream."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, speech_segments
from ser_core.recordings.envelope import Envelope
from ser_core.recordings.speech import Part, spoken_parts
from tests.synthetic import voice


def _parts(samples: np.ndarray, size: int) -> list[Part]:
    return list(spoken_parts(samples[start : start + size] for start in range(0, len(samples), size)))


def _speech(samples: np.ndarray, size: int) -> list[tuple[float, float]]:
    return [span for part in _parts(samples, size) for span in part.speech]


def test_speech_is_the_same_however_the_stream_is_cut() -> None:
    pause = np.zeros(SAMPLE_RATE * 3 // 2, np.float32)
    samples = np.concatenate([part for seed in range(8) for part in (voice(2.7, seed=seed), pause)])
    segments = _speech(samples, 5000)
    assert segments == _speech(samples, 70_001) == _speech(samples, len(samples))
    whole = speech_segments(Waveform(samples))
    assert len(segments) == len(whole)
    assert np.array(segments) == pytest.approx(np.array(whole), abs=0.1)


def test_parts_are_the_whole_stream_cut_in_pauses() -> None:
    pause = np.zeros(2 * SAMPLE_RATE, np.float32)
    samples = np.concatenate([part for seed in range(10) for part in (voice(3.0, seed=seed), pause)])
    parts = _parts(samples, 16_000)
    assert len(parts) > 2
    np.testing.assert_array_equal(np.concatenate([part.samples for part in parts]), samples)
    for part in parts:
        assert (np.abs(part.samples[:3000]).max(initial=0) == 0) or part.start_s == 0
        assert all(part.start_s < start < end for start, end in part.speech)
        assert all(any(a <= start and end <= b for a, b in part.wider) for start, end in part.speech)


def test_speech_without_a_pause_is_cut_after_a_minute() -> None:
    parts = _parts(np.tile(voice(7.0), 25), 160_000)
    assert [len(part.samples) / SAMPLE_RATE < 80 for part in parts] == [True] * len(parts)
    assert sum(end - start for part in parts for start, end in part.speech) == pytest.approx(175, rel=0.1)


@pytest.mark.parametrize("level", [1.0, 0.003])
def test_quiet_voices_are_heard_and_hiss_is_not(level: float) -> None:
    hiss = np.random.default_rng(0).normal(0, 1e-4, 20 * SAMPLE_RATE).astype(np.float32)
    samples = np.concatenate([hiss, level * voice(4.0), hiss])
    segments = _speech(samples, 48_000)
    assert segments[0][0] == pytest.approx(20, abs=0.3)
    assert segments[-1][1] == pytest.approx(24, abs=0.3)


def test_an_empty_stream_holds_no_speech() -> None:
    assert _speech(np.zeros(0, np.float32), 100) == []


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
