"""The page Classroom, driven without a browser: a game, a class of two, and every lesson solved as a student would."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.classroom.kept import rooms
from pages.parts.classroom.lesson_split import lab_key
from pages.parts.jobs import _shared
from ser_core.bundle import SHIPPED, load_card
from ser_core.classroom.split import FILES
from ser_core.classroom.tasks import (
    LEVEL,
    NumberTask,
    Task,
    bias_tasks,
    feature_tasks,
    report_tasks,
    sound_tasks,
    spectrogram_tasks,
    split_tasks,
)
from tests.classroom.test_tasks import lab_report, people
from tests.pages.conftest import charts, choose, open_app, press, text

GROUP, LESSONS = ":material/groups: A class", ":material/school: Lessons"
TEACH = ":material/co_present: I teach"

pytestmark = pytest.mark.usefixtures("visited_before")


@pytest.fixture(autouse=True)
def _places(synthetic_corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("SER_MODELS", raising=False)
    rooms.clear()
    _shared().clear()


def classroom(section: str | None = None) -> AppTest:
    app = open_app()
    app.switch_page("pages/classroom.py").run()
    assert not app.exception
    return choose(app, "classroom_section", section) if section else app


def said(app: AppTest) -> str:
    """Return all sentences on the page."""
    boxes = [*app.success, *app.warning, *app.info, *app.error, *app.caption, *app.text, *app.header]
    return "\n".join([text(app), *(element.value for element in boxes)])


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def submit(app: AppTest, label: str) -> AppTest:
    """Press a form's button."""
    return next(button for button in app.button if button.label == label).click().run()


def guess_all(app: AppTest, key: str, emotion: str, clips: int) -> AppTest:
    for number in range(1, clips + 1):
        assert f"Clip {number} of {clips}" in app.get("progress")[0].proto.text
        press(app, f"{key}_guess_{emotion}")
        assert f"You: **{emotion}**" in said(app)
        assert charts(app) >= 1
        press(app, f"{key}_next")
    return app


def test_a_game_against_answers_about_unheard_speakers() -> None:
    app = classroom()
    app.selectbox(key="classroom_solo_corpus").set_value("tess").run()
    assert app.selectbox(key="classroom_solo_model_tess").value == "base"
    assert "**without this speaker**" in said(app)
    choose(app, "classroom_solo_number", 5)
    press(app, "classroom_solo_start")
    app.switch_page("pages/predict.py").run()
    app.switch_page("pages/classroom.py").run()  # the game waits
    guess_all(app, "classroom_solo", "happy", 5)
    table = app.dataframe[0].value
    meant = table["meant"].tolist().count("happy")
    assert meant <= 1  # five of seven emotions are drawn
    assert app.metric[0].value == f"{meant} of 5"
    assert table["you"].tolist() == ["happy"] * 5
    press(app, "classroom_solo_again")
    assert "Clip 1 of 5" in app.get("progress")[0].proto.text
    press(app, "classroom_solo_stop")
    assert "classroom_solo_start" in keys(app)


def test_a_model_without_kept_answers_says_that_it_has_heard_the_speakers() -> None:
    app = classroom()
    app.selectbox(key="classroom_solo_corpus").set_value("tess").run()
    app.selectbox(key="classroom_solo_model_tess").set_value("lite").run()
    assert "may have heard these speakers" in said(app)
    choose(app, "classroom_solo_number", 5)
    press(app, "classroom_solo_start")
    press(app, "classroom_solo_guess_sad")
    assert "has heard this speaker in training" in said(app)


def test_without_any_corpus_the_built_in_voices_play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(tmp_path / "nowhere"))
    app = classroom()
    assert app.selectbox(key="classroom_solo_corpus").options == ["Built-in voices (synthetic)"]
    assert "the page Explore says how" in said(app)
    press(app, "classroom_solo_start")
    guess_all(app, "classroom_solo", "sad", 6)
    assert app.metric[0].value == "1 of 6"
    assert not app.exception
    choose(app, "classroom_section", LESSONS)
    choose(app, "classroom_lesson", "split")
    assert "needs a corpus" in said(app)


def open_class() -> tuple[AppTest, str]:
    teacher = classroom(GROUP)
    choose(teacher, "classroom_role", TEACH)
    teacher.text_input(key="classroom_title").set_value("<b>7b</b>").run()
    teacher.selectbox(key="classroom_teach_corpus").set_value("tess").run()
    choose(teacher, "classroom_teach_number", 5)
    press(teacher, "classroom_open")
    return teacher, teacher.session_state["classroom_taught"][0]


def join(code: str, nickname: str) -> AppTest:
    student = classroom(GROUP)
    student.text_input[0].set_value(code)
    student.text_input[1].set_value(nickname)
    return submit(student, "Join")


def test_a_class_of_two_its_ranking_and_its_end(saved: dict[str, str]) -> None:
    teacher, code = open_class()
    assert "<b>7b</b>" in [element.value for element in teacher.text]
    assert "Nobody has joined yet." in said(teacher)
    ada = join(code.lower(), "Ada")
    assert "you are Ada" in said(ada)
    bo = join(code, '=HYPERLINK("x")')
    assert "already" in said(join(code, "ADA"))
    guess_all(ada, "classroom_class", "happy", 5)
    press(bo, "classroom_class_guess_sad")
    table = ada.run().dataframe[0].value
    assert sorted(table["nickname"]) == ['=HYPERLINK("x")', "Ada"]
    assert table["answered"].tolist() in ([5, 1], [1, 5])
    teacher.run()
    assert "**2** students, **1** of them finished" in said(teacher)
    assert charts(teacher) == 0  # the answers are not on the wall before they are asked for
    teacher.toggle(key="classroom_answers").set_value(True).run()
    assert charts(teacher) == 2
    lines = saved[f"class-{code}.csv"].splitlines()
    assert len(lines) == 1 + 5 + 1
    assert lines[-1].startswith("\"'=HYPERLINK")
    assert not teacher.exception
    teacher.selectbox(key="classroom_remove_name").set_value("Ada").run()
    press(teacher, "classroom_remove")
    assert "not on this class's list" in said(ada.run())
    press(teacher, "classroom_close")
    assert "No class with this code" in said(bo.run())
    assert not bo.exception


def test_who_deletes_everything_gives_up_the_seat() -> None:
    teacher, code = open_class()
    ada = join(code, "Ada")
    ada.switch_page("pages/privacy.py").run()
    assert "a nickname and guesses in a class" in said(ada)
    press(ada, "privacy_forget")
    assert "nothing of yours" in said(ada)
    assert "Nobody has joined yet." in said(teacher.run())


def test_a_wrong_code_and_a_wrong_key_are_sentences() -> None:
    assert "No class with this code" in said(join("XXXXX", "Ada"))
    _, code = open_class()
    other = classroom(GROUP)
    choose(other, "classroom_role", TEACH)
    back = [field for field in other.text_input if field.label in ("Code of the class", "Teacher's key")]
    back[0].set_value(code)
    back[1].set_value("guessed")
    submit(other, "Come back")
    assert "not the teacher's key" in said(other)
    assert "classroom_taught" not in other.session_state


def lesson(name: str) -> AppTest:
    return choose(classroom(LESSONS), "classroom_lesson", name)


def solve(app: AppTest, name: str, task: Task) -> AppTest:
    """Give a wrong answer, ask for a hint, then give the right one."""
    key = f"classroom_{name}_{task.name}"
    press(app, f"{key}_hint")
    assert task.hints[0] in said(app)
    number = isinstance(task, NumberTask)
    wrong = task.answer + 10 * task.tolerance + 10 if number else next(o for o in task.options if o != task.answer)  # type: ignore[operator, union-attr]
    for answer, expected in ((wrong, "Not yet"), (task.answer, task.why)):
        field = app.number_input(key=f"{key}_answer") if number else app.radio(key=f"{key}_answer")
        field.set_value(answer)
        button = next(b for b in app.button if b.label == "Check" and b.proto.form_id.startswith(key))
        button.click().run()
        assert expected in said(app)
    return app


def finished(app: AppTest) -> bool:
    return any("This lesson is finished" in box.value for box in app.success)


@pytest.mark.parametrize(("name", "tasks"), [("sound", sound_tasks), ("spectrogram", spectrogram_tasks)])
def test_lessons_about_sound(name: str, tasks: object) -> None:
    app = lesson(name)
    for task in tasks():  # type: ignore[operator]
        assert not finished(app)
        solve(app, name, task)
    assert finished(app)
    app.switch_page("pages/signals.py").run()
    app.switch_page("pages/classroom.py").run()
    assert finished(app)  # section, lesson and progress wait
    assert "1 of 6 lessons finished" in app.get("progress")[0].proto.text


def test_lesson_about_features() -> None:
    app = lesson("features")
    solve(app, "features", feature_tasks()[0])
    app.selectbox(key="classroom_rule_feature").set_value(LEVEL).run()
    assert not finished(app)
    app.slider[0].set_value(-20.0).run()
    assert "All six right" in said(app)
    assert finished(app)


def test_lesson_about_a_classifier_without_a_training_of_ones_own() -> None:
    app = lesson("classifier")
    assert "No classroom training is finished here" in said(app)
    for task in report_tasks(load_card(SHIPPED / "lite").evaluation["ravdess-emobox"]):
        solve(app, "classifier", task)
    assert finished(app)


def test_lesson_about_splits() -> None:
    app = lesson("split")
    assert "4 of 4 test files" in said(app)
    app.multiselect(key="classroom_mend").set_value(list(FILES[:3])).run()
    assert "Mended" in said(app)
    assert not finished(app)
    report = lab_report({"random": 0.21, "augmented-before": 0.34})
    job = type("Done", (), {"result": report, "problem": None, "finished": type("E", (), {"is_set": lambda _: True})()})
    _shared()[lab_key("savee", 1)] = job()  # type: ignore[assignment]
    app.run()
    for task in split_tasks(report):
        solve(app, "split", task)
    assert finished(app)


def test_lesson_about_bias() -> None:
    app = lesson("bias")
    assert charts(app) == 1
    for task in bias_tasks(people()):
        solve(app, "bias", task)
    assert finished(app)
