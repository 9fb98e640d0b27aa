"""Timelines with the bundles that ship: speech only, no window across a pause, progress, stop, turns."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.bundle import ModelCard
from ser_core.errors import CancelledError
from ser_core.recogniser import Recogniser, Segment
from ser_core.recordings import Timeline, open_recording, read_timeline, turns
from ser_core.speech_once import Speech
from tests.synthetic import encode, voice

_PAUSE = np.zeros(6 * SAMPLE_RATE, np.float32)


@pytest.fixture(scope="module")
def lite() -> Recogniser:
    return Recogniser.load("lite")


def test_steps_cover_speech_and_leave_pauses_out(lite: Recogniser) -> None:
    shown: list[tuple[int, int]] = []
    recording = open_recording(encode(np.concatenate([voice(4.5), _PAUSE, voice(4.5)]), "wav"), name="call.wav")
    timeline = read_timeline(lite, recording, progress=lambda *pair: shown.append(pair))
    assert all(segment.end_s <= 6 or segment.start_s >= 9 for segment in timeline.segments)
    for moment in np.array(timeline.speech).mean(axis=1):
        assert any(segment.start_s <= moment <= segment.end_s for segment in timeline.segments)
    assert all(segment.end_s - segment.start_s < 2.3 for segment in timeline.segments)
    assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(timeline.segments))
    assert timeline.duration_s == 15
    assert timeline.envelope.shape[0] == 2
    assert shown[-1] == (15, 15)
    told = json.loads(json.dumps(timeline.to_dict()))
    assert (told["name"], told["duration_s"], told["model"]) == ("call.wav", 15, "lite")
    assert set(told["segments"][0]) == {
        "start_s", "end_s", "emotion", "confidence", "probabilities", "valence", "arousal", "negative_high_arousal",
    }  # fmt: skip
    assert told["speech"] == [list(span) for span in timeline.speech]


class _Listening:
    """Notes what it is given, and says that it is loud or not."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self.lengths: list[float] = []

    def probabilities_within(self, waveform: Waveform, speech: Speech) -> np.ndarray:
        heard = waveform.cut(*speech.span())
        self.lengths.append(heard.duration_s)
        values = np.full(len(self.card.labels), 0.02)
        values[4 if np.abs(heard.samples).max() > 0.3 else 3] = 0.86
        return values


def test_no_window_reaches_across_a_long_pause(lite: Recogniser) -> None:
    listening = _Listening(lite.card)
    short, long = np.zeros(SAMPLE_RATE // 4, np.float32), np.zeros(2 * SAMPLE_RATE, np.float32)
    samples = np.concatenate([voice(1.6), short, voice(1.6, seed=1), long, 2.5 * voice(1.2), long, voice(7.0)])
    timeline = read_timeline(listening, open_recording(encode(samples, "wav")))
    assert max(listening.lengths) <= 3.2
    assert len(timeline.segments) == len(listening.lengths)
    loud = [segment for segment in turns(timeline) if segment.emotion == "angry"]
    assert [(segment.start_s, segment.end_s) for segment in loud] == [
        (pytest.approx(5.45, abs=0.3), pytest.approx(6.65, abs=0.3))
    ]


def test_a_channel_is_judged_alone(lite: Recogniser) -> None:
    left = np.concatenate([voice(3.0), np.zeros(3 * SAMPLE_RATE, np.float32)])
    data = encode(np.stack([left, left[::-1]], axis=1), "flac")
    first, second = (read_timeline(lite, open_recording(data), channel=channel).speech for channel in (0, 1))
    assert first[-1][1] < 3.3
    assert second[0][0] > 2.7


def test_a_recording_without_speech_has_no_segments(lite: Recogniser) -> None:
    timeline = read_timeline(lite, open_recording(encode(_PAUSE, "wav")))
    assert timeline.segments == timeline.speech == turns(timeline) == ()
    assert timeline.duration_s == 6


@pytest.mark.parametrize("after", [0, 2])
def test_it_stops_when_asked(lite: Recogniser, after: int) -> None:
    asked: list[None] = []
    cancelled: Callable[[], bool] = lambda: (asked.append(None), len(asked) > after)[1]  # noqa: E731
    with pytest.raises(CancelledError, match="start again"):
        read_timeline(lite, open_recording(encode(voice(20.0), "wav")), cancelled=cancelled)
    assert len(asked) == after + 1


def _timeline(*parts: tuple[float, float, str, float]) -> Timeline:
    segments = tuple(
        Segment(start, end, emotion, value, {"neutral": value, "angry": 1 - value})
        if emotion == "neutral"
        else Segment(start, end, emotion, value, {"neutral": 1 - value, "angry": value})
        for start, end, emotion, value in parts
    )
    return Timeline(segments, (), 60.0, np.zeros((2, 1)), ("neutral", "angry"), "lite", 0.5, "call")


def test_turns_join_neighbours_of_one_emotion() -> None:
    joined = turns(
        _timeline(
            (0, 1, "neutral", 0.6), (1, 4, "neutral", 0.8), (4, 5, "angry", 0.9), (5.2, 6, "angry", 0.7),
            (9, 10, "angry", 0.6),
        )
    )  # fmt: skip
    assert [(turn.start_s, turn.end_s, turn.emotion) for turn in joined] == [
        (0, 4, "neutral"), (4, 6, "angry"), (9, 10, "angry"),
    ]  # fmt: skip
    assert joined[0].confidence == pytest.approx(0.75)
    assert joined[0].probabilities == pytest.approx({"neutral": 0.75, "angry": 0.25})
