"""What people type to find each other: codes of classes, and nicknames, which are strangers' texts."""

from __future__ import annotations

import secrets
import unicodedata

from ser_core.errors import ClassroomError

#: Letters and digits that nobody confuses when they are read out or written on a board (no I 1 L, O 0, S 5, B 8, Z 2,
#: U V), and no vowels, so that no code is a word.
ALPHABET = "CDFGHJKMNPQRTWXY34679"
CODE_LENGTH = 5
#: Of a nickname, and of a class's name.
LONGEST_NAME, LONGEST_TITLE = 20, 60


def new_code() -> str:
    """Return one of four million codes, drawn so that it cannot be guessed from another."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def read_code(text: str) -> str:
    """Return a code as a person may have typed it: in small letters, with blanks or hyphens, anything else dropped."""
    return "".join(letter for letter in text[:100].upper() if letter in ALPHABET)


def clean_name(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a name fit for a table on the wall, or "" where nothing is left.

    Control, invisible and direction-changing characters go, as do heaps of accents, which would cover the neighbours'
    lines; blanks are single; what is longer is cut. Nothing is escaped: whoever draws it as HTML does that.
    """
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text[: 20 * longest]):
        kind = unicodedata.category(character)
        if kind[0] == "Z" or character in "\t\r\n":
            kept.append(" ")
        elif kind[0] == "M" and (not kept or unicodedata.combining(kept[-1]) or kind == "Me"):
            continue
        elif kind[0] != "C":
            kept.append(character)
    return " ".join("".join(kept).split())[:longest].strip()


def check_nickname(text: str) -> str:
    """Return :func:`clean_name`.

    Raises
    ------
    ClassroomError
        If it holds no letter or digit.
    """
    name = clean_name(text)
    if not any(character.isalnum() for character in name):
        raise ClassroomError(f"Type a nickname with at least one letter or digit, up to {LONGEST_NAME} characters.")
    return name


def folded(name: str) -> str:
    """Return what two names have in common that look alike but for case and width of letters."""
    return unicodedata.normalize("NFKC", name).casefold()
