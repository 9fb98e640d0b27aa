"""The real app on a free port, and Debian's chromium with a fake microphone that plays a real clip."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile as sf
import soxr
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from ser_core.audio import SAMPLE_RATE, load_audio

PROJECT = Path(__file__).resolve().parents[2]
CLIP = "originals/cremad/1001_DFA_ANG_XX.wav"
#: A name that is not localhost, which the browser is told to find on this machine.
ELSEWHERE = "studio.test"

OpenPage = Callable[..., Page]

#: Errors of a component that is not ours: on a busy machine it may stop a recorder that has not begun.
FOREIGN_ERRORS = {"r.context.close is not a function"}

# A guard against hanging, far above what a busy machine needs.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def spoken_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice: a real clip where the corpora are, else one made by espeak-ng."""
    folder = Path(os.environ.get("SER_DATA") or PROJECT.parent / "shared/corpora")
    if (folder / CLIP).is_file():
        return folder / CLIP
    if shutil.which("espeak-ng") is None:
        pytest.skip("neither the real corpora nor espeak-ng are here: there is no voice to play")
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    words = "I have told you a hundred times not to do that!"
    subprocess.run(["espeak-ng", "-s", "190", "-a", "180", "-w", str(path), words], check=True)
    return path


@pytest.fixture(scope="session")
def microphone_file(spoken_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake microphone plays over and over: the voice and a pause of three seconds, 48 kHz mono.

    The pause is faint noise: some recorders take perfect silence for a broken microphone.
    """
    voice = load_audio(spoken_clip).samples
    voice = 0.5 * voice / np.abs(voice).max()
    noise = 3e-4 * np.random.default_rng(0).standard_normal(len(voice) + 3 * SAMPLE_RATE)
    noise[: len(voice)] += voice
    path = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    sf.write(path, soxr.resample(noise, SAMPLE_RATE, 48_000), 48_000, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, started as a person would start it."""
    with running_app(tmp_path_factory.mktemp("app")) as url:
        yield url


@contextlib.contextmanager
def running_app(folder: Path, **settings: str) -> Iterator[str]:
    """Start the app with further settings in its environment, its log in *folder*; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log.txt"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=PROJECT,
            env=os.environ | {"PYTHONFAULTHANDLER": "1"} | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(f"http://localhost:{port}", process, log)
            yield f"http://localhost:{port}"
        finally:
            _end(process, log)


def _end(process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask the app to end; where it does not, fail with what each of its threads is at."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # Python's fault handler writes all threads down
        process.wait(30)
        pytest.fail(f"the app did not end:\n{log.read_text()[-8000:]}")


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"the app did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright itself; it starts the system's browser and never downloads one."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Start chromium with further flags; skips where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium is installed (Debian: apt install chromium)")
    started: list[Browser] = []

    def start(*flags: str) -> Browser:
        started.append(playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *flags]))
        return started[-1]

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser], microphone_file: Path) -> Browser:
    """A browser whose microphone hears the clip and whose user allows it."""
    return launch(
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone_file}",
        "--use-fake-ui-for-media-stream",
    )


@pytest.fixture
def open_page(address: str) -> Iterator[OpenPage]:
    """Open the app; afterwards check that no page reported an error or asked anything of the internet."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    hosts: set[str | None] = set()

    def start(browser: Browser, url: str = address, **options: object) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.goto(url)
        page.get_by_role("button", name="angry").wait_for()
        return page

    yield start
    for context in contexts:
        context.close()
    assert not set(errors) - FOREIGN_ERRORS
    assert hosts - {None} <= {"localhost", ELSEWHERE}
