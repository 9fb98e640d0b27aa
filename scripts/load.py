"""Load on the real app and the real service: `python scripts/load.py class`, `... burst`, `... memory`.

class: 30 visitors at once, each with a session of its own that uploads a fresh marked clip every 10 s for 5 minutes,
beside one running training; every answer and the sound behind the player are compared with the visitor's own clip.
burst: 200 requests at once to the service, whose queue is bounded.
memory: what 2,000 predictions leave behind in the service and in the app, compared with what 200 leave.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cli
import httpx2
import numpy as np
import psutil
from bench.visitor import Visitor

from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.examples import list_examples
from ser_core.recogniser import Recogniser

PROJECT = Path(__file__).resolve().parent.parent
_START_S = 180
_MODEL = "lite"


@dataclass
class Heard:
    """What a visitor's clip got."""

    visitor: int
    number: int
    seconds: float
    answer: dict[str, Any]
    sound_is_own: bool


@dataclass
class Class:
    """What came of the visitors."""

    heard: list[Heard] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    machine = {"cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 2)}
    report = {"class": _class, "burst": _burst, "memory": _memory}[options.what](options) | machine
    cli.print_json(report)
    return cli.FINE if report["fine"] else cli.FAILED


def marked_clip(visitor: int, number: int) -> bytes:
    """Return a voice with a tone of its own beneath it as a WAV file: no two visitors or rounds have the same."""
    examples = list_examples()
    voice = load_audio(examples[visitor % len(examples)].path).samples
    seconds = np.arange(len(voice)) / SAMPLE_RATE
    marked = voice + 0.003 * np.sin(2 * np.pi * (200 + 31 * visitor + 7 * number) * seconds)
    return _wav(marked)


def _wav(samples: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def _class(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        training = contextlib.nullcontext() if options.without_training else _training(Path(folder))
        with _app(Path(folder)) as (url, process), training:
            found = asyncio.run(_visits(url, options))
            memory = _megabytes(process)
    wrong = _strangers(found.heard)
    times = sorted(heard.seconds for heard in found.heard)
    return {
        "what": f"{options.visitors} visitors, a clip every {options.every} s for {options.seconds} s",
        "training_beside": not options.without_training,
        "predictions": len(times),
        "errors": found.errors[:10],
        "answers_of_another_clip": wrong,
        "median_s": round(statistics.median(times), 3) if times else None,
        "p95_s": round(_p95(times), 3) if times else None,
        "worst_s": round(times[-1], 3) if times else None,
        "memory_mb": memory,
        "fine": bool(times) and not found.errors and not wrong and _p95(times) <= options.within,
    }


async def _visits(url: str, options: argparse.Namespace) -> Class:
    found = Class()
    together = asyncio.Barrier(options.visitors)
    await asyncio.gather(*(_visit(url, number, options, found, together) for number in range(options.visitors)))
    return found


async def _visit(url: str, visitor: int, options: argparse.Namespace, found: Class, together: asyncio.Barrier) -> None:
    try:
        async with Visitor(url) as session:
            await together.wait()  # the pages of all are open before anybody asks
            await asyncio.sleep(random.Random(visitor).uniform(0, options.every))
            for number in range(round(options.seconds / options.every)):
                began = time.monotonic()
                found.heard.append(await _ask(session, visitor, number))
                await asyncio.sleep(max(0.0, options.every - (time.monotonic() - began)))
    except Exception as error:  # whatever happens to a visitor is what is looked for
        found.errors.append(f"visitor {visitor}: {type(error).__name__}: {error}")
        await together.abort()


async def _ask(session: Visitor, visitor: int, number: int) -> Heard:
    clip, name = marked_clip(visitor, number), f"visitor-{visitor}-{number}.wav"
    start = time.monotonic()
    await session.upload("upload", name, clip)
    seconds = time.monotonic() - start
    if not any(name in text for text in session.texts()):
        raise LookupError(f"the page does not show {name}")
    answer = json.loads(await session.fetch(session.find("download_button", "download_json").url))
    player = next(element.audio for element in session.elements if element.WhichOneof("type") == "audio")
    own = load_audio(clip).samples
    shown = load_audio(await session.fetch(player.url)).samples
    same = len(own) == len(shown) and float(np.abs(own / np.abs(own).max() - shown / np.abs(shown).max()).max()) < 0.01
    return Heard(visitor, number, seconds, answer, same)


def _strangers(heard: list[Heard]) -> int:
    """Return how many answers are not those of the visitor's own clip."""
    model = Recogniser.load(_MODEL)
    wrong = 0
    for one in heard:
        expected = model.predict(load_audio(marked_clip(one.visitor, one.number))).probabilities
        told = one.answer["probabilities"]
        wrong += not one.sound_is_own or any(abs(told[name] - value) > 1e-4 for name, value in expected.items())
    return wrong


def _burst(options: argparse.Namespace) -> dict[str, Any]:
    with _service("--rate", "0") as (url, process):
        answers, took = asyncio.run(_requests(url, options.requests))
        memory = _megabytes(process)
    fine = sorted(seconds for status, _, seconds in answers if status == 200)
    refused = [again for status, again, _ in answers if status == 429]
    return {
        "what": f"{options.requests} requests at once",
        "status": dict(Counter(str(status) for status, _, _ in answers)),
        "refused_with_retry_after": sum(again is not None for again in refused),
        "p95_s": round(_p95(fine), 3) if fine else None,
        "throughput_per_s": round(len(fine) / took, 1),
        "memory_mb": memory,
        "fine": bool(fine) and len(fine) + len(refused) == len(answers) and None not in refused,
    }


async def _requests(url: str, count: int) -> tuple[list[tuple[int, str | None, float]], float]:
    limits = httpx2.Limits(max_connections=count)
    async with httpx2.AsyncClient(base_url=url, timeout=120, limits=limits) as client:

        async def ask(number: int) -> tuple[int, str | None, float]:
            start = time.monotonic()
            answer = await client.post("/v1/predict", files={"file": (f"{number}.wav", marked_clip(number, 0))})
            return answer.status_code, answer.headers.get("retry-after"), time.monotonic() - start

        start = time.monotonic()
        answers = await asyncio.gather(*(ask(number) for number in range(count)))
        return list(answers), time.monotonic() - start


def _memory(options: argparse.Namespace) -> dict[str, Any]:
    first, last = options.first, options.last
    with _service("--rate", "0") as (url, process), httpx2.Client(base_url=url, timeout=120) as client:
        found = {}
        for number in range(last):
            client.post("/v1/predict", files={"file": marked_clip(number % 30, number)}).raise_for_status()
            if number + 1 in (first, last):
                found[number + 1] = _megabytes(process)
    with tempfile.TemporaryDirectory() as folder, _app(Path(folder)) as (url, process):
        app = asyncio.run(_one_after_another(url, process, first, last))
    growth = {name: round(100 * (kept[last] / kept[first] - 1), 1) for name, kept in (("service", found), ("app", app))}
    return {
        "what": f"memory in MB after {first} and {last} predictions",
        "service_mb": found,
        "app_mb": app,
        "growth_percent": growth,
        "fine": max(growth.values()) <= 5,
    }


async def _one_after_another(url: str, process: subprocess.Popen[bytes], first: int, last: int) -> dict[int, float]:
    found = {}
    async with Visitor(url) as session:
        for number in range(last):
            await session.upload("upload", f"{number}.wav", marked_clip(number % 30, number))
            if number + 1 in (first, last):
                found[number + 1] = _megabytes(process)
    return found


@contextlib.contextmanager
def _app(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", port]
    with _started(command, f"http://localhost:{port}", "/_stcore/health", folder / "app.txt") as process:
        yield f"http://localhost:{port}", process


@contextlib.contextmanager
def _service(*options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = _free_port()
    command = [sys.executable, "scripts/serve.py", "--port", port, "--model", _MODEL, *options]
    with (
        tempfile.TemporaryDirectory() as folder,
        _started(command, f"http://127.0.0.1:{port}", "/ready", Path(folder) / "log.txt") as process,
    ):
        yield f"http://127.0.0.1:{port}", process


@contextlib.contextmanager
def _started(command: list[str], url: str, health: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(url + health, process, log)
            yield process
        finally:
            process.terminate()
            process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(url, timeout=5).status_code == 200:
                return
        time.sleep(0.25)
    raise SystemExit(f"it did not start:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def _training(folder: Path) -> Iterator[None]:
    """Train beside it, as the page Train does: in a process that gives way."""
    command = [sys.executable, "scripts/train.py", "lite", "--protocol", "all", "--nice", "10", "--jobs", "1"]
    environment = os.environ | {"SER_RUNS": str(folder / "runs")}
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(20)  # until it has its features and is at work
        yield
        if process.poll() is not None:
            raise SystemExit(
                "The training beside it has ended early: give it corpora (SER_DATA), or --without-training."
            )
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _megabytes(process: subprocess.Popen[bytes]) -> float:
    return round(psutil.Process(process.pid).memory_info().rss / 1e6, 1)


def _p95(times: list[float]) -> float:
    return float(np.quantile(times, 0.95))


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="load.py", description=__doc__)
    parser.add_argument("what", choices=("class", "burst", "memory"))
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between a visitor's clips")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--within", type=float, default=1.5, help="seconds that 95 %% of a class's answers may take")
    parser.add_argument("--without-training", action="store_true")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--first", type=int, default=200, help="predictions before memory is looked at")
    parser.add_argument("--last", type=int, default=2000, help="... and looked at again")
    return parser


if __name__ == "__main__":
    cli.run(main)
