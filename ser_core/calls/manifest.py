"""Who spoke in a call: a CSV manifest beside an archive, or a pattern of its file names. Both are a stranger's text.

file,agent,caller,call_id
monday/0001.wav,Amal,right,0001
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from ser_core.calls.call import CHANNELS
from ser_core.errors import CallsError

LARGEST_MANIFEST = 20_000_000
_MOST_ROWS = 200_000
_LONGEST = 120
_MOST_COLUMNS = 1000
_COLUMNS = ("file", "agent", "caller", "call_id")
_PLACES = re.compile(r"(\{agent\}|\{call\}|\*)")


@dataclass(frozen=True)
class About:
    """What is known of a call beside its sound; *caller* is None where nothing says which channel is the caller's."""

    agent: str = ""
    caller: int | None = None
    call_id: str = ""


def plain(text: str, most: int = _LONGEST) -> str:
    """Return a stranger's text as one printable line of at most *most* characters."""
    line = text.strip()
    if not line.isprintable():
        line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def read_manifest(data: bytes, name: str = "the manifest") -> dict[str, About]:
    """Return what a manifest says of each file, by the file's name with / between its folders.

    Parameters
    ----------
    data
        CSV in UTF-8, with commas, semicolons or tabs; the column `file`, and any of `agent`, `caller` (left or right)
        and `call_id`. Other columns are left alone.

    Raises
    ------
    CallsError
        If it is no such table, says two things of one file, or is too large.
    """
    name = plain(name)
    if len(data) > LARGEST_MANIFEST:
        most = f"{LARGEST_MANIFEST // 10**6} MB"
        raise CallsError(f"{name} is larger than {most}, too large for a manifest: split the archive.")
    try:
        text = data.decode("utf-8-sig")
        heading = text.split("\n", 1)[0]
        separator = max(",;\t", key=heading.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        columns = [column.strip().lower() for column in next((row for row in reader if row), [])]
        if len(columns) > _MOST_COLUMNS:
            raise CallsError(f"{name} has over {_MOST_COLUMNS} columns: keep file, agent, caller and call_id.")
        if "file" not in columns:
            raise CallsError(f"{name} has no column 'file': its first line must be like file,agent,caller,call_id.")
        found: dict[str, About] = {}
        read = [(column, columns.index(column)) for column in _COLUMNS if column in columns]
        for row in reader:
            values = {column: row[place].strip() for column, place in read if place < len(row)}
            if values.get("file"):
                _add(found, values, name, reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CallsError(f"{name} is no CSV file in UTF-8: save it as one.") from error
    return found


def _add(found: dict[str, About], values: Mapping[str, str], name: str, line: int) -> None:
    caller = values.get("caller", "").lower()
    if caller and caller not in CHANNELS:
        raise CallsError(f"Line {line} of {name} says caller '{plain(caller, 30)}': write left, right or nothing.")
    about = About(plain(values.get("agent", "")), CHANNELS.get(caller), plain(values.get("call_id", "")))
    file = file_key(values["file"])
    if not file:
        raise CallsError(f"Line {line} of {name} names no file, but '{plain(values['file'], 30)}': correct it.")
    if found.get(file, about) != about:
        raise CallsError(f"{name} says two things of the file {plain(file)}: keep one of the lines.")
    found[file] = about
    if len(found) > _MOST_ROWS:
        raise CallsError(f"{name} has over {_MOST_ROWS:,} lines: split the archive.")


def file_key(name: str) -> str:
    """Return a file's name as manifests are searched for it."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/".join(parts)


class ManifestIndex:
    """A manifest, asked by file; a name without its folders is enough where no other file has it.

    Attributes
    ----------
    asked
        The manifest's files that were found.
    """

    def __init__(self, rows: Mapping[str, About]) -> None:
        self.rows = rows
        self.asked: set[str] = set()
        short: dict[str, list[str]] = {}
        for file in rows:
            short.setdefault(PurePosixPath(file).name, []).append(file)
        self._short = {name: files[0] for name, files in short.items() if len(files) == 1}

    def about(self, name: str) -> About | None:
        """Return what the manifest says of a file; None where it says nothing."""
        key = file_key(name)
        if key not in self.rows:
            # The person's table may begin elsewhere: at the archive's folder, or above it.
            short = self._short.get(PurePosixPath(key).name, "")
            fits = short and (f"/{key}".endswith(f"/{short}") or f"/{short}".endswith(f"/{key}"))
            key = short if fits else ""
        if not key:
            return None
        self.asked.add(key)
        return self.rows[key]

    def missing(self) -> list[str]:
        """Return the manifest's files that nobody asked for."""
        return [file for file in self.rows if file not in self.asked]


class NamePattern:
    """Reads agent and call from a file's name: `{agent}_{call}`, where * stands for anything.

    It is searched for against the name without its ending; with a / also against the folders before it. Each gap takes
    as little as it can, in one pass, so that no pattern takes long.

    Raises
    ------
    CallsError
        If the pattern names no agent, or has two gaps with nothing between them.
    """

    def __init__(self, pattern: str) -> None:
        parts = [part for part in _PLACES.split(pattern.strip()) if part]
        gaps = [bool(_PLACES.fullmatch(part)) for part in parts]
        if parts.count("{agent}") != 1 or parts.count("{call}") > 1:
            raise CallsError("A pattern of file names must hold {agent} once, such as {agent}_{call} or {agent}-*.")
        if any(first and second for first, second in pairwise(gaps)):
            raise CallsError("A pattern of file names needs a character between two gaps, such as {agent}_{call}.")
        self._parts, self._depth = parts, pattern.count("/")

    def about(self, name: str) -> About | None:
        """Return what a file's name says; None where it does not fit the pattern."""
        path = PurePosixPath(file_key(name))
        pieces = [*path.parts[:-1], path.stem]
        text = "/".join(pieces[-1 - self._depth :])
        found: dict[str, str] = {}
        place = 0
        for number, part in enumerate(self._parts):
            if not _PLACES.fullmatch(part):
                if not text.startswith(part, place):
                    return None
                place += len(part)
                continue
            end = self._end_of_gap(text, place, number)
            if end < place or (end == place and part != "*"):
                return None
            found[part] = text[place:end]
            place = end
        if place != len(text):
            return None
        return About(agent=plain(found["{agent}"]), call_id=plain(found.get("{call}", "")))

    def _end_of_gap(self, text: str, place: int, number: int) -> int:
        """Return where the gap ends: at the next fixed text, the last of which ends the name; -1 for nowhere."""
        if number + 1 == len(self._parts):
            return len(text)
        following = self._parts[number + 1]
        if number + 2 == len(self._parts):
            return len(text) - len(following) if text.endswith(following) else -1
        # A gap that names something holds something.
        return text.find(following, place + (self._parts[number] != "*"))
