"""Codes that can be read out, and nicknames that strangers typed."""

from __future__ import annotations

import pytest

from ser_core.classroom.names import (
    ALPHABET,
    CODE_LENGTH,
    LONGEST_NAME,
    check_nickname,
    clean_name,
    new_code,
    read_code,
)
from ser_core.errors import ClassroomError


def test_codes_have_no_look_alikes_and_are_read_as_people_type_them() -> None:
    assert not set(ALPHABET) & set("01258AEILOUVSBZ")
    codes = {new_code() for _ in range(200)}
    assert len(codes) > 195
    assert all(len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) for code in codes)
    code = codes.pop()
    assert read_code(f" {code[:2].lower()}-{code[2:]} ") == code
    assert read_code("<script>" * 100) != ""
    assert len(read_code("C" * 10**6)) <= 100


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada \t Lovelace ", "Ada Lovelace"),
        ("\u202eadA\u200b\x00\x1b[31m", "adA[31m"),
        ("Z\u0300\u0301\u0302\u0304al\u0488go", "Z\u0300algo"),
        ("José", "José"),
        ("Jose\u0301", "José"),
        ("Åsa 李 😀", "Åsa 李 😀"),
        ("<b>x</b>", "<b>x</b>"),
        ("x" * 10**6, "x" * LONGEST_NAME),
        ("\u200b\u202e \n", ""),
    ],
)
def test_names_are_cleaned(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize("typed", ["", "   ", "\u200b", "!?…", "😀"])
def test_a_nickname_needs_a_letter(typed: str) -> None:
    with pytest.raises(ClassroomError, match="letter or digit"):
        check_nickname(typed)
