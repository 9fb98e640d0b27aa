"""Trainings as processes: queue, pause, kill, resume, cancel, delete, with real processes on synthetic corpora."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from ser_core.errors import TrainingError
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.training.features import load_features
from ser_core.training.job import train_folds
from ser_core.training.listing import Run
from ser_core.training.manager import RunManager
from ser_core.training.parts import OptimiserConfig
from ser_core.training.progress import read_progress
from ser_core.training.recipe import ClassicalRecipe, NetworkRecipe
from ser_core.training.runs import RunFolder
from ser_core.training.state import MARK, RunState, at_work, locked, write_state

PATIENCE_S = 200


def network(name: str = "tiny", epochs: int = 150) -> NetworkRecipe:
    return NetworkRecipe(
        name=name,
        corpora=("savee",),
        front_end=LogMelConfig(n_mels=16),
        network=ResidualCRNNConfig(n_mels=16, channels=(8, 8), hidden=8),
        optimiser=OptimiserConfig(epochs=epochs, batch_size=8),
    )


SVM = ClassicalRecipe(name="svm", corpora=("savee",))


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
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = RunManager()
    yield made
    for run in made.look():
        made.cancel(run.name)


def wait_until(true: Callable[[], bool], what: str, *, may_fail: bool = False) -> None:
    manager, until = RunManager(), time.monotonic() + PATIENCE_S
    while not true():
        logs = {path.parent.name: path.read_text()[-2000:] for path in manager.runs.glob("*/log.txt")}
        states = {path.parent.name: path.read_text() for path in manager.runs.glob("*/state.json")}
        failed = not may_fail and any('"failed"' in text for text in states.values())
        assert not failed, (what, states, logs)
        assert time.monotonic() < until, (what, states, logs)
        time.sleep(0.03)


def epoch(run: Run) -> int:
    return max((fold.epoch for fold in read_progress(run.folder, run.state, run.folds).folds), default=0)


@pytest.mark.long
def test_a_killed_training_is_noticed_and_goes_on_to_the_same_predictions(manager: RunManager) -> None:
    recipe = network()
    name = manager.submit(recipe, "savee-loso", folds=[1], jobs=1)
    run = manager.get(name)
    assert run.state.status == "running"
    assert run.folds == (1,)
    wait_until(lambda: epoch(manager.get(name)) >= 3, "it learns")
    pid = manager.get(name).state.pid
    assert pid is not None
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    assert os.getsid(pid) == pid
    with pytest.raises(TrainingError, match="cancel it first"):
        manager.delete(name)
    os.kill(pid, signal.SIGKILL)
    later = RunManager()  # as after a restart of the server
    wait_until(lambda: later.get(name).state.status == "interrupted", "it is noticed")
    assert "killed" in later.get(name).state.message
    reached = epoch(later.get(name))
    assert 3 <= reached < 150
    assert not run.folder.finished(1)
    later.resume(name)
    wait_until(lambda: manager.get(name).state.status == "finished", "it finishes")
    entries = run.folder.entries(1)
    assert entries[-1]["epoch"] == 150
    lines = (run.folder.path / "fold-1/progress.jsonl").read_text().splitlines()
    assert len(lines) <= 152  # it went on, and did not begin anew
    table, store = load_features(recipe)
    unbroken = RunFolder.open(recipe, "savee-loso", "unbroken")
    train_folds(unbroken, recipe, "savee-loso", table, store, folds=[1])
    for file in ("predictions.parquet", "weights.safetensors"):
        assert (run.folder.path / "fold-1" / file).read_bytes() == (unbroken.path / "fold-1" / file).read_bytes()


def test_one_at_a_time_and_the_next_starts_by_itself(manager: RunManager) -> None:
    first = manager.submit(SVM, "savee-loso", folds=[0], jobs=1)
    second = manager.submit(SVM, "savee-loso", folds=[1], jobs=1)
    third = manager.submit(SVM, "savee-loso", folds=[2], jobs=1)
    assert (first, second, third) == ("svm-savee-loso", "svm-savee-loso-2", "svm-savee-loso-3")
    assert [(run.name, run.state.status, run.place) for run in manager.look()] == [
        (third, "queued", 2), (second, "queued", 1), (first, "running", None),
    ]  # fmt: skip
    manager.cancel(third)
    folder = RunFolder.at(second)
    # Nobody looks: the first one's process starts the second.
    wait_until(lambda: folder.finished(1) and not at_work(folder), "the next is trained")
    states = {run.name: run.state for run in manager.look()}
    assert {name: state.status for name, state in states.items()} == {
        first: "finished", second: "finished", third: "cancelled",
    }  # fmt: skip
    ended, began = states[first].ended_s, states[second].began_s
    assert ended is not None
    assert began is not None
    assert began >= ended
    assert states[first].clips == 28


def test_pause_stops_after_a_checkpoint_and_cancel_at_once(manager: RunManager) -> None:
    name = manager.submit(network(epochs=5000), "savee-loso", jobs=2)
    wait_until(lambda: epoch(manager.get(name)) >= 1, "it learns")
    manager.pause(name)
    wait_until(lambda: manager.get(name).state.status == "paused", "it stops")
    run = manager.get(name)
    assert not at_work(run.folder)
    assert not run.stopping
    assert run.state.message == ""
    assert sum((run.folder.path / f"fold-{fold}/checkpoint.pt").exists() for fold in run.folds) >= 1
    reached = epoch(run)
    manager.resume(name)
    wait_until(lambda: epoch(manager.get(name)) > reached, "it goes on")
    manager.cancel(name)
    assert manager.get(name).state.status == "cancelled"
    assert not marked(run.folder)
    assert not list(run.folder.path.rglob("*.tmp"))
    manager.delete(name)
    assert not run.folder.path.exists()
    assert [path.name for path in manager.runs.iterdir()] == [".lock"]
    with pytest.raises(TrainingError, match="deleted or renamed"):
        manager.get(name)


def marked(folder: RunFolder) -> list[int]:
    """Return the processes that carry the mark of a run."""
    mark, found = f"{MARK}={folder.path.resolve()}".encode(), []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_a_folder_that_is_deleted_ends_its_training(manager: RunManager) -> None:
    name = manager.submit(network(epochs=5000), "savee-loso", folds=[0], jobs=1)
    wait_until(lambda: epoch(manager.get(name)) >= 1, "it learns")
    folder = manager.get(name).folder
    processes = marked(folder)
    shutil.rmtree(folder.path, ignore_errors=True)
    wait_until(lambda: not set(processes) & set(marked(folder)), "the process ends")
    assert not folder.path.exists()  # and does not write it anew
    with pytest.raises(TrainingError, match="deleted or renamed"):
        manager.get(name)


def test_a_training_that_fails_says_why(manager: RunManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_DATA", str(tmp_path / "nowhere"))
    name = manager.submit(SVM, "savee-loso", jobs=1)
    wait_until(lambda: not manager.get(name).active, "it ends", may_fail=True)
    run = manager.get(name)
    assert run.state.status == "failed"
    assert "SER_DATA" in run.state.message
    wait_until(lambda: run.state.message in manager.log_tail(name), "it is in the log", may_fail=True)
    assert "Traceback" not in manager.log_tail(name)


# Without any process of its own:


def make(manager: RunManager, name: str, **state: object) -> RunFolder:
    """Make a run folder in some state."""
    folder = RunFolder.create(manager.runs / name, SVM, "savee-loso")
    if state:
        write_state(folder, RunState.model_validate(state))
    return folder


def test_a_recycled_process_number_is_not_taken_for_a_training(manager: RunManager) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as other:
        make(manager, "old", status="running", pid=other.pid, own_session=True)
        assert manager.get("old").state.status == "interrupted"
        manager.cancel("old")
        assert other.poll() is None
        other.communicate(b"\n")
    assert other.returncode == 0


def test_what_is_held_by_another_process_is_running(manager: RunManager) -> None:
    folder = make(manager, "held", status="running", pid=1)
    with locked(folder.path / ".lock", wait=False) as lock:
        assert lock is not None
        assert manager.get("held").state.status == "running"
    assert manager.get("held").state.status == "interrupted"


def test_a_run_from_before_there_was_a_state(manager: RunManager) -> None:
    folder = make(manager, "old")
    assert manager.get("old").state.status == "interrupted"
    for fold in range(4):
        (folder.fold(fold) / "predictions.parquet").touch()
    assert manager.get("old").state.status == "finished"
    with pytest.raises(TrainingError, match="nothing left"):
        manager.resume("old")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/tmp", ".lock", "a\0b", "x" * 200, "end.", "bundles"])
def test_a_name_cannot_lead_outside(manager: RunManager, name: str) -> None:
    outside = manager.runs.parent / "x"
    outside.mkdir(parents=True)
    (outside / "recipe.json").write_text(json.dumps({"protocol": "all", "recipe": {}}))
    for act in (manager.delete, manager.cancel, manager.pause, manager.resume):
        with pytest.raises(TrainingError, match="cannot name a training"):
            act(name)
    assert outside.exists()


def test_a_link_is_not_followed(manager: RunManager) -> None:
    outside = manager.runs.parent / "elsewhere"
    RunFolder.create(outside, SVM, "savee-loso")
    manager.runs.mkdir(exist_ok=True)
    (manager.runs / "link").symlink_to(outside)
    with pytest.raises(TrainingError, match="not inside"):
        manager.delete("link")
    assert (outside / "recipe.json").exists()


def test_what_is_no_training_is_not_deleted(manager: RunManager) -> None:
    (manager.runs / "notes").mkdir(parents=True)
    with pytest.raises(TrainingError, match="no run folder"):
        manager.delete("notes")
    assert (manager.runs / "notes").exists()
    assert manager.look() == []


def test_a_name_that_is_taken_is_refused(manager: RunManager) -> None:
    make(manager, "mine", status="finished")
    with pytest.raises(TrainingError, match="already"):
        manager.submit(SVM, "savee-loso", "mine")


def test_a_folder_that_cannot_be_written_is_said(manager: RunManager) -> None:
    manager.runs.parent.mkdir(exist_ok=True)
    manager.runs.write_text("a file")
    with pytest.raises(TrainingError, match="cannot be written"):
        manager.submit(SVM, "savee-loso")
    assert manager.look() == []


def test_a_paused_place_in_the_queue_is_left(manager: RunManager) -> None:
    folder = make(manager, "busy", status="running", pid=1)
    with locked(folder.path / ".lock", wait=False):
        name = manager.submit(SVM, "savee-loso")
        manager.pause(name)
        assert manager.get(name).state.status == "paused"
        manager.resume(name)
        assert manager.get(name).place == 1
        manager.cancel(name)
        assert manager.get(name).resumable


def test_the_recipe_lies_beside_the_run(manager: RunManager) -> None:
    folder = make(manager, "busy", status="running", pid=1)
    with locked(folder.path / ".lock", wait=False):
        name = manager.submit(network(), "savee-loso")
        assert manager.get(name).recipe == network()
        assert 'kind = "network"' in (manager.runs / name / "recipe.toml").read_text()
        manager.cancel(name)


def test_predictions_are_read_through_the_run(manager: RunManager) -> None:
    folder = make(manager, "mine", status="finished")
    pd.DataFrame({"part": ["test"]}).to_parquet(folder.fold(0) / "predictions.parquet")
    assert list(folder.predictions(0)["part"]) == ["test"]
