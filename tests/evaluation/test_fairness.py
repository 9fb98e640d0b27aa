"""Voices that always get the same answer, and gaps between groups of people."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ser_core.evaluation.fairness import one_answer_speakers, people_gaps
from ser_core.evaluation.report import evaluate_predictions
from tests.evaluation.simulated import answers

LABELS = ("neutral", "happy", "sad", "angry")


def test_a_voice_that_always_sounds_angry_is_named() -> None:
    truth = np.tile(np.repeat(np.arange(4), 5), 3)
    answer = truth.copy()
    answer[20:40] = 3  # the second speaker
    found = one_answer_speakers(truth, answer, np.repeat(["a", "b", "c"], 20), LABELS)
    assert (found["count"], found["of"]) == (1, 3)
    assert found["share"] == pytest.approx(1 / 3)
    assert found["speakers"][0] == {"speaker": "b", "answer": "angry", "share": 1.0, "clips": 20}
    assert [entry["share"] for entry in found["speakers"][1:]] == [0.25, 0.25]


def test_many_neutral_clips_do_not_make_a_neutral_voice() -> None:
    truth = np.array([0] * 30 + [1] * 5 + [2] * 5 + [3] * 5)
    (worst,) = one_answer_speakers(truth, truth, np.repeat("a", 45), LABELS)["speakers"]
    assert worst["share"] == 0.25
    shouted = np.where(truth == 3, 0, truth)  # and half of the answers do not count as over half
    (worst,) = one_answer_speakers(truth, shouted, np.repeat("a", 45), LABELS)["speakers"]
    assert (worst["answer"], worst["share"]) == ("neutral", 0.5)
    assert one_answer_speakers(truth, shouted, np.repeat("a", 45), LABELS)["count"] == 0


def test_gaps_have_a_sign_and_an_interval() -> None:
    frame = answers("ravdess", 24, 40, skill=np.where(np.arange(1, 25) % 2, 0.4, 0.8))  # even numbers are women
    frame["age"] = np.where(frame["speaker"].astype(int) <= 12, 25, 61)
    people = evaluate_predictions("ravdess-emobox", [frame])["people"]
    women, men = people["sex"]["groups"].values()
    assert (women["speakers"], men["speakers"]) == (12, 12)
    assert people["sex"]["gap"] == pytest.approx(women["uar"] - men["uar"]) == pytest.approx(0.4, abs=0.08)
    low, high = people["sex"]["gap_ci95"]
    assert 0.3 < low < people["sex"]["gap"] < high < 0.5
    low, high = people["age"]["gap_ci95"]
    assert low < 0 < high  # both halves are equally good
    assert list(people["age"]["groups"]) == ["under 40", "40 and over"]
    assert women["uar_ci95"][0] < women["uar"] < women["uar_ci95"][1]


def test_two_voices_are_no_gap_and_what_is_unknown_is_left_out() -> None:
    frame = answers("tess", 2, 28).assign(sex="female")
    frame["age"] = pd.array([26 if speaker == "01" else 64 for speaker in frame["speaker"]], dtype="Int64")
    report = evaluate_predictions("tess-loso", [frame])
    assert report["people"]["age"]["gap"] is report["people"]["age"]["gap_ci95"] is None
    assert report["people"]["age"]["groups"]["under 40"]["uar_ci95"] is None
    assert report["people"]["sex"]["gap"] is None
    assert "NaN" not in json.dumps(report)
    nobody = pd.DataFrame({"sex": pd.array([pd.NA] * 4, dtype="string"), "age": pd.array([pd.NA] * 4, dtype="Int64")})
    assert people_gaps(nobody, np.zeros(4, int), np.zeros(4, int), np.array(list("abcd")), 2) == {}
