"""Run folders: what cannot be read is a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ser_core.errors import TrainingError
from ser_core.training.recipe import ClassicalRecipe
from ser_core.training.runs import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", ClassicalRecipe(name="svm", description="svm"), "joint")


def test_a_run_says_its_format_and_one_without_is_read_as_the_first(run: RunFolder) -> None:
    content = run.read()
    assert content.pop("format") == 1
    run.recipe_path.write_text(json.dumps(content))
    assert run.read() == content


def test_a_run_of_a_newer_version_and_a_damaged_one_are_refused(run: RunFolder) -> None:
    run.recipe_path.write_text(json.dumps(run.read() | {"format": 2}))
    with pytest.raises(TrainingError, match="newer version of this program: update it"):
        run.read()
    run.recipe_path.write_text('{"format": ')
    with pytest.raises(TrainingError, match="missing or damaged"):
        run.read()
