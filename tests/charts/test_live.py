"""The last minute as HTML, a session as a figure."""

from __future__ import annotations

import pytest

from ser_core.charts.live import Stretch, session_figure, stretches, timeline_html
from ser_core.live import Alarm, AlarmEvent, Reading


def reading(time_s: float, emotion: str | None, confidence: float = 0.8, **more: object) -> Reading:
    if emotion is None:
        return Reading(time_s)
    shares = {"neutral": 1 - confidence, emotion: confidence}
    return Reading(time_s, 0.0, emotion, confidence, confidence > 0.5, (), shares, **more)  # type: ignore[arg-type]


READINGS = [
    reading(0.25, None), reading(0.5, None), reading(0.75, "angry"), reading(1.0, "angry"), reading(1.25, "sad", 0.4),
]  # fmt: skip
EVENT = AlarmEvent(Alarm("<i>x</i>", "angry", 0.5, 1), 1.0, 0.0, 1.0, 0.8, 0.9)


def test_equal_answers_are_one_stretch() -> None:
    assert stretches(READINGS) == [
        Stretch(0.0, 0.5, None, False), Stretch(0.5, 1.0, "angry", True), Stretch(1.0, 1.25, "sad", False),
    ]  # fmt: skip
    assert [part.word for part in stretches(READINGS)] == ["no speech", "angry", "sad?"]


def test_a_reading_stands_for_a_second_at_most() -> None:
    assert stretches([reading(1.0, "angry"), reading(9.0, "angry")])[1] == Stretch(8.0, 9.0, "angry", True)


def test_a_set_of_several_candidates_is_not_sure() -> None:
    both = Reading(1.0, 0.0, "angry", 0.9, True, ("angry", "disgust"), {"angry": 0.9, "disgust": 0.1})
    one = Reading(2.0, 0.0, "angry", 0.4, False, ("angry",), {"angry": 0.4, "disgust": 0.6})
    assert [part.sure for part in stretches([both, one])] == [False, True]


def test_the_last_minute_has_words_and_escapes_names() -> None:
    page = timeline_html(READINGS, [EVENT])
    assert "The last minute: angry 0 s" in page or "no speech 0 s" in page
    assert "<i>" not in page
    assert "&lt;i&gt;x" in page
    long = timeline_html([reading(second / 4, "angry") for second in range(1, 41)])
    assert ">angry</span>" in long
    assert "angry 10 s" in long


def test_what_is_older_than_a_minute_is_not_drawn() -> None:
    page = timeline_html([reading(1.0, "sad"), *(reading(100 + second, "happy") for second in range(5))], [EVENT])
    assert "sad" not in page
    assert "🔔" not in page
    assert timeline_html([]).count("nothing yet") == 1


def test_a_session_shows_every_emotion_curve_and_alarm() -> None:
    figure = session_figure(READINGS, [EVENT])
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    assert list(bars) == ["😠 angry", "😢 sad (not sure)"]
    assert (bars["😠 angry"].base[0], bars["😠 angry"].x[0]) == (0.5, 0.5)
    assert bars["😢 sad (not sure)"].marker.pattern.shape == "/"
    curves = {trace.name: trace for trace in figure.data if trace.type == "scatter"}
    assert set(curves) == {"valence", "arousal", "negative high arousal"}
    assert list(curves["valence"].y[:2]) == [None, None]
    assert curves["valence"].y[2] == pytest.approx(0.8 * -0.51)
    assert len(figure.layout.shapes) == 3  # the alarm in every row
    assert len(session_figure([], []).data) == 3
