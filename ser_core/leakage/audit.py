"""Which leaks does somebody's split have? Takes lists of training and test files, whatever they were used for.

report = audit(read_list("train.txt"), read_list("test.txt"))
[(leak.title, leak.clips) for leak in report.leaks]

Who speaks and what is said is known from the names of files of the four corpora, or from columns `speaker` and
`sentence` of the list; what sounds the same is found by listening.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from ser_core.audio import load_audio
from ser_core.corpora import CORPORA, parse_name
from ser_core.errors import AudioError, CancelledError, CorpusError
from ser_core.leakage.fingerprint import COPY, Fingerprint, fingerprint, similarity

#: Training clips, the likeliest by their sketches, that each test clip is compared with in full.
_CANDIDATES = 10
#: Pairs of files named for each leak.
_EXAMPLES = 20
_COLUMNS = ("path", "speaker", "sentence")
_MOST_COLUMNS = 1000

_TITLES = {
    "speaker": "Same speaker in training and test",
    "sentence": "Same sentence in training and test",
    "duplicate": "The very same recording in training and test",
    "copy": "Altered copies of a recording in training and test",
}
_EXPLANATIONS = {
    "speaker": "The model has heard these voices: its score says nothing about a new one. Split by speaker.",
    "sentence": "The model may have learnt the words. In corpora of few sentences this is usual and often accepted; "
    "say so, or test on unheard sentences.",
    "duplicate": "These test clips are training clips, whatever their files are called: remove one of each.",
    "copy": "These test clips are training clips with noise, another speed, pitch or level: split before augmenting.",
}


class Pair(BaseModel):
    """A test file, the training file it leaks from, and what they share: a name, or how alike they sound (0 to 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: str
    train: str
    what: str


class Leak(BaseModel):
    """One kind of leak: how many test *clips* it touches, their *share*, and some of the pairs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    title: str
    explanation: str
    clips: int
    share: float
    examples: list[Pair]


class AuditReport(BaseModel):
    """What was found.

    Attributes
    ----------
    train, test
        Number of files in each list.
    leaks
        Those that were found, the gravest first; none means none of these kinds.
    unreadable
        Files that could not be opened, and so were judged by their names only.
    unnamed
        How many files tell no speaker, so that shared ones among them stay unseen.
    words
        The result in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: int
    test: int
    leaks: list[Leak]
    unreadable: list[str]
    unnamed: int
    words: str


@dataclass(frozen=True)
class _Sound:
    digest: str
    print: Fingerprint


def read_list(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a list of files: one path a line, or a CSV with a column `path` and maybe `split`, `speaker`, `sentence`.

    Relative paths are looked for beside the list, then in the working folder.

    Raises
    ------
    CorpusError
        If it cannot be read, or names no file.
    """
    place = Path(path)
    try:
        lines = place.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"The list {place} cannot be read: give a text file with one path a line, or a CSV."
        ) from error
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    try:
        header = [name.strip() for name in next(csv.reader(lines[:1]), [])]
        if "path" in header:
            table = pd.DataFrame(_rows(lines, header, place))
    except csv.Error as error:
        raise CorpusError(f"The list {place} is no CSV table ({error}): export it again.") from error
    if "path" not in header:
        table = pd.DataFrame({"path": [line.strip() for line in lines]})
    if table.empty or not table["path"].fillna("").astype(str).str.strip().all():
        raise CorpusError(f"The list {place} names no file: write one path a line, or a CSV with a column 'path'.")
    return table.assign(path=[_found(str(name).strip(), place.parent) for name in table["path"]])


def split_list(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and test files of one list with a column `split`; validation counts as training.

    Raises
    ------
    CorpusError
        If there is no such column, or it does not tell both apart.
    """
    splits = table["split"].fillna("").astype(str).str.strip().str.lower() if "split" in table else pd.Series(dtype=str)
    test = splits.isin(["test", "testing", "eval", "evaluation"])
    train = splits.isin(["train", "training", "val", "valid", "validation", "dev"])
    if not test.any() or not train.any():
        raise CorpusError("The list needs a column 'split' that says 'train' or 'test': add it, or give two lists.")
    return table[train].reset_index(drop=True), table[test].reset_index(drop=True)


def audit(
    train: pd.DataFrame | Sequence[str],
    test: pd.DataFrame | Sequence[str],
    *,
    listen: bool = True,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> AuditReport:
    """Look for leaks between two lists of files.

    Parameters
    ----------
    train, test
        Paths, or tables with a column `path` and maybe `speaker` and `sentence` (see :func:`read_list`).
    listen
        Whether to decode the files and look for duplicates and copies; names alone are looked at in no time.
    jobs
        Processes; by default one a core.
    progress
        Called with (files and comparisons done, in all).
    cancelled
        Asked now and then; once it says yes, :class:`~ser_core.errors.CancelledError` is raised.

    Raises
    ------
    CorpusError
        If a list is empty.
    """
    lists = [_named(part) for part in (train, test)]
    if not all(len(part) for part in lists):
        raise CorpusError("Both lists need files: one of them is empty.")
    found = {kind: _shared(lists[0], lists[1], kind) for kind in ("speaker", "sentence")}
    unreadable: list[str] = []
    if listen:
        sounds = _listen(lists, jobs, progress, cancelled, unreadable)
        found |= _alike(lists[0]["path"].tolist(), lists[1]["path"].tolist(), sounds, progress, cancelled)
    total = len(lists[1])
    order = ("duplicate", "copy", "speaker", "sentence")
    leaks = [_leak(kind, found[kind], total) for kind in order if found.get(kind)]
    return AuditReport(
        train=len(lists[0]),
        test=total,
        leaks=leaks,
        unreadable=unreadable,
        unnamed=int(sum(part["speaker"].isna().sum() for part in lists)),
        words=_words(leaks, listen),
    )


def _rows(lines: list[str], header: list[str], place: Path) -> list[dict[str, str]]:
    """Return the cells that are looked at, of a table's rows."""
    if len(header) > _MOST_COLUMNS:
        raise CorpusError(f"The list {place} has over {_MOST_COLUMNS} columns: give one with a column 'path'.")
    places = {name: header.index(name) for name in (*_COLUMNS, "split") if name in header}
    rows = [cells for cells in csv.reader(lines[1:]) if cells]
    return [{name: cells[at] if at < len(cells) else "" for name, at in places.items()} for cells in rows]


def _found(name: str, folder: Path) -> str:
    beside = folder / name
    try:
        return str(beside) if beside.exists() else name
    except OSError:  # no system has names that long
        return name


def _named(files: pd.DataFrame | Sequence[str]) -> pd.DataFrame:
    """Return path, speaker and sentence; the latter from the list, else from the name, else missing."""
    given = files if isinstance(files, pd.DataFrame) else pd.DataFrame({"path": list(map(str, files))})
    if "path" not in given:
        raise CorpusError("The list of files has no column 'path': name it so.")
    rows = []
    for row in given.astype("string").itertuples(index=False):
        known = {name: _text(getattr(row, name, None)) for name in _COLUMNS}
        corpus, parsed = next(((c, p) for c in CORPORA if (p := parse_name(c, str(known["path"])))), (None, None))
        if parsed is not None:
            known["speaker"] = known["speaker"] or f"{corpus}/{parsed.speaker}"
            if corpus != "savee":  # which numbers its sentences anew for each emotion
                known["sentence"] = known["sentence"] or f"{corpus}/{parsed.sentence}"
        rows.append(known)
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype("string")


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _shared(train: pd.DataFrame, test: pd.DataFrame, kind: str) -> dict[str, list[tuple[str, str]]]:
    """Return {test file: [(a training file, what they share)]}."""
    heard = train.dropna(subset=[kind]).drop_duplicates(kind).set_index(kind)["path"]
    known = test[test[kind].isin(heard.index)]
    return {str(path): [(str(heard[name]), str(name))] for path, name in zip(known["path"], known[kind], strict=True)}


def _listen(
    lists: Sequence[pd.DataFrame],
    jobs: int | None,
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
    unreadable: list[str],
) -> dict[str, _Sound]:
    """Return what each readable file sounds like."""
    paths = sorted({str(path) for part in lists for path in part["path"]})
    total = len(paths) + len(lists[1])
    processes = max(1, min(jobs or os.cpu_count() or 1, len(paths) // 40))
    work: Iterable[_Sound | None] = joblib.Parallel(n_jobs=processes, return_as="generator")(
        joblib.delayed(_sound)(path) for path in paths
    )
    sounds = {}
    for number, (path, sound) in enumerate(zip(paths, work, strict=True), 1):
        _stop(cancelled)
        if sound is None:
            unreadable.append(path)
        else:
            sounds[path] = sound
        if progress:
            progress(number, total)
    return sounds


def _sound(path: str) -> _Sound | None:
    try:
        waveform = load_audio(path)
    except (AudioError, OSError):
        return None
    return _Sound(hashlib.sha256(waveform.samples.tobytes()).hexdigest(), fingerprint(waveform))


def _alike(
    train: list[str],
    test: list[str],
    sounds: dict[str, _Sound],
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Return the pairs that hold the same samples, and those of which one is a copy of the other."""
    known = [path for path in dict.fromkeys(train) if path in sounds]
    same: dict[str, str] = {}
    for path in known:
        same.setdefault(sounds[path].digest, path)
    duplicates: dict[str, list[tuple[str, str]]] = {}
    copies: dict[str, list[tuple[str, str]]] = {}
    sketches = np.stack([sounds[path].print.sketch for path in known]) if known else np.zeros((0, 1))
    for number, path in enumerate(test, 1):
        _stop(cancelled)
        sound = sounds.get(path)
        if sound is not None and sound.digest in same:
            duplicates[path] = [(same[sound.digest], "the same samples")]
        elif sound is not None and known:
            near = [known[place] for place in np.argsort(-(sketches @ sound.print.sketch))[:_CANDIDATES]]
            values = similarity(sound.print, [sounds[other].print for other in near])
            best = int(values.argmax())
            if values[best] >= COPY:
                copies[path] = [(near[best], f"alike to {values[best]:.2f}")]
        if progress:
            progress(len(sounds) + number, len(sounds) + len(test))
    return {"duplicate": duplicates, "copy": copies}


def _stop(cancelled: Callable[[], bool] | None) -> None:
    if cancelled and cancelled():
        raise CancelledError("The audit was stopped.")


def _leak(kind: str, found: dict[str, list[tuple[str, str]]], total: int) -> Leak:
    pairs = [Pair(test=path, train=other, what=what) for path, entries in found.items() for other, what in entries]
    return Leak(
        kind=kind,
        title=_TITLES[kind],
        explanation=_EXPLANATIONS[kind],
        clips=len(found),
        share=len(found) / total,
        examples=pairs[:_EXAMPLES],
    )


def _words(leaks: list[Leak], listened: bool) -> str:
    if not leaks:
        looked = "speakers, sentences, duplicates and altered copies" if listened else "names of speakers and sentences"
        return f"No leak was found, looking at {looked}."
    parts = [f"{leak.title.lower()} ({leak.share:.0%} of the test)".replace("%", " %") for leak in leaks]
    return f"This split leaks: {'; '.join(parts)}."
