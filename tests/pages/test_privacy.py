"""What a visitor gives is gone with the visitor, nothing of it is logged, and "delete everything" does."""

from __future__ import annotations

import gc
import io
import json
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from pages.parts import events, jobs
from pages.parts.calls import source
from pages.parts.privacy import machine
from pages.parts.session_end import GRACE_S, Sweeper, collect
from ser_core.errors import AudioError
from ser_core.logs import JsonLines
from tests.pages.conftest import PROJECT, as_wav, heading, open_app, press, text
from tests.service.conftest import run as in_thread

MARK = "anna-schmidt-1987"


def marked_clip() -> bytes:
    """A voice that nothing else in this process has."""
    return as_wav(0.1 * np.random.default_rng(1987).standard_normal(16_000))


def upload(app: AppTest, data: bytes, name: str = f"{MARK}.wav") -> AppTest:
    return app.file_uploader(key="upload").set_value((name, data, "audio/wav")).run()


def samples_of(app: AppTest) -> weakref.ref[np.ndarray]:
    return weakref.ref(app.session_state["sound"].waveform.samples)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that the app and Streamlit log."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    names = ["ser_studio", *(name for name in logging.root.manager.loggerDict if name.startswith("streamlit"))]
    for name in names:
        logging.getLogger(name).addHandler(handler)
    events.log.setLevel(logging.INFO)
    yield written
    for name in names:
        logging.getLogger(name).removeHandler(handler)


def test_the_samples_are_gone_with_the_session(voice: bytes) -> None:
    app = open_app()
    upload(app, voice)
    assert heading(app)
    held = samples_of(app)
    assert held() is not None
    del app
    collect()
    assert held() is None


def test_delete_everything_of_the_session_does(visited_before: None, voice: bytes) -> None:
    app = open_app()
    upload(app, voice)
    held = samples_of(app)
    app.switch_page("pages/privacy.py").run()
    assert "In memory now: 1 sound, answers about sounds." in text(app)
    press(app, "privacy_forget")
    assert "nothing of yours" in text(app)
    assert "was deleted" in app.success[0].value
    gc.collect()
    assert held() is None
    app.switch_page("pages/predict.py").run()
    assert heading(app) == ""


def test_work_on_a_visitors_sound_ends_with_the_session_and_is_kept_nowhere() -> None:
    def script() -> None:
        import streamlit as st

        from pages.parts.jobs import background

        def work(progress: object, cancelled: object) -> None:
            given, seen = st_given, st_seen
            seen.append(given.shape)
            while not cancelled():  # type: ignore[operator]
                pass

        st_given, st_seen = st.session_state["given"], st.session_state["seen"]
        background("k", "Listening", work, explain="", at_once=True, private=True)

    app = AppTest.from_function(script)
    app.session_state["given"], app.session_state["seen"] = np.zeros(1987), []
    held = weakref.ref(app.session_state["given"])
    app.run()
    job = app.session_state["jobs"]["k"]
    assert "k" not in jobs._shared()
    assert not job.finished.is_set()
    for action in app.session_state["at_the_end"].values():
        action()
    assert job.finished.wait(20)
    del app, job
    until = time.monotonic() + 10
    while held() is not None and time.monotonic() < until:
        gc.collect()
        time.sleep(0.02)
    assert held() is None


class Client:
    """A browser that listens to nothing."""

    def write_forward_msg(self, msg: Any) -> None:
        pass


def test_a_session_that_was_left_is_closed_with_its_files(tmp_path: Path) -> None:
    """Streamlit alone keeps the uploads of a page that was closed until it next looks."""
    script = tmp_path / "app.py"
    script.write_text("import streamlit as st\n")
    files, now, ended = MemoryUploadedFileManager("/upload"), [0.0], threading.Event()
    media = MemoryMediaFileStorage("/media")
    before = Runtime._instance
    Runtime._instance = None

    async def visit() -> None:
        config = RuntimeConfig(str(script), media_file_storage=media, uploaded_file_manager=files)
        runtime = Runtime(config)
        await runtime.start()
        sweeper = Sweeper(runtime, clock=lambda: now[0])
        one, other = (runtime.connect_session(Client(), {}) for _ in range(2))
        session = runtime.get_app_session(one)
        assert session is not None
        session.session_state["at_the_end"] = {"test": ended.set}
        for name in (one, other):
            files.add_file(name, UploadedFileRec("f", f"{MARK}.wav", "audio/wav", marked_clip()))
        runtime.disconnect_session(other)
        assert sweeper.sweep() == 0
        assert runtime.connect_session(Client(), {}, existing_session_id=other) == other  # only a lost connection
        runtime.disconnect_session(one)
        now[0] = 1
        assert sweeper.sweep() == 0
        now[0] = GRACE_S
        assert sweeper.sweep() == 0
        assert files.get_files(one, ["f"])
        assert not ended.is_set()
        now[0] = GRACE_S + 1
        assert sweeper.sweep() == 1
        assert ended.is_set()
        assert not files.get_files(one, ["f"])
        assert files.get_files(other, ["f"])  # who is still here keeps what is theirs
        gone = weakref.ref(session)
        del session
        collect()
        assert gone() is None
        runtime.stop()
        await runtime.stopped

    try:
        in_thread(visit())
    finally:
        Runtime._instance = before


def test_nothing_of_a_recording_is_logged(visited_before: None, lines: io.StringIO, voice: bytes) -> None:
    app = open_app()
    upload(app, voice)
    assert heading(app)
    upload(app, b"no sound at all" * 100, f"{MARK}-broken.wav")
    assert MARK in app.error[0].value  # the person is told which
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert MARK not in lines.getvalue()
    assert {"page", "answer"} <= {line["event"] for line in written}
    page = next(line for line in written if line["event"] == "page")
    assert set(page) == {"time", "level", "event", "session", "request_id", "page", "outcome", "ms"}
    assert len({line["session"] for line in written if "session" in line}) == 1
    assert len({line["request_id"] for line in written if line["event"] == "page"}) == 3


def test_an_error_that_nobody_foresaw_is_logged_by_its_place_alone(
    visited_before: None, lines: io.StringIO, voice: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError(MARK)

    app = open_app()
    monkeypatch.setattr("ser_core.recogniser.Recogniser.predict", fail)
    upload(app, voice)
    assert app.exception
    assert MARK not in lines.getvalue()
    failed = [json.loads(line) for line in lines.getvalue().splitlines() if "unforeseen" in line]
    assert failed[0]["reason"].startswith("ZeroDivisionError at tests.pages.test_privacy:")
    assert '"outcome": "failed"' in lines.getvalue()
    job = jobs.Job(fail)
    assert job.finished.wait(20)
    refused = jobs.Job(lambda *_: (_ for _ in ()).throw(AudioError(MARK)))
    assert refused.finished.wait(20)
    assert refused.problem == MARK
    assert MARK not in lines.getvalue()


def test_the_promise_is_on_every_page(visited_before: None) -> None:
    app = open_app()
    for page in ("predict", "privacy"):  # the router writes it, so that no page can leave it out
        app.switch_page(f"pages/{page}.py").run()
        assert any("is gone when you leave" in caption.value for caption in app.sidebar.caption), page


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("runs", "cache", "data"):
        monkeypatch.setenv(f"SER_{name.upper()}", str(tmp_path / name))
        (tmp_path / name).mkdir()
    (tmp_path / "runs/calls").mkdir()
    (tmp_path / "runs/calls/journal.jsonl").write_text("{}\n" * 1000)
    (tmp_path / "cache/features/x").mkdir(parents=True)
    (tmp_path / "data/mine").mkdir()
    monkeypatch.setattr(machine, "at_this_machine", lambda: True)
    return tmp_path


def test_files_are_deleted_only_after_a_yes(visited_before: None, kept: Path) -> None:
    app = open_app().switch_page("pages/privacy.py").run()
    assert "**Finished calls**: 0.0 MB" in text(app)
    assert "**Trainings**: none" in text(app)
    assert app.button(key="privacy_delete_all").disabled
    app.checkbox(key="privacy_sure_calls").check().run()
    press(app, "privacy_delete_calls")
    assert not (kept / "runs/calls").exists()
    assert (kept / "cache/features").exists()
    assert "were deleted" in app.success[0].value
    app.checkbox(key="privacy_sure").check().run()
    press(app, "privacy_delete_all")
    assert not (kept / "cache/features").exists()
    assert (kept / "data/mine").exists()
    assert not app.exception


def test_a_visitor_from_elsewhere_cannot_delete_files(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "at_this_machine", lambda: False)
    app = open_app().switch_page("pages/privacy.py").run()
    assert "only whoever sits at it" in app.info[0].value
    assert not [button for button in app.button if str(button.key).startswith("privacy_delete")]


@pytest.mark.parametrize(
    ("address", "headers", "here"),
    [
        (None, {}, True), ("127.0.0.1", {}, True), ("::1", {}, True), ("::ffff:127.0.0.1", {}, True),
        ("192.168.0.7", {}, False), ("::ffff:192.168.0.7", {}, False), ("nowhere", {}, False),
        (None, {"X-Forwarded-For": "192.168.0.7"}, False),
    ],
)  # fmt: skip
def test_who_sits_at_this_machine(
    address: str | None, headers: dict[str, str], here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = SimpleNamespace(ip_address=address, headers=headers)
    monkeypatch.setattr(source, "st", SimpleNamespace(context=context))
    assert source.at_this_machine() is here


def test_defaults_of_the_server_are_tight() -> None:
    import tomllib

    found = tomllib.loads((PROJECT / ".streamlit/config.toml").read_text())
    expected = SimpleNamespace(enableXsrfProtection=True, enableCORS=True, maxUploadSize=200)
    assert {key: found["server"][key] for key in vars(expected)} == vars(expected)
    assert found["browser"]["gatherUsageStats"] is False
    assert found["client"]["showErrorDetails"] == "none"
    assert found["logger"]["enableRich"] is False
