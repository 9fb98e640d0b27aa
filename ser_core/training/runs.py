"""Run folders: one training, with everything needed to repeat it, resume it and judge it.

runs/<recipe>-<protocol>/
    recipe.json, environment.json      what was asked for, and on what it ran
    state.json, .lock                  where it stands, and that a process is at work on it (see `state`)
    log.txt                            what a process in the background printed
    fold-0/progress.jsonl              one line an epoch
    fold-0/checkpoint.pt               the last finished epoch (removed when the fold is done)
    fold-0/weights.safetensors|skops   the trained model
    fold-0/partner.json                what answers beside it, where something does; its weights lie with the others
    fold-0/predictions.parquet         logits of every validation and test clip; written last
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ValidationError

from ser_core.emotions import EMOTIONS
from ser_core.errors import TrainingError
from ser_core.files import write_text
from ser_core.settings import PROJECT, settings

#: The folder for the trainings of `scripts/ablation.py`, which are no run of their own.
ABLATION = "ablation"
LOGIT_COLUMNS = [f"logit_{emotion}" for emotion in EMOTIONS]
_NAME = re.compile(r"\w[\w.+ -]{0,99}")
#: The newest format this package reads; raised when an old reader could misunderstand a new run.
_FORMAT = 1
_PACKAGES = ("torch", "numpy", "scikit-learn", "librosa", "silero-vad", "soundfile", "soxr")


class RunFolder:
    """The files of one training under `SER_RUNS`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, recipe: BaseModel, protocol: str, name: str | None = None) -> RunFolder:
        """Create the folder for a recipe and a protocol, or take up the one that is there.

        Raises
        ------
        TrainingError
            If the name is none for a folder, or the folder holds another recipe or cannot be written.
        """
        run = cls.at(name or f"{getattr(recipe, 'name', 'run')}-{protocol}")
        try:
            if run.recipe_path.exists():
                found = run.read()
                if found["protocol"] != protocol or type(recipe).model_validate(found["recipe"]) != recipe:
                    raise TrainingError(
                        f"{run.path} holds a training with other settings: give another --run name, or delete it."
                    )
            else:
                cls.create(run.path, recipe, protocol)
        except ValidationError as error:
            raise TrainingError(f"{run.path} holds a training of another kind: give another --run name.") from error
        except OSError as error:
            raise TrainingError(f"The run folder {run.path} cannot be written ({error.strerror}).") from error
        return run

    @classmethod
    def create(cls, path: Path, recipe: BaseModel, protocol: str) -> RunFolder:
        """Make a folder that holds a recipe, a protocol and the environment; raises OSError where it cannot."""
        path.mkdir(parents=True, exist_ok=True)
        content = {"format": _FORMAT, "protocol": protocol, "recipe": recipe.model_dump(mode="json")}
        write_text(path / "environment.json", json.dumps(environment(), indent=1))
        write_text(path / "recipe.json", json.dumps(content, indent=1))  # last: with it the folder is a run
        return cls(path)

    @classmethod
    def at(cls, name: str, runs: Path | None = None) -> RunFolder:
        """Return the folder of that name, there or not; raises :class:`TrainingError` for a name that leads elsewhere.

        *runs* is the folder that holds all of them, by default `SER_RUNS`.
        """
        if not _NAME.fullmatch(name) or name.endswith(".") or name in ("bundles", ABLATION):
            raise TrainingError(
                f"'{name}' cannot name a training: use letters, digits, spaces and . _ + -, beginning with a letter."
            )
        return cls((runs or settings().runs) / name)

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def recipe_path(self) -> Path:
        """The file that holds protocol and recipe."""
        return self.path / "recipe.json"

    def read(self) -> dict[str, Any]:
        """Return {"protocol", "recipe"}; raises :class:`TrainingError` where there is no run that can be read."""
        try:
            content = dict(json.loads(self.recipe_path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise TrainingError(f"{self.path} is no run folder: its recipe.json is missing or damaged.") from error
        version = content.get("format", _FORMAT)  # runs before format 1 are the same and do not say it
        if isinstance(version, int) and version > _FORMAT:
            raise TrainingError(f"{self.path} was made by a newer version of this program: update it.")
        return content

    def fold(self, number: int) -> Path:
        """Return the folder of a fold, created when needed; raises :class:`TrainingError` where the run's is gone."""
        path = self.path / f"fold-{number}"
        try:
            path.mkdir(exist_ok=True)  # without parents: a training that was deleted must not come back in pieces
        except FileNotFoundError:
            raise TrainingError(f"The run folder {self.path} is gone: someone deleted it.") from None
        return path

    def finished(self, number: int) -> bool:
        """Return whether a fold's predictions, its last file, are there."""
        return (self.path / f"fold-{number}" / "predictions.parquet").exists()

    def predictions(self, number: int) -> pd.DataFrame:
        """Return a finished fold's held-out logits: corpus, clip, speaker, emotion, part and one column a class."""
        if not self.finished(number):
            raise TrainingError(f"Fold {number} of {self.path} is not finished: train it first.")
        return pd.read_parquet(self.path / f"fold-{number}" / "predictions.parquet")

    def log(self, number: int, entry: dict[str, Any]) -> None:
        """Append a line to a fold's progress, with the time as `at` (Unix, s)."""
        with (self.fold(number) / "progress.jsonl").open("a+b") as file:
            if file.tell():  # a process that was killed may have left half a line
                file.seek(-1, os.SEEK_END)
                file.write(b"" if file.read(1) == b"\n" else b"\n")
            file.write((json.dumps(entry | {"at": round(time.time(), 3)}) + "\n").encode())

    def entries(self, number: int) -> list[dict[str, Any]]:
        """Return the lines of a fold's progress, one an epoch, the last where one was trained twice."""
        try:
            lines = (self.path / f"fold-{number}" / "progress.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        found: dict[int, dict[str, Any]] = {}
        for line in lines:
            try:
                entry = json.loads(line)
                found[int(entry["epoch"])] = entry
            except (ValueError, TypeError, KeyError):
                continue
        return [found[epoch] for epoch in sorted(found)]


def environment() -> dict[str, Any]:
    """Return what a training ran on: Python, packages, machine, state of the code."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "code": _git("describe", "--always", "--dirty"),
    }


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
