"""What is taken on: rates, a bounded queue, bounded bytes; and a burst of requests against a small queue."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx2
import pytest

from ser_core.audio import Waveform
from ser_core.service.limits import HeldBytes, RateLimiter, WorkQueue
from ser_core.service.problems import ProblemError
from tests.service.conftest import Made, app_of, run


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    now = 0.0
    limiter = RateLimiter(2.0, 3, clock=lambda: now)
    assert [limiter.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.take("b") == 0
    now = 0.5
    assert [limiter.take("a") for _ in range(2)] == [0, 0.5]
    now = 100.0
    assert [limiter.take("a") for _ in range(4)][:3] == [0, 0, 0]
    assert all(RateLimiter(0.0, 1).take("a") == 0 for _ in range(9))


def test_only_so_many_callers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.service.limits._MOST_CALLERS", 2)
    limiter = RateLimiter(1.0, 1, clock=lambda: 0.0)
    for caller in ("a", "b", "c"):
        assert limiter.take(caller) == 0
    assert limiter.take("c") > 0
    assert limiter.take("a") == 0


def test_a_full_queue_refuses_and_a_place_is_free_again() -> None:
    queue, go = WorkQueue(1, 1, "test"), threading.Event()
    first, second = queue.submit(go.wait), queue.submit(lambda: 2)
    with pytest.raises(ProblemError) as refused:
        queue.submit(lambda: 3)
    assert (refused.value.kind, int(refused.value.headers["Retry-After"]) >= 1) == ("busy", True)
    assert (queue.inside, queue.waiting) == (2, 1)
    go.set()
    assert (first.result(9), second.result(9)) == (True, 2)
    assert queue.submit(lambda: 4).result(9) == 4


def test_whoever_leaves_the_queue_frees_a_place() -> None:
    queue, go = WorkQueue(1, 1, "test"), threading.Event()
    first, second = queue.submit(go.wait), queue.submit(lambda: 2)
    assert second.cancel()
    assert queue.inside == 1
    go.set()
    first.result(9)


def test_uploads_share_their_memory() -> None:
    held = HeldBytes(100)
    one, two = held.lease(), held.lease()
    one.grow(150)  # alone, it may be as large as the settings allow
    with pytest.raises(ProblemError, match="as much work"):
        two.grow(1)
    one.release()
    one.release()
    two.grow(60)
    with pytest.raises(ProblemError):
        one.grow(60)
    assert held.held == 60


def test_a_burst_gets_answers_or_is_told_when_to_come_back(made: Made, recording: bytes) -> None:
    go, predict = threading.Event(), made.predict

    def slow(waveform: Waveform) -> Any:
        go.wait(60)
        return predict(waveform)

    made.predict = slow  # type: ignore[method-assign]
    app = app_of(made, workers=2, queue=3, rate=0.0)

    async def burst() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=120) as client:
            asked = [asyncio.ensure_future(client.post("/v1/predict", files={"file": recording})) for _ in range(30)]
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            # The event loop is free while the models work.
            assert (await client.get("/health")).status_code == 200
            while sum(task.done() for task in asked) < 25:
                await asyncio.sleep(0.01)
            go.set()
            return list(await asyncio.gather(*asked))

    answers = run(burst())
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 25
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert {answer.json()["type"] for answer in refused} == {"urn:ser-studio:problem:busy"}
    assert app.state.service.held.held == 0
    assert b'ser_refused_total{kind="busy"} 25.0' in app.state.service.metrics.text()
