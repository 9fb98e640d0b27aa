"""What the tests of the service share: the application with the model that ships, and one whose model is made here."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ser_core.audio import Waveform, load_audio
from ser_core.bundle import find_bundle, load_card
from ser_core.examples import list_examples
from ser_core.recogniser import Prediction, Recogniser
from ser_core.service import ServiceOptions, create_app
from ser_core.service.shelf import Shelf

T = TypeVar("T")


class Made:
    """A model that answers at once, or as a test wants."""

    def __init__(self, place: str = "lite") -> None:
        self.card = load_card(find_bundle(place))
        self.answer = Recogniser.load(place).predict(load_audio(list_examples()[0].path))

    def predict(self, waveform: Waveform) -> Prediction:
        return replace(self.answer, duration_s=waveform.duration_s)


@pytest.fixture(scope="session")
def recording() -> bytes:
    """A voice of three seconds as a FLAC file."""
    return list_examples()[0].path.read_bytes()


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app()


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client of the service with the model that ships."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def made() -> Made:
    return Made()


def app_of(model: Any, **options: Any) -> FastAPI:
    """Return the service with a model that is there already."""
    return create_app(ServiceOptions(**options), Shelf("lite", load=lambda place: model))


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: the browser tests may have left their event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, main).result()


def problem(answer: Any, status: int, kind: str) -> str:
    """Check that an answer is a problem, and return its sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:ser-studio:problem:{kind}"
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in body["detail"]
    return str(body["detail"])
