"""Kept answers are those of models that lacked the speaker, and belong to the card beside them."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.bundle import SHIPPED, load_card
from ser_core.classroom.held_out import (
    FILE_NAME,
    _quantised,
    agrees,
    answers,
    held_out_answers,
    read_held_out,
    write_held_out,
)
from ser_core.emotions import CORPUS_LABELS, EMOTIONS
from ser_core.errors import TrainingError
from ser_core.evaluation.report import evaluate_run
from tests.pages.made_runs import write_run

KEPT = sorted(path.parent.name for path in SHIPPED.glob(f"*/{FILE_NAME}"))


def test_some_shipped_model_has_kept_answers() -> None:
    assert KEPT


@pytest.mark.parametrize("name", KEPT)
def test_shipped_answers_are_those_the_card_reports(name: str) -> None:
    folder = SHIPPED / name
    card = load_card(folder)
    table = read_held_out(folder, card)
    assert table is not None, "the table is of another training than the card: run scripts/classroom_answers.py"
    assert (folder / FILE_NAME).stat().st_size < 300_000
    assert table["corpus"].value_counts().to_dict() == {part.corpus: part.clips for part in card.training_data}
    assert not table.duplicated(["corpus", "clip"]).any()
    for corpus, labels in CORPUS_LABELS.items():
        part = table[table["corpus"] == corpus]
        assert not part[[emotion for emotion in EMOTIONS if emotion not in labels]].to_numpy().any()
        assert np.abs(part[list(EMOTIONS)].to_numpy(int).sum(axis=1) - 255).max() <= 4
    # The same answers, clip by clip, as in the confusion matrix of the test speakers.
    report = card.evaluation["ravdess-emobox"]
    part = table[table["corpus"] == "ravdess"]
    counted = pd.crosstab(part["emotion"], answers(part)).reindex(
        index=report["labels"], columns=report["labels"], fill_value=0
    )
    assert counted.to_numpy().tolist() == report["confusion"]


def test_a_run_becomes_a_table(synthetic_table: pd.DataFrame, tmp_path: Path) -> None:
    clips = synthetic_table[synthetic_table["corpus"] == "savee"].reset_index(drop=True)
    run = write_run(tmp_path, "made", clips, "savee-loso", skill=0.6)
    evaluation = evaluate_run(run)
    table = held_out_answers(run, [0, 1, 2, 3])
    assert sorted(table["clip"]) == sorted(clips["clip"])
    assert agrees(table, evaluation)
    wrong = {"savee-loso": evaluation["savee-loso"] | {"wa": evaluation["savee-loso"]["wa"] + 0.1}}
    assert not agrees(table, wrong)
    assert not agrees(table, {})
    with pytest.raises(TrainingError, match="resume"):
        held_out_answers(write_run(tmp_path, "half", clips, "savee-loso", folds=(0,)), [0, 1])


def test_a_table_of_another_model_or_damaged_is_not_used(tmp_path: Path) -> None:
    card = load_card(SHIPPED / KEPT[0])
    assert read_held_out(tmp_path, card) is None
    (tmp_path / FILE_NAME).write_bytes(b"PAR1 and nothing")
    assert read_held_out(tmp_path, card) is None
    table = pd.read_parquet(SHIPPED / KEPT[0] / FILE_NAME)
    table.drop(columns="calm").to_parquet(tmp_path / FILE_NAME)
    assert read_held_out(tmp_path, card) is None
    write_held_out(table, tmp_path)
    assert read_held_out(tmp_path, card) is not None
    other = load_card(SHIPPED / "functionals-svm")
    assert read_held_out(tmp_path, other) is None


def test_rounding_makes_no_ties() -> None:
    probabilities = np.array([[0.4001, 0.3999, 0.2], [0.0, 1.0, 0.0], [1 / 3 + 1e-9, 1 / 3, 1 / 3]])
    whole = _quantised(probabilities)
    assert whole.dtype == np.uint8
    assert whole.argmax(axis=1).tolist() == [0, 1, 0]
    assert (np.sort(whole, axis=1)[:, -1] > np.sort(whole, axis=1)[:, -2]).all()


def test_the_command_refuses_a_run_of_another_model(
    synthetic_table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = synthetic_table[synthetic_table["corpus"] == "savee"].reset_index(drop=True)
    write_run(tmp_path, "made", clips, "savee-loso")
    monkeypatch.setenv("SER_RUNS", str(tmp_path))
    scripts = Path(__file__).resolve().parents[2] / "scripts"
    monkeypatch.syspath_prepend(str(scripts))
    monkeypatch.setattr(sys, "argv", ["classroom_answers.py", "made", "--model", "lite"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(scripts / "classroom_answers.py"), run_name="__main__")
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert "do not have the accuracy" in said.err
    assert said.err.count("\n") == 1
    assert not said.out
