"""Streams over a WebSocket: readings while sound comes, alarms, and what wrong messages get."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from ser_core.audio import load_audio
from ser_core.emotions import EMOTIONS
from ser_core.examples import list_examples
from tests.service.conftest import problem


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    return load_audio(next(example.path for example in list_examples() if example.style == "angry")).samples


def to_the_end(socket: Any) -> list[dict[str, Any]]:
    """Return the messages that come until the other side closes, and the closing code as the last."""
    messages: list[dict[str, Any]] = []
    try:
        while True:
            messages.append(socket.receive_json())
    except WebSocketDisconnect as closed:
        messages.append({"code": closed.code})
    return messages


@pytest.mark.parametrize(("form", "channels"), [("int16", 1), ("float32", 2)])
def test_readings_come_for_what_was_sent(client: TestClient, voice: np.ndarray, form: str, channels: int) -> None:
    samples = np.repeat(voice[:, None], channels, axis=1)
    data = (samples * 32767).astype("<i2").tobytes() if form == "int16" else samples.astype("<f4").tobytes()
    alarm = {"name": "Upset", "measure": "negative_high_arousal", "threshold": 0.001, "seconds": 0}
    with client.websocket_connect("/v1/stream") as socket:
        socket.send_json({"rate": 16_000, "format": form, "channels": channels, "alarms": [alarm]})
        assert socket.receive_json() == {"event": "ready", "model": "lite", "step_s": 0.3}
        for start in range(0, len(data), 9_999):  # pieces need not hold whole samples
            socket.send_bytes(data[start : start + 9_999])
        socket.send_json({"event": "end"})
        *messages, end, closed = to_the_end(socket)
    assert closed == {"code": 1000}
    readings = [message for message in messages if message["event"] == "reading"]
    assert end == {"event": "end", "duration_s": len(voice) / 16_000, "readings": len(readings)}
    last = readings[-1]
    assert last["time_s"] == pytest.approx(len(voice) / 16_000)
    assert last["emotion"] in EMOTIONS
    assert last["confidence"] == last["probabilities"][last["emotion"]]
    assert -1 <= last["valence"] <= 1
    assert [message["name"] for message in messages if message["event"] == "alarm"] == ["Upset"]


HELLO = '{"rate": 16000}'
ALARM = '{"name": "=1", "measure": "angry", "threshold": 1, "seconds": 1}'


@pytest.mark.parametrize(
    ("messages", "kind", "words"),
    [
        ([b"abc"], "invalid", "Begin with"),
        (["hello"], "invalid", "Begin with"),
        (['{"rate": 1}'], "invalid", "rate"),
        (['{"rate": 16000, "format": "mp3"}'], "invalid", "format"),
        (['{"rate": 16000, "model": "../lite"}'], "unknown-model", "choose one of"),
        (
            ['{"rate": 16000, "alarms": [{"name": "=1", "measure": "angry", "threshold": 1, "seconds": 1}]}'],
            "invalid",
            "name",
        ),
        ([HELLO, "what?"], "bad-request", "end"),
        ([HELLO, "[" * 5000], "bad-request", "end"),
        ([HELLO, bytes(400_000)], "too-large", "10 s"),
        (['{"rate": 48000, "format": "float32"}', np.array([1e30], "<f4").tobytes()], "invalid", "full scale"),
        (['{"rate": 48000, "format": "float32"}', np.array([np.nan], "<f4").tobytes()], "invalid", "full scale"),
    ],
)
def test_wrong_messages_end_the_stream_with_a_problem(
    client: TestClient, messages: list[str | bytes], kind: str, words: str
) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        for message in messages:
            socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message)
        *_, told, closed = to_the_end(socket)
    assert closed == {"code": 1008}
    assert told["event"] == "problem"
    assert told["problem"]["type"] == f"urn:ser-studio:problem:{kind}"
    assert words in told["problem"]["detail"]


def test_a_stream_that_there_is_not_is_a_problem_like_any_other(client: TestClient) -> None:
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("/v1/streams"):
        pytest.fail("a stream was opened where there is none")
    assert "/v1/stream" in problem(refused.value, 404, "not-found")


def test_only_so_many_streams_are_open(app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.service.streams.IDLE_S", 0.2)
    service = app.state.service
    monkeypatch.setattr(service, "streams", service.options.streams)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/stream"):
        pytest.fail("one stream too many was opened")
    monkeypatch.setattr(service, "streams", 0)
    with client.websocket_connect("/v1/stream") as socket:
        told, closed = to_the_end(socket)  # nothing is sent
    assert "Nothing came" in told["problem"]["detail"]
    assert json.dumps(closed)
    assert service.streams == 0
