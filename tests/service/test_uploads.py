"""Uploads: counted while they arrive, held in memory only, refused when damaged."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.service.conftest import Made, app_of, problem, run
from tests.synthetic import encode

FORM = {"Content-Type": "multipart/form-data; boundary=x"}


def part(name: str, data: bytes, filename: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data + b"\r\n"


@pytest.fixture
def app(made: Made) -> FastAPI:
    return app_of(made)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def test_a_file_over_the_limit_is_refused_before_all_of_it_is_there(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_MAX_MEGABYTES", "0.1")
    monkeypatch.setattr("ser_core.service.guard._DRAIN_BYTES", 0)
    assert "0.1 MB" in problem(client.post("/v1/predict", files={"file": b"x" * 200_000}), 413, "too-large")
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield part("file", b"")[:-2]
        while True:
            taken += 10_000
            yield b"x" * 10_000

    # The test client of Starlette joins such a body, so that the application is asked without it.
    pieces = endless()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", FORM["Content-Type"].encode()), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": headers, "query_string": b""}
    run(app({**scope, "client": ("1.2.3.4", 5)}, receive, send))
    assert sent[0]["status"] == 413
    assert taken < 200_000
    assert app.state.service.held.held == 0


@pytest.mark.parametrize(
    ("content_type", "body", "status", "kind"),
    [
        ("application/json", b"{}", 415, "not-multipart"),
        ("", b"", 415, "not-multipart"),
        ("multipart/form-data", b"", 415, "not-multipart"),
        ("multipart/form-data; boundary=" + "x" * 300, b"", 415, "not-multipart"),
        ("multipart/form-data; boundary=x", b"", 400, "bad-request"),
        ("multipart/form-data; boundary=x", b"rubbish", 400, "bad-request"),
        ("multipart/form-data; boundary=x", part("file", b"abc"), 400, "bad-request"),
        ("multipart/form-data; boundary=x", part("model", b"lite") + b"--x--\r\n", 422, "invalid"),
        ("multipart/form-data; boundary=x", part("file", b"a") * 2 + b"--x--\r\n", 422, "invalid"),
        ("multipart/form-data; boundary=x", part("model", b"a") * 9 + b"--x--\r\n", 422, "invalid"),
        ("multipart/form-data; boundary=x", part("model", b"a" * 201) + b"--x--\r\n", 422, "invalid"),
        ("multipart/form-data; boundary=x", part("file", b"a", "n") + b"--x--\r\n", 422, "unreadable-audio"),
    ],
)
def test_damaged_forms_are_problems(
    app: FastAPI, client: TestClient, content_type: str, body: bytes, status: int, kind: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    problem(client.post("/v1/predict", content=body, headers=headers), status, kind)
    assert app.state.service.held.held == 0


def test_file_names_come_back_as_they_were_sent_and_no_longer(client: TestClient, recording: bytes) -> None:
    for name in ("../../etc/passwd", "<script>.wav", "Käse 🧀.wav", "x" * 999):
        body = part("file", recording, name) + b"--x--\r\n"
        answer = client.post("/v1/predict", content=body, headers=FORM)
        assert answer.json()["path"] == name[:255]
    assert (
        client.post("/v1/predict", content=part("file", recording) + b"--x--\r\n", headers=FORM).json()["path"] is None
    )


def test_nothing_of_an_upload_is_written_to_the_disk(client: TestClient, recording: bytes) -> None:
    written: list[object] = []
    watching = False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:  # sees every way to open a file; it cannot be taken off
        if watching and event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(arguments[0])

    sys.addaudithook(watch)
    client.post("/v1/predict", files={"file": recording})  # whatever libraries do on their first use
    watching = True
    large = recording + bytes(3_000_000)  # more than Starlette keeps in memory
    answers = [client.post(address, files={"file": large}) for address in ("/v1/predict", "/v1/timelines")]
    client.delete(answers[1].headers.get("location", "/nothing"))
    watching = False
    assert answers[0].status_code == 200, answers[0].text
    assert written == []


def test_an_upload_that_does_not_end_is_given_up(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.service.guard._DRAIN_S", 0.05)
    app = app_of(made, receive_s=0.05)
    sent: list[Any] = []
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if not first:
            await asyncio.sleep(3600)
        first = False
        return {"type": "http.request", "body": part("file", b"abc")[:-2], "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", FORM["Content-Type"].encode()), (b"content-length", b"5000")]
    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": headers, "query_string": b""}
    run(app({**scope, "client": None}, receive, send))
    assert sent[0]["status"] == 408
    assert app.state.service.held.held == 0


def test_a_file_that_says_it_is_too_long_is_refused_before_it_is_decoded(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = encode(np.zeros(8_000 * 700, np.float32), "flac", rate=8_000)
    monkeypatch.setattr("ser_core.untrusted.stream._Untrusted.blocks", None)
    assert "limit of 10 minutes" in problem(client.post("/v1/predict", files={"file": hour}), 413, "too-large")
