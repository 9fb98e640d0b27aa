"""What is kept is listed and removed, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser_core.errors import KeptError
from ser_core.kept import delete_kept, kept_parts
from ser_core.training.recipe import ClassicalRecipe
from ser_core.training.runs import RunFolder
from ser_core.training.state import RunState, write_state


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("runs", "cache", "data"):
        monkeypatch.setenv(f"SER_{name.upper()}", str(tmp_path / name))
    for folder in ("runs/calls", "runs/mine", "runs/bundles/own", "cache/features/x", "cache/numba", "data/own"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_bytes(bytes(1_000_000))
    return tmp_path


def finished_run(paused: bool = True) -> RunFolder:
    run = RunFolder.open(ClassicalRecipe(name="svm", corpora=("savee",)), "savee-loso")
    write_state(run, RunState(status="paused" if paused else "queued"))
    return run


def test_every_kind_is_found_with_its_size(place: Path) -> None:
    finished_run()
    parts = {part.name: part for part in kept_parts()}
    assert list(parts) == ["calls", "features", "trainings", "models"]
    assert parts["calls"].megabytes == pytest.approx(1)
    assert parts["features"].megabytes == pytest.approx(1)  # what others keep in that folder does not count
    assert [path.name for path in parts["trainings"].places] == ["svm-savee-loso"]
    assert [path.name for path in parts["models"].places] == ["own"]


def test_each_is_removed_alone_and_nothing_else(place: Path) -> None:
    run = finished_run()
    for name, gone in (("calls", "runs/calls"), ("features", "cache/features"), ("models", "runs/bundles/own")):
        assert (place / gone).exists()
        delete_kept(name)
        assert not (place / gone).exists()
    assert run.path.exists()
    delete_kept("trainings")
    assert not run.path.exists()
    for folder in ("runs/mine", "cache/numba", "data/own"):  # no training of this program, not its cache, not its own
        assert (place / folder / "file").exists()
    assert all(not part.places for part in kept_parts())


def test_of_a_folder_of_models_only_models_go(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = place / "mine"
    monkeypatch.setenv("SER_MODELS", str(mine))
    for folder in ("letters", "model"):
        (mine / folder).mkdir(parents=True)
        (mine / folder / "file").write_bytes(b"x")
    (mine / "thesis.docx").write_bytes(b"x")
    (mine / "model/model.json").write_text("{}")
    delete_kept("models")
    assert sorted(path.name for path in mine.iterdir()) == ["letters", "thesis.docx"]


def test_trainings_that_were_compared_go_with_the_others(place: Path) -> None:
    (place / "runs/ablation/one").mkdir(parents=True)
    delete_kept("trainings")
    assert not (place / "runs/ablation").exists()
    assert (place / "runs/mine").exists()


def test_a_link_is_removed_and_not_what_it_leads_to(place: Path) -> None:
    (place / "runs/calls/file").unlink()
    (place / "runs/calls").rmdir()
    (place / "runs/calls").symlink_to(place / "data/own")
    delete_kept("calls")
    assert not (place / "runs/calls").is_symlink()
    assert (place / "data/own/file").exists()


def test_nothing_is_taken_from_under_a_training(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.training.manager.RunManager._advance", lambda *_: None)  # so that it only waits
    run = finished_run(paused=False)
    for name in ("features", "trainings"):
        with pytest.raises(KeptError, match="stop it on the page Train"):
            delete_kept(name)
    assert run.path.exists()
    with pytest.raises(KeptError, match="choose one of calls, features"):
        delete_kept("corpora")
