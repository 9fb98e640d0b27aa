"""A CSV or parquet file that lists the clips of a corpus, read with distrust: it may come from anywhere."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from ser_core.corpora.labels import plain
from ser_core.errors import CorpusError

#: The columns that a manifest may have; the first two are needed. Others are ignored: `ser_core.protocols` splits.
COLUMNS = ("path", "emotion", "speaker", "sex", "age", "intensity", "sentence", "take", "song")

_MOST_BYTES = 50_000_000
_MOST_ROWS = 200_000
_MOST_COLUMNS = 1000
_LONGEST_LINE = 1_000_000
_LINES_OF_A_ROW = 5
_PARQUET_ROWS = 64
_MOST_CHARACTERS = 1000
#: What a spreadsheet would run as a formula when a table is exported, and characters that no name needs.
_HOSTILE = re.compile(r"^[=@+]|^-\D|[\x00-\x1f\x7f]")
_NAMES: Mapping[str, str] = {
    "path": "path file filename file_name filepath file_path audio wav wav_path clip name datei fichier archivo",
    "emotion": "emotion emotions label class category target emotion_label emo gefuhl sentiment emocion emozione",
    "speaker": "speaker speaker_id spk spk_id speakerid actor actor_id subject subject_id person participant sprecher "
    "locuteur hablante client_id",
    "sex": "sex gender geschlecht sexe sexo genre",
    "age": "age alter edad eta",
    "intensity": "intensity level strength emotion_intensity",
    "sentence": "sentence text transcript transcription statement utterance prompt satz phrase",
    "take": "take repetition rep",
    "song": "song sung",
}


def propose_columns(header: list[str]) -> dict[str, str]:
    """Return {our column: the manifest's} as far as the names of its columns tell."""
    known = {alias: column for column, aliases in _NAMES.items() for alias in aliases.split()}
    found: dict[str, str] = {}
    for name in header:
        column = known.get(plain(name))
        if column is not None:
            found.setdefault(column, name)
    return found


def manifest_header(path: Path) -> list[str]:
    """Return the names of a manifest's columns; raises :class:`CorpusError` as :func:`read_manifest` does."""
    return _header_and_rows(path)[0]


def read_manifest(path: Path, columns: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a manifest as text under our column names, empty where a cell is.

    Parameters
    ----------
    path
        A file ending in .csv, .tsv (separated by comma, semicolon or tab, UTF-8) or .parquet.
    columns
        {one of :data:`COLUMNS`: the manifest's name for it}; where not given, the same name is looked for.

    Raises
    ------
    CorpusError
        If it is missing, damaged, too large, lacks a column, or has cells that no clip's description has.
    """
    header, rows = _header_and_rows(path)
    wanted = {column: columns.get(column, column) for column in COLUMNS}
    for column, name in wanted.items():
        needed = column in columns or column in ("path", "emotion")
        if needed and header.count(name) != 1:
            what = "has more than one" if name in header else "has no"
            raise CorpusError(
                f"The manifest {path.name} {what} column '{_short(name)}' for the {column}: "
                f"its columns are {', '.join(map(_short, header[:12]))}."
            )
    places = {column: header.index(name) for column, name in wanted.items() if name in header}
    found = []
    for number, cells in enumerate(rows, start=2):
        if number > _MOST_ROWS + 1:
            raise CorpusError(f"The manifest {path.name} has more than {_MOST_ROWS} rows: split it into several.")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise CorpusError(
                f"Row {number} of {path.name} has {len(cells)} cells instead of {len(header)}: correct it."
            )
        row = {column: cells[place].strip() for column, place in places.items()}
        for column, cell in row.items():
            if len(cell) > _MOST_CHARACTERS or _HOSTILE.search(cell):
                raise CorpusError(
                    f"Row {number} of {path.name} has the {column} '{_short(cell)}', which is too long, begins like a "
                    "formula or holds control characters: correct it."
                )
        found.append(row)
    if not found:
        raise CorpusError(f"The manifest {path.name} lists no clip.")
    return found


def _header_and_rows(path: Path) -> tuple[list[str], Iterator[list[str]]]:
    if not path.is_file():
        raise CorpusError(f"The manifest {path} is not there: correct its name in corpus.toml.")
    if path.stat().st_size > _MOST_BYTES:
        raise CorpusError(f"The manifest {path.name} is larger than {_MOST_BYTES // 1_000_000} MB: it cannot be one.")
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise CorpusError(
            f"The manifest {path.name} is neither CSV nor parquet: give one that ends in .csv or .parquet."
        )
    return _csv(path)


def _csv(path: Path) -> tuple[list[str], Iterator[list[str]]]:
    lines = _lines(path)
    first = next(lines, "")
    lines.close()
    separator = max(",;\t", key=first.count)
    if first.count(separator) >= _MOST_COLUMNS:
        raise CorpusError(f"The manifest {path.name} has over {_MOST_COLUMNS} columns: leave out what is not needed.")
    rows = _csv_rows(path, separator)
    header = next(rows, [])
    if not any(header):
        raise CorpusError(f"The manifest {path.name} is empty.")
    return [name.strip() for name in header], rows


def _csv_rows(path: Path, separator: str) -> Iterator[list[str]]:
    """Yield row by row: millions of them would take gigabytes before they are counted."""
    try:
        yield from csv.reader(_lines(path), delimiter=separator, strict=True)
    except csv.Error as error:
        raise CorpusError(f"The manifest {path.name} is no CSV table ({error}): export it again.") from error


def _lines(path: Path) -> Generator[str, None, None]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file):
                if len(line) > _LONGEST_LINE:
                    raise CorpusError(f"The manifest {path.name} has a line of over {_LONGEST_LINE:,} characters.")
                if number > _LINES_OF_A_ROW * _MOST_ROWS:  # a quoted cell may go on for lines, and so may a row
                    raise CorpusError(
                        f"The manifest {path.name} has more than {_MOST_ROWS} rows: split it into several."
                    )
                yield line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise CorpusError(f"The manifest {path.name} is not text in UTF-8: save it as CSV in UTF-8.") from error
    except OSError as error:
        raise CorpusError(f"The manifest {path.name} cannot be read ({error.strerror}).") from error


def _parquet(path: Path) -> tuple[list[str], Iterator[list[str]]]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        columns, size = file.schema_arrow, _unpacked_bytes(file)
        if file.metadata.num_rows > _MOST_ROWS or len(columns) > _MOST_COLUMNS or size > _MOST_BYTES:
            raise CorpusError(
                f"The manifest {path.name} is too large: give at most {_MOST_ROWS} rows of {_MOST_COLUMNS} columns."
            )
        batches = list(_batches(file, size, path.name))
    except CorpusError:
        raise
    except Exception as error:  # pyarrow raises many types for a damaged file
        raise CorpusError(f"The manifest {path.name} is no readable parquet file: export it again.") from error
    rows = (list(map(_text, row)) for batch in batches for row in zip(*batch.to_pydict().values(), strict=True))
    return [str(name) for name in columns.names], rows


def _unpacked_bytes(file: Any) -> int:
    """Return what the file says its pages come to."""
    total = 0
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        parts = [group.column(place).total_uncompressed_size for place in range(group.num_columns)]
        total += max(group.total_byte_size, sum(parts))
    return total


def _batches(file: Any, size: int, name: str) -> Iterator[Any]:
    """Yield a few rows at a time, fewer of a large file: a word that is packed once may stand in every row."""
    most = 4 * _MOST_BYTES
    left = most
    for batch in file.iter_batches(batch_size=min(_PARQUET_ROWS, max(1, most // max(1, size)))):
        left -= batch.nbytes
        if left < 0:
            raise CorpusError(f"The manifest {name} unfolds to over {most // 1_000_000} MB: it cannot be one.")
        yield batch


def _text(cell: Any) -> str:
    """Return a cell of a parquet file as CSV would hold it."""
    if cell is None or cell != cell:  # NaN is not equal to itself
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _short(text: str) -> str:
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= 60 else f"{clean[:57]}..."
