"""Your own corpus: a folder below `SER_DATA` with a small file `corpus.toml`.

title = "Emo-DB"
licence = "CC0"
language = "German"
manifest = "clips.csv"                  # without it: a folder per emotion
speaker_pattern = "^(?P<speaker>..)"    # found in the file's name, where the manifest has no column for it

[columns]                               # ours = the manifest's
emotion = "label"

[labels]                                # theirs = one of the vocabulary, or "skip"
freude = "happy"
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ser_core.corpora.facts import CORPORA
from ser_core.corpora.labels import SKIP, plain
from ser_core.corpora.manifest import COLUMNS as MANIFEST_COLUMNS
from ser_core.corpora.manifest import read_manifest
from ser_core.corpora.patterns import SpeakerFinder, check_pattern
from ser_core.emotions import EMOTIONS
from ser_core.errors import CorpusError
from ser_core.files import write_text
from ser_core.settings import settings

CONFIG_NAME = "corpus.toml"
#: What a person loses whose corpus does not say who speaks.
SPEAKERS_MISSING = (
    "This corpus does not say who speaks. A model can then be trained, but not tested on voices it has not heard: "
    "with clips of one person on both sides, a score tells how well it knows these voices, and is usually far too "
    "high. Name the speakers in a column of the manifest or by a pattern on the file names to get honest numbers."
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_SEXES = {"f": "female", "w": "female", "woman": "female", "weiblich": "female", "femme": "female", "m": "male"}
_SEXES |= {"man": "male", "mannlich": "male", "homme": "male", "female": "female", "male": "male"}
_TRUE, _FALSE = ("1", "true", "yes"), ("", "0", "false", "no")


class OwnCorpus(BaseModel):
    """The content of `corpus.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=80)
    licence: str = Field("not given", max_length=200)
    language: str = Field("not given", max_length=80)
    source: str = Field("not given", max_length=300)
    manifest: str | None = None
    speaker_pattern: str | None = Field(None, max_length=200)
    columns: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)

    @field_validator("title", "licence", "language", "source")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("it must be one line of text")
        return text

    @field_validator("speaker_pattern")
    @classmethod
    def _searchable(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            check_pattern(pattern)
        return pattern

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(columns) - set(MANIFEST_COLUMNS))
        if unknown:
            raise ValueError(f"'{unknown[0]}' is none of {', '.join(MANIFEST_COLUMNS)}")
        return columns

    @field_validator("labels")
    @classmethod
    def _known_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        for label, emotion in labels.items():
            if emotion not in (*EMOTIONS, SKIP):
                raise ValueError(f"'{label}' is mapped to '{emotion}', not to one of {', '.join(EMOTIONS)} or {SKIP}")
        return labels

    def emotion_of(self, label: str) -> str | None:
        """Return the emotion of a label, ``skip``, or None where it is not mapped."""
        wanted = plain(label)
        mapped = {plain(name): emotion for name, emotion in self.labels.items()}
        return mapped.get(wanted, wanted if wanted in EMOTIONS else None)


@dataclass(frozen=True)
class OwnFile:
    """A sound file of the corpus and what is written of it: its label and other cells, all as text."""

    path: Path
    label: str
    cells: Mapping[str, str]


def own_corpora(data: str | Path | None = None) -> list[str]:
    """Return the names of the folders below `SER_DATA` (or *data*) that hold a corpus.toml, sorted."""
    root = Path(data) if data is not None else settings().data
    if not root.is_dir():
        return []
    return sorted(folder.name for folder in root.iterdir() if is_own(folder.name, folder))


def load_own(folder: str | Path) -> OwnCorpus:
    """Read the corpus.toml of a folder.

    Raises
    ------
    CorpusError
        If it is missing, no TOML, or has a missing, unknown or impossible setting.
    """
    path = Path(folder) / CONFIG_NAME
    if not _NAME.fullmatch(path.parent.name) or path.parent.name in CORPORA:
        raise CorpusError(
            f"'{path.parent.name}' cannot be the name of your own corpus: use letters, digits, - and _, and none of "
            f"{', '.join(CORPORA)}."
        )
    try:
        return OwnCorpus.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise CorpusError(f"{path.parent} has no {CONFIG_NAME}: describe the corpus first.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"{path} is not a readable TOML file ({error}).") from error
    except ValidationError as error:
        raise CorpusError(_first(error, str(path))) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets
        raise CorpusError(f"{path} is not a readable TOML file: a number or a table in it is endless.") from error


def write_own(folder: str | Path, choices: Mapping[str, Any]) -> OwnCorpus:
    """Check a person's choices, the fields of :class:`OwnCorpus`, and write them as the folder's corpus.toml.

    Raises
    ------
    CorpusError
        If a choice is impossible, or the file cannot be written.
    """
    root = Path(folder)
    try:
        corpus = OwnCorpus.model_validate(dict(choices))
    except ValidationError as error:
        raise CorpusError(_first(error, "The description")) from error
    fields = corpus.model_dump(exclude_none=True)
    tables = {name: fields.pop(name) for name in ("columns", "labels")}
    lines = [f"{name} = {_quoted(value)}" for name, value in fields.items()]
    for name, entries in tables.items():
        if entries:
            lines += ["", f"[{name}]", *(f"{_quoted(key)} = {_quoted(value)}" for key, value in entries.items())]
    try:
        write_text(root / CONFIG_NAME, "\n".join(lines) + "\n")
    except OSError as error:
        raise CorpusError(f"{root / CONFIG_NAME} cannot be written ({error.strerror}).") from error
    return load_own(root)


def is_own(corpus: str, folder: str | os.PathLike[str]) -> bool:
    """Return whether a folder holds a corpus of one's own: a usable name and a corpus.toml."""
    return bool(_NAME.fullmatch(corpus)) and corpus not in CORPORA and (Path(folder) / CONFIG_NAME).is_file()


def own_rows(root: Path, audio_files: Iterable[Path]) -> list[dict[str, object]]:
    """Return a row for each clip of a corpus: every column of the table but `corpus`, `duration_s`, `sample_rate`.

    Parameters
    ----------
    root
        The corpus's folder.
    audio_files
        All sound files below it; looked at when there is no manifest.

    Raises
    ------
    CorpusError
        If the description or the manifest is not usable, labels are not mapped, or no clip is left.
    """
    corpus = load_own(root)
    files = own_files(root, corpus, audio_files)
    _check_labels(root, corpus, files)
    speaker = SpeakerFinder(corpus.speaker_pattern)
    rows = [_row(root, corpus, file, speaker) for file in files if corpus.emotion_of(file.label) != SKIP]
    if not rows:
        raise CorpusError(f"{root} holds no clip with a label that is not left out: check {CONFIG_NAME}.")
    clips = Counter(str(row["clip"]) for row in rows)
    for row in rows:  # a.wav and a.flac in one folder
        if clips[str(row["clip"])] > 1:
            row["clip"] = Path(str(row["path"])).relative_to(root).as_posix()
    return sorted(rows, key=lambda row: str(row["clip"]))


def own_files(root: Path, corpus: OwnCorpus, audio_files: Iterable[Path]) -> list[OwnFile]:
    """Return the files of a corpus with their labels, from its manifest or its folders.

    Raises
    ------
    CorpusError
        If the manifest is not usable: it leads out of the folder, names a file twice or one that is not there.
    """
    if corpus.manifest is None:
        paths = [_inside(root, path.relative_to(root).as_posix(), "A link") for path in audio_files]
        return [OwnFile(path, _folder_label(root, corpus, path), {}) for path in paths]
    manifest = _inside(root, corpus.manifest, "The manifest")
    files: dict[Path, OwnFile] = {}
    missing = []
    for row in read_manifest(manifest, corpus.columns):
        path = _inside(root, row["path"], f"A path in {manifest.name}")
        if path in files:
            raise CorpusError(f"The manifest {manifest.name} lists '{row['path']}' twice: keep one of the rows.")
        if not _is_file(path):
            missing.append(row["path"])
        files[path] = OwnFile(path, row["emotion"], row)
    if missing:
        raise CorpusError(
            f"{len(missing)} of the {len(files)} files that {manifest.name} lists are not in {root}, "
            f"such as '{missing[0]}': put them there or delete their rows."
        )
    return list(files.values())


def count_labels(files: Sequence[OwnFile]) -> dict[str, int]:
    """Return how many files have each label, the commonest first."""
    return dict(Counter(file.label for file in files).most_common())


def _row(root: Path, corpus: OwnCorpus, file: OwnFile, found: SpeakerFinder) -> dict[str, object]:
    cells = file.cells
    where = f"'{file.path.name}' in {root}"
    speaker = cells.get("speaker") or found(file.path)
    sex = cells.get("sex", "")
    return {
        "clip": file.path.relative_to(root).with_suffix("").as_posix(),
        "path": str(file.path),
        "speaker": speaker or None,
        "sex": _SEXES.get(plain(sex), sex.lower()) or None,
        "age": _whole(cells.get("age", ""), 0, 120, f"The age of {where}"),
        "emotion": corpus.emotion_of(file.label),
        "intensity": cells.get("intensity", "").lower() or None,
        "sentence": cells.get("sentence") or None,
        "take": _whole(cells.get("take", ""), 1, 10_000, f"The take of {where}") or 1,
        "song": _flag(cells.get("song", ""), f"Whether {where} is sung"),
    }


def _folder_label(root: Path, corpus: OwnCorpus, path: Path) -> str:
    """Return the name of the nearest folder above a file that is a known label, else of the folder it lies in."""
    folders = path.relative_to(root).parts[:-1]
    return next((name for name in reversed(folders) if corpus.emotion_of(name)), folders[-1] if folders else "")


def _check_labels(root: Path, corpus: OwnCorpus, files: Sequence[OwnFile]) -> None:
    unknown = {label: n for label, n in count_labels(files).items() if corpus.emotion_of(label) is None}
    if unknown:
        names = ", ".join(
            f"'{label[:40]}' ({n} clips)" if label else f"none ({n} clips)" for label, n in unknown.items()
        )
        raise CorpusError(
            f"In {root} these labels are not mapped: {names[:600]}; under [labels] in {CONFIG_NAME}, give each one of "
            f"{', '.join(EMOTIONS)}, or '{SKIP}' to leave it out."
        )


def _inside(root: Path, name: str, what: str) -> Path:
    """Return a path below *root*, refused where it leads out of it, by its name or by a link."""
    path = Path(name)
    try:
        inside = not path.is_absolute() and ".." not in path.parts
        inside = inside and (root / path).resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # too long, a null character, a loop of links
        inside = False
    if not inside or not name:
        raise CorpusError(f"{what} leads out of the corpus's folder ('{name[:60]}'): give paths below {root}.")
    return root / path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no system has names that long
        return False


def _whole(text: str, low: int, high: int, what: str) -> int | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not low <= number <= high:
        raise CorpusError(f"{what} is '{text[:40]}': give a number from {low} to {high}, or nothing.")
    return int(number)


def _flag(text: str, what: str) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise CorpusError(f"{what} is said by '{text[:40]}': give yes or no.")
    return text.lower() in _TRUE


def _quoted(text: str) -> str:
    """Return a TOML basic string: JSON's escapes are valid there, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _first(error: ValidationError, name: str) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{name}: '{place}' is wrong: {first['msg'].removeprefix('Value error, ')}."
