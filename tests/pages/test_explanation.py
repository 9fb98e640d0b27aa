"""Why an answer was given, on the pages that show answers, driven without a browser."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ser_core.audio import load_audio
from ser_core.examples import list_examples
from ser_core.recogniser import Recogniser
from tests.pages.conftest import as_wav, charts, choose, open_app, press, text

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


def test_another_part_is_explained_for_its_own_answer(app: AppTest) -> None:
    voices = {example.style: load_audio(example.path).samples for example in list_examples()}
    samples = np.concatenate([voices[style] for style in ("fearful", "fearful", "neutral", "neutral", "neutral")])
    app.file_uploader(key="upload").set_value(("long.wav", as_wav(samples), "audio/wav")).run()
    model, sound = Recogniser.load("lite"), load_audio(as_wav(samples))
    answers = []
    for part in ((0.0, 8.0), (6.2, 14.2)):
        slider = next(one for one in app.slider if str(one.key).startswith("why_part_"))
        slider.set_value(part).run()
        assert not app.exception
        chosen = next(one for one in app.selectbox if str(one.key).startswith("why_label_"))
        answers.append(chosen.value)
        assert chosen.value == model.predict(sound.cut(*part)).emotion
    assert answers[0] != answers[1]  # else this would show nothing
