"""What surrounds every request: keys, rates, origins, headers, the log."""

from __future__ import annotations

import json
import logging

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ser_core.service.guard import SECURITY_HEADERS, _address
from ser_core.service.logs import JsonLines
from tests.service.conftest import Made, app_of, problem

KEYS = ("first-key-of-two", "second-key-of-two")
ORIGIN = "https://example.org"


def test_who_has_no_key_gets_nothing_but_signs_of_life(made: Made, recording: bytes) -> None:
    client = TestClient(app_of(made, api_keys=KEYS))
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": KEYS[0] + "x"}, {"X-API-Key": ""}):
        answer = client.get("/v1/models", headers=headers)
        assert "X-API-Key" in problem(answer, 401, "no-key")
        assert answer.headers["www-authenticate"].startswith("ApiKey")
        problem(client.post("/v1/predict", files={"file": recording}, headers=headers), 401, "no-key")
        problem(client.get("/nothing-here", headers=headers), 401, "no-key")
    for key in KEYS:
        assert client.get("/v1/models", headers={"X-API-Key": key}).status_code == 200
    for path in ("/health", "/metrics", "/openapi.json"):
        assert client.get(path).status_code == 200
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/stream"):
        pytest.fail("a stream was opened without a key")
    schema = client.get("/openapi.json").json()
    assert schema["paths"]["/v1/predict"]["post"]["security"] == [{"ApiKey": []}]


def test_who_asks_too_often_is_told_when_to_go_on(made: Made) -> None:
    client = TestClient(app_of(made, rate=0.5, burst=2))
    assert [client.get("/v1/models").status_code for _ in range(2)] == [200, 200]
    answer = client.get("/v1/models")
    problem(answer, 429, "too-many-requests")
    assert answer.headers["retry-after"] in ("1", "2")
    assert [client.get("/health").status_code for _ in range(5)] == [200] * 5


@pytest.mark.parametrize(
    ("host", "caller"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("x", "x"),
    ],
)
def test_callers_are_told_apart_by_address(host: str, caller: str) -> None:
    assert _address({"client": (host, 1)}) == caller


def test_pages_of_other_origins_may_read_nothing(made: Made) -> None:
    client = TestClient(app_of(made))
    answer = client.get("/v1/models", headers={"Origin": ORIGIN})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    problem(client.options("/v1/predict", headers=preflight), 405, "method-not-allowed")
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/v1/stream", headers={"Origin": ORIGIN}),
    ):
        pytest.fail("a page of another origin opened a stream")
    assert refused.value is not None


def test_pages_of_an_allowed_origin_may(made: Made) -> None:
    client = TestClient(app_of(made, cors=(ORIGIN,), api_keys=KEYS))
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-API-Key",
    }
    answer = client.options("/v1/predict", headers=preflight)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    problem(
        client.options("/v1/predict", headers=preflight | {"Origin": "https://evil.example"}), 403, "foreign-origin"
    )
    refused = client.get("/v1/models", headers={"Origin": ORIGIN})
    problem(refused, 401, "no-key")
    assert refused.headers["access-control-allow-origin"] == ORIGIN  # so that the page can read the problem


def test_every_answer_has_its_headers(made: Made) -> None:
    client = TestClient(app_of(made))
    for answer in (client.get("/health"), client.get("/nothing"), client.put("/v1/predict")):
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value
        assert len(answer.headers["x-request-id"]) == 32
    told = [
        client.get("/health", headers={"X-Request-Id": value}).headers["x-request-id"] for value in ("a-1", 'a"b{}')
    ]
    assert told[0] == "a-1"
    assert len(told[1]) == 32  # what could spoil a log is not taken over


def test_the_log_has_the_request_and_nothing_of_the_recording(
    made: Made, recording: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ser_core.service")
    client = TestClient(app_of(made))
    client.post("/v1/predict?secret-query=1", files={"file": ("secret-name.flac", recording)})
    client.get("/secret-path")
    lines = [JsonLines().format(record) for record in caplog.records if record.name.startswith("ser_core.service")]
    assert "secret" not in "".join(lines)
    requests = [json.loads(line) for line in lines if json.loads(line)["event"] == "request"]
    assert [(line["route"], line["status"]) for line in requests] == [("/v1/predict", 200), ("unknown", 404)]
    assert all(line["request_id"] and line["ms"] >= 0 for line in requests)
    metrics = client.get("/metrics").text
    assert 'ser_http_requests_total{method="POST",route="/v1/predict",status="200"} 1.0' in metrics
    assert "ser_audio_seconds_total 3.0" in metrics
    assert "secret" not in metrics
