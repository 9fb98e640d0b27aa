"""Links in the documentation: those of this repository hold, and broken ones are told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))

from check_links import anchors, pages, problems  # noqa: E402


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    read = pages(PROJECT)
    assert {"README.md", "service.md"} <= {page.name for page in read}
    assert [problem for page in read for problem in problems(page, PROJECT)] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a](docs/gone.md)", "there is no docs/gone.md"),
        ("![a](gone.png)", "there is no gone.png"),
        ("[a](docs/b.md#other)", "docs/b.md has no heading #other"),
        ("[a](#other)", "this page has no heading #other"),
        ("[a](../outside.md)", "there is no ../outside.md"),
        ("see `scripts/gone.py --json`", "there is no scripts/gone.py"),
        ("`python scripts/gone.py`", "there is no scripts/gone.py"),
    ],
)
def test_a_link_to_nowhere_is_told(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/b.md").write_text("# A page")
    (tmp_path / "README.md").write_text(text)
    assert list(problems(tmp_path / "README.md", tmp_path)) == [f"README.md: {words}."]


@pytest.mark.parametrize(
    "text",
    [
        "[a](docs/b.md) [b](docs/b.md#a-page) [c](#top)\n# Top",
        "[a](https://example.org/gone) [b](mailto:a@example.org)",
        "```\n[a](gone.md)\n```",
        "`[a](gone.md)` and `scripts/*.py` and `docs/b.md`",
    ],
)
def test_a_link_that_holds_is_not_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/b.md").write_text("# A page")
    (tmp_path / "README.md").write_text(text)
    assert not list(problems(tmp_path / "README.md", tmp_path))


def test_headings_become_anchors_as_github_makes_them() -> None:
    text = "# `make app` on Windows\n## A, b & c\n## A, b & c\n## [Link](x.md) here\n```\n# no heading\n```\n"
    assert anchors(text) == {"make-app-on-windows", "a-b--c", "a-b--c-1", "link-here"}
