"""Why an answer was given, in a real browser: found, seen, heard and saved."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_signals import idle

pytestmark = pytest.mark.browser


def test_what_decided_is_found_seen_heard_and_saved(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    page.get_by_role("button", name="angry").click()
    why = page.locator(".st-key-why_answer")
    why.get_by_text("Why this answer?").click()
    idle(page)  # a press while the page is still being drawn may be lost
    why.get_by_role("button", name="Find what decided").click()
    expect(why.get_by_text("Without the framed parts it is")).to_be_visible()
    for name in ("waveform", "steps", "spectrogram"):
        expect(why.locator(f".st-key-chart_why_{name} .js-plotly-plot")).to_be_visible()
    idle(page)
    why.get_by_role("button", name="Play only what decided").click()
    page.wait_for_function("document.querySelector('.st-key-why_answer audio')?.currentTime > 0.1")
    idle(page)
    with page.expect_download() as download:
        why.locator(".st-key-download_why button").click()
    told = json.loads(download.value.path().read_bytes())
    assert len(told["steps_log_odds"]) == len(told["times_s"]) - 1
    assert told["probability_without_decisive"] < told["probability_without_random"]
