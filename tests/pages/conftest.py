"""What the tests of the pages share: sounds, and ways to read the page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from ser_core.audio import load_audio
from ser_core.bundle import list_bundles
from ser_core.examples import list_examples

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _needs_models() -> None:
    assert list_bundles(), "models/ holds no bundle: the page has nothing to show"


@pytest.fixture
def visited_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server that has had a visitor: else every run of a test begins as the very first, and forgets the press."""
    original = PagesManager.__init__

    def start(self: PagesManager, *args: Any, **options: Any) -> None:
        PagesManager.uses_pages_directory = False
        original(self, *args, **options)

    monkeypatch.setattr(PagesManager, "__init__", start)


@pytest.fixture
def app() -> AppTest:
    """The whole app, opened once."""
    return open_app()


def open_app() -> AppTest:
    """Open the app as a new visitor does."""
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120).run()


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the download buttons offer: file name -> text, filled as the page is drawn."""
    offered: dict[str, str] = {}
    original = MemoryMediaFileStorage.load_and_get_id

    def spy(self: Any, data: Any, mimetype: str, kind: Any, filename: str | None = None) -> str:
        if filename and isinstance(data, bytes):
            offered[filename] = data.decode()
        return original(self, data, mimetype, kind, filename)

    monkeypatch.setattr(MemoryMediaFileStorage, "load_and_get_id", spy)
    return offered


@pytest.fixture(scope="session")
def voice() -> bytes:
    """A voice as a telephone or a studio might send it: 48 kHz stereo WAV."""
    samples = load_audio(list_examples()[0].path).samples.repeat(3)
    return as_wav(np.stack([samples, 0.5 * samples], axis=1), 48_000)


def as_wav(samples: np.ndarray, rate: int = 16_000) -> bytes:
    """Return *samples* [shape=(n,) or (n, channels)] as a WAV file."""
    buffer = io.BytesIO()
    sf.write(buffer, samples, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def heading(app: AppTest) -> str:
    """Return the answer's heading, such as `😠 Angry`; empty where there is none."""
    return app.header[0].value if app.header else ""


def text(app: AppTest) -> str:
    """Return all Markdown on the page."""
    return "\n".join(element.value for element in app.markdown)


def charts(app: AppTest) -> int:
    """Return how many charts are on the page."""
    return len(app.get("plotly_chart"))


def press(app: AppTest, key: str) -> AppTest:
    """Press the button with *key*."""
    return app.button(key=key).click().run()


def choose(app: AppTest, key: str, value: Any) -> AppTest:
    """Choose in any widget of single or multiple choice."""
    for kind in ("button_group", "selectbox", "multiselect", "slider", "toggle", "select_slider"):
        found = [widget for widget in app.get(kind) if widget.key == key]
        if found:
            return found[0].set_value(value).run()
    raise KeyError(key)
