"""The page about training, driven without a browser: choose, start, watch, stop, use, compare, delete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ser_core.bundle import list_bundles
from ser_core.training.manager import RunManager
from ser_core.training.parts import NO_AUGMENTATION, OptimiserConfig
from ser_core.training.recipe import (
    ClassicalRecipe,
    NetworkRecipe,
    built_in_recipes,
    load_recipe,
    parse_recipe,
    with_settings,
)
from ser_core.training.runs import RunFolder
from ser_core.training.state import RunState, locked, write_state
from tests.pages.conftest import charts, choose, open_app, press, text

NEW = ":material/add_circle: New training"
RUNS = ":material/monitoring: Trainings"
COMPARE = ":material/compare: Compare"
SVM = ClassicalRecipe(name="svm", corpora=("savee",))
NETWORK = NetworkRecipe(name="net", corpora=("savee",), optimiser=OptimiserConfig(epochs=8))

pytestmark = pytest.mark.usefixtures("visited_before")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def manager(
    synthetic_corpora: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunManager]:
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    monkeypatch.setenv("SER_CACHE", str(cache))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("SER_MODELS", raising=False)
    made = RunManager()
    yield made
    for run in made.look():
        made.cancel(run.name)


def train(section: str = NEW) -> AppTest:
    app = open_app().switch_page("pages/train.py").run()
    return choose(app, "train_section", section) if section != NEW else app


def make(manager: RunManager, name: str, recipe: Any = SVM, **state: object) -> RunFolder:
    folder = RunFolder.create(manager.runs / name, recipe, "savee-loso")
    write_state(folder, RunState.model_validate({"queued_s": 1.0} | state))
    return folder


def log_epochs(folder: RunFolder, fold: int, epochs: int) -> None:
    labels = ["angry", "sad"]
    for epoch in range(1, epochs + 1):
        entry = {"epoch": epoch, "epochs": 8, "loss": 2 / epoch, "learning_rate": 1e-3, "seconds": 30.0}
        folder.log(fold, entry | {"validation_uar": 0.1 * epoch, "confusion": [[epoch, 1], [2, 3]], "labels": labels})


def messages(app: AppTest) -> str:
    found = [*app.error, *app.warning, *app.info, *app.success, *app.markdown, *app.caption]
    return "\n".join(element.value for element in found)


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 200
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_without_any_corpus_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    app = train()
    assert not app.exception
    assert "corpus.toml" in app.info[0].value
    assert not [button for button in app.button if button.key == "train_start"]
    for section in (RUNS, COMPARE):
        assert "Nothing was trained yet" in choose(app, "train_section", section).info[0].value
    assert not (tmp_path / "runs").exists()


def test_the_choices_become_a_recipe(manager: RunManager) -> None:
    app = train()
    assert not app.exception
    app.pills(key="train_corpora_lite").set_value(["ravdess"]).run()
    app.number_input(key="train_epochs_lite").set_value(3).run()
    app.number_input(key="train_seed_lite").set_value(5).run()
    app.toggle(key="train_augment_lite").set_value(False).run()
    choose(app, "train_labels_lite", 6)
    code = [element.value for element in app.code]
    recipe = parse_recipe(code[0])
    assert isinstance(recipe, NetworkRecipe)
    assert recipe.corpora == ("ravdess",)
    assert (recipe.optimiser.epochs, recipe.seed, recipe.labels) == (3, 5, 6)
    assert recipe.augmentation.mixup == recipe.augmentation.speed == 0
    assert recipe.network.kind == "residual-crnn"
    assert (recipe.protocol, recipe.folds) == ("ravdess-emobox", ())
    assert code[1] == "python scripts/train.py lite.toml"
    assert "192 clips, 6 trainings" in text(app)
    app.toggle(key="train_quick_lite").set_value(True).run()
    assert parse_recipe(app.code[0].value).folds == (0,)
    assert "192 clips, 1 training " in text(app)


def test_clips_are_heard_as_they_are_where_nothing_changes_them(manager: RunManager) -> None:
    for recipe in map(load_recipe, built_in_recipes()):
        if isinstance(recipe, NetworkRecipe):
            still = with_settings(recipe, NO_AUGMENTATION)
            assert isinstance(still, NetworkRecipe)
            kept = still.augmentation.model_dump()
            sizes = {"noise_db", "band_width", "time_width"}
            assert not any(kept[name] for name in kept if name not in sizes), recipe.name


def test_only_protocols_whose_speakers_are_there_are_offered(manager: RunManager) -> None:
    app = train()
    options = app.selectbox(key="train_protocol_lite_cremad-ravdess-savee-tess").options
    assert options[0] == "All four corpora together, test speakers of all left out"
    app.pills(key="train_corpora_lite").set_value(["savee"]).run()
    options = app.selectbox(key="train_protocol_lite_savee").options
    assert options[0] == "SAVEE, one speaker left out at a time"
    assert not [option for option in options if "RAVDESS" in option or "four corpora" in option]


def test_start_watch_use_compare_delete(manager: RunManager) -> None:
    app = train()
    choose(app, "train_recipe_name", "functionals-svm")
    app.pills(key="train_corpora_functionals-svm").set_value(["savee"]).run()
    app.text_input(key="train_name").set_value("mine").run()
    press(app, "train_start")
    assert app.session_state["train_section"] == RUNS
    assert "is learning" in text(app)
    second = train(RUNS)  # another visitor sees it
    assert "**mine**" in text(second)
    wait_until(lambda: not manager.get("mine").active)
    assert manager.get("mine").state.status == "finished"
    app.run()
    assert "is finished" in text(app)
    assert [metric.label for metric in app.metric] == ["UAR", "Accuracy", "Guessing"]
    assert app.metric[2].value == "14.3 %"
    assert charts(app) == 1
    press(app, "train_publish")
    assert not app.error
    assert list_bundles()["mine"] == manager.runs / "bundles/mine"
    assert "mine" in " ".join(element.value for element in app.success)
    press(app, "train_recognise")
    assert app.selectbox(key="model").value == "mine"
    app.switch_page("pages/train.py").run()
    choose(app, "train_section", COMPARE)
    table = app.dataframe[0].value
    assert table["training"].tolist() == ["mine"]
    assert table["folds"].tolist() == ["4/4"]
    assert charts(app) == 1
    choose(app, "train_section", RUNS)
    press(app, "train_delete_sure")
    assert "Nothing was trained yet" in app.info[0].value
    assert not (manager.runs / "mine").exists()
    assert "mine" in list_bundles()  # the model stays


def test_the_classroom_preset_starts_on_one_press(manager: RunManager) -> None:
    make(manager, "busy", status="running", pid=None)
    with locked(manager.runs / "busy/.lock", wait=False):
        app = press(train(), "train_classroom")
        assert "classroom-speaker-5fold** " in text(app)
        run = manager.get("classroom-speaker-5fold")
        assert (run.state.status, run.folds, run.protocol) == ("queued", (0,), "speaker-5fold")
        manager.cancel(run.name)


def test_a_name_that_is_taken_is_said(manager: RunManager) -> None:
    make(manager, "mine", status="finished")
    app = train()
    app.text_input(key="train_name").set_value("mine").run()
    press(app, "train_start")
    assert "already" in app.error[0].value
    app.text_input(key="train_name").set_value("../mine").run()
    press(app, "train_start")
    assert "cannot name a training" in app.error[0].value


def test_a_running_training_is_drawn_and_can_be_paused(manager: RunManager) -> None:
    folder = make(manager, "net", NETWORK, status="running", pid=None, began_s=time.time(), jobs=1)
    log_epochs(folder, 0, 8)
    (folder.fold(0) / "predictions.parquet").touch()
    log_epochs(folder, 1, 4)
    with locked(folder.path / ".lock", wait=False):
        app = train(RUNS)
        assert not app.exception
        # Fold 2 has 4 of 8 epochs left, folds 3 and 4 have 8: 20 epochs of 30 s.
        progress = app.get("progress")[0].proto
        assert progress.value == 37
        assert "fold 2 epoch 4 of 8" in progress.text
        assert "1 of 4 folds finished" in progress.text
        assert "about 10 minutes left" in progress.text
        assert charts(app) == 4
        press(app, "train_pause")
        assert (folder.path / "stop").exists()
        assert "stops after this epoch" in text(app)
        make(manager, "other", status="queued", queued_s=2.0)
        app.run()
        choose(app, "train_run", "other")
        assert "number 1 in the queue" in text(app)
        press(app, "train_cancel")
        assert "was cancelled" in text(app)
    assert manager.get("net").state.status == "paused"


def test_an_interrupted_training_says_so(manager: RunManager) -> None:
    folder = make(manager, "net", NETWORK, status="running", pid=None)
    (folder.path / "log.txt").write_text("fold 0: epoch 3/8\n")
    app = train(RUNS)
    assert "was interrupted" in text(app)
    assert "killed" in app.warning[0].value
    assert "fold 0: epoch 3/8" in app.code[0].value
    assert [button for button in app.button if button.key == "train_resume"]


def test_a_full_disk_and_a_deleted_folder_are_said(manager: RunManager) -> None:
    folder = make(manager, "net", NETWORK, status="failed", message="The disk is full: free some space, then resume.")
    make(manager, "other", status="finished")
    app = train(RUNS)
    choose(app, "train_run", "net")
    assert "disk is full" in app.error[0].value
    for path in folder.path.iterdir():
        path.unlink()
    folder.path.rmdir()
    app.run()
    assert "net is gone" in app.warning[0].value


def test_several_trainings_are_compared_in_curves(manager: RunManager) -> None:
    for name in ("one", "two"):
        log_epochs(make(manager, name, NETWORK, status="cancelled"), 0, 5)
    app = train(COMPARE)
    assert not app.exception
    assert app.multiselect(key="compare_runs").value == ["two", "one"]
    assert charts(app) == 1
    choose(app, "compare_measure", "loss")
    assert charts(app) == 1
    assert sorted(app.dataframe[0].value["training"]) == ["one", "two"]
