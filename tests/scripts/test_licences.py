"""Licences of the packages: all fit or are explained, and one that does not is told."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    return importlib.import_module("licences")


def test_every_licence_fits_or_is_explained(command: Any) -> None:
    rows = [command.describe(name) for name in command.needed([*command.APP, *command.TESTS])]
    assert {"torch", "streamlit", "transformers", "streamlit-webrtc", "pytest", "h11"} <= {
        row["package"] for row in rows
    }
    assert [row["package"] for row in rows if not row["fits"]] == []


def test_an_explanation_is_of_a_package_that_is_there(command: Any) -> None:
    assert set(command.EXPLAINED) <= set(command.needed([*command.APP, *command.TESTS]))


@pytest.mark.parametrize(
    ("fields", "text", "found"),
    [
        ({"License-Expression": ["MIT OR GPL-3.0-only"]}, None, "MIT OR GPL-3.0-only"),
        ({"Classifier": ["License :: OSI Approved :: BSD License"], "License": ["long " * 40]}, None, "BSD-3-Clause"),
        ({"License": ["Apache 2.0 License"]}, None, "Apache-2.0"),
        ({"Classifier": ["License :: OSI Approved"]}, "X\n\nPermission is hereby granted,\nfree of charge, to any "
         "person obtaining a copy of", "MIT"),
        ({}, "All rights reserved.", ""),
    ],
)  # fmt: skip
def test_where_a_licence_is_found(fields: dict[str, list[str]], text: str | None, found: str, command: Any) -> None:
    assert command.licence(fields.get, lambda name: text if name == "LICENSE" else None) == found


def test_a_licence_that_does_not_fit_ends_the_command(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "FITTING", command.FITTING - {"ISC"})
    monkeypatch.setattr("sys.argv", ["licences.py"])
    with pytest.raises(command.SERError, match="librosa"):
        command.main()
