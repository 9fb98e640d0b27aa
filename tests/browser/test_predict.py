"""The main job in a real browser: speak or upload, read the emotion off the page, keep the answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

from ser_core.audio import load_audio
from ser_core.bundle import list_bundles
from ser_core.emotions import EMOTIONS
from ser_core.presentation import candidate_words
from ser_core.recogniser import Recogniser
from tests.browser.conftest import ELSEWHERE, PATIENCE_MS, OpenPage

pytestmark = pytest.mark.browser

WORDS = (*(emotion.capitalize() for emotion in EMOTIONS), "Not sure", "Hard to say")


def answer(page: Page, title: str) -> str:
    """Wait for the answer about *title* and return its heading without the sign, as a person reads it."""
    expect(page.locator(".st-key-result_title")).to_contain_text(title)
    page.locator(".st-key-verdict_heading h2").wait_for()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    heading = page.locator(".st-key-verdict_heading h2").inner_text()
    return heading.split(maxsplit=1)[1].strip()


def downloaded(page: Page, key: str) -> bytes:
    """Press the download button with *key* and return what it saves."""
    with page.expect_download() as waiting:
        page.locator(f".st-key-{key} button").click()
    return Path(waiting.value.path()).read_bytes()


def agrees(said: str, saved: dict[str, Any]) -> bool:
    """Whether the page's heading and the saved answer say the same."""
    if saved["candidates"]:
        return said.lower() == candidate_words(saved["candidates"])
    return said == (saved["emotion"].capitalize() if saved["sure"] else "Not sure")


def record(page: Page, seconds: float) -> None:
    """Record that long with the page's recorder."""
    recorder = page.get_by_test_id("stAudioInput")
    recorder.get_by_role("button", name="Record").click()
    recorder.get_by_role("button", name="Stop recording").wait_for()
    page.wait_for_timeout(1000 * seconds)
    recorder.get_by_role("button", name="Stop recording").click()


def test_speak_and_read_the_emotion(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    record(page, 4)
    said = answer(page, "Your recording")
    assert said.startswith(WORDS)
    saved = json.loads(downloaded(page, "download_json"))
    assert agrees(said, saved)
    assert saved["duration_s"] > 3
    assert not any("silent" in warning or "No speech" in warning for warning in saved["warnings"])
    expect(page.locator(".st-key-chart_probabilities .bars .point")).to_have_count(len(EMOTIONS))


@pytest.mark.long
def test_speak_hands_free_and_stop_by_a_pause(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    title = page.locator(".st-key-result_title")
    for _ in range(3):  # the component may lose a recording while the machine is busy
        page.frame_locator("iframe[title*=audio_recorder]").locator("svg").click()
        with contextlib.suppress(PlaywrightError):
            title.wait_for(timeout=PATIENCE_MS / 4)
            break
        page.reload()
    said = answer(page, "Your hands-free recording")  # nobody presses stop
    assert said.startswith(WORDS)
    saved = json.loads(downloaded(page, "download_json"))
    assert agrees(said, saved)
    assert saved["duration_s"] > 1.5


def test_upload_and_keep_the_answer(browser: Browser, open_page: OpenPage, spoken_clip: Path) -> None:
    page = open_page(browser)
    page.locator(".st-key-upload input[type=file]").set_input_files(spoken_clip)
    said = answer(page, spoken_clip.name)
    saved = json.loads(downloaded(page, "download_json"))
    assert agrees(said, saved)
    name = "lite" if "lite" in list_bundles() else sorted(list_bundles())[0]
    expected = Recogniser.load(name).predict(load_audio(spoken_clip.read_bytes()))
    assert saved["path"] == spoken_clip.name
    assert saved["model"] == expected.model
    assert saved["emotion"] == expected.emotion
    assert saved["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)
    assert downloaded(page, "download_csv").decode().startswith("path,emotion,confidence,sure")
    assert b"plotly" in downloaded(page, "download_bars")


@pytest.mark.long
def test_a_chart_can_be_saved_as_a_drawing(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    page.get_by_role("button", name="sad").click()
    answer(page, "Sad style")
    chart = page.locator(".st-key-chart_probabilities")
    chart.hover()
    with page.expect_download() as waiting:
        chart.locator(".modebar-btn").first.click()
    assert waiting.value.suggested_filename == "probabilities.svg"
    assert b"surprised" in Path(waiting.value.path()).read_bytes()


def test_a_wrong_file_is_a_sentence_and_the_answer_stays(
    browser: Browser, open_page: OpenPage, spoken_clip: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "letter.wav"
    wrong.write_text("Dear Sir or Madam, this is not a sound. " * 40)
    page = open_page(browser)
    page.locator(".st-key-upload input[type=file]").set_input_files(spoken_clip)
    before = answer(page, spoken_clip.name)
    page.locator(".st-key-upload input[type=file]").set_input_files(wrong)
    expect(page.get_by_test_id("stAlert").filter(has_text="letter.wav is not audio")).to_be_visible()
    assert "Traceback" not in page.inner_text("body")
    assert answer(page, spoken_clip.name) == before


def test_a_refused_microphone_is_explained_until_it_is_allowed(
    launch: Callable[..., Browser], open_page: OpenPage
) -> None:
    page = open_page(launch("--use-fake-device-for-media-stream"), permissions=[])  # none: every wish is refused
    expect(page.locator(".st-key-card_record")).to_contain_text("The browser refuses the microphone")
    page.context.grant_permissions(["microphone"])
    expect(page.locator(".st-key-card_record")).not_to_contain_text("refuses")


def test_a_missing_microphone_is_explained(launch: Callable[..., Browser], open_page: OpenPage) -> None:
    page = open_page(launch())
    expect(page.locator(".st-key-card_record")).to_contain_text("No microphone was found")


@pytest.mark.long
def test_an_insecure_address_is_explained(
    launch: Callable[..., Browser], open_page: OpenPage, address: str, spoken_clip: Path
) -> None:
    browser = launch("--use-fake-device-for-media-stream", f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1")
    page = open_page(browser, address.replace("localhost", ELSEWHERE))
    card = page.locator(".st-key-card_record")
    expect(card).to_contain_text("Recording is not possible at this address")
    expect(card).to_contain_text(address)
    expect(page.get_by_test_id("stAudioInput")).to_have_count(0)
    page.locator(".st-key-upload input[type=file]").set_input_files(spoken_clip)
    assert answer(page, spoken_clip.name).startswith(WORDS)


@pytest.mark.long
def test_a_phone_stacks_the_cards_and_brings_the_answer_into_view(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, viewport={"width": 390, "height": 844})
    tops = [page.locator(f".st-key-card_{name}").bounding_box()["y"] for name in ("example", "record", "upload")]
    assert tops[0] < tops[1] < tops[2]
    page.get_by_role("button", name="happy").click()
    answer(page, "Happy style")
    expect(page.locator(".st-key-verdict_heading h2")).to_be_in_viewport()
    # Nothing is wider than the screen, once the charts have found their size.
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")
    # Tables and commands of the model's card scroll sideways in their own frame, which is not.
    inside = "e => e.getBoundingClientRect().right <= 391 || e.closest('table, pre')"
    page.wait_for_function(f"() => [...document.querySelectorAll('.st-key-result *')].every({inside})")


@pytest.mark.long
def test_the_dark_theme_is_dark_and_its_charts_can_be_read(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, color_scheme="dark")
    page.get_by_role("button", name="sad").click()
    answer(page, "Sad style")
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(18, 22, 28)")
    label = page.locator(".st-key-chart_probabilities .ytick text").first
    expect(label).to_have_css("fill", "rgb(232, 236, 241)")


def test_the_keyboard_alone_reaches_an_answer(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    button = page.get_by_role("button", name="neutral")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    assert answer(page, "Neutral style").startswith(WORDS)
