"""The addresses of the service: predictions, models, signs of life; and what wrong requests get."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from starlette.testclient import TestClient

from ser_core.audio import load_audio
from ser_core.emotions import EMOTIONS
from ser_core.errors import BundleError
from ser_core.recogniser import Recogniser
from ser_core.service import create_app
from ser_core.service.shelf import Shelf
from tests.service.conftest import Made, app_of, problem


def as_wav(seconds: float, rate: int = 16_000) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, np.zeros(round(seconds * rate), np.int16), rate, format="WAV")
    return buffer.getvalue()


def test_a_prediction_is_what_the_command_line_prints(client: TestClient, recording: bytes) -> None:
    answer = client.post("/v1/predict", files={"file": ("voice.flac", recording)})
    assert answer.status_code == 200
    expected = Recogniser.load("lite").predict(load_audio(recording)).to_dict()
    body = answer.json()
    assert list(body) == ["path", *expected]
    assert body["path"] == "voice.flac"
    assert body["probabilities"] == pytest.approx(expected["probabilities"])
    assert body["emotion"] == expected["emotion"]


def test_another_model_answers_where_it_is_named(client: TestClient, recording: bytes) -> None:
    answer = client.post("/v1/predict", files={"file": recording}, data={"model": "functionals-svm"})
    assert answer.json()["model"] == "functionals-svm"
    assert list(answer.json()["probabilities"]) == list(EMOTIONS)


def test_silence_is_answered_and_names_no_emotion(client: TestClient) -> None:
    body = client.post("/v1/predict", files={"file": as_wav(2.0)}).json()
    assert body["emotion"] is body["valence"] is None
    assert body["warnings"]


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"hello", "not audio"), (as_wav(1.0)[:-8000], "cut off")],
    ids=["empty", "text", "cut"],
)
def test_what_is_no_recording_is_a_problem(client: TestClient, data: bytes, words: str) -> None:
    for address in ("/v1/predict", "/v1/timelines"):
        answer = client.post(address, files={"file": ("secret-name.wav", data)})
        sentence = problem(answer, 422, "unreadable-audio")
        assert words in sentence
        assert "secret-name" not in sentence


def test_recordings_longer_than_two_minutes_are_decoded_as_a_stream(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(app_of(made, longest_s=150.0)) as client:
        answer = client.post("/v1/predict", files={"file": as_wav(130.0, 8_000)})
        assert answer.json()["duration_s"] == 130.0
        for seconds in (155.0, 400.0):
            sentence = problem(client.post("/v1/predict", files={"file": as_wav(seconds, 8_000)}), 413, "too-large")
            assert "2.5 minutes" in sentence
        monkeypatch.setenv("SER_MAX_SECONDS", "5")
        problem(client.post("/v1/predict", files={"file": as_wav(6.0)}), 413, "too-large")


@pytest.mark.parametrize("name", ["no-such", "../lite", "/etc", "models/lite"])
def test_a_model_is_named_and_never_a_folder(client: TestClient, recording: bytes, name: str) -> None:
    for address in ("/v1/predict", "/v1/timelines"):
        answer = client.post(address, files={"file": recording}, data={"model": name})
        assert "choose one of" in problem(answer, 422, "unknown-model")


def test_models_health_and_readiness(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    models = client.get("/v1/models").json()["models"]
    assert models[0]["name"] == "lite"
    assert [model["name"] for model in models if model["default"]] == ["lite"]
    assert "functionals-svm" in {model["name"] for model in models}
    for _ in range(600):
        if client.get("/ready").status_code == 200:
            break
        time.sleep(0.1)
    assert client.get("/ready").json() == {"status": "ready", "model": "lite"}


def test_until_the_model_is_there_the_service_is_alive_and_not_ready(
    recording: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(shelf=Shelf("lite", load=broken))
    client = TestClient(app)  # without "with" nothing is loaded
    assert problem(client.get("/ready"), 503, "not-ready")
    assert client.get("/ready").headers["retry-after"] == "1"
    app.state.service.shelf.prepare()
    assert client.get("/health").status_code == 200
    problem(client.get("/ready"), 503, "model-unavailable")
    sentence = problem(client.post("/v1/predict", files={"file": recording}), 503, "model-unavailable")
    assert "/home" not in sentence  # the error's own sentence names folders, and is for the log
    assert all("/home" in record.reason for record in caplog.records if record.getMessage() == "model_failed")
    assert "model_failed" in caplog.text


def broken(place: str) -> Recogniser:
    raise BundleError("The model in /home/somebody is damaged: install it again.")


@pytest.mark.parametrize(
    ("method", "address", "status", "kind"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/v1/timelines/nothing", 404, "not-found"),
        ("GET", "/v1/timelines/nothing/events", 404, "not-found"),
        ("DELETE", "/v1/timelines/nothing", 404, "not-found"),
        ("GET", "/v1/timelines/" + "x" * 65, 422, "invalid"),
        ("GET", "/v1/predict", 405, "method-not-allowed"),
        ("OPTIONS", "/v1/predict", 405, "method-not-allowed"),
        ("PUT", "/health", 405, "method-not-allowed"),
    ],
)
def test_wrong_addresses_and_methods_are_problems(
    client: TestClient, method: str, address: str, status: int, kind: str
) -> None:
    answer = client.request(method, address)
    problem(answer, status, kind)
    assert (status == 405) == ("allow" in answer.headers)


def test_a_refused_method_comes_with_those_that_the_address_knows(client: TestClient) -> None:
    for address, methods in (("/v1/timelines/x", "DELETE, GET"), ("/v1/timelines", "POST"), ("/health", "GET")):
        assert client.put(address).headers["allow"] == methods


def test_what_nobody_foresaw_is_a_problem_without_its_words(
    made: Made, recording: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(waveform: Any) -> Any:
        raise RuntimeError("words of a stranger")

    made.predict = fail  # type: ignore[method-assign]
    answer = TestClient(app_of(made)).post("/v1/predict", files={"file": recording}, headers={"X-Request-Id": "mine-1"})
    assert "request_id" in problem(answer, 500, "internal")
    assert answer.headers["x-request-id"] == "mine-1"
    (record,) = [record for record in caplog.records if record.getMessage() == "unforeseen"]
    assert record.request_id == "mine-1"
    assert "RuntimeError" in record.reason
    assert "stranger" not in caplog.text + record.reason


def test_only_so_many_models_stay_in_memory() -> None:
    loads: list[str] = []

    def load(place: str) -> Any:
        loads.append(place)
        return place

    shelf = Shelf("lite", most=2, load=load)
    others = [name for name in ("functionals-svm", "base") if name in {card.name for card in shelf.cards()}]
    for name in (None, *others, "lite"):
        assert shelf.get(name) == (name or "lite")
    assert shelf.loaded() == {"lite", others[-1]}
    assert loads == ["lite", *others]


@pytest.mark.parametrize("most", [1, 3])
def test_the_model_that_was_not_asked_for_the_longest_is_dropped(most: int) -> None:
    shelf = Shelf("lite", most=most, load=lambda place: place)  # type: ignore[arg-type,return-value]
    for name in ("lite", "tiny", "functionals-svm", "tiny", "base"):
        assert shelf.get(name) == name
    assert shelf.loaded() == ({"lite", "base"} if most == 1 else {"lite", "tiny", "base"})
