"""What the lessons ask has an answer that was measured, and a wrong one is not taken for it."""

from __future__ import annotations

from typing import Any

import pytest

from ser_core.audio import load_audio
from ser_core.bundle import SHIPPED, load_card
from ser_core.classroom.lessons import LESSONS, lesson
from ser_core.classroom.split import FILES, LEAKY_TEST, split_outcome
from ser_core.classroom.tasks import (
    BRIGHTNESS,
    LEVEL,
    PITCH,
    TEMPO,
    ChoiceTask,
    NumberTask,
    Task,
    bias_tasks,
    check,
    feature_tasks,
    report_tasks,
    rule_outcome,
    sound_tasks,
    spectrogram_tasks,
    split_tasks,
)
from ser_core.examples import list_examples
from ser_core.leakage.lab import Experiment, LabReport
from ser_core.leakage.words import HONEST, REFERENCES, TITLES


def lab_report(gains: dict[str, float]) -> LabReport:
    """Return what the laboratory might have found."""
    fields: dict[str, Any] = {"explanation": "", "uar_ci95": (0, 1), "wa": 0.5, "seeds": [0.5]}
    entries = [
        Experiment(
            name=name, title=title, honest=name in HONEST, uar=0.4 + gains.get(name, 0), gain=gains.get(name, 0),
            reference=REFERENCES.get(name, ""), **fields,
        )
        for name, title in TITLES.items()
    ]  # fmt: skip
    return LabReport(corpus="savee", clips=480, speakers=4, classes=7, chance=1 / 7, experiments=entries)


def people() -> dict[str, Any]:
    """Return the groups of a shipped card by corpus."""
    evaluation = load_card(SHIPPED / "base").evaluation
    return {report["corpus"]: report["people"] for report in evaluation.values() if report["corpus"]}


def all_tasks() -> list[Task]:
    report = load_card(SHIPPED / "lite").evaluation["ravdess-emobox"]
    laboratory = lab_report({"random": 0.21, "augmented-before": 0.34, "scaler": 0.001})
    groups = [sound_tasks(), spectrogram_tasks(), feature_tasks(), report_tasks(report), split_tasks(laboratory)]
    return [task for tasks in [*groups, bias_tasks(people())] for task in tasks]


def test_every_task_takes_its_answer_and_no_other() -> None:
    tasks = all_tasks()
    assert len(tasks) == 13
    for task in tasks:
        assert check(task, task.answer)
        assert not check(task, None)
        assert task.hints
        assert task.why
        if isinstance(task, NumberTask):
            assert not check(task, task.answer + 1.1 * task.tolerance + 0.01)
            assert not check(task, str(task.answer))
        else:
            assert len(set(task.options)) == len(task.options) >= 2
            wrong = set(task.options) - {task.answer, *task.equals}
            assert wrong
            assert not any(check(task, option) for option in wrong)


def test_answers_are_measured() -> None:
    samples, quiet = sound_tasks()
    voices = {example.title: load_audio(example.path).samples for example in list_examples()}
    assert samples.answer == len(voices["Neutral style"])
    assert quiet.answer == min(voices, key=lambda title: float((voices[title] ** 2).mean()))
    low, pitch = spectrogram_tasks()
    assert low.answer == "Neutral style"  # made with the lowest pitch setting of a man's voice
    assert isinstance(pitch, NumberTask)
    assert 200 < pitch.answer < 400


def test_a_report_with_two_worst_emotions_takes_both() -> None:
    report = {"uar": 0.5, "chance": 0.25, "labels": list("abcd")}
    recalls = {"a": 0.1, "b": 0.9, "c": 0.1, "d": 0.9}
    worst = report_tasks(report | {"per_class": {k: {"recall": v} for k, v in recalls.items()}})[-1]
    assert isinstance(worst, ChoiceTask)
    assert [check(worst, option) for option in "abcd"] == [True, False, True, False]


@pytest.mark.parametrize(
    ("feature", "limit", "solved"), [(LEVEL, -20, True), (BRIGHTNESS, 1600, True), (LEVEL, -25, False)]
)
def test_a_rule_of_level_or_brightness_solves_it(feature: str, limit: float, solved: bool) -> None:
    assert all(row.right for row in rule_outcome(feature, limit)) == solved


@pytest.mark.parametrize("feature", [PITCH, TEMPO])
def test_no_limit_on_pitch_or_tempo_does(feature: str) -> None:
    rows = rule_outcome(feature, 0)
    assert not any(all(row.right for row in rule_outcome(feature, one.value)) for one in rows)


def test_the_largest_mistake_is_asked_for() -> None:
    gain, largest = split_tasks(lab_report({"random": 0.1, "epoch-test": 0.3}))
    assert gain.answer == pytest.approx(10)
    assert largest.answer == TITLES["epoch-test"]
    assert not set(largest.options) & {TITLES[name] for name in HONEST}  # type: ignore[union-attr]


def test_mistakes_that_flatter_as_much_count_alike() -> None:
    _, largest = split_tasks(lab_report({"random": 0.259, "augmented-before": 0.268, "epoch-test": 0.1}))
    alike = {TITLES["random"], TITLES["augmented-before"]}
    assert {option for option in largest.options if check(largest, option)} == alike  # type: ignore[union-attr]


def test_a_gap_that_luck_explains_is_told_from_one_that_it_does_not() -> None:
    def of(low: float, high: float) -> str | float:
        gap = {"sex": {"gap": -0.05, "gap_ci95": [low, high]}}
        tasks = {task.name: task for task in bias_tasks({"cremad": gap, "tess": {"sex": {"gap": None}}})}
        assert tasks["gap"].answer == pytest.approx(5)
        assert "for men than for women" in tasks["gap"].question
        assert tasks["told"].answer == 1
        return tasks["luck"].answer

    assert str(of(-0.1, 0.02)).startswith("Yes")
    assert str(of(-0.1, -0.02)).startswith("No")
    assert [task.name for task in bias_tasks({"tess": {"sex": {"gap": None}}})] == ["told"]


def test_splits_are_judged_by_the_audit() -> None:
    leaky = split_outcome(LEAKY_TEST)
    assert (leaky.honest, leaky.shared) == (False, 4)
    assert split_outcome(FILES[:3]).honest
    assert split_outcome(FILES[3:9]).honest
    assert "2 of 2" in split_outcome(FILES[:2]).words
    assert not split_outcome([]).honest
    assert not split_outcome(FILES).honest


def test_lessons_have_steps_and_known_pages() -> None:
    assert len(LESSONS) == 6
    assert [part.minutes for part in LESSONS] == [10, 10, 10, 15, 15, 15]
    assert all(len(part.steps) >= 3 for part in LESSONS)
    assert lesson("split").title == "How to fool yourself with a split"
