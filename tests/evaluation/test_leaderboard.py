"""Ours beside what was published, only where protocol and classes are the same."""

from __future__ import annotations

import pytest

from ser_core.bundle import SHIPPED, load_card
from ser_core.emotions import CORPUS_LABELS
from ser_core.evaluation.leaderboard import anchors, leaderboard
from ser_core.evaluation.report import evaluate_predictions
from ser_core.protocols import labels_of, published_names
from tests.evaluation.simulated import answers


@pytest.fixture(scope="module")
def report() -> dict:
    return evaluate_predictions("ravdess-emobox", [answers()])


def test_every_anchor_is_of_a_published_protocol_with_its_classes_and_a_source() -> None:
    assert {anchor.protocol for anchor in anchors()} == set(published_names())
    for anchor in anchors():
        assert anchor.classes == len(labels_of(anchor.protocol))
        assert 0.3 <= anchor.value < 0.8
        assert anchor.source.strip()
    best = {p: max(a.value for a in anchors() if a.protocol == p) for p in published_names()}
    assert best == {"ravdess-emobox": 0.753, "cremad-evar": 0.769, "savee-loso": 0.758, "tess-loso": 0.71}


def test_a_run_stands_among_the_anchors_of_its_protocol(report: dict) -> None:
    (board,) = leaderboard(runs={"mine": {"ravdess-emobox": report}})
    assert (board.protocol, board.corpus, board.classes, board.metric) == ("ravdess-emobox", "ravdess", 8, "uar")
    names = [entry.name for entry in board.entries]
    assert names.index("Whisper large-v3") < names.index("mine") < names.index("guessing")
    scores = [entry.uar if entry.uar is not None else entry.wa for entry in board.entries]
    assert scores == sorted(scores, reverse=True)
    own = board.entries[names.index("mine")]
    assert (own.kind, own.uar, own.uar_ci95) == ("run", report["uar"], tuple(report["uar_ci95"]))
    assert not any("other folds" in entry.note for entry in board.entries)
    (wider,) = leaderboard(runs={"mine": {"ravdess-emobox": report}}, similar=True)
    assert [e.name for e in wider.entries if "other folds" in e.note]


def test_other_classes_and_leaky_splits_stand_apart_without_anchors(report: dict) -> None:
    merged = answers().assign(emotion=lambda f: f["emotion"].replace("calm", "neutral"))
    merged["logit_calm"] = -1e4
    seven = evaluate_predictions("ravdess-emobox", [merged])
    assert seven["classes"] == 7
    leaky = evaluate_predictions("random-leaky", [answers()])
    boards = leaderboard(runs={"a": {"ravdess-emobox": report, "random-leaky": leaky}, "b": {"ravdess-emobox": seven}})
    assert [(board.protocol, board.classes, board.leaky) for board in boards] == [
        ("ravdess-emobox", 8, False),
        ("ravdess-emobox", 7, False),
        ("random-leaky", 8, True),
    ]
    for board in boards[1:]:
        assert {entry.kind for entry in board.entries} <= {"run", "chance"}
    assert "inflated" in next(entry.note for entry in boards[2].entries if entry.kind == "run")


def test_unpublished_protocols_are_compared_only_on_the_same_speakers() -> None:
    first = evaluate_predictions("speaker-5fold", [answers()])
    other = evaluate_predictions("speaker-5fold", [answers("savee", 4)])
    boards = leaderboard(
        runs={"a": {"speaker-5fold": first}, "b": {"speaker-5fold": first}, "c": {"speaker-5fold": other}}
    )
    assert sorted([entry.name for entry in board.entries if entry.kind == "run"] for board in boards) == [
        ["a", "b"],
        ["c"],
    ]
    assert [board.corpus for board in boards] == ["ravdess", "savee"]


def test_the_shipped_model_is_on_every_published_board() -> None:
    boards = leaderboard([load_card(SHIPPED / "lite")])
    assert [board.protocol for board in boards] == [*published_names(), "leave-one-corpus-out"]
    for board in boards[:-1]:
        assert {"lite", "guessing", "people who only listen"} <= {entry.name for entry in board.entries}
        assert board.classes == len(CORPUS_LABELS[board.corpus])
        assert board.metric == ("wa" if board.protocol == "cremad-evar" else "uar")
