"""Runs of every protocol are scored, on the classes that can be answered."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from ser_core.emotions import CORPUS_LABELS
from ser_core.errors import TrainingError
from ser_core.evaluation.details import evaluate_details
from ser_core.evaluation.families import FamilyRun, families_page, family_run
from ser_core.evaluation.report import (
    calibrate_run,
    evaluate_predictions,
    evaluate_run,
    held_out_tests,
    scored_labels,
)
from ser_core.protocols import published
from ser_core.training.runs import RunFolder
from ser_core.training.state import RunState, write_state
from tests.evaluation.simulated import answers
from tests.evaluation.test_details import NO_TABLE


def _run(tmp_path, protocol: str, folds: list[pd.DataFrame], name: str = "run") -> RunFolder:
    run = RunFolder(tmp_path / name)
    run.path.mkdir()
    recipe = {"name": "svm", "kind": "classical", "classifier": {"kind": "svm"}}
    run.recipe_path.write_text(json.dumps({"protocol": protocol, "recipe": recipe}))
    for number, frame in enumerate(folds):
        frame.drop(columns="threshold").to_parquet(run.fold(number) / "predictions.parquet")
    return run


def _fold(test: pd.DataFrame, corpus: str, seed: int) -> pd.DataFrame:
    """Return test clips with validation clips of two other speakers of *corpus*."""
    validation = answers(corpus, 2, 24, seed=seed).assign(part="validation")
    validation["speaker"] = "v" + validation["speaker"].astype(str)
    return pd.concat([validation, test], ignore_index=True)


@pytest.fixture
def emobox(tmp_path) -> RunFolder:
    folds = []
    for number, speakers in enumerate(published("ravdess-emobox")["test_speakers"]):
        test = answers("ravdess", 4, 24, seed=number)
        test["speaker"] = test["speaker"].map(dict(zip(("01", "02", "03", "04"), speakers, strict=True)))
        folds.append(_fold(test, "ravdess", 100 + number))
    return _run(tmp_path, "ravdess-emobox", folds)


def test_a_published_protocol_is_scored_on_its_speakers(emobox: RunFolder) -> None:
    (report,) = evaluate_run(emobox).values()
    assert [fold["test_speakers"] for fold in report["folds"]] == published("ravdess-emobox")["test_speakers"]
    assert report["classes"] == 8
    assert sum(map(sum, report["confusion"])) == 6 * 4 * 24
    right = np.trace(np.array(report["confusion"])) / (6 * 4 * 24)
    assert report["wa"] == pytest.approx(right)
    assert evaluate_run(emobox, [0, 1]) == {}
    assert evaluate_details(emobox, "ravdess-emobox", table=NO_TABLE, draws=20).clips == 576
    with pytest.raises(TrainingError, match="gives no score under 'tess-loso'"):
        evaluate_details(emobox, "tess-loso", table=NO_TABLE)


def test_pairs_of_corpora_say_what_was_heard_and_tested(tmp_path) -> None:
    pairs = list(permutations(("ravdess", "savee"), 2))
    folds = [_fold(answers(target, 4, 28, seed=k), source, k) for k, (source, target) in enumerate(pairs)]
    folds = [frame[(frame["part"] != "test") | (frame["emotion"] != "calm")] for frame in folds]
    (report,) = evaluate_run(_run(tmp_path, "cross-corpus", folds)).values()
    assert [(fold["train_corpus"], fold["test_corpus"]) for fold in report["folds"]] == pairs
    assert report["labels"] == list(CORPUS_LABELS["savee"])
    assert report["corpus"] is None
    (other,) = evaluate_run(_run(tmp_path, "leave-one-corpus-out", folds, "other")).values()
    assert [fold["test_corpus"] for fold in other["folds"]] == ["savee", "ravdess"]
    assert other["chance"] == pytest.approx(1 / 7)
    for fold in other["folds"]:
        low, high = fold["uar_ci95"]  # of each corpus
        assert low <= fold["uar"] <= high


@pytest.mark.parametrize("protocol", ["random-leaky", "text-independent", "speaker-5fold"])
def test_other_protocols_are_scored_on_the_folds_that_are_there(tmp_path, protocol: str) -> None:
    run = _run(tmp_path, protocol, [_fold(answers("tess", 2, 70, seed=k), "tess", k) for k in range(2)])
    (report,) = evaluate_run(run).values()
    assert report["protocol"] == protocol
    assert len(report["folds"]) == 2
    assert report.get("leaky", False) == (protocol == "random-leaky")
    assert list(held_out_tests(run)) == [protocol]


def test_classes_are_the_protocols_unless_the_model_cannot_say_them() -> None:
    frame = answers("ravdess", 4, 24)
    assert scored_labels("ravdess-emobox", frame) == CORPUS_LABELS["ravdess"]
    few = frame[frame["emotion"] != "calm"]
    assert scored_labels("ravdess-emobox", few) == CORPUS_LABELS["ravdess"]  # it can still be answered
    assert scored_labels("speaker-5fold", few) == CORPUS_LABELS["savee"]
    merged = frame.assign(emotion=frame["emotion"].replace({"calm": "neutral"}), logit_calm=-1e4)
    assert scored_labels("ravdess-emobox", merged) == CORPUS_LABELS["savee"]
    report = evaluate_predictions("ravdess-emobox", [merged])
    assert (report["classes"], report["chance"]) == (7, pytest.approx(1 / 7))


def test_the_page_of_families_ranks_honest_runs_and_tells_how_to_repeat_them(emobox: RunFolder) -> None:
    reports = evaluate_run(emobox)
    better = {"ravdess-emobox": reports["ravdess-emobox"] | {"uar": 0.99}}
    leaky = {"random-leaky": evaluate_predictions("random-leaky", [answers()])}
    network = {"protocol": "ravdess-emobox", "recipe": {"name": "cnn", "network": {"kind": "cnn"}}}
    runs = [
        FamilyRun("svm-ravdess-emobox", emobox.read(), reports),
        FamilyRun("mine", network, better),
        FamilyRun("leak", emobox.read(), leaky),
    ]
    page = families_page(runs)
    lines = [line for line in page.splitlines() if line.startswith(("| svm", "| cnn"))]
    assert [line.split(" | ")[1] for line in lines] == ["mine", "svm-ravdess-emobox"]
    assert "`python scripts/train.py cnn --protocol ravdess-emobox --run mine`" in lines[0]
    assert "`python scripts/train.py svm --protocol ravdess-emobox`" in lines[1]
    low, high = reports["ravdess-emobox"]["uar_ci95"]
    assert f"{100 * reports['ravdess-emobox']['uar']:.1f} [{100 * low:.1f}, {100 * high:.1f}]" in lines[1]
    assert "leaky" not in page
    assert families_page(runs[:1], page) == page, "what lies on another machine stays"
    assert "| 99.0 " in families_page(runs[:1], page)
    assert "| 99.0 " not in families_page([FamilyRun("mine", network, reports)], page)


def test_a_training_that_goes_on_is_no_family_yet(emobox: RunFolder) -> None:
    found = family_run(emobox)
    assert found is not None
    assert list(found.reports) == ["ravdess-emobox"]
    state = write_state(emobox, RunState(status="running"))
    with pytest.raises(TrainingError, match="not ended"):
        family_run(emobox)
    write_state(emobox, state, status="finished")
    assert family_run(emobox) is not None


def test_sets_keep_their_promise_to_voices_that_were_not_there(tmp_path) -> None:
    folds = []
    for number in range(2):
        validation = answers("ravdess", 14, 24, skill=0.55, strength=2.0, seed=number).assign(part="validation")
        test = answers("ravdess", 10, 24, skill=0.55, strength=2.0, seed=10 + number)
        folds.append(pd.concat([validation.assign(speaker="v" + validation["speaker"]), test], ignore_index=True))
    run = _run(tmp_path, "speaker-5fold", folds)
    (report,) = evaluate_run(run).values()
    for level, least in (("0.8", 0.78), ("0.9", 0.88)):
        sets = report["conformal"][level]
        assert least < sets["coverage"] < least + 0.14
        assert 1 < sets["mean_size"] < 8
    assert report["conformal"]["0.8"]["mean_size"] < report["conformal"]["0.9"]["mean_size"]
    assert report["accuracy_at_80"] > report["open"]["wa"]
    calibration = calibrate_run(run, [0, 1])
    # Four and twenty voices are more than twelve, so less is kept back for the one still to come.
    assert calibration.sets[0.9] < max(fold[0.9] for fold in calibration.fold_sets)


def test_too_few_validation_speakers_promise_only_everything(emobox: RunFolder) -> None:
    (report,) = evaluate_run(emobox).values()
    assert report["conformal"]["0.8"] == {"coverage": 1.0, "mean_size": 8.0, "single_share": 0.0}
    assert "conformal" not in evaluate_predictions("ravdess-emobox", [answers()])
