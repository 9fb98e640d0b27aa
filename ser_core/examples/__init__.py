"""The example voices that ship: made by a speech synthesiser (`scripts/make_examples.py`), not acted by a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Example:
    """One synthetic voice.

    Attributes
    ----------
    id
        A stable name for programs.
    title
        A name to show a person.
    style
        The emotion whose way of speaking the settings imitate; never a label to score against.
    text
        The words spoken.
    description
        What was set, in words.
    path
        The sound file.
    """

    id: str
    title: str
    style: str
    text: str
    description: str
    path: Path


def about_examples() -> str:
    """Return the sentence that says what the example voices are and are not."""
    return str(_index()["about"])


def list_examples() -> tuple[Example, ...]:
    """Return the example voices in the order to show them."""
    keys = ("id", "title", "style", "text", "description")
    return tuple(
        Example(**{key: entry[key] for key in keys}, path=FOLDER / entry["file"]) for entry in _index()["examples"]
    )


def _index() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "examples.json").read_text(encoding="utf-8")))
