"""The page Signals in a real browser: panels with one cursor, zooming, comparing, changing, cleaning, saving."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

_PLAYER = "document.querySelector('.st-key-signals_player audio')"
_PANELS = ["waveform", "spectrogram", "pitch", "intensity"]


def signals(page: Page, example: str = "angry") -> None:
    """Go to the page and give it an example."""
    if page.viewport_size["width"] < 700:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Signals").click()
    expect(page.locator(".st-key-signals")).to_be_visible()
    if page.viewport_size["width"] < 700:
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.locator(".st-key-examples").get_by_role("button", name=example).click()
    expect(panel(page, "intensity")).to_be_visible()
    idle(page)


def panel(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-chart_{name} .js-plotly-plot")


def idle(page: Page) -> None:
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.locator("[data-stale=true]")).to_have_count(0)  # what is about to be replaced stands beside the new


def section(page: Page, name: str) -> None:
    page.locator(".st-key-signals_section").get_by_text(name).click()
    idle(page)


def saved(page: Page, key: str) -> bytes:
    with page.expect_download() as waiting:
        page.locator(f".st-key-{key}").get_by_role("button").first.click()
    return Path(waiting.value.path()).read_bytes()


def axis(page: Page, name: str) -> list[float]:
    expect(panel(page, name)).to_have_count(1)
    return list(panel(page, name).evaluate("chart => chart.layout.xaxis.range"))


@pytest.mark.long
def test_one_cursor_goes_through_all_panels_and_follows_the_player(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, viewport={"width": 1280, "height": 1800})
    signals(page)
    for name in _PANELS:
        expect(panel(page, name)).to_be_visible()
    box = panel(page, "spectrogram").bounding_box()
    middle = (box["x"] + 66 + (box["width"] - 120) / 2, box["y"] + 80)
    page.mouse.move(*middle)
    expect(page.locator(".ser-line.hover:visible")).to_have_count(len(_PANELS))
    duration = page.evaluate(f"{_PLAYER}.duration")
    shown = float(page.locator(".ser-line.hover span").first.inner_text().removesuffix(" s"))
    assert shown == pytest.approx(duration / 2, abs=0.05)
    page.mouse.click(*middle)
    page.wait_for_function(f"Math.abs({_PLAYER}.currentTime - {shown}) < 0.1")
    lines = page.locator(".ser-line.play:visible")
    expect(lines).to_have_count(len(_PANELS))
    places = {round(line.bounding_box()["x"]) for line in lines.all()}
    assert len(places) == 1
    before = lines.first.bounding_box()["x"]
    page.evaluate(f"{_PLAYER}.play()")
    page.wait_for_function(f"{_PLAYER}.currentTime > {shown} + 0.2")
    assert lines.first.bounding_box()["x"] > before + 5


@pytest.mark.long
def test_dragging_over_a_stretch_shows_it_alone_and_a_double_click_everything(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, viewport={"width": 1280, "height": 1800})
    signals(page)
    whole = axis(page, "pitch")
    box = panel(page, "waveform").bounding_box()
    y = box["y"] + 60
    page.mouse.move(box["x"] + 160, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, y)
    page.mouse.move(box["x"] + 280, y)
    expect(page.locator(".ser-area:visible")).to_have_count(len(_PANELS))
    page.mouse.up()
    page.wait_for_function("document.querySelector('.st-key-chart_pitch .js-plotly-plot')?.layout.xaxis.range[0] > 0.1")
    idle(page)
    for name in _PANELS:
        assert axis(page, name) == axis(page, "waveform")
    assert axis(page, "waveform")[1] < whole[1]
    page.mouse.dblclick(box["x"] + 200, y)
    page.wait_for_function("document.querySelector('.st-key-chart_pitch .js-plotly-plot')?.layout.xaxis.range[0] === 0")
    idle(page)
    assert axis(page, "pitch") == pytest.approx(whole, abs=0.02)


@pytest.mark.long
def test_a_setting_changes_the_picture_at_once(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    signals(page)
    page.locator(".st-key-view_settings summary").click()
    columns = "(document.querySelector('.st-key-chart_spectrogram .js-plotly-plot')?._fullData?.[0].x.length ?? 0)"
    before = page.evaluate(columns)
    slider = page.locator(".st-key-view_hop_ms input[type=range]")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(f"Math.abs({columns} - {before / 2}) <= 2")  # twice the hop, half the columns
    idle(page)


@pytest.mark.long
def test_features_are_saved(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    signals(page)
    rows = list(csv.DictReader(io.StringIO(saved(page, "download_frames").decode())))
    assert float(rows[1]["time_s"]) == 0.01
    assert any(float(row["f0"] or 0) > 50 for row in rows)
    with np.load(io.BytesIO(saved(page, "download_arrays"))) as arrays:
        assert arrays["mel_db"].shape == (64, len(rows))
    functionals = list(csv.DictReader(io.StringIO(saved(page, "download_functionals").decode())))
    assert len(functionals) > 300
    assert saved(page, "download_sound")[:4] == b"RIFF"
    assert b"Plotly.newPlot" in saved(page, "html_pitch")


@pytest.mark.long
def test_two_voices_are_laid_over_one_another(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, viewport={"width": 1280, "height": 1800})
    signals(page)
    section(page, "Compare two")
    page.locator(".st-key-other_examples").get_by_role("button", name="sad").click()
    chart = page.locator(".st-key-chart_compare_f0 .js-plotly-plot")
    expect(chart).to_be_visible()
    idle(page)
    assert chart.evaluate("chart => chart.data.map(line => line.name)") == ["first", "second"]
    assert page.locator(".st-key-signals_player audio").count() == 1
    assert page.locator(".st-key-signals_player_other audio").count() == 1
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 80)
    other = "document.querySelector('.st-key-signals_player_other audio')"
    page.wait_for_function(f"{other}.currentTime > 0 && {_PLAYER}.currentTime > 0")
    # The sad voice is slower: the same syllable comes later.
    assert page.evaluate(f"{other}.currentTime") > page.evaluate(f"{_PLAYER}.currentTime")
    expect(page.locator(".st-key-chart_differences .js-plotly-plot")).to_be_visible()


@pytest.mark.long
def test_what_if_and_clean_up_end_in_another_answer_or_sound(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    signals(page)
    section(page, "What if")
    page.locator(".st-key-presets").get_by_role("button", name="Slower").click()
    expect(page.get_by_text("Changed: speed × 0.7")).to_be_visible()
    idle(page)
    lengths = "[...document.querySelectorAll('.st-key-before_after audio')].map(player => player.duration)"
    page.wait_for_function(f"{lengths}.length === 2 && {lengths}.every(length => length > 0)")
    before, after = page.evaluate(lengths)
    assert after == pytest.approx(before / 0.7, rel=0.05)
    expect(page.locator(".st-key-chart_answers .js-plotly-plot")).to_be_visible()
    section(page, "Clean up")
    page.locator(".st-key-clean_trim").get_by_text("Trim silence").click()
    expect(page.get_by_text("Done: silence trimmed")).to_be_visible()
    page.get_by_role("button", name="Go on with the cleaned sound").click()
    expect(page.get_by_text("Done: nothing done")).to_be_visible()
    section(page, "What the model reads")
    expect(page.locator(".st-key-chart_model_input .js-plotly-plot")).to_be_visible()


@pytest.mark.long
def test_on_a_phone_nothing_is_cut_off(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser, viewport={"width": 390, "height": 844})
    signals(page)
    for name in _PANELS:
        box = panel(page, name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_recording_is_looked_at(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    page.get_by_role("link", name="Signals").click()
    page.locator(".st-key-source").get_by_text("Record").click()
    recorder = page.get_by_test_id("stAudioInput")
    recorder.get_by_role("button", name="Record").click()
    page.wait_for_timeout(2500)
    recorder.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text("Your recording")).to_be_visible()
    expect(panel(page, "pitch")).to_be_visible()
    voiced = panel(page, "pitch").evaluate("chart => [...chart._fullData[1].y].filter(value => value > 0).length")
    assert voiced > 20
