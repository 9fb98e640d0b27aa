"""Who was right how often: a student, the class, the model, the crowd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from ser_core.classroom.questions import Question
from ser_core.classroom.rooms import Room
from ser_core.spreadsheets import guarded


def right(questions: Sequence[Question], guesses: Sequence[str | None]) -> int:
    """Return how many of the first clips were answered with the intended emotion."""
    return sum(question.intended == guess for question, guess in zip(questions, guesses, strict=False))


def model_right(questions: Sequence[Question]) -> int:
    """Return how many clips the model gets right."""
    return right(questions, [question.model_answer for question in questions])


def crowd_right(questions: Sequence[Question]) -> tuple[int, int]:
    """Return how many clips the listeners' commonest answer gets right, and how many clips have votes.

    Two emotions with equally many votes are no right answer.
    """
    rated = [question for question in questions if question.votes]
    return right(rated, [question.crowd_answer for question in rated]), len(rated)


def ranking(room: Room) -> pd.DataFrame:
    """Return `place`, `nickname`, `right`, `answered`, the best first; equals share a place."""
    rows = [
        {
            "nickname": student.nickname,
            "right": right(room.questions, student.guesses),
            "answered": len(student.guesses),
        }
        for student in room.students
    ]
    table = pd.DataFrame(rows, columns=["nickname", "right", "answered"])
    table = table.sort_values("right", ascending=False, kind="stable", ignore_index=True)
    table.insert(0, "place", table["right"].rank(method="min", ascending=False).astype(int))
    return table


def class_right(room: Room) -> tuple[int, int]:
    """Return how many guesses of the whole class were right, and how many were made."""
    return (
        sum(right(room.questions, student.guesses) for student in room.students),
        sum(len(student.guesses) for student in room.students),
    )


def class_confusion(room: Room) -> pd.DataFrame:
    """Return how often each intended emotion (rows) was taken for each other (columns) by the students."""
    pairs = [
        (question.intended, guess)
        for student in room.students
        for question, guess in zip(room.questions, student.guesses, strict=False)
    ]
    return _confusion(pairs, room.questions)


def model_confusion(questions: Sequence[Question]) -> pd.DataFrame:
    """Return the model's answers about the same clips in the same form."""
    return _confusion([(question.intended, question.model_answer) for question in questions], questions)


def shares(confusion: pd.DataFrame) -> pd.DataFrame:
    """Return each row of a confusion as shares of its sum, 0 to 1; a row without answers stays 0."""
    return confusion.div(confusion.sum(axis=1).clip(lower=1), axis=0)


def clip_table(room: Room) -> pd.DataFrame:
    """Return for each clip the intended emotion, the model's, the crowd's, and the class's right guesses of all."""
    rows = []
    for place, question in enumerate(room.questions):
        guesses = [student.guesses[place] for student in room.students if len(student.guesses) > place]
        rows.append(
            {
                "clip": place + 1,
                "intended": question.intended,
                "model": question.model_answer,
                "crowd": question.crowd_answer or "",
                "class right": sum(guess == question.intended for guess in guesses),
                "answers": len(guesses),
                "file": question.clip,
            }
        )
    return pd.DataFrame(rows)


def class_csv(room: Room) -> str:
    """Return every guess as CSV, one a row; nicknames are strangers' texts and never become formulas."""
    rows = [
        {
            "nickname": student.nickname,
            "number": place + 1,
            "corpus": question.corpus,
            "clip": question.clip,
            "intended": question.intended,
            "guess": guess,
            "right": guess == question.intended,
            "model": question.model_answer,
            "model_right": question.model_answer == question.intended,
            "crowd": question.crowd_answer or "",
        }
        for student in room.students
        for place, (question, guess) in enumerate(zip(room.questions, student.guesses, strict=False))
    ]
    columns = ["nickname", "number", "corpus", "clip", "intended", "guess", "right", "model", "model_right", "crowd"]
    return str(guarded(pd.DataFrame(rows, columns=columns)).to_csv(index=False))


def _confusion(pairs: Iterable[tuple[str, str]], questions: Sequence[Question]) -> pd.DataFrame:
    choices, counted = questions[0].choices, Counter(pairs)
    rows = [[counted[intended, answer] for answer in choices] for intended in choices]
    return pd.DataFrame(rows, index=list(choices), columns=list(choices))
