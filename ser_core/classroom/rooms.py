"""Classes that play together on one machine: one store for all sessions of a server, in memory alone.

rooms = Rooms()
room, key = rooms.open("7b", questions)        # the teacher keeps the key
seat = rooms.join(room.code, "Ada")            # the student's browser keeps the seat
rooms.answer(room.code, seat, 0, "happy")

Everything is bounded, and a class ends by itself after some hours: pupils' names never reach a disk.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ser_core.classroom.names import LONGEST_TITLE, check_nickname, clean_name, folded, new_code, read_code
from ser_core.classroom.questions import MOST_CLIPS, Question
from ser_core.errors import ClassroomError

#: Classes at a time, students in each, and how long a class stays open.
MOST_ROOMS, MOST_STUDENTS, LIFETIME_S = 20, 60, 8 * 3600.0
#: A class that nobody has joined gives its place to another after this time.
_EMPTY_S = 1800.0


@dataclass(frozen=True)
class Student:
    """A student as everybody may see one: the nickname, and the guesses so far in the order of the clips."""

    nickname: str
    guesses: tuple[str, ...]


@dataclass(frozen=True)
class Room:
    """A class as it is at this moment; students in the order in which they came."""

    code: str
    title: str
    model: str
    questions: tuple[Question, ...]
    students: tuple[Student, ...]


@dataclass
class _Seat:
    nickname: str
    guesses: list[str] = field(default_factory=list)


@dataclass
class _Open:
    code: str
    title: str
    model: str
    key: str
    questions: tuple[Question, ...]
    opened_s: float
    seats: dict[str, _Seat] = field(default_factory=dict)


class Rooms:
    """All classes of this server. Safe to share between threads.

    Parameters
    ----------
    clock
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: dict[str, _Open] = {}

    def open(self, title: str, questions: Sequence[Question], model: str = "") -> tuple[Room, str]:
        """Open a class; return it and the key with which only its teacher can close it or remove a name.

        Raises
        ------
        ClassroomError
            If there are no clips or too many, or too many classes are open.
        """
        if not 0 < len(questions) <= MOST_CLIPS:
            raise ClassroomError(f"A class plays 1 to {MOST_CLIPS} clips: choose another number.")
        with self._lock:
            self._sweep()
            if len(self._rooms) >= MOST_ROOMS:
                raise ClassroomError(
                    f"{MOST_ROOMS} classes are open on this machine, and no more can be: close one that is over."
                )
            code = new_code()
            while code in self._rooms:
                code = new_code()
            name = clean_name(title, LONGEST_TITLE) or "Our class"
            key = secrets.token_urlsafe(9)
            self._rooms[code] = _Open(code, name, model, key, tuple(questions), self._clock())
            return _seen(self._rooms[code]), key

    def room(self, code: str) -> Room:
        """Return a class as it is now.

        Raises
        ------
        ClassroomError
            If no class has this code, or it is over.
        """
        with self._lock:
            return _seen(self._find(code))

    def join(self, code: str, nickname: str) -> str:
        """Take a seat in a class; return the secret that stands for it.

        Raises
        ------
        ClassroomError
            If there is no such class, it is full, or the nickname is taken or empty.
        """
        name = check_nickname(nickname)
        with self._lock:
            room = self._find(code)
            if any(folded(seat.nickname) == folded(name) for seat in room.seats.values()):
                raise ClassroomError("Somebody in this class has that nickname already: choose another.")
            if len(room.seats) >= MOST_STUDENTS:
                raise ClassroomError(f"This class is full: it has {MOST_STUDENTS} students.")
            secret = secrets.token_urlsafe(9)
            room.seats[secret] = _Seat(name)
            return secret

    def student(self, code: str, seat: str) -> Student:
        """Return the student of a seat.

        Raises
        ------
        ClassroomError
            If the class is over, or the teacher took the name off the list.
        """
        with self._lock:
            return _shown(self._sitting(code, seat))

    def answer(self, code: str, seat: str, place: int, emotion: str) -> None:
        """Write down a guess about the clip at *place*; the first one counts, and clips are taken in order.

        Raises
        ------
        ClassroomError
            As :meth:`student`, or if the emotion is none of the clip's.
        """
        with self._lock:
            guesses = self._sitting(code, seat).guesses
            questions = self._find(code).questions
            if place != len(guesses) or place >= len(questions):
                return  # pressed twice, or in a second window
            if emotion not in questions[place].choices:
                raise ClassroomError("Choose one of the emotions that are offered.")
            guesses.append(emotion)

    def leave(self, code: str, seat: str) -> None:
        """Forget a student's nickname and guesses, at the student's own wish; no error if they are gone already."""
        with self._lock:
            room = self._rooms.get(read_code(code))
            if room is not None:
                room.seats.pop(seat, None)

    def remove(self, code: str, key: str, nickname: str) -> None:
        """Take a student off the list, with all guesses; raises :class:`ClassroomError` without the teacher's key."""
        with self._lock:
            room = self._taught(code, key)
            room.seats = {secret: seat for secret, seat in room.seats.items() if seat.nickname != nickname}

    def close(self, code: str, key: str) -> None:
        """End a class and forget all that it held; raises :class:`ClassroomError` without the teacher's key."""
        with self._lock:
            self._rooms.pop(self._taught(code, key).code)

    def check_key(self, code: str, key: str) -> Room:
        """Return a class to the teacher who has its key; raises :class:`ClassroomError` to others."""
        with self._lock:
            return _seen(self._taught(code, key))

    def _sweep(self) -> None:
        now = self._clock()
        for code, room in list(self._rooms.items()):
            age = now - room.opened_s
            if age > LIFETIME_S or (not room.seats and age > _EMPTY_S and len(self._rooms) >= MOST_ROOMS):
                del self._rooms[code]

    def _find(self, code: str) -> _Open:
        self._sweep()
        room = self._rooms.get(read_code(code))
        if room is None:
            raise ClassroomError("No class with this code is open here: look at the code again, or ask your teacher.")
        return room

    def _sitting(self, code: str, seat: str) -> _Seat:
        found = self._find(code).seats.get(seat)
        if found is None:
            raise ClassroomError("You are not on this class's list any more: join again, or ask your teacher.")
        return found

    def _taught(self, code: str, key: str) -> _Open:
        room = self._find(code)
        if not hmac.compare_digest(room.key.encode(), key.strip().encode()):
            raise ClassroomError("This is not the teacher's key of this class.")
        return room


def _seen(room: _Open) -> Room:
    return Room(room.code, room.title, room.model, room.questions, tuple(map(_shown, room.seats.values())))


def _shown(seat: _Seat) -> Student:
    return Student(seat.nickname, tuple(seat.guesses))
