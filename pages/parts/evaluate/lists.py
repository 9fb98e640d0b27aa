"""Lists of files as people paste them, and where those files lie: below the folder of the corpora, or nowhere."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ser_core.errors import CorpusError

#: More lines than this in a list are refused: each is a file to listen to.
MOST_LINES = 20_000
_COLUMNS = ("path", "split", "speaker", "sentence")
#: Longer parts of a path are cut; no file system has them.
_LONGEST = 200


def parse_list(text: str) -> pd.DataFrame:
    """Return the files that a text names: one path a line, or a CSV with a column `path`.

    Returns
    -------
    pandas.DataFrame
        Column `path`, and of `split`, `speaker`, `sentence` those that the CSV has.

    Raises
    ------
    CorpusError
        If it names no file, or too many.
    """
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) > MOST_LINES + 1:
        raise CorpusError(f"The list has {len(lines):,} lines: give at most {MOST_LINES:,}.")
    header = [name.strip().lower() for name in next(csv.reader(lines[:1]), [])]
    try:
        if "path" in header:
            rows = [dict(zip(header, row, strict=False)) for row in csv.reader(lines[1:])]
        else:
            rows = [{"path": line} for line in lines]
    except csv.Error as error:
        raise CorpusError(f"The list is no CSV that can be read ({error}): write one path a line.") from error
    kept = [name for name in _COLUMNS if name == "path" or any(name in row for row in rows)]
    table = pd.DataFrame([{name: (row.get(name) or "").strip() for name in kept} for row in rows])
    if table.empty or not table["path"].all():
        raise CorpusError("The list names no file: write one path a line, or a CSV with a column 'path'.")
    return table


def locate(name: str, root: Path, clips: Mapping[str, str]) -> Path:
    """Return where a file lies, if it is one of the corpora's, else a place below *root* where nothing is.

    A visitor's list may name any file of the server, so only what is below *root* by its very spelling is looked for;
    anything else is known by its name alone.

    Parameters
    ----------
    name
        As it stands in the list; relative names begin at *root*.
    root
        The folder of the corpora.
    clips
        {name of a clip without folder and ending, in small letters: its path}, for lists made elsewhere.
    """
    cleaned = name.replace("\\", "/").replace("\0", "")
    prefix = root.as_posix().rstrip("/") + "/"
    below = cleaned.removeprefix(prefix)
    parts = [part[:_LONGEST] for part in below.split("/") if part not in ("", ".")]
    outside = below == cleaned and cleaned.startswith("/")
    if parts and not outside and ".." not in parts and _is_file(root.joinpath(*parts)):
        return root.joinpath(*parts)
    known = clips.get(Path(parts[-1] if parts else "").stem.lower())
    if known is not None:
        return Path(known)
    harmless = [part for part in parts if part != ".."][-8:] or ["nameless"]
    return root.joinpath("elsewhere", *harmless)


def _is_file(path: Path) -> bool:
    try:
        return os.path.isfile(path)
    except (OSError, ValueError):
        return False
