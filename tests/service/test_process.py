"""The service as a process of its own, over real sockets: a burst, a stream, the example client, an orderly end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ser_core.audio import load_audio
from ser_core.examples import list_examples

PROJECT = Path(__file__).resolve().parents[2]
KEY = "key-of-this-test"


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address and the process of a service with one worker and two places in its queue."""
    arguments = ["--port", "0", "--workers", "1", "--queue", "2", "--rate", "0"]
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "scripts/serve.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"SER_API_KEY": KEY},
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+:\d+", process.stdout.readline())
    assert found, process.stderr.read() if process.stderr else ""
    yield found[0], process
    process.kill()
    process.communicate()


def test_a_burst_a_stream_the_example_client_and_the_end(
    service: tuple[str, subprocess.Popen[str]], recording: bytes
) -> None:
    address, process = service
    headers = {"X-API-Key": KEY}

    def ask(_: int) -> httpx2.Response:
        return httpx2.post(f"{address}/v1/predict", files={"file": recording}, headers=headers, timeout=120)

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(ask, range(32)))
    assert {answer.status_code for answer in answers} == {200, 429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)

    stream = f"{address.replace('http', 'ws')}/v1/stream"
    with pytest.raises(InvalidStatus) as refused:
        connect(stream)
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"")["type"].endswith("no-key")
    with connect(stream, additional_headers=headers) as socket:
        socket.send('{"rate": 16000, "format": "float32"}')
        socket.send(load_audio(recording).samples.astype("<f4").tobytes())
        socket.send('{"event": "end"}')
        messages = [json.loads(message) for message in socket]
    assert messages[0]["event"] == "ready"
    assert messages[-2]["event"] == "reading"
    assert messages[-2]["emotion"]
    assert (messages[-1]["event"], socket.close_code) == ("end", 1000)

    example = [sys.executable, str(PROJECT / "docs/examples/assistant.py"), str(list_examples()[0].path)]
    environment = os.environ | {"SER_API_KEY": KEY, "SER_SERVICE": address}
    said = subprocess.run(example, capture_output=True, text=True, env=environment, timeout=120, check=True)
    assert said.stdout.strip()

    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM)
    log = process.stderr.read() if process.stderr else ""
    lines = [json.loads(line) for line in log.splitlines()]
    assert sum(line["event"] == "request" and line["status"] == 200 for line in lines) >= 3
    assert "127.0.0.1" not in log


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--port", "-1"], 2, "--port"),
        (["--port", "70000"], 1, "cannot be opened"),
        (["--certificate", "/no/such"], 2, "--certificate-key"),
        (["--certificate", "/no/such", "--certificate-key", "/no/such"], 1, "give PEM files"),
        (["--model", "no-such"], 1, "There is no model"),
        (["--cors", "*"], 1, "no origin"),
        (["--api-key-file", "/no/such/file"], 1, "cannot be read"),
    ],
)
def test_what_cannot_be_started_ends_with_a_sentence(
    arguments: list[str], status: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))  # in this process, since a start takes seconds
    monkeypatch.setattr(sys, "argv", ["serve.py", *arguments])
    import cli
    import serve

    monkeypatch.setattr(serve, "log_to_stderr", lambda: None)  # the loggers of this process stay as they are
    with pytest.raises(SystemExit) as ended:
        cli.run(serve.main)
    assert ended.value.code == status
    printed = capsys.readouterr().err
    assert words in printed
    assert printed.count("\n") == 1
