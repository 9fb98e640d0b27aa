"""The card of a model: everything in `model.json` is told, nothing that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from ser_core.bundle import SHIPPED, ModelCard, Partner, find_bundle, load_card
from ser_core.cards import card_page, lowered, results_page
from ser_core.protocols import published_names

BUNDLES = sorted(path.parent.name for path in SHIPPED.glob("*/model.json"))


def _card(**changes: Any) -> ModelCard:
    """Return the card of a network that nobody taught, not yet measured under other conditions."""
    lite = load_card(find_bundle("lite"))
    plain = {"recipe": lite.recipe | {"name": "lite", "distillation": None}, "robustness": None}
    return lite.model_copy(update=plain | changes)


def _report(**more: Any) -> dict[str, Any]:
    """A report of two classes as a card of today has it."""
    return {
        "protocol": "savee-loso",
        "classes": 2,
        "folds": [{"test_speakers": ["DC", "JE"], "n": 10, "uar": 0.7, "wa": 0.7}],
        "uar": 0.7,
        "uar_ci95": [0.6, 0.8],
        "wa": 0.71,
        "wa_ci95": [0.61, 0.81],
        "macro_f1": 0.69,
        "ece": 0.0451,
        "chance": 0.5,
        "confusion": [[4, 1], [2, 3]],
        "labels": ["neutral", "angry"],
        "per_class": {name: {"precision": 0.66, "recall": 0.8, "f1": 0.72} for name in ("neutral", "angry")},
        "open": {"uar": 0.65, "wa": 0.66},
        "sure": {"coverage": 0.5, "wa": None},
        **more,
    }


@pytest.mark.parametrize("name", BUNDLES)
def test_a_shipped_card_tells_use_data_figures_and_how_to_repeat_them(name: str) -> None:
    card = load_card(find_bundle(name))
    page = card_page(card)
    assert page.startswith(f"# {card.title} (`{name}`)\n")
    for limit in card.limits:
        assert f"- {limit}\n" in page
    for corpus in card.training_data:
        assert f"| {corpus.title} | {corpus.clips} | {corpus.speakers} | {corpus.licence} |" in page
    assert "non-commercial" in page
    for protocol, report in card.evaluation.items():
        low, high = report["uar_ci95"]
        assert f"{100 * report['uar']:.1f} [{100 * low:.1f}, {100 * high:.1f}]" in page
        assert f"### {protocol}\n" in page
    assert f"python scripts/evaluate.py --recipe {card.recipe['name']} --protocol joint --folds all" in page
    assert "None" not in page
    assert "nan" not in page


def test_a_model_that_was_not_measured_says_so() -> None:
    page = card_page(_card(evaluation={}, evaluation_note="Nobody knows."))
    assert "not measured on speakers" in page
    for heading in ("Calibration", "Groups", "Outside", "Who is taken"):
        assert f"## {heading}" not in page


def test_what_only_newer_cards_have() -> None:
    people = {
        "sex": {
            "groups": {
                "female": {"uar": 0.75, "uar_ci95": [0.7, 0.8], "clips": 5, "speakers": 3},
                "male": {"uar": 0.65, "uar_ci95": None, "clips": 5, "speakers": 1},
            },
            "gap": None,
            "gap_ci95": None,
        }
    }
    worst = [{"speaker": "JE", "answer": "angry", "share": 0.62, "clips": 5}]
    report = _report(
        accuracy_at_80=0.774,
        conformal={"0.9": {"coverage": 0.912, "mean_size": 1.84, "single_share": 0.4}},
        one_answer_speakers={"count": 1, "of": 2, "share": 0.5, "speakers": worst},
        people=people,
    )
    page = card_page(_card(evaluation={"savee-loso": report, "cremad-evar": _report()}))
    assert "| `savee-loso` | 0.045 | 65.0 | 66.0 | 50.0 | – | 77.4 | 91.2; 1.8 |" in page
    assert "| `cremad-evar` | 0.045 | 65.0 | 66.0 | 50.0 | – | – | – |" in page
    assert "| `savee-loso` | female: 75.0 [70.0, 80.0] (3); male: 65.0 (1) | – |" in page
    assert "| `savee-loso` | 1 of 2 | JE (angry, 62.0) |" in page


def test_classes_that_were_missed_stand_among_the_limits() -> None:
    scores = dict.fromkeys(("precision", "recall", "f1"), 0.3)
    report = _report()
    missed = report | {"per_class": dict.fromkeys(report["per_class"], scores)}
    label = next(iter(report["per_class"]))
    assert f"{label} of `savee-loso` (30 %)" in card_page(_card(evaluation={"savee-loso": missed}))
    for evaluation in ({"savee-loso": report}, {"random-leaky": missed}):  # the latter has heard its speakers
        assert "Recognised less often" not in card_page(_card(evaluation=evaluation))


def test_corpora_left_out_and_conditions() -> None:
    folds = [{"test_speakers": ["a"], "n": 9, "uar": 0.5, "uar_ci95": [0.4, 0.6], "wa": 0.55, "test_corpus": "savee"}]
    conditions = {
        "clean": {"uar": 0.7, "uar_ci95": [0.6, 0.8], "loss": 0.0, "loss_ci95": [0.0, 0.0], "refused": 0.0},
        "mp3-32": {"uar": 0.66, "uar_ci95": [0.6, 0.7], "loss": 0.04, "loss_ci95": [0.0, 0.1], "refused": 0.0},
    }
    robustness = {
        "protocols": {"savee-loso": {"clips": 40, "speakers": 4, "classes": 7, "conditions": conditions}},
        "mean": {"mp3-32": {"loss": 0.04, "loss_ci95": [0.01, 0.07], "within": True}},
        "titles": {"clean": "as in the corpus", "mp3-32": "MP3, 32 kbit/s"},
        "limits": {"mp3-32": 0.05},
        "note": "Each fold's own model answered.",
    }
    evaluation = {"leave-one-corpus-out": _report(folds=folds)}
    page = card_page(_card(evaluation=evaluation, robustness=robustness))
    assert "| savee | 9 | 50.0 [40.0, 60.0] | 55.0 |" in page
    assert "| MP3, 32 kbit/s | 66.0 (+4.0) | 4.0 [1.0, 7.0] | at most 5.0 |" in page
    assert "| as in the corpus | 70.0 (+0.0) | – |  |" in page
    assert "--also lite-leave-one-corpus-out" in page
    assert "python scripts/robustness.py lite-joint" in page


def test_results_hold_every_card_one_level_lower() -> None:
    cards = [load_card(find_bundle(name)) for name in BUNDLES]
    page = results_page(cards)
    assert page.count("\n# ") == 0
    for card in cards:
        assert lowered(card_page(card)).rstrip() in page
    assert "\n## Else\n\n### Time\n" in results_page(cards, "# Else\n\n## Time\n")
    assert lowered("# a\n\n## b\n", 2) == "### a\n\n#### b\n"


def test_what_a_model_builds_on_is_trained_before() -> None:
    pupil = _card().recipe | {"name": "pupil", "distillation": {"teacher": "teacher"}, "start": None}
    page = card_page(_card(recipe=pupil))
    first, last = "train.py teacher --protocol joint\n", "evaluate.py --recipe pupil --protocol joint"
    assert page.index(first) < page.index(last)
    assert page.index("train.py teacher --protocol all\n") < page.index("train.py pupil --protocol all --bundle")
    later = card_page(_card(recipe=pupil | {"name": "later", "start": {"recipe": "pupil"}}))
    assert later.index(first) < later.index("train.py pupil --protocol joint\n") < later.index("--recipe later")
    untaught = card_page(
        _card(recipe=pupil | {"name": "x", "distillation": None, "start": {"recipe": "lite-distilled"}})
    )
    names = [part.split(" ")[0] for part in untaught.split("scripts/train.py ")[1:3]]
    assert names == ["base", "lite-distilled"]
    lite = _card()
    partner = Partner(recipe=pupil, front_end=lite.front_end, model=lite.model, share=0.5)
    alone = {"name": "both", "distillation": None, "start": None}
    published = {name: lite.evaluation[name] for name in published_names()}  # so joint is all that is trained
    both = card_page(_card(recipe=lite.recipe | alone, partner=partner, evaluation=published))
    names = [part.split(" ")[0] for part in both.split("scripts/train.py ")[1:]]
    assert names == ["teacher", "pupil"] * 2 + ["both"]  # for the figures, then for what ships
