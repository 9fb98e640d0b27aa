"""The crowd's votes, against the corpus's own summary and against counting by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.corpora.votes import (
    CHOICES,
    listeners_confusion,
    listeners_summary,
    most_agreed,
    read_votes,
    votes_of,
)
from ser_core.errors import CorpusError

HEADER = '"","A","D","F","H","N","S","fileName","numResponses"\n'
ROWS = (
    '"100001",8,1,0,0,1,0,"1001_DFA_ANG_XX",10\n'
    '"100002",0,0,0,3,3,1,"1002_DFA_HAP_XX",7\n'
    '"200001",9,0,0,0,1,0,"1001_DFA_ANG_XX",10\n'
    '"300001",10,0,0,0,0,0,"1001_DFA_ANG_XX",10\n'
)


@pytest.fixture(scope="module")
def votes(data_folder: Path) -> pd.DataFrame:
    return read_votes(data_folder / "cremad")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults/tabulatedVotes.csv").write_text(HEADER + ROWS)
    return tmp_path


def test_overall_accuracy_counted_by_hand(votes: pd.DataFrame, data_folder: Path) -> None:
    right = total = 0
    with (data_folder / "cremad/processedResults/tabulatedVotes.csv").open() as file:
        for row in csv.DictReader(file):
            if row[""].startswith("1"):
                right += int(row[row["fileName"].split("_")[2][0]])
                total += int(row["numResponses"])
    found = listeners_summary(votes)
    assert found["votes"] == total
    assert found["accuracy"] == pytest.approx(right / total)
    assert found["accuracy"] == pytest.approx(0.40, abs=0.005)
    assert found["clips"] == len(votes) == 7442
    assert "40 % of 68568 votes" in found["words"]


@pytest.mark.parametrize(
    ("modality", "column"), [("voice", "VoiceVote"), ("face", "FaceVote"), ("both", "MultiModalVote")]
)
def test_winners_are_those_of_the_summary_table(data_folder: Path, modality: str, column: str) -> None:
    """The number's first digit tells the modality: only then do the winners agree, ties included."""
    table = read_votes(data_folder / "cremad", modality)
    with (data_folder / "cremad/processedResults/summaryTable.csv").open() as file:
        winners = {row["FileName"]: row[column] for row in csv.DictReader(file)}
    for row in table.to_dict("records"):
        most = max(row[emotion] for emotion in CHOICES)
        codes = sorted(emotion[0].upper() for emotion in CHOICES if row[emotion] == most)
        assert ":".join(codes) == winners[row["clip"]]
        assert (len(codes) == 1) == pd.notna(row["answer"])


def test_agreement_is_the_files_own(votes: pd.DataFrame, data_folder: Path) -> None:
    with (data_folder / "cremad/processedResults/tabulatedVotes.csv").open() as file:
        published = {row["fileName"]: float(row["agreement"]) for row in csv.DictReader(file) if row[""][0] == "1"}
    np.testing.assert_allclose(votes["agreement"], [published[clip] for clip in votes["clip"]])


def test_confusion_and_extremes(votes: pd.DataFrame) -> None:
    confusion = listeners_confusion(votes)
    assert confusion.index.tolist() == confusion.columns.tolist() == list(CHOICES)
    sad = votes[votes["clip"].str.contains("_SAD_")]
    assert confusion.loc["sad", "neutral"] == sad["neutral"].sum()
    assert confusion.loc["sad", "neutral"] > confusion.loc["sad", "sad"]
    best, worst = most_agreed(votes, 5), most_agreed(votes, 5, least=True)
    assert best["agreement"].tolist() == [1.0] * 5
    assert worst["agreement"].max() < 0.3
    assert worst["agreement"].is_monotonic_increasing


def test_a_small_file_in_full(small: Path) -> None:
    table = read_votes(small)
    assert table["clip"].tolist() == ["1001_DFA_ANG_XX", "1002_DFA_HAP_XX"]
    assert table["agreement"].tolist() == [0.8, 3 / 7]
    assert table["right"].tolist() == [0.8, 3 / 7]
    assert table["answer"].isna().tolist() == [False, True]
    found = listeners_summary(table)
    assert (found["accuracy"], found["uar"]) == (pytest.approx(11 / 17), pytest.approx((0.8 + 3 / 7) / 2))
    assert (found["accuracy_of_majority"], found["ties"]) == (0.5, 1)
    assert votes_of(table, "1001_DFA_ANG_XX") == {
        "neutral": 1, "happy": 0, "sad": 0, "angry": 8, "fearful": 0, "disgust": 1,
    }  # fmt: skip
    assert votes_of(table, "1003_DFA_ANG_XX") is None
    assert read_votes(small, "both")["right"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "no column 'N'"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git-LFS stub"),
        (HEADER.replace('"A",', "").encode(), "no column 'A'"),
        (HEADER.encode(), "no votes on voice"),
        ((HEADER + '"100001",8,1\n').encode(), "a row lacks its votes"),
        ((HEADER + ROWS.replace("8,1,0", "many,1,0")).encode(), "a row lacks its votes"),
        ((HEADER + ROWS.replace("8,1,0", "-8,1,0")).encode(), "a row lacks its votes"),
        ((HEADER + ROWS).encode("utf-16"), "cannot be read as a table"),
        ((HEADER + '"100001,8,1').encode(), "cannot be read as a table|lacks its votes"),
    ],
)
def test_damaged_files_are_one_sentence(small: Path, content: bytes, part: str) -> None:
    (small / "processedResults/tabulatedVotes.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=part) as caught:
        read_votes(small)
    assert len(str(caught.value).splitlines()) == 1


def test_missing_files_and_clips_without_votes(tmp_path: Path, small: Path) -> None:
    with pytest.raises(CorpusError, match=r"copy processedResults/tabulatedVotes\.csv"):
        read_votes(tmp_path / "nowhere")
    path = small / "processedResults/tabulatedVotes.csv"
    path.write_text(HEADER + ROWS + '"100003",0,0,0,0,0,0,"1003_DFA_HAP_XX",0\n"100004",1,0,0,0,0,0,"other",1\n\n')
    assert len(read_votes(small)) == 2
