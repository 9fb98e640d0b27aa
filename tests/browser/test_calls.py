"""The page for archives of calls in a real browser: a ZIP with a broken file, the table, a call, the report."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from ser_core.audio import load_audio
from ser_core.examples import list_examples
from tests.browser.conftest import OpenPage
from tests.calls.made import zipped
from tests.synthetic import encode

pytestmark = pytest.mark.browser

_ANGRY, _NEUTRAL = "originals/cremad/1053_IEO_ANG_HI.wav", "originals/cremad/1006_TIE_NEU_XX.wav"


def clips() -> tuple[np.ndarray, np.ndarray]:
    """Return a calm and an angry voice: real ones where the corpora are, else built-in ones."""
    folder = Path(os.environ.get("SER_DATA", ""))
    if (folder / _ANGRY).is_file() and (folder / _NEUTRAL).is_file():
        paths = [folder / _NEUTRAL, folder / _ANGRY]
    else:
        paths = [next(one.path for one in list_examples() if one.style == style) for style in ("neutral", "angry")]
    calm, angry = (load_audio(path).samples for path in paths)
    return calm, angry


def call(*turns: tuple[np.ndarray, np.ndarray]) -> bytes:
    """Return a stereo call in which agent (left) and caller (right) take turns."""
    pause = np.zeros(8000, np.float32)
    left = [part for agent, caller in turns for part in (agent, pause, np.zeros_like(caller), pause)]
    right = [part for agent, caller in turns for part in (np.zeros_like(agent), pause, caller, pause)]
    return encode(np.stack([np.concatenate(left), np.concatenate(right)], axis=1), "flac")


def test_from_a_zip_to_the_report(browser: Browser, open_page: OpenPage, tmp_path: Path) -> None:
    calm, angry = clips()
    packed = tmp_path / "calls.zip"
    packed.write_bytes(
        zipped(
            {
                "amal_1.flac": call((calm, calm), (calm, calm)),
                "bo_2.flac": call((calm, angry), (calm, angry)),
                "broken.wav": b"no sound",
                "manifest.csv": b"file,agent,caller\nbo_2.flac,<i>Bo</i>,right\namal_1.flac,Amal,right\n",
            }
        )
    )
    page = open_page(browser)
    page.get_by_role("link", name="Calls", exact=True).click()
    page.locator(".st-key-calls_files input[type=file]").set_input_files(packed)
    page.get_by_role("button", name="Listen to 3 calls").click()
    expect(page.locator(".st-key-calls")).to_contain_text("2 calls")
    expect(page.locator(".st-key-calls")).to_contain_text("broken.wav is not audio")
    page.locator(".st-key-calls_table canvas").first.wait_for()
    chosen = page.locator(".st-key-calls_one")
    expect(chosen.get_by_role("combobox")).to_have_value(re.compile("bo_2.flac"))  # the angry caller comes first
    expect(page.locator(".st-key-calls")).to_contain_text("agent <i>Bo</i>")
    page.locator(".st-key-chart_calls_caller .js-plotly-plot").wait_for()
    expect(page.locator("audio")).to_have_count(1)
    page.wait_for_function("() => document.querySelector('audio').duration > 1")
    with page.expect_download() as waiting:
        page.locator(".st-key-calls_save_html").get_by_role("button", name="Report").click()
    report = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert "&lt;i&gt;Bo&lt;/i&gt;" in report
    assert "broken.wav is not audio" in report
    assert "Traceback" not in page.inner_text("body")
    # The report stands alone: opened as a file, it shows the calls and complains of nothing.
    path = tmp_path / "report.html"
    path.write_text(report, encoding="utf-8")
    page.goto(path.as_uri())
    expect(page.get_by_role("heading", name="Call by call")).to_be_visible()
    assert page.locator("svg[role=img]").count() >= 3
