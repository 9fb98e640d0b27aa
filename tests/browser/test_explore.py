"""The page about the corpora in a real browser, on synthetic voices: choose, filter, play, download."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, running_app
from tests.browser.test_signals import idle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def explore_address(synthetic_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that finds the synthetic corpora."""
    folder = tmp_path_factory.mktemp("explore")
    with running_app(folder, SER_DATA=str(synthetic_corpora), SER_CACHE=str(folder / "cache")) as url:
        yield url


def explore(page: Page, section: str) -> None:
    """Go to the page and to one of its sections."""
    phone = page.viewport_size["width"] < 700
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Explore").click()
    page.locator(".st-key-explore_section").wait_for()
    if phone:
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.locator(".st-key-explore_section").get_by_text(section).click()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def choose(page: Page, key: str, option: str) -> None:
    """Choose in a select box."""
    page.locator(f".st-key-{key} [role=combobox]").first.click()
    page.get_by_role("option", name=option).first.click()


def loaded(page: Page) -> None:
    """Wait until every player has its sound: one that is replaced before asks for a file that is gone."""
    idle(page)
    page.wait_for_function("[...document.querySelectorAll('audio')].every(player => player.readyState > 0)")


def saved(page: Page, key: str) -> bytes:
    button = page.locator(f".st-key-{key}").get_by_role("button").first
    with page.expect_download() as waiting:
        button.click()
    return Path(waiting.value.path()).read_bytes()


@pytest.mark.long
def test_filter_and_download_the_numbers(browser: Browser, open_page: OpenPage, explore_address: str) -> None:
    page = open_page(browser, explore_address)
    explore(page, "Counts")
    # 91 actors with 6 emotions, 24 with 8, 4 and 2 with 7
    expect(page.locator(".st-key-metrics")).to_contain_text("780")
    page.locator(".st-key-explore_filters summary").click()
    page.locator(".st-key-filter_corpus").get_by_text("RAVDESS").click()
    expect(page.locator(".st-key-metrics")).to_contain_text("192")
    page.locator(".st-key-filter_sex").get_by_text("female", exact=True).click()
    expect(page.locator(".st-key-metrics")).to_contain_text("96")
    expect(page.locator(".st-key-chart_clips_by_emotion .bars .point")).to_have_count(8)
    rows = list(csv.DictReader(io.StringIO(saved(page, "csv_clips_by_emotion").decode())))
    assert [row["clips"] for row in rows] == ["12"] * 8
    assert b"Plotly.newPlot" in saved(page, "html_clips_by_emotion")


@pytest.mark.parametrize(("kind", "start"), [pytest.param("SVG", b"<svg", marks=pytest.mark.long), ("PNG", b"\x89PNG")])
def test_a_chart_is_saved_as_a_picture(
    browser: Browser, open_page: OpenPage, explore_address: str, kind: str, start: bytes
) -> None:
    page = open_page(browser, explore_address)
    explore(page, "Counts")
    page.locator(".st-key-image_format").get_by_text(kind).click()
    chart = page.locator(".st-key-chart_clips_by_emotion")
    expect(chart.locator(".bars .point")).to_have_count(8)
    chart.hover()
    with page.expect_download() as waiting:
        chart.locator(".modebar-btn").first.click()
    assert waiting.value.suggested_filename == f"clips-by-emotion.{kind.lower()}"
    assert Path(waiting.value.path()).read_bytes().startswith(start)


def test_choose_a_clip_and_play_it(browser: Browser, open_page: OpenPage, explore_address: str) -> None:
    page = open_page(browser, explore_address)
    explore(page, "Listen")
    loaded(page)
    choose(page, "listen_corpus", "RAVDESS")
    loaded(page)
    choose(page, "listen_emotion", "angry")
    expect(page.get_by_role("heading", name="angry 😠, normal intensity, speaker 01 (male)")).to_be_visible()
    expect(page.locator(".st-key-side_by_side audio")).to_have_count(8)
    expect(page.locator(".st-key-section .js-plotly-plot")).to_have_count(2 + 8 + 1)
    player = page.locator(".st-key-section audio").first
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    # Begun again where the page has put another sound into the player meanwhile.
    page.wait_for_function("""() => {
        const player = document.querySelector('.st-key-section audio');
        player.muted = true;
        if (player.paused && player.currentTime === 0) player.play().catch(() => {});
        return player.currentTime > 0.1;
    }""")
    assert 0.55 < player.evaluate("e => e.duration") < 0.65


@pytest.mark.long
def test_a_computation_is_started_and_its_result_appears(
    browser: Browser, open_page: OpenPage, explore_address: str
) -> None:
    page = open_page(browser, explore_address)
    explore(page, "This copy")
    page.locator(".st-key-copy_corpus").get_by_text("SAVEE").click()
    page.get_by_role("button", name="Check SAVEE").click()
    expect(page.get_by_test_id("stAlert").filter(has_text="28 of 480 clips")).to_be_visible()


@pytest.mark.long
def test_a_phone_shows_everything_within_its_width(browser: Browser, open_page: OpenPage, explore_address: str) -> None:
    page = open_page(browser, explore_address, viewport={"width": 390, "height": 844})
    explore(page, "Counts")
    expect(page.locator(".st-key-chart_clips_by_emotion .bars .point")).to_have_count(8)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    inside = (
        "e => [...e.querySelectorAll('.stPlotlyChart, button, p')].every(x => x.getBoundingClientRect().right <= 391)"
    )
    assert page.locator(".st-key-section").evaluate(inside)


@pytest.mark.long
def test_charts_can_be_read_in_the_dark(browser: Browser, open_page: OpenPage, explore_address: str) -> None:
    page = open_page(browser, explore_address, color_scheme="dark")
    explore(page, "Counts")
    labels = page.locator(".st-key-chart_clips_by_emotion").locator(".ytick text, .xtick text, .bartext, .xtitle")
    expect(labels.first).to_be_visible()
    colours = labels.evaluate_all("found => found.map(e => getComputedStyle(e).fill)")
    assert len(colours) >= 16
    assert set(colours) == {"rgb(232, 236, 241)"}
