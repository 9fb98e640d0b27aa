"""An answer in words and as files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest

from ser_core.audio import Waveform, assess_quality
from ser_core.emotions import EMOTIONS
from ser_core.presentation import (
    candidate_words,
    listeners_note,
    percent,
    record_note,
    record_table,
    to_csv,
    to_json,
    verdict,
)
from ser_core.recogniser import Prediction

RESULT: dict[str, Any] = {
    "uar": 0.584, "uar_ci95": [0.551, 0.617], "wa": 0.6, "wa_ci95": [0.57, 0.63], "macro_f1": 0.58, "ece": 0.04,
    "chance": 1 / 6, "classes": 6,
}  # fmt: skip


def predicted(
    emotion: str | None = "happy", share: float = 0.6, sure: bool = True, candidates: tuple[str, ...] = ()
) -> Prediction:
    rest = (1 - share - 0.2) / 6
    shares = {name: share if name == "happy" else 0.2 if name == "angry" else rest for name in EMOTIONS}
    quality = assess_quality(Waveform(np.zeros(16_000, np.float32)), [])
    warnings = ("The recording is very quiet, or so.", 'A second "one".')
    return Prediction(emotion, share, sure, shares, 1.5, "lite", warnings, quality, candidates)


def test_a_sure_answer_is_named() -> None:
    answer = verdict(predicted(), threshold=0.45)
    assert (answer.symbol, answer.heading) == ("😄", "Happy")
    assert "60 %" in answer.sentence
    assert "angry (20 %)" in answer.sentence


def test_an_unsure_answer_names_the_two_likeliest_and_the_threshold() -> None:
    answer = verdict(predicted(share=0.3, sure=False), threshold=0.45)
    assert answer.heading == "Not sure"
    assert answer.sentence.index("happy") < answer.sentence.index("angry")
    assert "45 %" in answer.sentence


@pytest.mark.parametrize(
    ("candidates", "heading"),
    [
        (("happy",), "Happy"),
        (("happy", "angry"), "Happy or angry"),
        (("happy", "angry", "sad"), "Happy, angry or sad"),
        (("happy", "angry", "sad", "calm"), "Hard to say: happy, angry, sad or calm"),
    ],
)
def test_a_set_is_named_as_one_says_it(candidates: tuple[str, ...], heading: str) -> None:
    answer = verdict(predicted(sure=False, candidates=candidates), 0.45, 0.8)
    assert answer.heading == heading
    assert ("80 times in 100" in answer.sentence) == (len(candidates) > 1)
    assert candidate_words(candidates) == heading[0].lower() + heading[1:]


def test_a_record_says_how_often_the_true_emotion_was_among_those_named() -> None:
    sets = {"0.8": {"coverage": 0.834, "mean_size": 1.87, "single_share": 0.4}}
    table = record_table({"cremad-evar": {**RESULT, "conformal": sets}, "my-corpus": RESULT}, 0.8)
    assert "Among those named (how many)" in table
    assert [line.split("|")[-2].strip() for line in table.split("\n")[2:]] == ["83 (1.9)", ""]
    assert "80 in 100" in record_note(0.8)
    assert "When sure" in record_note()


def test_a_recording_that_carries_no_answer_gets_none() -> None:
    answer = verdict(predicted(None, 0.6, False), threshold=0.45)
    assert answer.heading == "No answer"
    assert not any(emotion in answer.sentence for emotion in EMOTIONS)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "under 1 %"), (0.004, "under 1 %"), (0.006, "1 %"), (0.5, "50 %"), (0.994, "99 %"), (1.0, "over 99 %")],
)
def test_a_percentage_never_claims_certainty(share: float, words: str) -> None:
    assert percent(share) == words


def rows(evaluation: dict[str, Any]) -> list[list[str]]:
    """Return the cells of the table below its two heading lines."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in record_table(evaluation).split("\n")[2:]]


def test_a_record_has_the_interval_and_the_chance() -> None:
    assert rows({"cremad-evar": RESULT}) == [["CREMA-D (6)", "**58**", "55 to 62", "16.7", ""]]


def test_a_record_says_how_often_it_is_right_when_it_is_sure() -> None:
    (row,) = rows({"tess-loso": {**RESULT, "sure": {"coverage": 0.369, "wa": 0.726}}})
    assert row[-1] == "73 (37\u00a0%)"


def test_a_model_that_is_never_sure_is_said_to_be() -> None:
    (row,) = rows({"tess-loso": {**RESULT, "sure": {"coverage": 0.0, "wa": None}}})
    assert row[-1] == "never sure"


def test_records_come_in_one_order_and_unknown_protocols_last() -> None:
    found = rows({"my-corpus": RESULT, "tess-loso": RESULT, "cremad-evar": RESULT})
    assert [row[0].split()[0] for row in found] == ["CREMA-D", "TESS", "my-corpus"]


def test_every_row_has_as_many_cells_as_the_heading() -> None:
    lines = record_table({"cremad-evar": RESULT, "my-corpus": {**RESULT, "sure": {"coverage": 1, "wa": 1}}}).split("\n")
    assert len({line.count("|") for line in lines}) == 1


def test_listeners_are_named_only_where_they_were_measured() -> None:
    assert "41 times in 100" in listeners_note({"cremad-evar": RESULT})
    assert listeners_note({"tess-loso": RESULT}) == ""


def test_json_holds_the_contract_and_the_name() -> None:
    answer = json.loads(to_json(predicted(), "Größe.wav"))
    assert answer.pop("path") == "Größe.wav"
    assert answer == predicted().to_dict()


def test_csv_is_one_row_that_reads_back() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv(predicted(candidates=("happy", "angry")), 'a,"b".wav')))
    assert row["path"] == 'a,"b".wav'
    assert row["emotion"] == "happy"
    assert row["sure"] == "true"
    assert row["candidates"] == "happy angry"
    assert float(row["valence"]) == pytest.approx(predicted().to_dict()["valence"])
    assert row["warnings"] == 'The recording is very quiet, or so. A second "one".'
    assert sum(float(row[emotion]) for emotion in EMOTIONS) == pytest.approx(1)


def test_csv_of_no_answer_leaves_the_emotion_empty() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv(predicted(None, 0.6, False), "silence.wav")))
    assert (row["emotion"], row["sure"]) == ("", "false")
    assert (row["valence"], row["arousal"], row["negative_high_arousal"]) == ("", "", "")
