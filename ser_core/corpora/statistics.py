"""Counts, lengths and gaps of a table of clips, as small tables and sentences: no chart needs the clips themselves.

table = read_corpora()
counts(filter_clips(table, corpora=["ravdess"]), "emotion")
print(summary_words(table))
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from ser_core.corpora.facts import CORPORA
from ser_core.corpora.wording import imbalance_sentence
from ser_core.emotions import EMOTIONS

#: What clips can be counted and compared by; `speaker` and `sentence` carry their corpus: ``ravdess/01``.
FACETS = ("corpus", "emotion", "speaker", "sex", "age_band", "intensity", "sentence", "sample_rate")
#: The value of a facet that the corpus does not tell.
UNKNOWN = "not given"
AGE_BANDS = ("under 20", "20-29", "30-39", "40-49", "50-59", "60-69", "70 and over")

_ORDERS = {
    "emotion": (*EMOTIONS, UNKNOWN),
    "sex": ("female", "male", UNKNOWN),
    "age_band": (*AGE_BANDS, UNKNOWN),
    "intensity": ("low", "medium", "high", "normal", "strong", UNKNOWN),
}
_QUANTILES = {"p05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "p95": 0.95}


def facet(table: pd.DataFrame, name: str) -> pd.Series:
    """Return one of :data:`FACETS` for each clip as text [shape=(n,)], :data:`UNKNOWN` where it is missing."""
    if name not in FACETS:
        raise ValueError(f"'{name}' is nothing to count by: use one of {', '.join(FACETS)}.")
    if name == "age_band":
        decade = table["age"].astype("Float64").to_numpy(dtype=float, na_value=np.nan) // 10
        places = np.clip(np.nan_to_num(decade, nan=0), 1, len(AGE_BANDS)).astype(int) - 1
        bands = np.where(np.isnan(decade), UNKNOWN, np.array(AGE_BANDS)[places])
        return pd.Series(bands, index=table.index, dtype="string", name=name)
    values = table[name].astype("string")
    if name in ("speaker", "sentence"):
        values = table["corpus"].astype("string") + "/" + values
    return values.fillna(UNKNOWN)


def facet_values(table: pd.DataFrame, name: str) -> list[str]:
    """Return the values of a facet that occur, in their natural order (emotions in the vocabulary's)."""
    found = set(facet(table, name).unique())
    order = _ORDERS.get(name, ())
    rest = sorted(found - set(order), key=lambda value: (len(value), value) if name == "sample_rate" else (0, value))
    return [value for value in order if value in found] + rest


def filter_clips(
    table: pd.DataFrame,
    *,
    corpora: Collection[str] | None = None,
    emotions: Collection[str] | None = None,
    speakers: Collection[str] | None = None,
    sexes: Collection[str] | None = None,
    intensities: Collection[str] | None = None,
    age: tuple[float, float] | None = None,
    duration: tuple[float, float] | None = None,
) -> pd.DataFrame:
    """Return the clips that fit every given condition, numbered anew from 0; None does not restrict.

    Parameters
    ----------
    corpora, emotions, speakers, sexes, intensities
        Values of :func:`facet`, so speakers as ``ravdess/01``; :data:`UNKNOWN` keeps the clips without one.
    age, duration
        Lowest and highest, both included, in years and seconds; clips whose value is unknown are left out.
    """
    keep = np.ones(len(table), dtype=bool)
    wanted = {"corpus": corpora, "emotion": emotions, "speaker": speakers, "sex": sexes, "intensity": intensities}
    for name, values in wanted.items():
        if values is not None:
            keep &= facet(table, name).isin(list(values)).to_numpy(bool)
    for column, limits in (("age", age), ("duration_s", duration)):
        if limits is not None:
            numbers = table[column].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            keep &= (numbers >= limits[0]) & (numbers <= limits[1])
    return table[keep].reset_index(drop=True)


def counts(table: pd.DataFrame, by: str, within: str | None = None) -> pd.DataFrame:
    """Count clips by a facet, in its natural order.

    Returns
    -------
    pandas.DataFrame
        One row a value (of *by*, or a pair of *within* and *by* that occurs): `clips`, `speakers`, `hours`, and
        `share` of all clips (of the value of *within*, where given) between 0 and 1.
    """
    keys = [by] if within is None else [within, by]
    frame = pd.DataFrame({name: facet(table, name) for name in keys})
    for name in keys:
        frame[name] = pd.Categorical(frame[name], facet_values(table, name), ordered=True)
    frame["person"] = facet(table, "speaker").where(table["speaker"].notna())
    frame["hours"] = table["duration_s"].to_numpy(float) / 3600
    groups = frame.groupby(keys, observed=True)
    answer = groups.agg(clips=("hours", "size"), speakers=("person", "nunique"), hours=("hours", "sum")).reset_index()
    if within is None:
        answer["share"] = answer["clips"] / max(len(table), 1)
    else:
        answer["share"] = answer["clips"] / answer.groupby(within, observed=True)["clips"].transform("sum")
    return answer.astype(dict.fromkeys(keys, "string"))


def quantile_table(values: pd.Series, groups: pd.Series, order: Collection[str] | None = None) -> pd.DataFrame:
    """Return how numbers lie in each group: `clips`, `mean`, `std`, `min`, `p05`, `q25`, `median`, `q75`, `p95`, `max`.

    NaN is left out; a group without any number is not listed. `low` and `high` are the ends of Tukey's whiskers, the
    outermost values within 1.5 interquartile ranges of the box, so that a box plot can be drawn from the row.
    """
    rows = []
    for name in order if order is not None else sorted(groups.unique()):
        numbers = values[(groups == name).to_numpy(bool)].to_numpy(float)
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            continue
        row = {"group": name, "clips": len(numbers), "mean": numbers.mean(), "std": numbers.std()}
        row |= {"min": numbers.min(), "max": numbers.max()}
        row |= {key: float(np.quantile(numbers, share)) for key, share in _QUANTILES.items()}
        reach = 1.5 * (row["q75"] - row["q25"])
        inside = numbers[(numbers >= row["q25"] - reach) & (numbers <= row["q75"] + reach)]
        rows.append(row | {"low": inside.min(), "high": inside.max()})
    columns = ["group", "clips", "mean", "std", "min", *_QUANTILES, "max", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def durations(table: pd.DataFrame, by: str = "corpus") -> pd.DataFrame:
    """Return :func:`quantile_table` of the durations in seconds by a facet; unreadable files are left out."""
    return quantile_table(table["duration_s"], facet(table, by), facet_values(table, by))


def duration_histogram(table: pd.DataFrame, by: str = "corpus", bins: int = 40) -> pd.DataFrame:
    """Count clips by duration and a facet: `group`, `start_s`, `end_s`, `clips`, one row a bin and group.

    The bins are equally wide, the same for all groups, and together hold every readable clip.
    """
    seconds = table["duration_s"].to_numpy(float)
    known = np.isfinite(seconds)
    if not known.any():
        return pd.DataFrame(columns=["group", "start_s", "end_s", "clips"])
    edges = np.histogram_bin_edges(seconds[known], bins)
    groups = facet(table, by)
    parts = []
    for name in facet_values(table, by):
        number, _ = np.histogram(seconds[known & (groups == name).to_numpy(bool)], edges)
        parts.append(pd.DataFrame({"group": name, "start_s": edges[:-1], "end_s": edges[1:], "clips": number}))
    return pd.concat(parts, ignore_index=True)


def combinations(table: pd.DataFrame, rows: str, columns: str) -> pd.DataFrame:
    """Return how many clips each pair of values of two facets has, zeros included: a matrix for a heat map."""
    found = pd.crosstab(facet(table, rows), facet(table, columns))
    return found.reindex(index=facet_values(table, rows), columns=facet_values(table, columns), fill_value=0)


def missing_combinations(table: pd.DataFrame, rows: str, columns: str) -> pd.DataFrame:
    """Return the pairs of two facets' values without a clip, one row each: `corpus`, *rows*, *columns*.

    Pairs are formed within a corpus, since no corpus has another's speakers or sentences.
    """
    parts = []
    for corpus, part in table.groupby("corpus", sort=True):
        matrix = combinations(part, rows, columns)
        for row, column in np.argwhere(matrix.to_numpy() == 0):
            parts.append({"corpus": str(corpus), rows: matrix.index[row], columns: matrix.columns[column]})
    return pd.DataFrame(parts, columns=list(dict.fromkeys(["corpus", rows, columns])))


def imbalance(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return for each corpus its clips by emotion, the share of the commonest, and the imbalance as a sentence."""
    answer = {}
    for corpus, part in table.groupby("corpus", sort=True):
        found = counts(part, "emotion")
        clips = dict(zip(found["emotion"], (int(number) for number in found["clips"]), strict=True))
        words = f"{corpus_title(str(corpus))}: {imbalance_sentence(clips)}"
        answer[str(corpus)] = {"clips": clips, "largest_share": float(found["share"].max()), "words": words}
    return answer


def corpus_title(corpus: str) -> str:
    """Return the name of a corpus in the field; that of its folder for one of your own."""
    return CORPORA[corpus].title if corpus in CORPORA else corpus


def summary(table: pd.DataFrame) -> dict[str, Any]:
    """Return the main numbers of each corpus as plain values for JSON, by name of the corpus.

    Each has `clips`, `speakers`, `hours`, `unreadable`, `emotions`, `sexes`, `age_bands`, `intensities` (clips
    by value), `sentences` (their number), `sample_rates`, `duration_s` (quantiles), `largest_share`,
    `missing_speaker_emotion` (pairs without a clip) and `words`.
    """
    balance = imbalance(table)
    answer = {}
    for corpus, part in table.groupby("corpus", sort=True):
        length = durations(part).drop(columns=["group", "clips", "low", "high"])
        answer[str(corpus)] = {
            "clips": len(part),
            "speakers": int(part["speaker"].nunique()),
            "hours": float(part["duration_s"].sum() / 3600),
            "unreadable": int(part["duration_s"].isna().sum()),
            "emotions": balance[str(corpus)]["clips"],
            "sexes": _clips(part, "sex"),
            "age_bands": _clips(part, "age_band"),
            "intensities": _clips(part, "intensity"),
            "sentences": int(part["sentence"].nunique()),
            "sample_rates": _clips(part, "sample_rate"),
            "duration_s": {str(name): float(length[name].iloc[0]) for name in length} if len(length) else {},
            "largest_share": balance[str(corpus)]["largest_share"],
            "missing_speaker_emotion": len(missing_combinations(part, "speaker", "emotion")),
            "words": balance[str(corpus)]["words"],
        }
    return answer


def summary_words(table: pd.DataFrame) -> str:
    """Return :func:`summary` as a few lines a corpus, to be printed."""
    blocks = []
    for corpus, entry in summary(table).items():
        length = entry["duration_s"]
        lines = [
            f"{corpus_title(corpus)}: {entry['clips']} clips, {entry['speakers']} speakers, {entry['hours']:.2f} h",
            f"  emotions     {_listed(entry['emotions'])}",
            f"  sex          {_listed(entry['sexes'])}",
            f"  age          {_listed(entry['age_bands'])}",
            f"  intensity    {_listed(entry['intensities'])}",
            f"  sentences    {entry['sentences']}",
            f"  sample rate  {', '.join(f'{clips} at {rate} Hz' for rate, clips in entry['sample_rates'].items())}",
        ]
        if length:
            lines.append(
                f"  duration     {length['min']:.2f} to {length['max']:.2f} s, median {length['median']:.2f} s, "
                f"90 % within {length['p05']:.2f} to {length['p95']:.2f} s"
            )
        if entry["unreadable"]:
            lines.append(f"  unreadable   {entry['unreadable']} files: see the verify command")
        if entry["missing_speaker_emotion"]:
            lines.append(
                f"  gaps         {entry['missing_speaker_emotion']} pairs of speaker and emotion without a clip"
            )
        blocks.append("\n".join([*lines, f"  {entry['words']}"]))
    return "\n\n".join(blocks)


def _clips(table: pd.DataFrame, name: str) -> dict[str, int]:
    found = counts(table, name)
    return dict(zip(found[name], (int(number) for number in found["clips"]), strict=True))


def _listed(clips: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in clips.items())
