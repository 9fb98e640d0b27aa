"""List the licences of all packages that the program needs: `python scripts/licences.py`.

It reads what the installed packages say of themselves, follows their requirements, and ends with status 1 if a licence
is unknown, or is none of those that fit a program under the MIT licence and is not explained below. `--tests` adds what
only tests need, `--json` is for machines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import cli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ser_core.errors import SERError

PROJECT = Path(__file__).resolve().parent.parent
APP = ("requirements-encoders.txt", "requirements-live.txt")
TESTS = ("requirements-test.txt", "requirements-cluster.txt")

#: Licences under which a package may be used beside this program without further conditions for either: permissive
#: ones, and those whose conditions hold for the package's own files alone (MPL, LGPL).
FITTING = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC",
    "LGPL-2.1-or-later", "LLVM-exception", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
#: What packages write instead of the name in SPDX's list.
_NAMES = {
    "MIT License": "MIT",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
}
#: How the text of the MIT licence begins, for packages that only carry the text.
_MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy"
_GENERAL = {"OSI Approved", "DFSG approved"}
#: Packages whose licence does not fit, or says less than there is to know, and why they are used all the same.
EXPLAINED = {
    "av": "its wheel carries FFmpeg (LGPL-3.0-or-later) linked with x264 and x265 (GPL-2.0-or-later), loaded as "
    "libraries; whoever hands the wheel on, also inside an image, hands these on under their own terms",
    "praat-parselmouth": "GPL-3.0-or-later; a reference for tests, which are not part of the program",
    "soundfile": "its wheel carries libsndfile (LGPL-2.1-or-later), loaded as a library",
}


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="licences.py", description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what only tests need")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    rows = [describe(name) for name in needed([*APP, *(TESTS if options.tests else ())])]
    if options.json:
        cli.print_json(rows)
    else:
        for row in rows:
            note = f"  ({row['note']})" if row["note"] else ""
            print(f"{'  ' if row['fits'] else '! '}{row['package']} {row['version']}: {row['licence']}{note}")
    wrong = [row["package"] for row in rows if not row["fits"]]
    if wrong:
        raise SERError(f"The licence of {', '.join(wrong)} is unknown or does not fit: replace it, or explain it here.")
    return cli.FINE


def needed(files: Iterable[str]) -> list[str]:
    """Return the names of the packages that requirements files ask for, and of all that these need here, sorted."""
    waiting = [requirement for file in files for requirement in _read(PROJECT / file)]
    asked: dict[str, set[str]] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras | {""}
        if extras <= asked.get(name, set()):
            continue
        asked[name] = asked.get(name, set()) | extras
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            raise SERError(f"The package {name} is not installed: run 'make app' first.") from None
        children = map(Requirement, lines)
        waiting += [
            child
            for child in children
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in asked[name])
        ]
    return sorted(asked)


def describe(name: str) -> dict[str, str | bool]:
    """Return package, version, licence, whether it fits or is explained, and the explanation."""
    package = metadata.distribution(name)
    said = licence(package.metadata.get_all, package.read_text)
    fits = bool(said) and set(_parts(said)) <= FITTING
    note = EXPLAINED.get(name, "")
    return {
        "package": name,
        "version": package.version,
        "licence": said or "unknown",
        "fits": fits or bool(note),
        "note": note,
    }


def licence(field: Callable[[str], list[Any] | None], text: Callable[[str], str | None]) -> str:
    """Return a package's licence: its expression, else its classifiers, its free text, its file; "" if unknown.

    *field* gives the values of a field of its metadata, *text* the text of one of its files, or None.
    """
    for values in (field("License-Expression"), _classified(field("Classifier")), _short(field("License"))):
        found = [_NAMES.get(value, value) for value in values or () if value]
        if found:
            return " AND ".join(found)
    whole = text("LICENSE") or text("licenses/LICENSE") or ""
    return "MIT" if _MIT in " ".join(whole.split()) else ""


def _classified(values: list[str] | None) -> list[str]:
    names = [value.rpartition(" :: ")[2] for value in values or () if value.startswith("License ::")]
    return [name for name in names if name not in _GENERAL]


def _short(values: list[str] | None) -> list[str]:
    return [value for value in values or () if len(value) < 60]  # some paste the whole text


def _parts(expression: str) -> list[str]:
    """Return the names in an expression. Those with OR between count all the same, which is on the safe side."""
    return [part for part in re.split(r"\s+(?:AND|OR|WITH)\s+|[()]", expression) if part.strip()]


def _read(path: Path) -> Iterable[Requirement]:
    for whole in path.read_text(encoding="utf-8").splitlines():
        line = whole.partition("#")[0].strip()
        if line.startswith("-r "):
            yield from _read(path.parent / line[3:].strip())
        elif line and not line.startswith("-"):
            yield Requirement(line)


if __name__ == "__main__":
    cli.run(main)
