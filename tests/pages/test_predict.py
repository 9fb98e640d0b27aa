"""The main page, driven without a browser."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from starlette.formparsers import MultiPartParser
from streamlit.testing.v1 import AppTest

from pages.parts import inputs, models
from ser_core.audio import assess_quality, load_audio
from ser_core.bundle import list_bundles, load_card
from ser_core.emotions import EMOTIONS
from ser_core.encoder_files import encoders_of
from ser_core.examples import list_examples
from ser_core.presentation import verdict
from ser_core.recogniser import Prediction, Recogniser
from tests.pages.conftest import as_wav, charts, heading, open_app, press, text

LFS_STUB = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


def first_model() -> str:
    names = list_bundles()
    return "lite" if "lite" in names else sorted(names)[0]


def upload(app: AppTest, name: str, data: bytes) -> AppTest:
    return app.file_uploader(key="upload").set_value((name, data, "application/octet-stream")).run()


def test_opens_without_an_answer_and_says_how_to_get_one(app: AppTest) -> None:
    assert not app.exception
    assert not app.error
    assert heading(app) == ""
    assert "press one of the examples" in app.info[0].value
    assert "stays on this machine" in text(app)


@pytest.mark.parametrize("example", list_examples(), ids=lambda example: example.id)
def test_one_press_on_an_example_shows_a_result(app: AppTest, example: Any) -> None:
    press(app, f"example_{example.id}")
    assert not app.exception
    assert heading(app)
    assert example.title in text(app)
    assert "synthetic" in text(app)
    assert charts(app) == 3
    assert len(app.get("audio")) == 1


def test_upload_answers_as_the_recogniser_does_on_the_same_bytes(
    app: AppTest, voice: bytes, saved: dict[str, str]
) -> None:
    upload(app, "call.wav", voice)
    assert not app.exception
    expected = Recogniser.load(first_model()).predict(load_audio(voice))
    assert "call.wav" in text(app)
    card = load_card(list_bundles()[first_model()])
    assert verdict(expected, card.threshold, card.set_level).heading in heading(app)
    answer = json.loads(saved["call-emotion.json"])
    assert list(answer) == [
        "path", "emotion", "confidence", "sure", "candidates", "probabilities", "duration_s", "model", "warnings",
        "valence", "arousal", "negative_high_arousal",
    ]  # fmt: skip
    assert answer.pop("path") == "call.wav"
    assert list(answer["probabilities"]) == list(EMOTIONS)
    assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)
    assert answer["emotion"] == expected.emotion
    assert answer["confidence"] == pytest.approx(expected.confidence, abs=1e-6)
    assert answer["duration_s"] == pytest.approx(expected.duration_s)


def test_the_csv_says_the_same_as_the_json(app: AppTest, voice: bytes, saved: dict[str, str]) -> None:
    upload(app, "call.wav", voice)
    answer = json.loads(saved["call-emotion.json"])
    (row,) = csv.DictReader(io.StringIO(saved["call-emotion.csv"]))
    assert row["emotion"] == answer["emotion"]
    assert row["sure"] == str(answer["sure"]).lower()
    for emotion, share in answer["probabilities"].items():
        assert float(row[emotion]) == pytest.approx(share)


def test_a_recording_is_answered(app: AppTest, saved: dict[str, str]) -> None:
    voice = as_wav(load_audio(list_examples()[2].path).samples)
    app.audio_input(key="recording").set_value(("audio.wav", voice, "audio/wav")).run()
    assert not app.exception
    assert "Your recording" in text(app)
    assert heading(app)
    assert json.loads(saved["recording-emotion.json"])["emotion"] in EMOTIONS


def test_the_last_used_input_wins(app: AppTest, voice: bytes) -> None:
    upload(app, "call.wav", voice)
    press(app, "example_sad")
    assert "Sad style" in text(app)
    assert "call.wav" not in text(app)
    app.audio_input(key="recording").set_value(("audio.wav", voice, "audio/wav")).run()
    assert "Your recording" in text(app)
    press(app, "example_happy")
    assert "Happy style" in text(app)


def test_taking_an_upload_away_clears_its_answer_but_no_other(app: AppTest, voice: bytes) -> None:
    upload(app, "call.wav", voice)
    app.file_uploader(key="upload").clear().run()
    assert heading(app) == ""
    upload(app, "call.wav", voice)
    press(app, "example_sad")
    app.file_uploader(key="upload").clear().run()
    assert "Sad style" in text(app)


def test_an_upload_replaced_by_a_bad_one_stays(app: AppTest, voice: bytes) -> None:
    upload(app, "call.wav", voice)
    before = heading(app)
    app.file_uploader(key="upload").clear().run()  # as a browser reports a replacement
    app.run()
    upload(app, "notes.txt", b"not a sound at all, really not " * 40)
    assert "notes.txt" in app.error[0].value
    assert "call.wav" in text(app)
    assert heading(app) == before


def test_an_upload_taken_away_is_gone_for_good_after_a_while(
    app: AppTest, voice: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(app, "call.wav", voice)
    app.file_uploader(key="upload").clear().run()
    monkeypatch.setattr(inputs, "_REPLACED_WITHIN_S", -1.0)
    app.run()
    assert "withdrawn" not in app.session_state
    monkeypatch.undo()
    upload(app, "notes.txt", b"not a sound at all, really not " * 40)
    assert heading(app) == ""
    assert "call.wav" not in text(app)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("notes.txt", b"Dear diary, today nobody shouted at me. " * 50, "not audio"),
        ("stub.wav", LFS_STUB, "git lfs pull"),
        ("empty.wav", as_wav(np.zeros(0, np.float32)), "no samples"),
        ("cut.wav", as_wav(np.zeros(16_000, np.float32))[:9_000], "cut off"),
    ],
)
def test_bad_input_is_one_sentence_and_what_was_there_stays(app: AppTest, name: str, data: bytes, says: str) -> None:
    press(app, "example_angry")
    before = heading(app)
    upload(app, name, data)
    assert not app.exception
    (error,) = app.error
    assert name in error.value
    assert says in error.value
    assert heading(app) == before
    assert "Angry style" in text(app)
    press(app, "example_sad")
    assert not app.error


def test_bad_input_first_shows_the_sentence_and_no_answer(app: AppTest) -> None:
    upload(app, "notes.txt", b"not a sound at all, really not " * 40)
    assert not app.exception
    assert len(app.error) == 1
    assert "before it" not in app.error[0].value
    assert heading(app) == ""


def test_silence_is_named_and_no_emotion_is(app: AppTest, saved: dict[str, str]) -> None:
    upload(app, "silence.wav", as_wav(np.zeros(32_000, np.float32)))
    assert not app.exception
    assert "silent" in app.error[0].value
    assert "No answer" in heading(app)
    assert charts(app) == 1, "bars would claim an answer"
    answer = json.loads(saved["silence-emotion.json"])
    assert answer["emotion"] is None
    assert answer["sure"] is False
    assert any("silent" in warning for warning in answer["warnings"])


def test_problems_come_before_the_answer(app: AppTest) -> None:
    loud = np.clip(30 * load_audio(list_examples()[0].path).samples, -1, 1)
    upload(app, "loud.wav", as_wav(loud))
    assert any("clipped" in warning.value for warning in app.warning)
    order = [element.type for element in app.main if element.type in ("warning", "header")]
    assert order.index("warning") < order.index("header")


def test_another_model_answers_and_says_so(app: AppTest, voice: bytes, saved: dict[str, str]) -> None:
    names = [name for name, folder in list_bundles().items() if not encoders_of(load_card(folder))]
    if len(names) < 2:
        pytest.skip("only one bundle that needs no encoder is installed")
    upload(app, "call.wav", voice)
    first = json.loads(saved["call-emotion.json"])["model"]
    other = next(name for name in names if name != app.selectbox(key="model").value)
    app.selectbox(key="model").set_value(other).run()
    assert not app.exception
    assert json.loads(saved["call-emotion.json"])["model"] == other != first
    assert Recogniser.load(other).card.title in app.main.subheader[-1].value


def test_the_model_says_how_good_it_is_on_unseen_speakers(app: AppTest) -> None:
    press(app, "example_neutral")
    result = Recogniser.load(first_model()).card.evaluation["cremad-evar"]
    assert "speakers it had never heard" in text(app)
    assert f"| CREMA-D (6) | **{100 * result['uar']:.0f}** |" in text(app)
    assert "| 16.7 |" in text(app)


def test_no_model_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "list_bundles", dict)
    app = press(open_app(), "example_sad")
    assert not app.exception
    assert "No model is installed" in app.error[0].value
    assert len(app.get("audio")) == 1, "the voice can still be heard"


def test_a_damaged_model_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = list_bundles()[first_model()]
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    weights = bad / load_card(good).weights.file
    weights.write_bytes(weights.read_bytes()[:-7] + b"garbage")
    monkeypatch.setattr(models, "list_bundles", lambda: {"bad": bad, "lite": good})
    app = press(open_app(), "example_sad")
    healthy = heading(app)
    app.selectbox(key="model").set_value("bad").run()
    assert not app.exception
    assert "damaged" in app.error[0].value
    assert heading(app) == ""
    app.selectbox(key="model").set_value("lite").run()
    assert heading(app) == healthy


def test_a_card_that_cannot_be_read_does_not_break_the_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{", encoding="utf-8")
    good = list_bundles()[first_model()]
    monkeypatch.setattr(models, "list_bundles", lambda: {"broken": tmp_path, "lite": good})
    app = open_app()
    assert not app.exception
    assert app.selectbox(key="model").options == [Recogniser.load(good).card.title, "broken (damaged)"]


def test_one_visitor_never_sees_anothers_sound(app: AppTest, voice: bytes) -> None:
    upload(app, "private.wav", voice)
    other = open_app()
    assert "private.wav" not in text(other)
    assert heading(other) == ""


def test_the_same_sound_is_judged_once(app: AppTest, voice: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = Recogniser.predict
    monkeypatch.setattr(Recogniser, "predict", lambda self, sound: calls.append(1) or original(self, sound))
    upload(app, "call.wav", voice)
    press(app, "example_sad")
    app.run()
    press(app, "example_sad")
    assert len(calls) == 2


def test_a_hands_free_recording_is_taken_once(voice: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "audio_recorder", lambda **_: voice)  # as the component: the same bytes on every rerun
    app = open_app()
    assert "hands-free recording" in text(app)
    press(app, "example_sad")
    assert "Sad style" in text(app)


def test_a_hands_free_recording_without_sound_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "audio_recorder", lambda **_: as_wav(np.zeros((0, 2), np.float32), 44_100))
    app = open_app()
    assert not app.exception
    assert "no samples" in app.error[0].value


@pytest.mark.parametrize(
    ("state", "says", "recorders"), [("insecure", "https://", 0), ("denied", "allow", 1), ("missing", "Connect one", 1)]
)
def test_a_microphone_that_cannot_be_used_is_explained(
    state: str, says: str, recorders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "microphone_state", lambda: state)
    app = open_app()
    assert not app.exception
    assert says in app.warning[0].value
    assert len(app.audio_input) == recorders


def answering(emotion: str | None, share: float, sure: bool, candidates: tuple[str, ...] = ()) -> Any:
    """A model that always gives *emotion* this share and the rest to the others alike."""

    def predict(sound: Any) -> Prediction:
        rest = (1 - share) / (len(EMOTIONS) - 1)
        shares = {name: share if name == (emotion or "angry") else rest for name in EMOTIONS}
        return Prediction(emotion, share, sure, shares, sound.duration_s, "fake", (), assess_quality(sound), candidates)

    card = Recogniser.load(first_model()).card
    return SimpleNamespace(
        card=card.model_copy(update={"threshold": 0.45, "set_level": 0.8, "evaluation": {}}), predict=predict
    )


def test_a_sure_answer_names_the_emotion_and_its_confidence(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    model = answering("fearful", 0.83, True)
    monkeypatch.setattr(models, "_load", lambda *_: model)
    press(app, "example_sad")
    assert heading(app) == "😨 Fearful"
    assert "**83 %** confidence" in text(app)
    assert "not been measured" in app.warning[0].value


def test_below_the_threshold_the_page_is_not_sure(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    model = answering("sad", 0.31, False)
    monkeypatch.setattr(models, "_load", lambda *_: model)
    press(app, "example_sad")
    assert heading(app) == "🤔 Not sure"
    assert "**sad** (31 %)" in text(app)
    assert "45 %" in text(app)


def test_a_model_that_promises_sets_names_its_candidates(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    model = answering("sad", 0.31, False, ("sad", "calm"))
    monkeypatch.setattr(models, "_load", lambda *_: model)
    press(app, "example_sad")
    assert heading(app) == "🤔 Sad or calm"
    assert "80 times in 100" in text(app)


def test_uploads_stay_in_memory(app: AppTest) -> None:
    assert MultiPartParser.spool_max_size >= 200e6


def test_a_model_whose_encoder_is_missing_is_offered_with_its_size_and_lite_answers(
    monkeypatch: pytest.MonkeyPatch, saved: dict[str, str], tmp_path: Path
) -> None:
    here: list[Path] = []
    lite = list_bundles()["lite"]
    monkeypatch.setattr(models, "list_bundles", lambda: {"lite": lite, "base": tmp_path})
    monkeypatch.setattr(models, "_title", lambda folder, name: name.capitalize())
    monkeypatch.setattr(models, "load_card", lambda folder: folder)
    monkeypatch.setattr(models, "encoders_of", lambda folder: ("openai/whisper-base",) if folder == tmp_path else ())
    monkeypatch.setattr(models, "encoder_folder", lambda name: here[0] if here else None)
    monkeypatch.setattr(models, "fetch_encoder", lambda name, progress, cancelled: here.append(tmp_path) or tmp_path)
    app = press(open_app(), "example_sad")
    assert not app.sidebar.info
    app.selectbox(key="model").set_value("base").run()
    assert not app.exception
    assert "Lite" in app.sidebar.info[0].value
    assert app.button(key="start_encoder").label == "Get the encoder (290 MB, MIT)"
    assert any(json.loads(data)["model"] == "lite" for name, data in saved.items() if name.endswith(".json"))
    press(app, "start_encoder")
    app.run()
    assert here, "the press fetches it"
    assert not app.sidebar.info, "what is here is offered no more"
