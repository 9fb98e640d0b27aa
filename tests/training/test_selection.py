"""Filters and label sets leave clips out and never move a speaker."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ser_core.errors import TrainingError
from ser_core.protocols import Split, make_split
from ser_core.training.parts import FilterConfig
from ser_core.training.recipe import ClassicalRecipe
from ser_core.training.selection import filtered, select

PROTOCOL = "ravdess-emobox"


def _recipe(**settings: Any) -> ClassicalRecipe:
    return ClassicalRecipe(name="x", **settings)


@pytest.fixture
def table(synthetic_table: pd.DataFrame) -> pd.DataFrame:
    return synthetic_table[synthetic_table["corpus"].isin(["ravdess", "savee"])].reset_index(drop=True)


def _keys(table: pd.DataFrame, rows: np.ndarray) -> set[str]:
    return set((table["corpus"] + "/" + table["speaker"]).iloc[rows])


def _parts(split: Split) -> list[np.ndarray]:
    return [split.train, split.validation, split.test, split.tested[PROTOCOL][1]]


def test_nothing_asked_for_changes_nothing(table: pd.DataFrame) -> None:
    split = make_split(table, PROTOCOL, 2)
    for before, after in zip(_parts(split), _parts(select(table, split, _recipe())), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_label_set_leaves_its_other_emotions_out_of_every_part(table: pd.DataFrame) -> None:
    split = make_split(table, PROTOCOL, 0)
    chosen = select(table, split, _recipe(labels=4, filters=FilterConfig(scope="training")))
    for before, after in zip(_parts(split), _parts(chosen), strict=True):
        assert set(table["emotion"].iloc[after]) == {"neutral", "happy", "sad", "angry"}
        assert _keys(table, after) == _keys(table, before)
        assert len(after) == table["emotion"].iloc[before].isin(["neutral", "happy", "sad", "angry"]).sum()


def test_a_mapped_emotion_stays_and_a_skipped_one_goes(table: pd.DataFrame) -> None:
    chosen = select(table, make_split(table, PROTOCOL, 0), _recipe(labels={"calm": "neutral", "sad": "skip"}))
    assert set(table["emotion"].iloc[chosen.test]) == set(table["emotion"]) - {"sad"}


@pytest.mark.parametrize("scope", ["all", "training"])
def test_the_scope_says_which_parts_are_filtered(table: pd.DataFrame, scope: Any) -> None:
    split = make_split(table, "speaker-5fold", 1)
    chosen = select(table, split, _recipe(filters=FilterConfig(scope=scope, sex="male")))
    assert set(table["sex"].iloc[chosen.train]) == {"male"}
    for before, after in ((split.validation, chosen.validation), (split.test, chosen.test)):
        assert set(table["sex"].iloc[before]) == {"female", "male"}
        men = before[(table["sex"].iloc[before] == "male").to_numpy()]
        np.testing.assert_array_equal(after, men if scope == "all" else before)


def test_each_filter() -> None:
    table = pd.DataFrame(
        {
            "corpus": ["a", "a", "b", "b", "b"],
            "speaker": ["1", "2", "1", "3", pd.NA],
            "sex": ["female", "male", pd.NA, "male", "female"],
            "intensity": ["strong", pd.NA, "normal", "strong", "low"],
            "emotion": ["sad", "happy", "sad", "angry", "neutral"],
        }
    ).astype("string")
    for filters, kept in (
        (FilterConfig(), [1, 1, 1, 1, 1]),
        (FilterConfig(sex="male"), [0, 1, 0, 1, 0]),
        (FilterConfig(intensity=("strong", "low")), [1, 0, 0, 1, 1]),
        (FilterConfig(emotions=("sad", "neutral")), [1, 0, 1, 0, 1]),
        (FilterConfig(speakers_excluded=("a/1",)), [0, 1, 1, 1, 1]),
        (FilterConfig(speakers_excluded=("1", "b/3")), [0, 1, 0, 0, 1]),
        (FilterConfig(sex="male", emotions=("happy",)), [0, 1, 0, 0, 0]),
    ):
        assert filtered(table, filters, 0).astype(int).tolist() == kept, filters


def test_clips_of_a_speaker_are_drawn_evenly_from_the_emotions() -> None:
    emotions = ["happy"] * 20 + ["sad"] * 4 + ["angry"] * 2
    table = pd.DataFrame({"corpus": "a", "speaker": ["1"] * 26 + ["2"] * 26 + [pd.NA] * 26, "emotion": emotions * 3})
    keep = filtered(table, FilterConfig(max_clips_per_speaker=9), seed=5)
    for speaker in ("1", "2"):
        counts = Counter(table["emotion"][keep & (table["speaker"] == speaker).fillna(False).to_numpy()])
        assert counts == {"happy": 3, "sad": 4, "angry": 2} or counts == {"happy": 4, "sad": 3, "angry": 2}
    assert keep[52:].all()  # nobody knows whose these are
    np.testing.assert_array_equal(keep, filtered(table, FilterConfig(max_clips_per_speaker=9), seed=5))
    assert (keep != filtered(table, FilterConfig(max_clips_per_speaker=9), seed=6)).any()


def test_filters_that_leave_too_little_are_said(table: pd.DataFrame) -> None:
    split = make_split(table, PROTOCOL, 0)
    with pytest.raises(TrainingError, match="fewer than two classes"):
        select(table, split, _recipe(filters=FilterConfig(emotions=("sad",))))
    with pytest.raises(TrainingError, match="fewer than two classes"):
        select(table, split, _recipe(labels={"calm": "neutral"}, filters=FilterConfig(emotions=("calm", "neutral"))))
    with pytest.raises(TrainingError, match="no clip to test"):
        select(table, split, _recipe(filters=FilterConfig(speakers_excluded=tuple(_keys(table, split.test)))))
