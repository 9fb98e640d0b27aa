"""Leaving out ingredients one at a time: which trainings that takes, what is kept, how differences are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ser_core.errors import RecipeError, TrainingError
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.training.ablation import WHOLE, Outcome, ablation_table, run_trial, trials
from ser_core.training.parts import OptimiserConfig
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe, load_recipe, with_settings
from tests.scripts.calling import call

PROTOCOL = "ravdess-emobox"
RECIPE = NetworkRecipe(
    name="small",
    corpora=("ravdess", "savee"),
    corpus_weights={"savee": 2.0},
    front_end=LogMelConfig(n_mels=16),
    network=ResidualCRNNConfig(n_mels=16, channels=(4, 8), hidden=8),
    optimiser=OptimiserConfig(epochs=1, batch_size=32),
)
RECIPE_TOML = """kind = "network"
name = "small"
corpora = ["ravdess"]
front_end = { kind = "log-mel", n_mels = 16 }
network = { kind = "residual-crnn", channels = [4, 8], hidden = 8 }
augmentation = { mixup = 0, speed = 0, pitch = 0, noise_probability = 0, tilt_db = 0, band_masks = 0, time_masks = 0 }
"""


@pytest.fixture(scope="module", autouse=True)
def folders(synthetic_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_DATA", str(synthetic_corpora))
        patch.setenv("SER_RUNS", str(runs))
        patch.setenv("SER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield runs


def test_only_what_makes_a_difference_is_changed(tmp_path: Path) -> None:
    found = trials(load_recipe("lite-distilled"), "joint", tmp_path, seeds=2, epochs=3)
    names = {trial.change for trial in found}
    assert names >= {
        WHOLE,
        "no teacher",
        "no teacher's vectors",
        "no listeners",
        "no corpus weights",
        "no mixup",
        "sex told",
    }
    assert not names & {"no variants", "no partner", "no start"}
    assert len(found) == 2 * len(names)
    assert len({trial.path for trial in found}) == len(found)
    for trial in found:
        assert isinstance(trial.recipe, NetworkRecipe)
        assert trial.recipe.optimiser.epochs == 3
        assert (trial.recipe.distillation is None) == (trial.change == "no teacher")
    others = {trial.change for trial in trials(load_recipe("base-with-tiny"), "joint", tmp_path)}
    assert "no partner" in others
    assert not others & {"sex told", "no start"}
    later = {trial.change for trial in trials(load_recipe("lite-robust"), "joint", tmp_path)}
    assert not later & {"sex not told", "intensity not told"}
    tells = with_settings(load_recipe("lite-robust"), {"tasks.sex": 0.1})
    assert "sex not told" in {trial.change for trial in trials(tells, "joint", tmp_path)}
    assert "sex told" not in {trial.change for trial in trials(tells, "joint", tmp_path)}
    assert later >= {"no start", "nothing of the start kept", "no variants", "no telephone"}


def test_a_classifier_has_nothing_to_change(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="svm is no network"):
        trials(ClassicalRecipe(name="svm"), "joint", tmp_path)


def test_a_trial_is_trained_once_and_scored_on_both_parts(tmp_path: Path) -> None:
    whole, *others = trials(RECIPE, PROTOCOL, tmp_path, seeds=1)
    assert whole.change == WHOLE
    assert {other.change for other in others} >= {"no corpus weights", "no mixup"}
    first = run_trial(whole)
    weights = whole.path / "fold-0/weights.safetensors"
    written = weights.stat().st_mtime_ns
    assert run_trial(whole) == first
    assert weights.stat().st_mtime_ns == written
    with pytest.raises(TrainingError, match="other settings: delete it"):
        run_trial(replace(whole, recipe=with_settings(whole.recipe, {"listeners": 0.3})))
    assert set(first.test) == {"ravdess"}  # SAVEE is only heard in training under this protocol
    assert all(0 <= score <= 1 for scores in (first.test, first.validation) for score in scores.values())


def test_differences_are_between_the_same_seeds() -> None:
    scores = {WHOLE: (0.5, 0.7), "no mixup": (0.4, 0.7), "no listeners": (0.6, 0.6)}
    outcomes = [Outcome(name, seed, {"a": by[seed]}, {"a": 0.1}) for name, by in scores.items() for seed in (0, 1)]
    found = ablation_table(outcomes).set_index("change")
    assert list(found.index) == [WHOLE, "no listeners", "no mixup"]
    assert found.loc["no mixup", ["uar", "difference", "least", "most"]].tolist() == pytest.approx(
        [0.55, -0.05, -0.1, 0]
    )
    assert found.loc["no listeners", ["difference", "least", "most"]].tolist() == pytest.approx([0, -0.1, 0.1])
    assert found.loc[WHOLE, ["seeds", "difference"]].tolist() == [2, 0]
    assert (ablation_table(outcomes, "validation")["difference"] == 0).all()


def test_the_command_prints_both_parts_and_goes_on_where_it_stopped(tmp_path: Path, folders: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(RECIPE_TOML)
    command = (str(recipe), "--protocol", PROTOCOL, "--seeds", "1", "--epochs", "1", "--jobs", "1")
    printed = call("ablation.py", *command, "--change", "no averaged weights")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.count("| no averaged weights |") == printed.stdout.count("| nothing |") == 2
    kept = sorted(path.name for path in (folders / "ablation").iterdir())
    assert len(kept) == 2
    again = json.loads(call("ablation.py", *command, "--change", "no averaged weights", "--json").stdout)
    assert {entry["change"] for entry in again} == {WHOLE, "no averaged weights"}
    assert sorted(path.name for path in (folders / "ablation").iterdir()) == kept


def test_wrong_numbers_are_a_sentence(tmp_path: Path) -> None:
    assert "at least 1" in call("ablation.py", "lite", "--seeds", "0").stderr
    assert "invalid choice" in call("ablation.py", "lite", "--change", "luck").stderr
