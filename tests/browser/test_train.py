"""The page about training in a real browser: start, watch, leave, return, cancel, kill, resume, use the model."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ser_core.training.runs import RunFolder
from ser_core.training.state import read_state
from tests.browser.conftest import OpenPage, running_app

pytestmark = pytest.mark.browser

RECIPE = """kind = "network"
name = "small"
corpora = ["savee"]
[front_end]
n_mels = 16
[network]
channels = [8, 8]
hidden = 8
[optimiser]
epochs = {epochs}
batch_size = 8
"""


@pytest.fixture(scope="module")
def train_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("train")


@pytest.fixture(scope="module")
def train_address(synthetic_corpora: Path, train_folder: Path) -> Iterator[str]:
    """The address of an app that finds the synthetic corpora and keeps its trainings apart."""
    places = {"SER_RUNS": str(train_folder / "runs"), "SER_CACHE": str(train_folder / "cache"), "SER_MODELS": ""}
    with running_app(train_folder, SER_DATA=str(synthetic_corpora), **places) as url:
        yield url
    for path in (train_folder / "runs").glob("*/state.json"):
        state = read_state(RunFolder(path.parent))
        if state is not None and state.status == "running" and state.pid is not None:
            os.killpg(state.pid, signal.SIGKILL)


def train(page: Page) -> None:
    """Go to the page."""
    if (page.viewport_size or {"width": 1280})["width"] < 700:
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("link", name="Train").click()
        page.locator(".st-key-train_section").wait_for()
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    else:
        page.get_by_role("link", name="Train").click()
        page.locator(".st-key-train_section").wait_for()


def choose(page: Page, section: str) -> None:
    """Go to a section."""
    page.locator(".st-key-train_section").get_by_role("radio", name=section).click()


def start(page: Page, epochs: int, name: str) -> None:
    """Give a recipe as a file, a name, and start."""
    choose(page, "New training")
    page.get_by_text("Begin with a recipe of your own").click()
    text = RECIPE.format(epochs=epochs).encode()
    page.locator(".st-key-train_upload input[type=file]").set_input_files(
        {"name": "small.toml", "mimeType": "text/plain", "buffer": text}
    )
    expect(page.get_by_text("Settings begin as small.toml has them.")).to_be_visible()
    page.locator(".st-key-train_quick_small").get_by_text("First fold only").click()
    expect(page.locator(".st-key-train_start_card")).to_contain_text("1 training (one a fold)")
    field = page.locator(".st-key-train_name input")
    field.fill(name)
    field.press("Enter")
    page.locator(".st-key-train_start button").first.click()
    expect(page.locator(".st-key-train_status")).to_contain_text(name)


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 200
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_start_leave_return_kill_resume_and_use(
    browser: Browser, open_page: OpenPage, train_address: str, train_folder: Path
) -> None:
    page = open_page(browser, train_address)
    train(page)
    start(page, 160, "mine")
    status = page.locator(".st-key-train_status")
    expect(status).to_contain_text("fold 1 epoch")
    expect(page.locator(".st-key-chart_train_validation_uar .scatterlayer .trace").first).to_be_attached()
    expect(page.locator(".st-key-chart_train_confusion").first).to_be_visible()
    page.get_by_role("link", name="Recognise").click()
    page.get_by_role("button", name="angry").wait_for()
    run = RunFolder(train_folder / "runs/mine")
    state = read_state(run)
    assert state is not None
    assert state.pid is not None
    os.kill(state.pid, signal.SIGKILL)
    reached = run.entries(0)[-1]["epoch"]
    assert 1 <= reached < 160
    train(page)
    choose(page, "Trainings")
    expect(status).to_contain_text("was interrupted")
    expect(status).to_contain_text("killed")
    page.locator(".st-key-train_resume").get_by_role("button").first.click()
    expect(status).to_contain_text("is finished")
    lines = (run.path / "fold-0/progress.jsonl").read_text().splitlines()
    assert len(lines) <= 162  # it went on where it was
    assert json.loads(lines[-1])["epoch"] == 160
    expect(page.get_by_test_id("stMetric").first).to_contain_text("UAR")
    page.locator(".st-key-train_publish button").first.click()
    page.get_by_role("button", name="Recognise with it").click()
    page.get_by_role("button", name="angry").click()
    expect(page.locator(".st-key-trust")).to_contain_text("(mine)")
    expect(page.locator(".st-key-chart_probabilities, .st-key-verdict").first).to_be_visible()


@pytest.mark.long
def test_a_second_visitor_sees_it_and_cancels_it(browser: Browser, open_page: OpenPage, train_address: str) -> None:
    first, second = open_page(browser, train_address), open_page(browser, train_address)
    train(first)
    start(first, 1000, "long")
    train(second)
    choose(second, "Trainings")
    expect(second.locator(".st-key-train_status")).to_contain_text("long")
    expect(second.locator(".st-key-train_status")).to_contain_text("is learning")
    second.locator(".st-key-train_cancel button").first.click()
    for page in (second, first):  # what is about to be replaced may stand beside the new for a moment
        expect(page.locator(".st-key-train_status").filter(has_text="was cancelled").first).to_be_visible()
    first.locator(".st-key-train_delete button").first.click()
    first.get_by_role("button", name="Delete for good").click()
    expect(first.get_by_text("long (cancelled)")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_a_phone_shows_everything_within_its_width(
    browser: Browser, open_page: OpenPage, train_address: str, scheme: str
) -> None:
    page = open_page(browser, train_address, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    train(page)
    inside = (
        "e => [...e.querySelectorAll('.js-plotly-plot, button, p')].every(x => x.getBoundingClientRect().right < 392)"
    )
    for section in ("New training", "Trainings", "Compare"):
        choose(page, section)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator(".st-key-train").evaluate(inside)
