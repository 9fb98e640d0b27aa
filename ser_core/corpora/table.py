"""Folders of the four corpora -> one table of clips (a pandas DataFrame), whatever the layout of the copy."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import soundfile as sf

from ser_core.audio import load_audio
from ser_core.corpora.cache import cached_table
from ser_core.corpora.facts import CORPORA
from ser_core.corpora.names import ClipName, parse_name
from ser_core.corpora.own import is_own, own_corpora, own_rows
from ser_core.errors import AudioError, CorpusError
from ser_core.settings import settings

#: The columns of the table, one row a clip; `duration_s` in seconds and `sample_rate` in Hz, both of the file.
COLUMNS = (
    "corpus",
    "clip",
    "path",
    "speaker",
    "sex",
    "age",
    "emotion",
    "intensity",
    "sentence",
    "take",
    "song",
    "duration_s",
    "sample_rate",
)

_TEXT = ("corpus", "clip", "path", "speaker", "sex", "emotion", "intensity", "sentence")
_NUMBERS = {"age": "Int64", "take": "int64", "song": "bool", "duration_s": "float64", "sample_rate": "int64"}
_TYPES = {name: "string" if name in _TEXT else _NUMBERS[name] for name in COLUMNS}

#: What may hold a clip; of two copies the one named first here is taken (CREMA-D's repository has WAV and MP3).
_EXTENSIONS = (".wav", ".flac", ".aif", ".aiff", ".opus", ".ogg", ".m4a", ".mp3", ".webm", ".mp4")


def read_corpus(corpus: str, folder: str | os.PathLike[str]) -> pd.DataFrame:
    """Read one corpus, of the four or of your own, into a table with :data:`COLUMNS`, sorted by clip.

    Any depth of folders and any audio extension is accepted; a clip that lies there twice is taken once,
    lossless formats and shallow folders first.
    An unreadable file has no duration (NaN) and sample rate 0.

    Raises
    ------
    CorpusError
        If the name is unknown or the folder holds no clip of that corpus; the message says what was found instead.
    """
    if is_own(corpus, folder):
        return _read_own(corpus, Path(folder))
    root = corpus_folder(corpus, folder)
    found, other = find_clips(corpus, root)
    if not found:
        raise CorpusError(nothing_found(corpus, root, other))
    people = _cremad_people(root) if corpus == "cremad" else {}
    rows = [_row(corpus, name, path, people) for _, [(name, path), *_] in sorted(found.items())]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(_TYPES)


def holds_files(folder: Path) -> bool:
    """Return whether there is any file below *folder* that is not hidden."""
    return any(not name.startswith(".") for _, _, names in os.walk(folder) for name in names)


def read_corpora(corpora: Iterable[str] | None = None, data: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Read several corpora from the folders `data/<name>` into one table, from the cache where nothing has changed.

    Parameters
    ----------
    corpora
        Their names; by default those of the four that have a folder, then your own (see :mod:`ser_core.corpora.own`).
    data
        The folder that holds them; by default the setting `SER_DATA`.

    Raises
    ------
    CorpusError
        If a named corpus is not there, or none is.
    """
    root, names = named_or_present(corpora, data, own=True)
    tables = [cached_table(name, root / name, read_corpus, _TYPES) for name in names]
    return pd.concat(tables, ignore_index=True)


def corpus_folder(corpus: str, folder: str | os.PathLike[str]) -> Path:
    """Return *folder* as a path; raises :class:`CorpusError` for an unknown corpus or a folder that is not there."""
    if corpus not in CORPORA:
        raise CorpusError(f"There is no reader for a corpus named '{corpus}': choose one of {', '.join(CORPORA)}.")
    root = Path(folder)
    if not root.is_dir():
        raise CorpusError(
            f"The folder {root} for {CORPORA[corpus].title} does not exist: set SER_DATA to where it lies."
        )
    return root


def named_or_present(
    corpora: Iterable[str] | None, data: str | os.PathLike[str] | None, *, own: bool = False
) -> tuple[Path, list[str]]:
    """Return the folder that holds corpora, and the names given or, without any, of those that are there.

    Corpora of one's own are among these only with *own*.

    Raises
    ------
    CorpusError
        If none is there.
    """
    root = Path(data) if data is not None else settings().data
    names = list(corpora) if corpora is not None else [name for name in CORPORA if (root / name).is_dir()]
    names += own_corpora(root) if own and corpora is None else []
    if not names:
        raise CorpusError(
            f"No corpus was found in {root}: put one in a folder named {', '.join(CORPORA)} there, "
            "or set SER_DATA to the folder that holds them."
        )
    return root, names


def _read_own(corpus: str, root: Path) -> pd.DataFrame:
    rows = own_rows(root, _audio_files(root))
    for row in rows:
        duration, rate = _probe(Path(str(row["path"])))
        row |= {"corpus": corpus, "duration_s": duration, "sample_rate": rate}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(_TYPES)


def find_clips(corpus: str, root: Path) -> tuple[dict[str, list[tuple[ClipName, Path]]], list[Path]]:
    """Return the files of each clip below *root*, the one to use first, and the audio files that are no clip of it."""
    found: dict[str, list[tuple[ClipName, Path]]] = {}
    other = []
    for path in sorted(_audio_files(root), key=lambda path: _EXTENSIONS.index(path.suffix.lower())):
        name = parse_name(corpus, path)
        if name is None:
            other.append(path)
        else:
            found.setdefault(name.clip, []).append((name, path))
    return found, other


def _audio_files(root: Path) -> Iterable[Path]:
    """Yield audio files below *root*, shallow folders first, so that a copy within a copy comes second."""
    folders = sorted(os.walk(root), key=lambda entry: (entry[0].count(os.sep), entry[0]))
    for folder, _, names in folders:
        if "__MACOSX" in folder:
            continue
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in _EXTENSIONS and _is_text(folder + name):
                yield Path(folder, name)


def _is_text(name: str) -> bool:
    """Return whether a name can be written down: those of old archives may be in another encoding than UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(corpus: str, name: ClipName, path: Path, people: dict[str, tuple[str, int]]) -> dict[str, object]:
    duration, rate = _probe(path)
    row = vars(name) | {"corpus": corpus, "path": str(path), "duration_s": duration, "sample_rate": rate}
    if name.speaker in people:
        row["sex"], row["age"] = people[name.speaker]
    return row


def _probe(path: Path) -> tuple[float, int]:
    """Return the duration in seconds and the sample rate in Hz of a file, NaN and 0 when it cannot be read."""
    try:
        if path.suffix.lower() in (".mp3", ".m4a", ".webm", ".mp4"):  # not for libsndfile
            waveform = load_audio(path)
            return waveform.duration_s, waveform.original_rate
        with sf.SoundFile(str(path)) as file:  # sf.info() takes as long again to describe the format in words
            return file.frames / file.samplerate, file.samplerate
    except (sf.SoundFileError, OSError, AudioError):
        return float("nan"), 0


_CREMAD_PEOPLE = "VideoDemographics.csv"


def _cremad_people(root: Path) -> dict[str, tuple[str, int]]:
    """Return sex and age by actor from the corpus's own VideoDemographics.csv, empty where it is missing."""
    path = next(iter(sorted(root.rglob(_CREMAD_PEOPLE))), root.parent / _CREMAD_PEOPLE)
    if not path.is_file():
        return {}
    people = {}
    with contextlib.suppress(csv.Error), path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        for row in csv.DictReader(file):
            actor, sex, age = (row.get(name) or "" for name in ("ActorID", "Sex", "Age"))
            # Damaged rows are left out, and what is behind damage that ends the table.
            if sex.lower() in ("female", "male") and age.isdecimal() and len(age) <= 3:
                people[actor] = (sex.lower(), int(age))
    return people


def nothing_found(corpus: str, root: Path, files: list[Path]) -> str:
    """Return what a folder without a clip of *corpus* holds instead, given its audio *files*."""
    title, example = CORPORA[corpus].title, CORPORA[corpus].example
    if files:
        guesses = [other for other in CORPORA if any(parse_name(other, path) for path in files[:50])]
        seen = f"{len(files)} audio files such as {files[0].name}"
        seen += f", which look like {CORPORA[guesses[0]].title}" if guesses else ""
    else:
        inside = sorted(entry.name for entry in root.iterdir())
        seen = f"no audio file, only {', '.join(inside[:3])}" if inside else "nothing"
    return (
        f"{root} does not hold {title}: expected files named like {example}, found {seen}. "
        f"Point SER_DATA at the folder that contains {corpus}/."
    )
