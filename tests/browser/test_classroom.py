"""A class in real browsers: a teacher and two students, one of them on a telephone, in one game."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, OpenPage, running_app

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x> Bo"


@pytest.fixture(scope="module")
def class_address(synthetic_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with the synthetic corpora."""
    folder = tmp_path_factory.mktemp("classroom")
    places = {"SER_RUNS": str(folder / "runs"), "SER_CACHE": str(folder / "cache"), "SER_MODELS": ""}
    with running_app(folder, SER_DATA=str(synthetic_corpora), **places) as url:
        yield url


@pytest.fixture
def student(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a student's browser; afterwards check that no page's script failed.

    Not the fixture of all others: Streamlit first asks below a page's own address for its settings, which the browser
    reports as an error, though it then finds them.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def start(**options: object) -> Page:
        contexts.append(browser.new_context(**options))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield start
    for context in contexts:
        context.close()
    assert not errors


def settled(page: Page) -> None:
    """Wait until the server has drawn the page: keys that are pressed before are lost."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def join(page: Page, address: str, code: str, nickname: str) -> None:
    """Come by the teacher's link, in which the code stands."""
    page.goto(f"{address}/classroom?class={code}")
    page.get_by_role("textbox", name="Nickname").fill(nickname)
    expect(page.get_by_role("textbox", name="Code of the class")).to_have_value(code)
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".st-key-classroom")).to_contain_text(f"you are {nickname}")


def saved_guesses(teacher: Page) -> list[str]:
    with teacher.expect_download() as waiting:
        teacher.locator(".st-key-classroom_csv").get_by_role("button").click()
    return Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()


def test_a_class_of_two(
    browser: Browser, open_page: OpenPage, student: Callable[..., Page], class_address: str
) -> None:
    teacher = open_page(browser, class_address)
    teacher.get_by_role("link", name="Classroom").click()
    teacher.get_by_role("radio", name="A class").click()
    teacher.get_by_role("radio", name="I teach").click()
    teacher.locator(".st-key-classroom_open").wait_for()
    settled(teacher)
    teacher.get_by_role("radio", name="5", exact=True).click()
    teacher.get_by_role("combobox", name="Voices").click()
    teacher.get_by_role("option", name="TESS").click()
    expect(teacher.get_by_role("combobox", name="Against")).to_have_value("Base")
    teacher.get_by_role("button", name="Open the class").click()
    code = teacher.locator(".st-key-classroom_code p").inner_text()
    ada = student()
    join(ada, class_address, code, "Ada")
    bo = student(viewport={"width": 390, "height": 800})
    join(bo, class_address, code, HOSTILE)
    # By keyboard alone: the third emotion for two clips.
    for number in (1, 2):
        expect(ada.locator(".st-key-classroom")).to_contain_text(f"Clip {number} of 5")
        ada.locator(".st-key-classroom_class_choices").wait_for()
        settled(ada)
        ada.keyboard.press("3")
        ada.locator(".st-key-classroom_class_next").wait_for()
        settled(ada)
        if number == 1:
            ada.keyboard.press("n")
    ada.reload()  # the seat is in the address: the score is not lost
    expect(ada.locator(".st-key-classroom")).to_contain_text("Clip 3 of 5")
    bo.locator(".st-key-classroom_class_choices").get_by_role("button").first.click()
    bo.locator(".st-key-classroom_class_next").wait_for()
    assert bo.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # The teacher's page follows by itself: the ranking, and three guesses.
    expect(teacher.locator(".st-key-classroom_figures_teach")).to_contain_text(re.compile(r"The class\s*\d of 3"))
    teacher.get_by_test_id("stDataFrame").wait_for()
    assert teacher.locator("img[src=x]").count() == 0
    lines = saved_guesses(teacher)
    for _ in range(20):  # the figures are redrawn before the file that is offered below them
        if len(lines) == 1 + 3:
            break
        teacher.wait_for_timeout(500)
        lines = saved_guesses(teacher)
    assert len(lines) == 1 + 3
    teacher.locator(".st-key-classroom_answers label").click()
    expect(teacher.locator(".st-key-classroom .js-plotly-plot")).to_have_count(2)
    teacher.get_by_text("Close the class", exact=True).click()
    teacher.get_by_role("button", name="Close it now").click()
    expect(teacher.locator(".st-key-classroom")).to_contain_text("Open the class")
    ada.locator(".st-key-classroom_class_choices").get_by_role("button").first.click()
    expect(ada.locator(".st-key-classroom")).to_contain_text("No class with this code is open here")
