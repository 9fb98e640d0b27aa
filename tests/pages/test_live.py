"""The page Live without a browser: a listener that was fed stands in for the microphone."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.live import connection
from pages.parts.live.desk import Desk
from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.bundle import list_bundles
from ser_core.examples import list_examples
from ser_core.live import Alarm, Listener
from ser_core.recogniser import Recogniser
from tests.pages.conftest import charts, open_app, press

pytestmark = pytest.mark.usefixtures("visited_before")

ALARM = Alarm("Any <b>voice</b>", "negative_high_arousal", 0.01, 0.5)


@pytest.fixture(scope="module")
def heard() -> Listener:
    """Four seconds of a voice between silence, read as fast as it can be."""
    name = "lite" if "lite" in list_bundles() else sorted(list_bundles())[0]
    listener = Listener(Recogniser.load(name), [ALARM])
    voice = load_audio(list_examples()[0].path).samples
    sound = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), voice, voice[:SAMPLE_RATE]])
    for start in range(0, len(sound), SAMPLE_RATE // 4):
        listener.feed(sound[start : start + SAMPLE_RATE // 4], SAMPLE_RATE)
        listener.step()
    return listener


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server there is nobody to connect to."""
    monkeypatch.setattr("streamlit_webrtc.webrtc_streamer", lambda **options: None)
    monkeypatch.setattr("streamlit_webrtc.create_audio_sink_track", lambda *args, **options: None)


def live(desk: Desk | None = None) -> AppTest:
    app = open_app()
    if desk is not None:
        app.session_state["live_desk"] = desk
    app.switch_page("pages/live.py").run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def with_listener(listener: Listener, stopped: bool) -> Desk:
    desk = Desk()
    desk.alarms = [ALARM]
    desk.listener = listener
    listener._stopped.set() if stopped else listener._stopped.clear()
    return desk


def test_a_new_visitor_is_told_how_to_begin() -> None:
    app = live()
    assert "Start listening" in app.info[0].value
    assert charts(app) == 0
    assert "Driver stress" in html(app)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    hidden = {"streamlit_webrtc"}
    monkeypatch.setattr(
        connection.importlib.util, "find_spec", lambda name, *rest: None if name in hidden else find(name, *rest)
    )
    app = live()
    assert [element.value for element in app.error] == [connection.MISSING]
    assert "requirements-live.txt" in connection.MISSING
    assert (Path(__file__).resolve().parents[2] / "requirements-live.txt").is_file()


def test_a_connection_that_fails_is_a_sentence(heard: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**options: object) -> None:
        raise ValueError("inside")

    monkeypatch.setattr("streamlit_webrtc.webrtc_streamer", fail)
    desk = with_listener(heard, stopped=False)
    (problem,) = live(desk).error
    assert problem.value.startswith("The browser and this program could not agree")
    assert not desk.listening


def test_where_the_browser_lends_no_microphone_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "microphone_state", lambda: "insecure")
    app = live()
    assert "https://" in app.warning[0].value
    assert not app.error


def test_while_it_listens_the_present_the_last_minute_and_the_alarm_are_shown(heard: Listener) -> None:
    app = live(with_listener(heard, stopped=False))
    page = html(app)
    assert "ser-now-words" in page
    assert "Listening …" not in page
    assert "No speech" not in page
    assert "The last minute: " in page
    assert "no speech" in page
    assert "🔔 <b>Any &lt;b&gt;voice&lt;/b&gt;</b>" in page
    assert "<b>voice</b>" not in page
    assert any("Delay" in caption.value for caption in app.caption)
    assert charts(app) == 0
    assert len(app.dataframe) == 1  # the log


def test_after_the_stop_everything_can_be_kept_or_dropped(heard: Listener, saved: dict[str, str]) -> None:
    app = live(with_listener(heard, stopped=True))
    assert charts(app) == 1
    assert len(app.get("audio")) == 1
    assert {button.proto.label for button in app.get("download_button")} >= {"Sound", "JSON", "CSV", "Alarms", "Chart"}
    app.switch_page("pages/predict.py").run()
    app.switch_page("pages/live.py").run()
    assert charts(app) == 1  # it survives another page
    press(app, "live_drop")
    assert not app.exception
    assert charts(app) == 0
    assert app.session_state["live_desk"].listener is None


def test_a_problem_of_the_listener_is_a_sentence(heard: Listener) -> None:
    desk = with_listener(heard, stopped=True)
    heard.problem = "Listening ended."
    try:
        assert [element.value for element in live(desk).error] == ["Listening ended."]
    finally:
        heard.problem = None


def test_alarms_are_added_by_form_or_preset_and_removed(heard: Listener) -> None:
    desk = with_listener(heard, stopped=False)
    app = live(desk)
    press(app, "live_preset_angry")
    assert [alarm.name for alarm in desk.alarms] == [ALARM.name, "Angry caller"]
    app.text_input(key="live_alarm_name").set_value("Sadness")
    app.selectbox(key="live_alarm_measure").set_value("sad")
    app.slider(key="live_alarm_threshold").set_value(50)
    app.number_input(key="live_alarm_seconds").set_value(2.0)
    next(button for button in app.button if button.label == "Add").click().run()
    assert not app.exception
    assert desk.alarms[-1] == Alarm("Sadness", "sad", 0.5, 2.0, 30.0)
    assert [watch.alarm for watch in heard.watches()] == desk.alarms
    press(app, "live_remove_0")
    assert [alarm.name for alarm in desk.alarms] == ["Angry caller", "Sadness"]
    heard.set_alarms([ALARM])


def test_an_impossible_alarm_is_a_sentence() -> None:
    app = live()
    app.text_input(key="live_alarm_name").set_value("=1+1")
    next(button for button in app.button if button.label == "Add").click().run()
    assert not app.exception
    assert "Give the alarm a name" in app.error[0].value
    assert len(app.session_state["live_desk"].alarms) == 1


def test_what_is_kept_says_the_same_in_every_file(heard: Listener) -> None:
    from ser_core.live import alarms_table, readings_table, session_json

    answer = json.loads(session_json(heard.readings(), heard.events(), "lite"))
    rows = list(csv.DictReader(io.StringIO(readings_table(heard.readings()).to_csv(index=False))))
    assert [row["emotion"] or None for row in rows] == [reading["emotion"] for reading in answer["readings"]]
    assert len(alarms_table(heard.events())) == len(answer["alarms"]) == 1
