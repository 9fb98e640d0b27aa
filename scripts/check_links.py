"""Check that what README, CHANGELOG, CONTRIBUTING and docs/ point at is there: files, headings, commands.

python scripts/check_links.py

Relative links and their anchors, pictures, and names of files in `back quotes`. Addresses on the web are not asked:
the check needs no network, and says the same every time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cli

PROJECT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_QUOTED = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
#: A name of a file of this repository, such as scripts/train.py, also at the head of a command.
_FILE = re.compile(r"(?:\./)?((?:docs|pages|scripts|ser_core|tests|notebooks|models)/[\w./-]*\w|[\w-]+\.md|Makefile)")


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="check_links.py", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    found = [problem for page in pages(PROJECT) for problem in problems(page, PROJECT)]
    if options.json:
        cli.print_json(found)
    else:
        print("\n".join(found) or "Every link leads somewhere.")
    return cli.FAILED if found else cli.FINE


def pages(project: Path) -> list[Path]:
    """Return the Markdown files that people read: those at the top, and those in docs/."""
    return [*sorted(project.glob("*.md")), *sorted((project / "docs").rglob("*.md"))]


def problems(page: Path, project: Path) -> Iterator[str]:
    """Yield a sentence for each link of a page that leads nowhere."""
    text, name = page.read_text(encoding="utf-8"), page.relative_to(project)
    prose = _FENCE.sub("", text)
    for target in _LINK.findall(_QUOTED.sub("", prose)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.is_relative_to(project) or not there.exists():
            yield f"{name}: there is no {path}."
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text(encoding="utf-8")):
            yield f"{name}: {path or 'this page'} has no heading #{anchor}."
    for quoted in _QUOTED.findall(prose):
        match = _FILE.match(quoted.removeprefix("python "))
        if match and "*" not in quoted and "<" not in quoted and not _is_there(match[1], page, project):
            yield f"{name}: there is no {match[1]}."


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs make them."""
    found: dict[str, int] = {}
    names = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
    return names


def _is_there(path: str, page: Path, project: Path) -> bool:
    return any((folder / path).exists() for folder in (project, page.parent))


if __name__ == "__main__":
    cli.run(main)
