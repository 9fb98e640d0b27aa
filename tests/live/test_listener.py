"""A stream of real sound, fed faster than real time: readings, alarms, files; and a thread that never lags."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.bundle import list_bundles
from ser_core.emotions import EMOTIONS
from ser_core.examples import list_examples
from ser_core.live import Alarm, Listener, Reader, Reading, alarms_table, readings_table, session_json
from ser_core.recogniser import Prediction, Recogniser

PIECE_S = 0.05
SILENCE = np.zeros(SAMPLE_RATE, np.float32)


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def lite() -> Recogniser:
    return Recogniser.load("lite" if "lite" in list_bundles() else sorted(list_bundles())[0])


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    return load_audio(next(example.path for example in list_examples() if example.style == "angry")).samples


def play(listener: Listener, clock: Clock, samples: np.ndarray, every_s: float = 0.25) -> list[Reading]:
    """Feed sound as a microphone would, 48 kHz stereo in pieces, and read four times a second."""
    stereo = np.stack([samples.repeat(3)] * 2, axis=1)
    piece, found, due = round(48_000 * PIECE_S), [], every_s
    for number, start in enumerate(range(0, len(stereo), piece), 1):
        clock.now += PIECE_S
        listener.feed(stereo[start : start + piece], 48_000)
        if number * PIECE_S >= due - 1e-9:
            due += every_s
            reading = listener.step()
            assert reading is not None
            found.append(reading)
    return found


def make(recogniser: Any, clock: Clock, alarms: tuple[Alarm, ...] = ()) -> Listener:
    return Listener(recogniser, alarms, clock=clock, wall=lambda: 1_700_000_000 + clock.now)


def test_an_emotion_appears_within_a_second_of_the_voice_and_goes_within_two_of_its_end(
    lite: Recogniser, voice: np.ndarray
) -> None:
    clock = Clock()
    listener = make(lite, clock)
    before, after = np.tile(SILENCE, 2), np.tile(SILENCE, 3)
    readings = play(listener, clock, np.concatenate([before, voice, after]))
    times = {reading.time_s: reading.emotion for reading in readings}
    end = 2 + len(voice) / SAMPLE_RATE
    assert {emotion for time_s, emotion in times.items() if time_s < 2} == {None}
    assert min(time_s for time_s, emotion in times.items() if emotion) < 3.0
    assert all(emotion for time_s, emotion in times.items() if 3.0 < time_s < end)
    assert {emotion for time_s, emotion in times.items() if time_s > end + 2} == {None}
    # Towards its end the reading is what the model says of the whole utterance, but for the smoothing.
    whole = lite.predict(Waveform(voice[-3 * SAMPLE_RATE :])).probabilities
    last = next(reading for reading in readings if reading.time_s > end - 0.3)
    assert sum(abs(last.probabilities[name] - whole[name]) for name in whole) / 2 < 0.35
    assert sum(last.probabilities.values()) == pytest.approx(1)
    assert last.confidence == max(last.probabilities.values())


class Said:
    """A model that says what it is told."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.card = recogniser.card
        self._template = recogniser.predict(load_audio(list_examples()[0].path))
        self.angry = 0.9
        self.lengths: list[float] = []

    def predict(self, waveform: Waveform) -> Prediction:
        self.lengths.append(waveform.duration_s)
        rest = (1 - self.angry) / (len(self.card.labels) - 1)
        shares = {label: self.angry if label == "angry" else rest for label in self.card.labels}
        return replace(self._template, emotion="angry", confidence=self.angry, probabilities=shares)


@pytest.fixture
def said(lite: Recogniser) -> Said:
    return Said(lite)


def test_readings_are_smoothed_and_a_pause_starts_anew(said: Said, voice: np.ndarray) -> None:
    reader = Reader(said)  # type: ignore[arg-type]
    window = Waveform(voice[-3 * SAMPLE_RATE :])
    assert reader.read(window, 3.0).confidence == pytest.approx(0.9)
    said.angry = 0.1
    assert reader.read(window, 3.25).probabilities["angry"] == pytest.approx(0.1 + 0.8 * np.exp(-0.5))
    assert reader.read(Waveform(np.zeros(48_000, np.float32)), 3.5) == Reading(3.5)
    assert reader.read(window, 3.75).probabilities["angry"] == pytest.approx(0.1)


def test_a_new_utterance_is_not_judged_by_the_one_before_the_pause(said: Said, voice: np.ndarray) -> None:
    pause = np.zeros(round(1.6 * SAMPLE_RATE), np.float32)
    sound = np.concatenate([voice[:SAMPLE_RATE], pause, voice, voice])
    clock = Clock()
    readings = play(make(said, clock), clock, sound)
    spoken = [reading.time_s for reading in readings if reading.emotion]
    lengths = dict(zip(spoken, said.lengths, strict=True))
    before, after = (next(length for time_s, length in lengths.items() if time_s > start) for start in (0.9, 2.6))
    assert before <= 1.1
    assert after < 1.4  # not the three seconds that would reach the first voice
    assert max(lengths.values()) == pytest.approx(3, abs=0.01)


def test_an_alarm_rings_and_is_in_the_files(said: Said, voice: np.ndarray) -> None:
    clock = Clock()
    listener = make(said, clock, (Alarm("Anger", "angry", 0.6, 1.5, 60),))
    play(listener, clock, np.concatenate([voice, voice[: len(voice) // 2]]))
    (event,) = listener.events()
    assert event.alarm.name == "Anger"
    assert event.lasted_s >= 1.5
    table = pd.read_csv(io.StringIO(alarms_table(listener.events()).to_csv(index=False)))
    assert table.loc[0, "alarm"] == "Anger"
    assert table.loc[0, "clock"].startswith("2023-11-1")
    rows = readings_table(listener.readings())
    assert len(rows) == len(listener.readings())
    assert list(rows["emotion"].dropna().unique()) == ["angry"]
    assert set(EMOTIONS) <= set(rows.columns)
    answer = json.loads(session_json(listener.readings(), listener.events(), "lite"))
    assert answer["alarms"][0]["alarm"]["threshold"] == 0.6
    assert answer["readings"][-1]["negative_high_arousal"] > 0.7
    assert listener.sound.recording().duration_s == pytest.approx(len(voice) * 1.5 / SAMPLE_RATE, abs=0.1)


def test_changed_alarms_go_on_where_they_are(said: Said, voice: np.ndarray) -> None:
    clock, alarm = Clock(), Alarm("Anger", "angry", 0.6, 60)
    listener = make(said, clock, (alarm,))
    play(listener, clock, voice)
    lasted = listener.watches()[0].lasted_s
    assert lasted > 1
    listener.set_alarms([Alarm("Other", "sad", 0.5, 5), alarm])
    assert [watch.lasted_s for watch in listener.watches()] == [0, lasted]


def test_the_delay_is_from_the_arrival_of_the_newest_sound(said: Said, voice: np.ndarray) -> None:
    clock = Clock()
    listener = make(said, clock)
    listener.feed(voice, SAMPLE_RATE)
    arrived, predict = clock.now, said.predict

    def slow(waveform: Waveform) -> Prediction:
        clock.now += 0.4
        return predict(waveform)

    said.predict = slow  # type: ignore[method-assign]
    reading = listener.step()
    assert reading is not None
    assert reading.delay_s == pytest.approx(0.4)
    assert reading.when == pytest.approx(1_700_000_000 + arrived)
    assert listener.step() is None  # nothing new has come


def until(true: Callable[[], bool]) -> None:
    """Wait for what a thread does."""
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen within 30 s")


def test_a_late_thread_skips_readings_and_stays_at_the_present(
    said: Said, voice: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser_core.live.listener.STEP_S", 0.01)
    predict = said.predict

    def slow(waveform: Waveform) -> Prediction:
        time.sleep(0.05)
        return predict(waveform)

    said.predict = slow  # type: ignore[method-assign]
    listener = Listener(said)  # type: ignore[arg-type]
    listener.start()
    fed = 0
    for start in range(0, len(voice), 800):
        listener.feed(voice[start : start + 800], SAMPLE_RATE)
        fed += 1
        time.sleep(0.02)
    until(lambda: listener.latest is not None and listener.latest.time_s == len(voice) / SAMPLE_RATE)
    listener.stop()
    listener.join(30)
    assert listener.skipped > 0
    assert 0 < len(listener.readings()) < fed
    listener.feed(voice, SAMPLE_RATE)
    assert listener.sound.duration_s == len(voice) / SAMPLE_RATE  # what comes after the stop is dropped


def test_a_model_that_fails_ends_the_listening_with_a_sentence(said: Said, voice: np.ndarray) -> None:
    def fail(waveform: Waveform) -> Prediction:
        raise RuntimeError("inside")

    listener = Listener(said)  # type: ignore[arg-type]
    said.predict = fail  # type: ignore[method-assign]
    listener.start()
    until(lambda: listener.stopped)
    assert listener.problem == "Listening ended because the model failed (RuntimeError): start it again."


def test_readings_since_a_moment(said: Said, voice: np.ndarray) -> None:
    clock = Clock()
    listener = make(said, clock)
    every = play(listener, clock, voice)
    middle = every[len(every) // 2].time_s
    assert listener.readings(middle) == every[len(every) // 2 :]
    assert listener.latest == every[-1]
