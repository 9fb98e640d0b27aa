"""Timelines as jobs: progress, result, events, cancelling, forgetting."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from ser_core.recogniser import Recogniser
from ser_core.recordings import open_recording, read_timeline, summarise
from ser_core.service.timelines import KEPT_S
from tests.service.conftest import app_of, problem


def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen within 30 s")


def begin(client: TestClient, recording: bytes) -> str:
    answer = client.post("/v1/timelines", files={"file": ("call.flac", recording)})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/timelines/{answer.json()['id']}"
    return str(answer.headers["location"])


class Held:
    """A model that waits for a sign before it judges the first stretch."""

    def __init__(self) -> None:
        self.model = Recogniser.load("lite")
        self.predict = self.model.predict
        self.card, self.margin_s = self.model.card, self.model.margin_s
        self.go, self.begun = threading.Event(), threading.Event()

    def probabilities_within(self, waveform: Any, speech: Any) -> Any:
        self.begun.set()
        assert self.go.wait(60)
        return self.model.probabilities_within(waveform, speech)


def test_a_timeline_is_what_the_package_makes_of_the_recording(client: TestClient, recording: bytes) -> None:
    place = begin(client, recording)
    until(lambda: client.get(place).json()["state"] == "done")
    body = client.get(place).json()
    timeline = read_timeline(Recogniser.load("lite"), open_recording(recording))
    expected = timeline.to_dict() | {"name": "call.flac", "summary": summarise(timeline).to_dict()}
    assert body["result"] == json.loads(json.dumps(expected))
    assert (body["progress"], body["problem"]) == (1.0, None)


def test_events_tell_the_progress_and_end_with_the_result(recording: bytes) -> None:
    model = Held()
    app = app_of(model)
    with TestClient(app) as client:
        place = begin(client, recording)
        assert model.begun.wait(60)
        assert client.get(place).json()["state"] == "running"
        assert app.state.service.held.held == len(recording)
        threading.Timer(0.5, model.go.set).start()
        answer = client.get(f"{place}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [
            dict(line.split(": ", 1) for line in block.splitlines()) for block in answer.text.split("\n\n") if block
        ]
        assert [event["event"] for event in events][-1] == "done"
        assert {event["event"] for event in events[:-1]} == {"progress"}
        assert json.loads(events[0]["data"])["state"] == "running"
        assert json.loads(events[-1]["data"])["result"]["segments"]
        assert app.state.service.held.held == 0  # the recording is gone as soon as it was read


def test_deleting_cancels_and_forgets(recording: bytes) -> None:
    model = Held()
    app = app_of(model, workers=1, timelines=2)
    with TestClient(app) as client:
        running, waiting, third = (begin(client, recording) for _ in range(3))
        answer = client.post("/v1/timelines", files={"file": recording})
        problem(answer, 429, "busy")
        assert int(answer.headers["retry-after"]) >= 1
        assert client.get(waiting).json()["state"] == "waiting"
        for place in (waiting, running):
            assert client.delete(place).status_code == 204
            problem(client.get(place), 404, "not-found")
            problem(client.delete(place), 404, "not-found")
        assert app.state.service.held.held == 2 * len(recording)  # the one that waited is gone at once
        fourth = begin(client, recording)  # in its place
        assert client.delete(fourth).status_code == 204
        model.go.set()
        until(lambda: client.get(third).json()["state"] == "done")
        assert app.state.service.held.held == 0
        until(lambda: b'ser_timelines_total{state="cancelled"} 3.0' in app.state.service.metrics.text())


def test_a_recording_that_breaks_off_fails_with_a_sentence(client: TestClient, recording: bytes) -> None:
    place = begin(client, recording[: len(recording) // 2])
    until(lambda: client.get(place).json()["state"] == "failed")
    body = client.get(place).json()
    assert body["problem"]["type"] == "urn:ser-studio:problem:unreadable-audio"
    assert body["result"] is None


def test_results_are_forgotten_after_a_while(client: TestClient, recording: bytes) -> None:
    jobs = client.app.state.service.jobs  # type: ignore[attr-defined]
    place = begin(client, recording)
    until(lambda: client.get(place).json()["state"] == "done")
    jobs._clock = lambda: time.monotonic() + KEPT_S + 1
    assert "15 minutes" in problem(client.get(place), 404, "not-found")
    jobs._clock = time.monotonic
