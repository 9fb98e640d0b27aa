"""Counts and gaps, against numbers from the file names themselves or from publications."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.corpora import read_corpora
from ser_core.corpora.statistics import (
    FACETS,
    UNKNOWN,
    combinations,
    counts,
    duration_histogram,
    durations,
    facet,
    facet_values,
    filter_clips,
    imbalance,
    missing_combinations,
    quantile_table,
    summary,
    summary_words,
)
from ser_core.corpora.wording import imbalance_sentence


def _as_dict(found: pd.DataFrame, name: str) -> dict[str, int]:
    return dict(zip(found[name], found["clips"].tolist(), strict=True))


def test_ravdess_emotions_and_intensities_from_the_names(real_table: pd.DataFrame, data_folder: Path) -> None:
    names = [path.stem.split("-") for path in (data_folder / "ravdess").rglob("03-01-*")]
    table = filter_clips(real_table, corpora=["ravdess"])
    found = _as_dict(counts(table, "emotion"), "emotion")
    assert list(found.values()) == [Counter(name[2] for name in names)[f"{code:02d}"] for code in range(1, 9)]
    assert found["neutral"] == 96
    levels = Counter(name[3] for name in names)
    assert _as_dict(counts(table, "intensity"), "intensity") == {"normal": levels["01"], "strong": levels["02"]}
    assert imbalance(table)["ravdess"]["words"] == "RAVDESS: neutral has half the clips of the others (96 against 192)."
    assert imbalance(table)["ravdess"]["largest_share"] == pytest.approx(192 / 1440)
    assert missing_combinations(table, "emotion", "intensity").to_dict("records") == [
        {"corpus": "ravdess", "emotion": "neutral", "intensity": "strong"}
    ]


def test_cremad_people_from_its_own_table(real_table: pd.DataFrame, data_folder: Path) -> None:
    with (data_folder / "cremad/VideoDemographics.csv").open() as file:
        people = list(csv.DictReader(file))
    table = filter_clips(real_table, corpora=["cremad"])
    found = counts(table, "sex").set_index("sex")["speakers"].to_dict()
    assert found == {"female": 43, "male": 48} == {sex: sum(p["Sex"].lower() == sex for p in people) for sex in found}
    bands = counts(table, "age_band").set_index("age_band")["speakers"].to_dict()
    assert bands["20-29"] == sum(20 <= int(person["Age"]) < 30 for person in people)
    assert bands["70 and over"] == sum(int(person["Age"]) >= 70 for person in people)
    assert sum(bands.values()) == 91
    old = filter_clips(table, age=(60, 200))
    assert old["speaker"].nunique() == sum(int(person["Age"]) >= 60 for person in people)


def test_sentences_and_missing_clips_of_cremad(real_table: pd.DataFrame, data_folder: Path) -> None:
    names = [path.stem.split("_") for path in (data_folder / "cremad/AudioWAV").iterdir()]
    table = filter_clips(real_table, corpora=["cremad"])
    matrix = combinations(table, "sentence", "emotion")
    assert matrix.shape == (12, 6)
    assert matrix.loc["cremad/IEO", "angry"] == sum(name[1:3] == ["IEO", "ANG"] for name in names)
    assert matrix.to_numpy().sum() == 7442
    rows = combinations(table, "speaker", "emotion")
    assert rows.loc["cremad/1076", "sad"] == sum(name[0] == "1076" and name[2] == "SAD" for name in names)


def test_hours_rates_and_durations(real_table: pd.DataFrame) -> None:
    found = counts(real_table, "corpus").set_index("corpus")
    assert found["clips"].to_dict() == {"cremad": 7442, "ravdess": 1440, "savee": 480, "tess": 2800}
    assert found["hours"].round(2).to_dict() == {"cremad": 5.26, "ravdess": 1.48, "savee": 0.51, "tess": 1.60}
    assert found["share"].sum() == pytest.approx(1)
    lengths = durations(real_table).set_index("group")
    tess = np.sort(real_table.loc[real_table["corpus"] == "tess", "duration_s"])
    assert lengths.loc["tess", "median"] == pytest.approx((tess[1399] + tess[1400]) / 2)
    assert lengths.loc["tess", ["min", "max"]].tolist() == [tess[0], tess[-1]]
    histogram = duration_histogram(real_table, bins=20)
    assert histogram.groupby("group")["clips"].sum().to_dict() == found["clips"].to_dict()
    assert len(histogram) == 80
    inside = histogram[histogram["group"] == "tess"].iloc[2]
    between = (tess >= inside["start_s"]) & (tess < inside["end_s"])
    assert inside["clips"] == between.sum()


def test_filters_and_their_union(real_table: pd.DataFrame) -> None:
    chosen = filter_clips(
        real_table, corpora=["ravdess", "tess"], emotions=["calm", "sad"], sexes=["female"], duration=(0, 3.5)
    )
    expected = [
        row.clip
        for row in real_table.itertuples()
        if row.corpus in ("ravdess", "tess")
        and row.emotion in ("calm", "sad")
        and (row.corpus == "tess" or int(row.speaker) % 2 == 0)
        and row.duration_s <= 3.5
    ]
    assert chosen["clip"].tolist() == expected
    assert chosen.index.tolist() == list(range(len(expected)))
    assert filter_clips(real_table, speakers=["ravdess/01"])["speaker"].unique().tolist() == ["01"]
    assert len(filter_clips(real_table, speakers=["ravdess/01"])) == 60
    assert len(filter_clips(real_table, intensities=[UNKNOWN])) == 7442 - 3 * 455 + 480 + 2800
    assert len(filter_clips(real_table)) == len(real_table)
    assert len(filter_clips(real_table, emotions=[])) == 0
    assert set(filter_clips(real_table, age=(0, 200))["corpus"]) == {"cremad", "tess"}


def test_summary_is_json_and_words(real_table: pd.DataFrame) -> None:
    found = json.loads(json.dumps(summary(real_table)))
    assert list(found) == ["cremad", "ravdess", "savee", "tess"]
    assert found["savee"]["emotions"]["neutral"] == 120
    assert found["savee"]["sentences"] == 120
    assert found["cremad"]["speakers"] == 91
    assert found["tess"]["sample_rates"] == {"16000": 2800}
    words = summary_words(real_table)
    assert "CREMA-D: 7442 clips, 91 speakers, 5.26 h" in words
    assert "SAVEE: neutral has twice the clips of the others (120 against 60)." in words
    assert "TESS: each of the 7 emotions has 400 clips." in words


@pytest.mark.parametrize(("by", "within"), [*((name, None) for name in FACETS), ("emotion", "speaker")])
def test_every_clip_is_counted_once(synthetic_table: pd.DataFrame, by: str, within: str | None) -> None:
    found = counts(synthetic_table, by, within)
    assert found["clips"].sum() == len(synthetic_table)
    assert found["hours"].sum() == pytest.approx(synthetic_table["duration_s"].sum() / 3600)
    if within is None:
        assert found[by].tolist() == facet_values(synthetic_table, by)
    else:
        np.testing.assert_allclose(found.groupby(within)["share"].sum(), 1)


def test_the_same_code_in_two_corpora_is_two_speakers(synthetic_table: pd.DataFrame) -> None:
    table = synthetic_table.assign(speaker="1")
    assert facet_values(table, "speaker") == ["cremad/1", "ravdess/1", "savee/1", "tess/1"]
    assert counts(table, "emotion").set_index("emotion").loc["calm", "speakers"] == 1


def test_unknown_values_and_unreadable_files(synthetic_table: pd.DataFrame) -> None:
    table = synthetic_table[synthetic_table["corpus"] == "savee"].reset_index(drop=True)
    table.loc[0, "duration_s"] = np.nan
    table.loc[:, "speaker"] = pd.NA
    assert set(facet(table, "speaker")) == {UNKNOWN}
    assert counts(table, "speaker")["speakers"].tolist() == [0]
    found = summary(table)["savee"]
    assert (found["unreadable"], found["speakers"]) == (1, 0)
    assert durations(table)["clips"].tolist() == [len(table) - 1]
    assert duration_histogram(table)["clips"].sum() == len(table) - 1
    assert "1 files" in summary_words(table)


def test_nothing_is_nothing(synthetic_table: pd.DataFrame) -> None:
    empty = synthetic_table.iloc[:0]
    assert summary(empty) == {}
    assert summary_words(empty) == ""
    for found in (
        counts(empty, "emotion"),
        durations(empty),
        duration_histogram(empty),
        combinations(empty, *FACETS[:2]),
    ):
        assert len(found) == 0
    with pytest.raises(ValueError, match="nothing to count by"):
        counts(empty, "colour")


def test_ages_and_their_bands(synthetic_table: pd.DataFrame) -> None:
    ages = [0, 19, 20, 29, 69, 70, 100, None]
    table = synthetic_table.head(len(ages)).assign(age=pd.array(ages, dtype="Int64"))
    bands = ["under 20", "under 20", "20-29", "20-29", "60-69", "70 and over", "70 and over", UNKNOWN]
    assert facet(table, "age_band").tolist() == bands


def test_quantiles_and_whiskers() -> None:
    numbers = pd.Series([*map(float, range(1, 10)), 100.0, np.nan])
    (row,) = quantile_table(numbers, pd.Series(["a"] * 11)).to_dict("records")
    assert (row["clips"], row["min"], row["max"], row["median"]) == (10, 1, 100, 5.5)
    assert (row["q25"], row["q75"]) == (3.25, 7.75)
    assert (row["low"], row["high"]) == (1, 9)  # 100 lies beyond 7.75 + 1.5 * 4.5


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ({}, "no clip"),
        ({"sad": 4}, "only sad"),
        ({"sad": 4, "happy": 4}, "each of the 2 emotions has 4 clips"),
        ({"sad": 100, "happy": 104, "calm": 98}, "nearly even: from 98 clips (calm) to 104 (happy)"),
        ({"neutral": 50, "sad": 100, "happy": 100}, "neutral has half the clips"),
        ({"neutral": 33, "sad": 100, "happy": 100}, "neutral has a third of the clips"),
        ({"neutral": 86, "sad": 100, "happy": 100}, "neutral has 14 % fewer clips"),
        ({"neutral": 140, "sad": 100, "happy": 102}, "39 % more clips than the others (140 against a median of 101)"),
        ({"neutral": 10, "sad": 100, "happy": 500}, "happy has 50.0 times the clips of neutral (500 against 10)"),
    ],
)
def test_imbalance_in_words(clips: dict[str, int], words: str) -> None:
    assert words in imbalance_sentence(clips)


def test_combinations_hold_every_pair(synthetic_corpora: Path) -> None:
    table = read_corpora(["savee"], synthetic_corpora)
    dropped = table[~((table["speaker"] == "JK") & (table["emotion"] == "sad"))]
    missing = missing_combinations(dropped, "speaker", "emotion")
    assert missing.to_dict("records") == [{"corpus": "savee", "speaker": "savee/JK", "emotion": "sad"}]
    matrix = combinations(dropped, "speaker", "emotion")
    assert matrix.loc["savee/JK", "sad"] == 0
    assert all(re.fullmatch(r"savee/..", name) for name in matrix.index)
    pairs = itertools.product(matrix.index, matrix.columns)
    assert sum(matrix.loc[pair] for pair in pairs) == len(dropped)
