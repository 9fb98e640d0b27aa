"""The page Recordings, driven without a browser."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.recordings.judged import Judged
from pages.parts.recordings.outcome import csv_text, json_text
from pages.parts.recordings.source import example_bytes
from pages.parts.recordings.timeline import mime
from ser_core.audio import load_audio
from ser_core.examples import list_examples
from tests.pages.conftest import as_wav, charts, open_app, press, text
from tests.synthetic import encode, voice


@pytest.fixture
def page(visited_before: None) -> AppTest:
    return open_app().switch_page("pages/recordings.py").run()


def _finished(page: AppTest) -> AppTest:
    for _ in range(300):
        if not [button for button in page.button if button.key == "stop_recordings"]:
            return page
        page.run()
    raise AssertionError("the recording was not judged in time")


def _upload(page: AppTest, name: str, data: bytes) -> AppTest:
    page.button_group(key="recordings_source").set_value(":material/upload_file: Upload").run()
    return page.file_uploader(key="recordings_upload").set_value((name, data, "audio/wav")).run()


def _judged(page: AppTest) -> Judged:
    return page.session_state["recordings_judged"]


def test_the_example_is_judged_and_moments_move_the_player(page: AppTest) -> None:
    assert "Listen to the example" in page.info[0].value
    _finished(press(page, "recordings_example"))
    assert not page.exception
    assert not page.error
    assert "Somebody speaks for" in text(page)
    assert charts(page) == 4
    assert len(page.get("audio")) == 1
    found = _judged(page)
    assert len(page.dataframe[0].value) > 1
    press(page, "recordings_moment_0")
    first = min([peak.start_s for peak in found.summary.peaks] + [one.time_s for one in found.summary.turning_points])
    assert page.session_state["recordings_seek"] == (1, first)

    rows = list(csv.DictReader(io.StringIO(csv_text(found))))
    assert len(rows) == len(found.timeline.segments)
    assert float(rows[0]["end_s"]) == pytest.approx(found.timeline.segments[0].end_s, abs=1e-3)
    told = json.loads(json_text(found))
    assert {"segments", "speech", "turns", "summary", "model"} <= set(told)

    page.slider(key="recordings_view").set_value((5.0, 15.0)).run()
    assert not page.exception
    page.switch_page("pages/predict.py").run()
    page.switch_page("pages/recordings.py").run()
    assert "Somebody speaks for" in text(page)  # the result stayed


def test_silence_gets_a_sentence_and_no_emotion(page: AppTest) -> None:
    _finished(_upload(page, "silence.wav", as_wav(np.zeros(5 * 16_000, np.float32))))
    assert not page.exception
    assert "No speech was found" in page.warning[0].value
    assert charts(page) == 0


def test_a_bad_file_gets_a_sentence_and_the_result_before_it_stays(page: AppTest) -> None:
    data = as_wav(np.concatenate([load_audio(example.path).samples for example in list_examples()[:2]]))
    _finished(_upload(page, "![x](http://a.b/c).wav", data))
    assert not page.exception
    assert "![x](" not in text(page)
    _upload(page, "notes.wav", b"no sound at all, only a text")
    assert "notes.wav is not audio" in page.error[0].value
    assert "Somebody speaks for" in text(page)


def test_the_sound_is_let_go_once_it_was_read(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.parts import jobs

    made: list[Any] = []
    original = jobs.Job.__init__
    monkeypatch.setattr(jobs.Job, "__init__", lambda self, work: (made.append(work), original(self, work))[1])
    _finished(press(page, "recordings_example"))
    held = {
        name: cell.cell_contents for name, cell in zip(made[0].__code__.co_freevars, made[0].__closure__, strict=True)
    }
    assert set(held) == {"held", "name", "model"}
    assert held["held"] == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("wav", "wav"), ("flac", "flac"), ("opus", "ogg"), ("mp3", "mpeg"), ("webm", "webm"), ("m4a", "mp4")],
)
def test_the_browser_is_told_what_it_gets(kind: str, expected: str) -> None:
    rate = 48_000 if kind in ("opus", "webm") else 44_100
    assert mime(encode(voice(0.3, rate=rate), kind, rate)) == f"audio/{expected}"
    assert mime(example_bytes()) == "audio/flac"
