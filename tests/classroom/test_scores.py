"""Who was right how often, and that a nickname is no formula."""

from __future__ import annotations

import csv
import io

import pytest

from ser_core.classroom.rooms import Room, Student
from ser_core.classroom.scores import (
    class_confusion,
    class_csv,
    class_right,
    clip_table,
    crowd_right,
    model_confusion,
    model_right,
    ranking,
    right,
    shares,
)
from tests.classroom.made import CHOICES, question

TIED = {"neutral": 2, "happy": 2, "sad": 0}
QUESTIONS = (
    question("happy", "happy", {"neutral": 1, "happy": 5, "sad": 0}, "one"),
    question("sad", "neutral", TIED, "two"),
    question("neutral", "neutral", None, "three"),
)


@pytest.fixture
def room() -> Room:
    students = (
        Student("Ada", ("happy", "sad", "happy")),
        Student('=HYPERLINK("x")', ("sad",)),
        Student("Bo", ("happy", "sad")),
    )
    return Room("CDFGH", "7b", "Base", QUESTIONS, students)


def test_counts() -> None:
    assert right(QUESTIONS, ["happy", "happy"]) == 1
    assert right(QUESTIONS, []) == 0
    assert model_right(QUESTIONS) == 2
    assert crowd_right(QUESTIONS) == (1, 2)


def test_equals_share_a_place(room: Room) -> None:
    table = ranking(room)
    assert table["nickname"].tolist() == ["Ada", "Bo", '=HYPERLINK("x")']
    assert table["place"].tolist() == [1, 1, 3]
    assert table["answered"].tolist() == [3, 2, 1]
    assert class_right(room) == (4, 6)
    assert ranking(Room("", "", "", QUESTIONS, ())).empty


def test_confusions(room: Room) -> None:
    table = class_confusion(room)
    assert list(table.index) == list(table.columns) == list(CHOICES)
    assert table.to_numpy().tolist() == [[0, 1, 0], [0, 2, 1], [0, 0, 2]]
    assert shares(table).loc["happy"].tolist() == [0, pytest.approx(2 / 3), pytest.approx(1 / 3)]
    assert model_confusion(QUESTIONS).to_numpy().tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    empty = shares(class_confusion(Room("", "", "", QUESTIONS, ())))
    assert empty.to_numpy().sum() == 0


def test_clip_by_clip(room: Room) -> None:
    table = clip_table(room)
    assert table["class right"].tolist() == [2, 2, 0]
    assert table["answers"].tolist() == [3, 2, 1]
    assert table["crowd"].tolist() == ["happy", "", ""]


def test_csv_holds_every_guess_and_no_formula(room: Room) -> None:
    rows = list(csv.DictReader(io.StringIO(class_csv(room))))
    assert len(rows) == 6
    assert rows[0] == {
        "nickname": "Ada", "number": "1", "corpus": "mine", "clip": "one", "intended": "happy", "guess": "happy",
        "right": "True", "model": "happy", "model_right": "True", "crowd": "happy",
    }  # fmt: skip
    assert rows[3]["nickname"] == '\'=HYPERLINK("x")'
    assert class_csv(Room("", "", "", QUESTIONS, ())).startswith("nickname,")
