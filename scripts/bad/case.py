"""What one hostile input is, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

#: What must come of an input: a sentence, an answer (it is odd, but valid), or either (damage that may do no harm).
ERROR, ANSWER, EITHER = "error", "answer", "either"


@dataclass(frozen=True)
class Case:
    """A hostile input.

    Attributes
    ----------
    name
        A name of its own, usable as that of a file.
    group
        Who reads it: a key of :data:`bad.doors.DOORS`.
    files
        Its content, by file name; one file for most. What takes long to make is a function.
    expect
        :data:`ERROR`, :data:`ANSWER` or :data:`EITHER`.
    called
        The name under which it is handed in, where that is part of the attack.
    facts
        What else its door needs, such as a header of the request.
    """

    name: str
    group: str
    files: Mapping[str, bytes | Callable[[], bytes]]
    expect: str = ERROR
    called: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    def made(self) -> dict[str, bytes]:
        """Return the content of its files."""
        return {name: data if isinstance(data, bytes) else data() for name, data in self.files.items()}


def sound(
    name: str, data: bytes | Callable[[], bytes], expect: str = ERROR, *, ending: str = "wav", called: str = ""
) -> Case:
    """Return a case for everything that reads sound."""
    return Case(name, "sound", {f"sound.{ending}": data}, expect, called or f"{name}.{ending}")


def flipped(data: bytes, rng: np.random.Generator, bits: int, start: int = 0, end: int | None = None) -> bytes:
    """Return bytes, some bits of which between *start* and *end* are the other way round."""
    changed = np.frombuffer(data, np.uint8).copy()
    places = rng.integers(start, len(data) if end is None else end, bits)
    changed[places] ^= (1 << rng.integers(0, 8, bits)).astype(np.uint8)
    return changed.tobytes()
