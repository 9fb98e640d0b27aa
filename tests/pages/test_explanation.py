"""Why an answer was given, on the pages that show answers, driven without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from ser_core.examples import list_examples
from tests.pages.conftest import charts, choose, open_app, press, text

_QUESTIONS = {
    "decided": ":material/my_location: What decided",
    "voice": ":material/compare_arrows: Against other voices",
    "change": ":material/swap_vert: What would change it",
    "similar": ":material/hearing: What sounds alike",
}


@pytest.fixture
def app(visited_before: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> AppTest:
    monkeypatch.setenv("SER_DATA", str(tmp_path))  # no corpus: the built-in voices are the neighbours
    return press(open_app(), f"example_{list_examples()[4].id}")


def _worked_out(app: AppTest, name: str) -> AppTest:
    press(app, f"start_why_{name}")
    for _ in range(600):
        if not [button for button in app.button if button.key == f"stop_why_{name}"]:
            return app
        app.run()
    raise AssertionError("it was not worked out in time")


def test_the_four_questions_are_answered_and_stay(app: AppTest) -> None:
    before = charts(app)
    assert not app.session_state["explanations"] if "explanations" in app.session_state else True
    _worked_out(app, "decided")
    assert not app.exception
    assert "Without the framed parts it is" in text(app)
    assert charts(app) == before + 3
    press(app, "why_play_decided")
    assert len(app.get("audio")) == 2  # the voice, and only what decided

    choose(app, "why_question", _QUESTIONS["voice"])
    words = text(app)
    assert "standard deviations)" in words or "differs much from neutral speakers" in words
    choose(app, "why_group", "female")
    assert "neutral female speakers" in "\n".join(one.value for one in app.caption)

    choose(app, "why_question", _QUESTIONS["similar"])
    assert "built-in synthetic voices" in text(app)
    assert len(app.get("audio")) == 1 + 5

    choose(app, "why_question", _QUESTIONS["change"])
    _worked_out(app, "change")
    assert "it would be" in text(app) or "No such change was found" in text(app)

    app.switch_page("pages/signals.py").run()
    choose(app, "signals_section", ":material/psychology_alt: Why")
    choose(app, "why_question", _QUESTIONS["decided"])
    assert "Without the framed parts it is" in text(app)  # nothing is asked again
    assert not app.exception


def test_a_moment_of_a_recording_is_explained(visited_before: None) -> None:
    app = press(open_app().switch_page("pages/recordings.py").run(), "recordings_example")
    for _ in range(600):
        if not [button for button in app.button if button.key == "stop_recordings"]:
            break
        app.run()
    before = charts(app)
    assert "At 0:" in text(app)
    press(app, "why_take")
    _worked_out(app, "decided")
    assert not app.exception
    assert "Without the framed parts it is" in text(app)
    assert charts(app) == before + 3
