"""The page that judges models, in a real browser: look, compare, save, run the laboratory, audit a split."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, running_app
from tests.pages.made_runs import write_run

pytestmark = pytest.mark.browser

#: View -> its charts.
_VIEWS = {
    "Scores": ["scores"],
    "Emotions": ["emotions"],
    "Confusions": ["confusion_share"],
    "Curves": ["roc", "precision_recall"],
    "Groups": ["groups_speaker"],
    "Confidence": ["reliability", "coverage"],
}


@pytest.fixture(scope="module")
def evaluate_address(
    synthetic_corpora: Path, synthetic_table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an app with two trainings on RAVDESS, of which the better one is the newer."""
    folder = tmp_path_factory.mktemp("evaluate")
    ravdess = synthetic_table[synthetic_table["corpus"] == "ravdess"].reset_index(drop=True)
    write_run(folder / "runs", "weak", ravdess, "ravdess-emobox", skill=0.3, seed=1)
    write_run(folder / "runs", "strong", ravdess, "ravdess-emobox", skill=0.8, seed=2)
    settings = {
        "SER_DATA": str(synthetic_corpora),
        "SER_CACHE": str(folder / "cache"),
        "SER_RUNS": str(folder / "runs"),
    }
    with running_app(folder, **settings) as url:
        yield url


def evaluate(page: Page, section: str | None = None) -> None:
    """Go to the page and to one of its sections."""
    phone = page.viewport_size["width"] < 700
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Evaluate").click()
    page.locator(".st-key-evaluate_section").wait_for()
    if phone:
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    if section:
        page.locator(".st-key-evaluate_section").get_by_text(section).click()
    idle(page)


def idle(page: Page) -> None:
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def view(page: Page, name: str) -> None:
    page.locator(".st-key-evaluate_view").get_by_text(name, exact=True).click()
    idle(page)


def choose(page: Page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} [role=combobox]").first.click()
    page.get_by_role("option", name=option).first.click()
    idle(page)


def chart(page: Page, name: str):
    return page.locator(f".st-key-chart_evaluate_{name} .js-plotly-plot")


def saved(page: Page, key: str) -> bytes:
    with page.expect_download() as waiting:
        page.locator(f".st-key-{key}").get_by_role("button").first.click()
    return Path(waiting.value.path()).read_bytes()


def test_a_training_is_looked_at_and_saved(browser: Browser, open_page: OpenPage, evaluate_address: str) -> None:
    page = open_page(browser, evaluate_address)
    evaluate(page)
    expect(chart(page, "scores")).to_be_visible()
    shown = page.get_by_test_id("stMetricValue").first.inner_text()
    rows = list(csv.DictReader(io.StringIO(saved(page, "csv_evaluate_scores").decode())))
    assert rows[0]["name"] == "UAR"
    assert shown == f"{100 * float(rows[0]['value']):.1f} %"
    assert float(rows[0]["low"]) < float(rows[0]["value"]) < float(rows[0]["high"])
    assert b"Plotly.newPlot" in saved(page, "html_evaluate_scores")
    view(page, "Mistakes")
    expect(page.locator("audio").first).to_be_visible()
    page.wait_for_function("document.querySelector('audio').duration > 0.3")
    evaluate(page, "Two models")
    expect(chart(page, "difference")).to_be_visible()
    expect(page.get_by_text("The first model is better")).to_be_visible()
    evaluate(page, "Leader-board")
    expect(chart(page, "board")).to_be_visible()
    names = chart(page, "board").evaluate("chart => chart.layout.yaxis.ticktext.map(name => name.replace('<br>', ' '))")
    assert names.index("strong") < names.index("weak")
    assert {"lite", "WavLM large + MLP", "guessing"} <= set(names)


@pytest.mark.long
def test_the_laboratory_goes_on_without_its_visitor(
    browser: Browser, open_page: OpenPage, evaluate_address: str
) -> None:
    page = open_page(browser, evaluate_address)
    evaluate(page, "Leakage laboratory")
    choose(page, "lab_corpus", "SAVEE")
    choose(page, "lab_seeds", "1 ×")
    start = page.get_by_role("button", name="Run the laboratory")
    start.click()
    expect(start).to_have_count(0)
    page.get_by_role("link", name="Explore").click()
    expect(page.locator(".st-key-explore")).to_be_visible()
    evaluate(page, "Leakage laboratory")
    choose(page, "lab_corpus", "SAVEE")
    choose(page, "lab_seeds", "1 ×")
    expect(chart(page, "lab")).to_be_visible()
    expect(page.get_by_text("With new voices:")).to_be_visible()
    names = chart(page, "lab").evaluate("chart => chart.data.map(part => part.name)")
    assert set(names) == {"to be believed", "a way to fool yourself", "guessing"}
    rows = list(csv.DictReader(io.StringIO(saved(page, "csv_evaluate_lab").decode())))
    assert len(rows) == 7
    evaluate(page, "Audit of a split")
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="Look for leaks").click()
    expect(page.locator(".st-key-audit_leak_speaker")).to_be_visible()


@pytest.mark.long
def test_on_a_phone_nothing_is_cut_off(browser: Browser, open_page: OpenPage, evaluate_address: str) -> None:
    page = open_page(browser, evaluate_address, viewport={"width": 390, "height": 844})
    evaluate(page)
    for name, drawn in _VIEWS.items():
        view(page, name)
        for key in drawn:
            expect(chart(page, key)).to_be_visible()
            box = chart(page, key).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
