"""The page Live in a real browser: a voice comes from the fake microphone, an emotion appears, an alarm rings.

The delay from a sound in the browser to its reading on the page is measured and printed, not asserted but for a bound
far above it. `SER_LIVE_SECONDS=120 python -m pytest tests/browser/test_live.py -s` measures for longer.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from ser_core.audio import load_audio
from ser_core.emotions import EMOTIONS
from tests.browser.conftest import ELSEWHERE, OpenPage

pytestmark = pytest.mark.browser

SECONDS = float(os.environ.get("SER_LIVE_SECONDS", "12"))
NOBODY = ("No speech", "Listening …")

#: Notes when a voice sets in, as the browser hears it, in every frame of the page.
_HEAR = """
() => {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  if (window === window.top) window.onsets = [];
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    const audio = new AudioContext();
    const meter = audio.createAnalyser();
    meter.fftSize = 512;
    audio.createMediaStreamSource(stream).connect(meter);
    const values = new Float32Array(meter.fftSize);
    let loud = 0;
    setInterval(() => {
      meter.getFloatTimeDomainData(values);
      const level = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
      if (level < 0.02) return;
      if (Date.now() - loud > 1500) window.top.onsets.push(Date.now());
      loud = Date.now();
    }, 10);
    return stream;
  };
}
"""
#: Notes each reading when it is on the page.
_SEE = """
() => {
  window.seen = [];
  let last = "";
  new MutationObserver(() => {
    const now = document.querySelector(".ser-now");
    if (!now || now.dataset.when === last || !now.dataset.when) return;
    last = now.dataset.when;
    window.seen.push([Date.now(), 1000 * Number(last), now.querySelector(".ser-now-words").textContent]);
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}
"""


def microphone(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title*=webrtc]")


def saved(page: Page, key: str) -> bytes:
    with page.expect_download() as waiting:
        page.locator(f".st-key-{key} button").click()
    return Path(waiting.value.path()).read_bytes()


def words(numbers: list[float]) -> str:
    if not numbers:
        return "none"
    return f"median {statistics.median(numbers):.2f} s, worst {max(numbers):.2f} s of {len(numbers)}"


def delays(onsets: list[float], seen: list[list[Any]]) -> dict[str, list[float]]:
    """Return the delays in seconds: from a voice's onset to an emotion on the page, and of every reading."""
    to_emotion = []
    for onset in onsets:
        before = [text for moment, _, text in seen if moment <= onset]
        after = [moment for moment, _, text in seen if moment > onset and text not in NOBODY]
        if after and before and before[-1] in NOBODY:
            to_emotion.append((after[0] - onset) / 1000)
    fresh = [(moment - arrived) / 1000 for moment, arrived, _ in seen]
    between = [(later[0] - earlier[0]) / 1000 for earlier, later in itertools.pairwise(seen)]
    return {"voice to emotion": to_emotion, "sound at the server to page": fresh, "between readings": between}


def test_speak_see_the_emotion_hear_the_alarm_and_keep_it(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    page.context.add_init_script(f"({_HEAR})()")
    page.reload()
    page.get_by_role("link", name="Live").click()
    page.locator(".st-key-live_alarms").get_by_text("Another alarm").click()
    form = page.locator(".st-key-live_alarms form, .st-key-live_alarms [data-testid=stForm]").first
    form.get_by_label("Name").fill("Any voice")
    form.get_by_label("for so many seconds of speech").fill("0.5")
    form.get_by_role("slider").focus()
    page.keyboard.press("Home")
    form.get_by_role("button", name="Add").click()
    expect(page.locator(".st-key-live_alarm_1")).to_contain_text("Any voice")
    page.evaluate(f"({_SEE})()")
    microphone(page).get_by_role("button", name="Start listening").click()
    expect(page.locator(".ser-now-words")).to_be_visible()
    page.wait_for_function(f"window.seen.some(([, , text]) => !{json.dumps(NOBODY)}.includes(text))")
    expect(page.locator(".ser-alarm").first).to_contain_text("Any voice")
    expect(page.locator(".st-key-live_alarms")).to_contain_text("Rang")
    page.wait_for_timeout(1000 * SECONDS)
    microphone(page).get_by_role("button", name="Stop").click()
    expect(page.locator(".st-key-live_keep")).to_be_visible()
    measured = delays(page.evaluate("window.onsets"), page.evaluate("window.seen"))
    print("\n" + "\n".join(f"{name}: {words(numbers)}" for name, numbers in measured.items()))  # noqa: T201 (asked for)
    assert statistics.median(measured["sound at the server to page"]) < 10
    answer = json.loads(saved(page, "live_save_json"))
    assert {reading["emotion"] for reading in answer["readings"]} & set(EMOTIONS)
    assert answer["alarms"][0]["alarm"]["name"] == "Any voice"
    waveform = load_audio(saved(page, "live_save_sound"))
    assert waveform.duration_s == pytest.approx(answer["readings"][-1]["time_s"], abs=3)
    assert abs(waveform.samples).max() > 0.1
    alarms = pd.read_csv(io.BytesIO(saved(page, "live_save_alarms")))
    assert set(alarms["alarm"]) == {"Any voice"}
    page.get_by_role("link", name="Signals").click()
    expect(page.locator(".st-key-signals")).to_be_visible()
    page.get_by_role("link", name="Live").click()
    expect(page.locator(".st-key-live_keep")).to_be_visible()
    page.get_by_role("button", name="Drop everything").click()
    expect(page.locator(".st-key-live_keep")).to_have_count(0)


@pytest.mark.long
def test_an_insecure_address_is_explained(launch: Callable[..., Browser], open_page: OpenPage, address: str) -> None:
    browser = launch("--use-fake-device-for-media-stream", f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1")
    page = open_page(browser, address.replace("localhost", ELSEWHERE))
    page.get_by_role("link", name="Live").click()
    expect(page.locator(".st-key-live")).to_contain_text("Recording is not possible at this address")
    expect(page.locator("iframe[title*=webrtc]")).to_have_count(0)
