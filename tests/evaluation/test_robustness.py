"""The loss under a condition is counted on the same clips, with draws of the same speakers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ser_core.errors import TrainingError
from ser_core.evaluation.conditions import CLEAN
from ser_core.evaluation.robustness import (
    FILE_NAME,
    finished_folds,
    read_robustness,
    robustness_report,
    sample_clips,
)
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder
from tests.evaluation.simulated import answers

PROTOCOL = "speaker-5fold"


@pytest.fixture
def run(tmp_path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.recipe_path.write_text(json.dumps({"protocol": PROTOCOL, "recipe": {}}))
    for fold in (0, 2):
        test = answers("ravdess", 6, 80, skill=0.8, seed=fold)
        test["speaker"] = f"{fold}" + test["speaker"].astype(str)
        validation = answers("ravdess", 2, 80, seed=9 + fold).assign(part="validation", speaker="v")
        frame = pd.concat([validation, test], ignore_index=True).drop(columns="threshold")
        frame.to_parquet(run.fold(fold) / "predictions.parquet")
    return run


def _noted(run: RunFolder, folds: list[int]) -> pd.DataFrame:
    parts = [run.predictions(fold).query("part == 'test'").assign(fold=fold, refused=False) for fold in folds]
    return pd.concat(parts, ignore_index=True)[["fold", "corpus", "clip", "emotion", "refused", *LOGIT_COLUMNS]]


def test_a_share_is_drawn_of_every_speaker_and_emotion(run: RunFolder) -> None:
    assert finished_folds(run) == [0, 2]
    third, half = (sample_clips(run, [0, 2], share) for share in (0.3, 0.5))
    assert set(third.groupby(["fold", "speaker", "emotion"]).size()) == {3}
    assert set(half.groupby(["fold", "speaker", "emotion"]).size()) == {5}
    keys = [set(zip(frame["fold"], frame["clip"], strict=True)) for frame in (third, half)]
    assert keys[0] < keys[1]
    assert set(sample_clips(run, [0, 2], 0.001).groupby(["fold", "speaker", "emotion"]).size()) == {1}
    assert not third["clip"].equals(sample_clips(run, [0, 2], 0.3, seed=1)["clip"])
    with pytest.raises(TrainingError, match="share of the clips"):
        sample_clips(run, [0], 0)


def test_validation_speakers_can_be_asked_instead(run: RunFolder) -> None:
    drawn = sample_clips(run, [0, 2], 1.0, part="validation")
    assert set(drawn["speaker"]) == {"v"}
    assert len(drawn) == 2 * 2 * 80
    assert set(drawn["protocol"]) == {"ravdess (validation)"}
    noted = pd.concat([run.predictions(fold).assign(fold=fold, refused=False) for fold in (0, 2)], ignore_index=True)
    noted = noted[noted["part"] == "validation"]
    entry = robustness_report(run, drawn, {CLEAN: noted})["protocols"]["ravdess (validation)"]
    assert (entry["clips"], entry["speakers"], entry["agreement"]) == (len(drawn), 1, 1.0)


def test_the_loss_is_of_the_same_clips(run: RunFolder) -> None:
    clips = sample_clips(run, [0, 2], 0.5)
    clean = _noted(run, [0, 2])
    worse = clean.copy()
    angry = (clean["emotion"] == "angry").to_numpy()
    worse.loc[angry, LOGIT_COLUMNS] = 0.0
    worse.loc[angry, "logit_neutral"] = 5.0  # one class of eight is never named again
    worse["refused"] = angry
    report = robustness_report(run, clips, {"telephone": worse, "level-20": clean, CLEAN: clean})
    entry = report["protocols"][PROTOCOL]
    figures = entry["conditions"]
    recall = figures[CLEAN]["uar"]
    assert (entry["clips"], entry["speakers"], entry["agreement"]) == (480, 12, 1.0)
    assert list(figures) == [CLEAN, "telephone", "level-20"]
    lost = figures["telephone"]["loss"]
    assert lost == pytest.approx(recall - figures["telephone"]["uar"]) == pytest.approx(0.8 / 8, abs=0.03)
    low, high = figures["telephone"]["loss_ci95"]
    assert 0.06 < low < lost < high < 0.14  # paired: much narrower than the interval of either UAR would allow
    assert figures["level-20"]["loss"] == 0
    assert figures["level-20"]["loss_ci95"] == [0, 0]
    assert figures["telephone"]["refused"] == pytest.approx(1 / 8)
    assert report["mean"]["telephone"]["loss"] == pytest.approx(lost)
    assert not report["mean"]["telephone"]["within"]
    assert report["mean"]["level-20"]["within"]
    assert report["limits"] == {"telephone": 0.05, "level-20": 0.01}
    assert "NaN" not in json.dumps(report)


def test_answers_other_than_those_noted_are_seen(run: RunFolder) -> None:
    clips = sample_clips(run, [0], 1.0)
    answered = _noted(run, [0])
    answered[LOGIT_COLUMNS] = np.roll(answered[LOGIT_COLUMNS].to_numpy(), 1, axis=1)
    assert robustness_report(run, clips, {CLEAN: answered})["protocols"][PROTOCOL]["agreement"] < 0.1


def test_a_report_is_read_where_there_is_one(run: RunFolder) -> None:
    assert read_robustness(run) is None
    (run.path / FILE_NAME).write_text("{")
    assert read_robustness(run) is None
    (run.path / FILE_NAME).write_text('{"share": 1}')
    assert read_robustness(run) == {"share": 1}
    for fold in (0, 2):
        (run.path / f"fold-{fold}" / "predictions.parquet").unlink()
    with pytest.raises(TrainingError, match="no finished fold"):
        finished_folds(run)
