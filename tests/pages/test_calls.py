"""The page Calls, driven without a browser: a ZIP with a broken file, limits, agents, stop and go on, other pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.calls import source
from pages.parts.calls.listen import Heard
from ser_core.calls import Call, HeardCall, Limits, batch, moments
from ser_core.calls.archive import Source
from ser_core.calls.manifest import About
from ser_core.calls.sound import cut_sound
from tests.calls.made import call, call_bytes, track, write_calls, zipped
from tests.pages.conftest import as_wav, charts, choose, open_app, press, text

pytestmark = pytest.mark.usefixtures("visited_before")

AGENTS = ":material/support_agent: Agents"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(source, "at_this_machine", lambda: True)  # a test has no address
    return open_app().switch_page("pages/calls.py").run()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    box = app.file_uploader(key="calls_files")
    return box.set_value([(name, data, "application/octet-stream") for name, data in files]).run()


def wait_for(app: AppTest, there: Callable[[AppTest], Any]) -> AppTest:
    until = time.monotonic() + 240
    while not there(app) and time.monotonic() < until:
        time.sleep(0.3)
        app.run()
    assert there(app)
    assert not app.exception
    return app


def listen(app: AppTest) -> AppTest:
    return wait_for(press(app, "start_calls"), lambda app: "calls_heard" in app.session_state)


def words(app: AppTest) -> str:
    return "\n".join([text(app), *(element.value for element in (*app.text, *app.caption, *app.info))])


def show(app: AppTest, calls: list[Call]) -> AppTest:
    """Put calls whose measures are known in place of those that were heard."""
    sources = [Source(one.name, About(one.agent, one.caller), _data=call_bytes) for one in calls]
    app.session_state["calls_heard"] = Heard("made", calls, sources, "lite")
    return app.run()


def test_a_zip_with_a_broken_file_from_upload_to_a_call_and_back_from_another_page(
    page: AppTest, tmp_path: Path
) -> None:
    assert not page.exception
    packed = zipped({"amal_1.wav": call_bytes(), "bo_2.wav": call_bytes(seed=3), "<b>evil</b>.wav": b"no sound" * 20})
    upload(page, ("pack.zip", packed))
    listen(page)
    assert "2 calls" in text(page)
    assert "1 could not be read" in text(page)
    assert "<b>evil</b>.wav is not audio" in words(page)
    table = page.dataframe[0].value
    assert list(table["note"]) == ["", "", "could not be read"]
    assert charts(page) == 2  # caller and agent
    assert len(page.get("audio")) == 1
    assert {button.key for button in page.get("download_button")} >= {
        f"calls_save_{ending}" for ending in ("html", "csv", "xlsx", "json")
    }
    page.text_input(key="calls_pattern").set_value("{agent}_{call}").run()
    assert sorted(page.dataframe[0].value["agent"]) == ["", "amal", "bo"]  # without listening again
    page.switch_page("pages/signals.py").run().switch_page("pages/calls.py").run()
    assert sorted(page.dataframe[0].value["agent"]) == ["", "amal", "bo"]
    assert not list((tmp_path / "runs").rglob("*"))  # nothing is kept on disk


def test_limits_and_the_callers_channel_count_at_once(page: AppTest) -> None:
    show(page, [call([0.1, 0.7, 0.1, 0.1, 0.1], "a.wav"), call([0.8, 0.8, 0.8], "b.wav")])
    assert list(page.dataframe[0].value["call"]) == ["b.wav", "a.wav"]
    assert list(page.dataframe[0].value["dissatisfied"]) == [100, 20]
    choose(page, "calls_threshold", 0.75)
    assert list(page.dataframe[0].value["dissatisfied"]) == [100, 0]
    assert "Never reaches the threshold" not in text(page)
    page.selectbox(key="calls_one").set_value(0).run()
    assert "Never reaches the threshold of 0.75" in text(page)
    choose(page, "calls_calm", 5.0)
    assert not page.exception


def test_a_mono_call_says_that_its_speakers_are_mixed(page: AppTest) -> None:
    show(page, [Call("mono.wav", heard=HeardCall(4.0, (track([0.9, 0.9]),)))])
    assert "agent and caller are mixed" in words(page)
    assert charts(page) == 1


def test_agents_with_intervals_or_how_to_name_them(page: AppTest) -> None:
    show(page, [call([0.9], "a.wav")])
    choose(page, "calls_section", AGENTS)
    assert "Nothing says who the agents are" in words(page)
    calls = [call([0.9, 0.9], f"a{n}.wav", "Amal") for n in range(8)]
    show(page, calls + [call([0.1, 0.1 + 0.6 * (n == 0)], f"b{n}.wav", "=Bo") for n in range(8)])
    assert "Callers of Amal are more often dissatisfied" in words(page)
    assert charts(page) == 1


def test_a_folder_is_read_and_a_stopped_batch_goes_on(page: AppTest, tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    write_calls(folder, 3)
    heard: list[str] = []
    original = batch.hear_call

    def slow(*args: Any) -> Any:
        heard.append(args[2])
        while len(heard) == 2 and not args[3]():  # the second call lasts until it is stopped
            time.sleep(0.05)
        return original(*args)

    monkeypatch.setattr(batch, "hear_call", slow)
    choose(page, "calls_way", ":material/folder: Folder on this machine")
    page.text_input(key="calls_folder").set_value(str(folder)).run()
    press(page, "start_calls")
    wait_for(page, lambda _: len(heard) == 2)
    press(page, "stop_calls")
    wait_for(page, lambda app: app.warning)
    press(page, "retry_calls")
    listen(page)
    assert heard == ["amal_00.wav", "amal_01.wav", "amal_01.wav", "amal_02.wav"]


@pytest.mark.parametrize(
    ("folder", "pattern", "complaint"),
    [("/no/such/folder", "", "cannot be opened"), (".ci", "", "holds no sound files"), ("", "{call}", "A pattern of")],
)
def test_what_cannot_be_used_is_a_sentence(page: AppTest, folder: str, pattern: str, complaint: str) -> None:
    if folder:
        choose(page, "calls_way", ":material/folder: Folder on this machine")
        page.text_input(key="calls_folder").set_value(folder).run()
    else:
        upload(page, ("a.wav", call_bytes()))
        page.text_input(key="calls_pattern").set_value(pattern).run()
    assert complaint in page.error[0].value
    assert not page.exception


def test_a_visitor_from_elsewhere_may_not_read_folders(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "at_this_machine", lambda: False)
    page.run()
    assert "calls_way" not in [widget.key for widget in page.get("button_group")]
    assert len(page.get("file_uploader")) == 1


def test_a_moment_is_chosen_and_its_own_sound_is_played(page: AppTest) -> None:
    heard = call([0.1] * 3 + [0.9] * 3 + [0.1] * 8 + [0.9] * 2)
    recording = as_wav(np.random.default_rng(0).uniform(-0.1, 0.1, (40 * 16_000, 2)))
    source = Source("a.wav", About(heard.agent, heard.caller), _data=lambda: recording)
    page.session_state["calls_heard"] = Heard("made", [heard], [source], "lite")
    page.run()
    one = heard.track
    assert one is not None
    found = moments(one, Limits())
    assert len(found) == 2
    for number, (start, end) in enumerate(found):
        choose(page, "calls_moment_0", number)
        assert not page.exception
        (_, place, first, last), sound = page.session_state["calls_sound"]
        assert (place, first) == (0, pytest.approx(max(0.0, start - 1.5)))
        assert last == pytest.approx(min(end + 1.5, heard.heard.duration_s if heard.heard else 0.0))
        assert sound == cut_sound(source, first, last)
        assert len(page.get("audio")) == 1


def test_a_batch_that_is_kept_goes_on_after_a_restart(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ("a.wav", call_bytes()), ("b.wav", call_bytes(seed=3))
    upload(page, *files)
    choose(page, "calls_on_disk", True)
    first = [one.heard.to_dict() for one in listen(page).session_state["calls_heard"].calls]

    def again(*_: Any, **__: Any) -> None:
        raise AssertionError("a finished call was heard again")

    monkeypatch.setattr(batch, "_work", again)
    later = open_app().switch_page("pages/calls.py").run()
    upload(later, *files)
    choose(later, "calls_on_disk", True)
    assert [one.heard.to_dict() for one in listen(later).session_state["calls_heard"].calls] == first


def test_files_that_are_taken_away_are_not_kept_elsewhere(page: AppTest) -> None:
    upload(page, ("pack.zip", zipped({"a.wav": call_bytes()})))
    assert "calls_unpacked" in page.session_state
    upload(page)
    assert not page.session_state["calls_kept"]
    assert "calls_unpacked" not in page.session_state
