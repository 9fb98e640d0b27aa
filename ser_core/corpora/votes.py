"""What people hear: the crowd that rated every clip of CREMA-D (Cao et al. 2014).

`processedResults/tabulatedVotes.csv` has three rows a clip, told apart by the first digit of the row's number: 1 for
voice alone, 2 for face alone, 3 for both. (Checked against `summaryTable.csv`, whose VoiceVote, FaceVote and
MultiModalVote are the winners of exactly these rows.) Listeners were not told what the actor meant to portray, so a
model that reads the intent better than they do is not "superhuman". Counted here are the votes as they stand in the
table, 40.0 % of which name the intention; the published figure is in :mod:`ser_core.corpora.listeners`.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ser_core.corpora.names import ClipName, parse_name
from ser_core.emotions import CORPUS_LABELS
from ser_core.errors import CorpusError
from ser_core.settings import settings

#: How a clip was shown, and the first digit of its row in tabulatedVotes.csv.
MODALITIES = {"voice": "1", "face": "2", "both": "3"}
#: The emotions that could be chosen.
CHOICES = CORPUS_LABELS["cremad"]

_CODES = {"angry": "A", "disgust": "D", "fearful": "F", "happy": "H", "neutral": "N", "sad": "S"}
_FILE = "tabulatedVotes.csv"
_MOST_BYTES = 50_000_000


def read_votes(folder: str | os.PathLike[str] | None = None, modality: str = "voice") -> pd.DataFrame:
    """Return the crowd's votes, one row a clip, sorted by clip.

    Parameters
    ----------
    folder
        That of CREMA-D; by default `SER_DATA/cremad`. The file is found at any depth.
    modality
        What raters were given, one of :data:`MODALITIES`.

    Returns
    -------
    pandas.DataFrame
        `clip`, `speaker`, `intended` (the actor's emotion), one column of votes for each of :data:`CHOICES`,
        `responses` (their sum), `answer` (the emotion with most votes, missing where two tie), `agreement` (the share
        of votes for the commonest emotion) and `right` (the share of votes for the intended one).

    Raises
    ------
    CorpusError
        If the file is missing or damaged; the message says what is wrong.
    """
    root = Path(folder) if folder is not None else settings().data / "cremad"
    path = next(iter(sorted(root.rglob(_FILE))), None) if root.is_dir() else None
    if path is None:
        raise CorpusError(
            f"The listeners' votes are not in {root}: copy processedResults/{_FILE} of CREMA-D's repository there."
        )
    rows = _read_rows(path, MODALITIES[modality])
    if not rows:
        raise _damaged(path, f"it holds no votes on {modality}")
    return _vote_table(rows)


def listeners_confusion(votes: pd.DataFrame) -> pd.DataFrame:
    """Return how many votes each emotion got for each intended one: rows intended, columns heard [shape=(6, 6)]."""
    return votes.groupby("intended")[list(CHOICES)].sum().reindex(list(CHOICES), fill_value=0)


def listeners_summary(votes: pd.DataFrame) -> dict[str, Any]:
    """Return the crowd's overall figures as plain values.

    `accuracy` and `uar` count every vote; `accuracy_of_majority` counts clips whose commonest answer, without a tie,
    is the intended emotion. `agreement` is the mean share of the commonest answer, and `ties` counts clips that
    have more than one. `words` says it in a sentence.
    """
    confusion = listeners_confusion(votes).to_numpy()
    given = confusion.sum(axis=1)
    recalls = np.diagonal(confusion)[given > 0] / given[given > 0]
    accuracy = float(np.trace(confusion) / max(confusion.sum(), 1))
    majority = float((votes["answer"] == votes["intended"]).fillna(False).mean())
    neutral = float(confusion[:, CHOICES.index("neutral")].sum() / max(confusion.sum(), 1))
    chance = 1 / len(CHOICES)
    words = (
        f"{accuracy:.0%} of {int(confusion.sum())} votes name the emotion that the actor meant (chance {chance:.0%}); "
        f"the commonest answer is the intended one for {majority:.0%} of the clips, and {neutral:.0%} of all votes "
        "say neutral. Listeners did not know the actor's intention."
    )
    return {
        "clips": len(votes),
        "votes": int(confusion.sum()),
        "accuracy": accuracy,
        "uar": float(recalls.mean()) if len(recalls) else float("nan"),
        "accuracy_of_majority": majority,
        "agreement": float(votes["agreement"].mean()),
        "ties": int(votes["answer"].isna().sum()),
        "neutral_share": neutral,
        "chance": chance,
        "words": words.replace("%", " %"),
    }


def most_agreed(votes: pd.DataFrame, n: int = 10, *, least: bool = False) -> pd.DataFrame:
    """Return the *n* clips on which listeners agreed most (or *least*), clips with more votes first among equals."""
    ordered = votes.sort_values(["agreement", "responses", "clip"], ascending=[least, False, True], kind="stable")
    return ordered.head(n).reset_index(drop=True)


def votes_of(votes: pd.DataFrame, clip: str) -> dict[str, int] | None:
    """Return the votes of one clip by emotion, None when it was not rated."""
    found = votes[votes["clip"] == clip]
    return {emotion: int(found.iloc[0][emotion]) for emotion in CHOICES} if len(found) else None


def _vote_table(rows: list[tuple[ClipName, list[int]]]) -> pd.DataFrame:
    names = [name for name, _ in rows]
    votes = np.array([numbers for _, numbers in rows], dtype=np.int64)
    table = pd.DataFrame(votes, columns=list(CHOICES))
    table.insert(0, "intended", pd.Series([parsed.emotion for parsed in names], dtype="string"))
    table.insert(0, "speaker", pd.Series([parsed.speaker for parsed in names], dtype="string"))
    table.insert(0, "clip", pd.Series([parsed.clip for parsed in names], dtype="string"))
    total, most = votes.sum(axis=1), votes.max(axis=1)
    winner = np.array(CHOICES, dtype=object)[votes.argmax(axis=1)]
    tied = (votes == most[:, None]).sum(axis=1) > 1
    table["responses"] = total
    table["answer"] = pd.Series(np.where(tied, None, winner), dtype="string")
    table["agreement"] = most / total
    intended = np.array([CHOICES.index(parsed.emotion) for parsed in names])
    table["right"] = votes[np.arange(len(votes)), intended] / total
    return table.drop_duplicates("clip").sort_values("clip", ignore_index=True)


def _read_rows(path: Path, digit: str) -> list[tuple[ClipName, list[int]]]:
    """Return (what the name says, votes in the order of CHOICES) for each row whose number begins with *digit*."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _damaged(path, "it is far larger than the published one")
        text = path.read_text(encoding="utf-8-sig")
        lines = csv.reader(text.splitlines(), strict=True)
        header = next(lines, [])
        if text.startswith("version https://git-lfs"):
            raise _damaged(path, "it is a Git-LFS stub instead of the file itself")
        columns = [_place(header, _CODES[emotion], path) for emotion in CHOICES]
        name_at = _place(header, "fileName", path)
        rows = [_row(line, name_at, columns) for line in lines if line and line[0].startswith(digit)]
        return [row for row in rows if row is not None]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, "it cannot be read as a table") from error
    except (ValueError, IndexError) as error:
        raise _damaged(path, "a row lacks its votes") from error


def _row(line: Sequence[str], name_at: int, columns: Sequence[int]) -> tuple[ClipName, list[int]] | None:
    """Return None for a row that is no clip's or holds no vote."""
    parsed = parse_name("cremad", line[name_at])
    numbers = [int(line[place]) for place in columns]
    if min(numbers) < 0 or max(numbers) > 1000:
        raise ValueError("no number of votes")
    return (parsed, numbers) if parsed is not None and any(numbers) else None


def _place(header: Sequence[str], name: str, path: Path) -> int:
    if name not in header:
        raise _damaged(path, f"it has no column '{name}'")
    return header.index(name)


def _damaged(path: Path, what: str) -> CorpusError:
    return CorpusError(f"The listeners' votes in {path} cannot be used, since {what}: get the file again.")
