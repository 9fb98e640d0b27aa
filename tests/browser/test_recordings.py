"""The page Recordings in a real browser: a file of minutes, a click that moves the player, what is saved."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from ser_core.audio import load_audio
from ser_core.corpora import read_corpora
from ser_core.examples import list_examples
from tests.browser.conftest import OpenPage
from tests.browser.test_signals import idle
from tests.conftest import PROJECT
from tests.pages.conftest import as_wav

pytestmark = pytest.mark.browser

_PLAYER = "document.querySelector('.st-key-signals_player audio')"


def _minute_and_a_half() -> bytes:
    """Return actors of RAVDESS with pauses between them, or the built-in voices where it is missing, as a WAV file."""
    voices = [load_audio(example.path).samples for example in list_examples()] * 4
    folder = Path(os.environ.get("SER_DATA") or PROJECT.parent / "shared/corpora")
    if (folder / "ravdess").is_dir():
        clips = read_corpora(["ravdess"], folder).sample(24, random_state=0)
        voices = [load_audio(Path(path)).samples for path in clips["path"]]
    hiss = np.random.default_rng(0).normal(0, 3e-4, 16_000).astype(np.float32)
    return as_wav(np.concatenate([part for voice in voices for part in (voice, hiss)]))


def _saved(page: Page, key: str) -> bytes:
    idle(page)  # a file that is made on demand is lost when the page runs again meanwhile
    with page.expect_download() as download:
        page.locator(f".st-key-{key} button").click()
    return download.value.path().read_bytes()


def test_a_file_is_judged_a_click_moves_the_player_and_all_is_saved(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, viewport={"width": 1280, "height": 2000})
    page.get_by_role("link", name="Recordings").click()
    page.locator(".st-key-recordings_source").get_by_text("Upload", exact=True).click()
    page.locator(".st-key-recordings_upload input[type=file]").set_input_files(
        {"name": "call.wav", "mimeType": "audio/wav", "buffer": _minute_and_a_half()}
    )
    lanes = page.locator(".st-key-chart_timeline_emotions .js-plotly-plot")
    expect(lanes).to_be_visible(timeout=120_000)
    idle(page)
    expect(page.get_by_text("Somebody speaks for")).to_be_visible()
    page.wait_for_function(f"{_PLAYER}.duration > 60")
    length = page.evaluate(f"{_PLAYER}.duration")

    lanes.scroll_into_view_if_needed()
    box = lanes.bounding_box()
    left, width = 108, box["width"] - 108 - 12
    page.mouse.click(box["x"] + left + 0.75 * width, box["y"] + 20)
    page.wait_for_function(f"{_PLAYER}.currentTime > 1")
    assert page.evaluate(f"{_PLAYER}.currentTime") == pytest.approx(0.75 * length, abs=1.0)
    expect(page.locator(".ser-line.play span").first).to_contain_text(":")

    moment = page.locator(".st-key-recordings_moments button").first
    minutes, seconds = re.search(r"(\d+):(\d\d)", moment.inner_text()).groups()
    moment.click()
    wanted = 60 * int(minutes) + int(seconds)
    page.wait_for_function(f"Math.abs({_PLAYER}.currentTime - {wanted}) < 3")

    told = json.loads(_saved(page, "download_json"))
    assert told["duration_s"] == pytest.approx(length, abs=0.1)
    rows = list(csv.DictReader(io.StringIO(_saved(page, "download_csv").decode())))
    assert len(rows) == len(told["segments"])
    assert b"Plotly.newPlot" in _saved(page, "download_html")
