"""What an installation rests on: versions that agree, everything pinned, an image that gets what it copies."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import ser_core

PROJECT = Path(__file__).resolve().parent.parent


def _requirements(name: str) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for line in (PROJECT / name).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == ser_core.__version__
    assert ser_core.__version__ in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert ".".join(map(str, sys.version_info[:3])) in SpecifierSet(project["requires-python"])


def test_every_package_is_pinned_to_one_version() -> None:
    held = {requirement.name.lower(): requirement.specifier for requirement in _requirements("constraints.txt")}
    for path in PROJECT.glob("requirements*.txt"):
        for requirement in _requirements(path.name):
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), f"{path.name}: {requirement}"
            assert held.get(requirement.name.lower(), requirement.specifier) == requirement.specifier, requirement


def test_the_image_copies_what_reaches_it() -> None:
    lines = (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    }
    allowed = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    reaching = {line[1:] for line in allowed if line.startswith("!")}
    assert copied == reaching - {"constraints.txt", "requirements*.txt", "wheels"}  # these are only mounted
    assert all((PROJECT / name).exists() for name in copied)


def test_the_image_runs_as_nobody_special_and_keeps_what_it_writes_in_two_places() -> None:
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert text.index("USER ser") < text.index("FROM base AS service")
    written = dict(re.findall(r"(HOME|HF_HOME|SER_\w+|NUMBA_CACHE_DIR)=(\S+)", text.split("RUN NUMBA")[0]))
    assert set(written) == {"HOME", "HF_HOME", "SER_DATA", "SER_RUNS", "SER_CACHE", "NUMBA_CACHE_DIR"}
    assert all(place.split("/")[1] in ("data", "tmp") for place in written.values())
