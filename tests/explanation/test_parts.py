"""What is played of an explanation, and moments cut out of a recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError
from ser_core.explanation import Explanation
from ser_core.explanation.parts import cut_moment, decisive_sound, rest_sound, step_window
from ser_core.recogniser import Recogniser
from ser_core.recordings import open_recording, read_timeline
from tests.pages.conftest import as_wav
from tests.synthetic import voice


def _explanation(steps: np.ndarray) -> Explanation:
    edges = np.linspace(0.0, 2.0, len(steps) + 1)
    return Explanation("angry", 0.9, edges, np.arange(7.0), steps, np.zeros((6, len(steps))), 0.1, 0.8, "made")


def test_only_what_decided_is_played_with_soft_edges() -> None:
    samples = np.full(2 * SAMPLE_RATE, 0.5, np.float32)
    steps = np.zeros(20)
    steps[[3, 4, 10, 11]] = 1.0
    explanation, waveform = _explanation(steps), Waveform(samples)
    np.testing.assert_allclose(explanation.decisive(), [(0.3, 0.5), (1.0, 1.2)])
    heard = decisive_sound(waveform, explanation)
    assert heard.duration_s == pytest.approx(2 * 0.22 + 3 * 0.15, abs=0.01)
    assert np.abs(np.diff(heard.samples)).max() < 0.01  # no click
    assert heard.samples.max() == pytest.approx(0.5)
    rest = rest_sound(waveform, explanation).samples
    np.testing.assert_array_equal(rest[: round(0.28 * SAMPLE_RATE)], samples[: round(0.28 * SAMPLE_RATE)])


def test_a_moment_is_cut_where_it_lies() -> None:
    samples = np.linspace(-0.5, 0.5, 30 * SAMPLE_RATE).astype(np.float32)
    recording = open_recording(as_wav(samples), name="long.wav")
    moment = cut_moment(recording, 12.0, 15.0)
    np.testing.assert_allclose(moment.samples, samples[12 * SAMPLE_RATE : 15 * SAMPLE_RATE], atol=1e-4)
    with pytest.raises(AudioError, match="no sound at that time"):
        cut_moment(recording, 40.0, 43.0)


def test_the_step_at_a_moment_is_found() -> None:
    samples = np.concatenate([voice(7.0)] * 10)  # nobody pauses for a minute: it is judged in parts
    timeline = read_timeline(Recogniser.load("lite"), open_recording(as_wav(samples), name="long.wav"))
    assert len(timeline.windows) == len(timeline.segments)
    for segment, window in zip(timeline.segments, timeline.windows, strict=True):
        found = step_window(timeline, (segment.start_s + segment.end_s) / 2)
        assert found == ((segment.start_s, segment.end_s), window)
        assert window[0] <= segment.start_s < segment.end_s <= window[1]
    assert step_window(timeline, 1000.0)[1] == timeline.windows[-1]
    with pytest.raises(AudioError, match="No speech"):
        step_window(replace(timeline, segments=(), windows=()), 1.0)
