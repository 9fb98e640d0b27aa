"""What clips can be grouped by, and where that is known from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from ser_core.corpora import read_corpora
from ser_core.corpora.sentences import sentence_text
from ser_core.errors import CorpusError

#: Columns that a run's predictions lack.
_JOINED = ("age", "intensity", "sentence", "path")


def joined_with_table(frame: pd.DataFrame, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return held-out clips with age, intensity, sentence and path, joined by corpus and clip; missing where unknown.

    Parameters
    ----------
    frame
        With columns corpus and clip.
    table
        A table of clips; by default that of those corpora of *frame* which are at `SER_DATA`.
    """
    if table is None:
        table = _present(sorted(set(frame["corpus"].astype(str))))
    known = table[["corpus", "clip", *_JOINED]].drop_duplicates(["corpus", "clip"])
    kept = frame.drop(columns=[name for name in _JOINED if name in frame])
    kept = kept.astype({"corpus": "string", "clip": "string"})
    return kept.merge(known.astype({"corpus": "string", "clip": "string"}), how="left", on=["corpus", "clip"])


def _present(corpora: list[str]) -> pd.DataFrame:
    tables = []
    for corpus in corpora:
        try:
            tables.append(read_corpora([corpus]))
        except CorpusError:  # not on this machine: its clips are in no such group
            continue
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["corpus", "clip", *_JOINED])


def _age_band(frame: pd.DataFrame) -> pd.Series:
    decade = pd.to_numeric(frame["age"], errors="coerce") // 10 * 10
    return decade.map(lambda low: f"{low:.0f} to {low + 9:.0f} years", na_action="ignore")


def _sentence(frame: pd.DataFrame) -> pd.Series:
    said = frame["sentence"].astype("string")
    pairs = zip(frame["corpus"].astype(str), said.fillna("").astype(str), strict=True)
    texts = pd.Series([sentence_text(corpus, code) for corpus, code in pairs], index=frame.index, dtype="string")
    return texts.mask(said.isna())


#: Name of a grouping -> the group of each clip, missing where it is in none.
GROUPINGS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "corpus": lambda frame: frame["corpus"].astype("string"),
    "speaker": lambda frame: frame["corpus"].astype("string") + "/" + frame["speaker"].astype("string"),
    "sex": lambda frame: frame["sex"].astype("string"),
    "age": _age_band,
    "intensity": lambda frame: frame["intensity"].astype("string"),
    "sentence": _sentence,
}
