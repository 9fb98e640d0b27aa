"""Classes are bounded, end by themselves, and obey their teacher alone, whoever presses at the same time."""

from __future__ import annotations

import threading

import pytest

from ser_core.classroom.names import new_code
from ser_core.classroom.rooms import LIFETIME_S, MOST_ROOMS, MOST_STUDENTS, Rooms
from ser_core.errors import ClassroomError
from tests.classroom.made import question

QUESTIONS = [question("happy"), question("sad", "happy")]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(clock: Clock) -> Rooms:
    return Rooms(clock)


def test_join_guess_and_look(rooms: Rooms) -> None:
    room, _ = rooms.open(" 7b\u202e ", QUESTIONS, "Base")
    assert (room.title, room.model) == ("7b", "Base")
    ada, bo = rooms.join(room.code.lower(), "Ada"), rooms.join(room.code, "Bo")
    rooms.answer(room.code, ada, 0, "happy")
    rooms.answer(room.code, ada, 0, "sad")  # pressed twice: the first counts
    rooms.answer(room.code, ada, 1, "neutral")
    rooms.answer(room.code, ada, 2, "neutral")  # there is no third clip
    rooms.answer(room.code, bo, 1, "happy")  # out of turn
    seen = rooms.room(room.code).students
    assert [(student.nickname, student.guesses) for student in seen] == [("Ada", ("happy", "neutral")), ("Bo", ())]
    assert ada not in repr(rooms.room(room.code))
    with pytest.raises(ClassroomError, match="that are offered"):
        rooms.answer(room.code, bo, 0, "<script>")


def test_a_nickname_is_taken_once_however_it_is_written(rooms: Rooms) -> None:
    room, _ = rooms.open("", QUESTIONS)
    assert room.title == "Our class"
    rooms.join(room.code, "Ada")
    for same in ("ada", " ADA ", "\uff21da", "Ad\u200ba"):
        with pytest.raises(ClassroomError, match="already"):
            rooms.join(room.code, same)


def test_only_the_key_closes_and_removes(rooms: Rooms) -> None:
    room, key = rooms.open("a", QUESTIONS)
    other, other_key = rooms.open("b", QUESTIONS)
    seat = rooms.join(room.code, "Ada")
    for wrong in ("", "x", other_key, "ключ"):
        with pytest.raises(ClassroomError, match="key"):
            rooms.close(room.code, wrong)
        with pytest.raises(ClassroomError, match="key"):
            rooms.remove(room.code, wrong, "Ada")
    rooms.remove(room.code, key, "Ada")
    with pytest.raises(ClassroomError, match="list any more"):
        rooms.student(room.code, seat)
    rooms.join(room.code, "Ada")
    rooms.close(room.code, f" {key} ")
    with pytest.raises(ClassroomError, match="No class"):
        rooms.room(room.code)
    assert rooms.check_key(other.code, other_key).title == "b"


def test_a_student_leaves_and_is_forgotten(rooms: Rooms) -> None:
    room, _ = rooms.open("", QUESTIONS)
    seat = rooms.join(room.code, "Ada")
    rooms.leave(room.code, "guessed")
    assert len(rooms.room(room.code).students) == 1
    rooms.leave(room.code, seat)
    rooms.leave(room.code, seat)
    rooms.leave("gone", seat)
    assert not rooms.room(room.code).students


def test_numbers_are_bounded(rooms: Rooms, clock: Clock) -> None:
    first, _ = rooms.open("first", QUESTIONS)
    for number in range(MOST_STUDENTS):
        rooms.join(first.code, f"n{number}")
    with pytest.raises(ClassroomError, match="full"):
        rooms.join(first.code, "one more")
    for number in range(MOST_ROOMS - 1):
        rooms.open(f"{number}", QUESTIONS)
    with pytest.raises(ClassroomError, match="no more"):
        rooms.open("one more", QUESTIONS)
    clock.now = 1801  # classes that nobody joined make room
    rooms.open("one more", QUESTIONS)
    assert len(rooms.room(first.code).students) == MOST_STUDENTS
    for wrong in ([], QUESTIONS * 50):
        with pytest.raises(ClassroomError, match="clips"):
            rooms.open("", wrong)


def test_a_class_ends_by_itself(rooms: Rooms, clock: Clock) -> None:
    room, key = rooms.open("", QUESTIONS)
    seat = rooms.join(room.code, "Ada")
    clock.now = LIFETIME_S
    rooms.student(room.code, seat)
    clock.now = LIFETIME_S + 1
    for ask in (lambda: rooms.room(room.code), lambda: rooms.student(room.code, seat), lambda: rooms.close("", key)):
        with pytest.raises(ClassroomError, match="No class"):
            ask()
    with pytest.raises(ClassroomError, match="No class"):
        rooms.join(new_code(), "Ada")


def test_thirty_students_at_once(rooms: Rooms) -> None:
    room, _ = rooms.open("", QUESTIONS)
    failures: list[Exception] = []

    def student(number: int) -> None:
        try:
            seat = rooms.join(room.code, f"n{number}")
            for place in range(len(QUESTIONS)):
                rooms.answer(room.code, seat, place, "happy")
                rooms.room(room.code)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=student, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert {student.guesses for student in rooms.room(room.code).students} == {("happy", "happy")}
    assert len(rooms.room(room.code).students) == 30
