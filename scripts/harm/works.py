"""The five kinds of work that a kill may meet, on tiny synthetic data.

Each knows how to do itself (going on with what is there), what in its folder the program would take for finished, and
what must be there in the end. All of it runs in forked processes (see `children`).
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

# Some of these only so that every forked process has them already.
import numpy as np
import onnxruntime  # noqa: F401
import pandas as pd
import pyarrow.parquet  # noqa: F401
import safetensors.numpy
import silero_vad  # noqa: F401
import torch
import torch._dynamo

from harm.server import Sound, sources
from ser_core.bundle import CARD_NAME, checked_onnx, checked_weights, load_card, write_bundle
from ser_core.calls import BatchModel, Call, Journal, list_sources, score_batch
from ser_core.calls.exports import batch_dict
from ser_core.calls.measures import Limits
from ser_core.corpora import read_corpora, read_corpus
from ser_core.corpora.download import download
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.residual_crnn import ResidualCRNNConfig
from ser_core.settings import PROJECT
from ser_core.training.features import load_features
from ser_core.training.job import train_folds
from ser_core.training.parts import OptimiserConfig
from ser_core.training.recipe import NetworkRecipe
from ser_core.training.runs import RunFolder
from ser_core.training.state import read_state, working
from tests.calls.made import write_calls
from tests.synthetic import clip_bytes, clip_names

#: The name of a finished thing -> the digest of its content.
Found = dict[str, str]


class HalfWrittenError(Exception):
    """Something that the program would take for finished is not."""


class Work(ABC):
    """One kind of work. *inputs* is a folder of its own for what it reads, made once; *short* is less of the same."""

    name: str

    def __init__(self, inputs: Path, *, short: bool = False) -> None:
        self.inputs, self.short = inputs, short
        inputs.mkdir(parents=True, exist_ok=True)

    def begin(self, place: Path) -> None:  # noqa: B027  # most begin with nothing
        """Make what is there before the work."""

    @abstractmethod
    def run(self, place: Path) -> None:
        """Do the work to its end, going on with what is there."""

    @abstractmethod
    def finished(self, place: Path) -> Found:
        """Return what the program would take for finished; raises where a thing of it cannot be read."""

    def result(self, place: Path) -> Found:
        """Return what is there once the work has ended."""
        return self.finished(place)

    def settings(self, place: Path) -> Mapping[str, str]:
        """Return the variables that point the program at *place*."""
        return {f"SER_{name.upper()}": str(place / name) for name in ("data", "runs", "cache")}


class Training(Work):
    """Two folds of a tiny network, features included."""

    name = "training"
    protocol = "savee-loso"

    def __init__(self, inputs: Path, *, short: bool = False) -> None:
        super().__init__(inputs, short=short)
        self.folds = (0,) if short else (0, 1)
        self.recipe = NetworkRecipe(
            name="tiny",
            corpora=("savee",),
            front_end=LogMelConfig(n_mels=16),
            network=ResidualCRNNConfig(n_mels=16, channels=(8, 8), hidden=8),
            optimiser=OptimiserConfig(epochs=3 if short else 12, batch_size=8),
        )
        for path, emotion in clip_names()["savee"].items():
            target = inputs / "savee" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(clip_bytes(emotion))

    def settings(self, place: Path) -> Mapping[str, str]:
        """Return the variables that point the program at *place*."""
        return {**super().settings(place), "SER_DATA": str(self.inputs)}

    def run(self, place: Path) -> None:
        """Do the work to its end."""
        run = RunFolder.open(self.recipe, self.protocol)
        with working(run):
            table, store = load_features(self.recipe)
            train_folds(run, self.recipe, self.protocol, table, store, folds=self.folds)

    def finished(self, place: Path) -> Found:
        """Return what is finished, each thing of it read."""
        run = RunFolder(place / "runs" / f"{self.recipe.name}-{self.protocol}")
        found: Found = {}
        if run.recipe_path.exists():
            run.read()
            if (run.path / "state.json").exists() and read_state(run) is None:
                raise HalfWrittenError("state.json cannot be read")
        for fold in self.folds:
            folder = run.path / f"fold-{fold}"
            if (folder / "checkpoint.pt").exists():
                torch.load(folder / "checkpoint.pt", weights_only=True)
            if (folder / "weights.safetensors").exists():
                safetensors.numpy.load_file(folder / "weights.safetensors")
            for name in ("weights.safetensors", "predictions.parquet"):
                if run.finished(fold):
                    run.predictions(fold)
                    found[f"fold {fold} {name}"] = _digest((folder / name).read_bytes())
        for path in place.glob("cache/features/*/*/*.npz"):
            with np.load(path, allow_pickle=False) as shard:
                found[f"features {path.name}"] = _digest(shard["values"].tobytes())
        return found


class Download(Work):
    """An archive from a slow server on this machine, unpacked into a corpus."""

    name = "download"

    def __init__(self, inputs: Path, sound: Sound, *, short: bool = False) -> None:
        super().__init__(inputs, short=short)
        self.sound = sound

    def run(self, place: Path) -> None:
        """Do the work to its end."""
        download("ravdess", place / "data", sources=sources(self.sound))

    def finished(self, place: Path) -> Found:
        """Return what is finished, each thing of it read."""
        folder = place / "data/ravdess"
        found = {path.name: _digest(path.read_bytes()) for path in folder.rglob("*.wav")}
        archive = place / "data" / "Audio_Speech_Actors_01-24.zip"
        if archive.exists() and archive.read_bytes() != self.sound.archive:
            raise HalfWrittenError("the archive has its final name and is not whole")
        return found


class Batch(Work):
    """Calls listened to, each finished one in the journal."""

    name = "batch"

    def __init__(self, inputs: Path, *, short: bool = False) -> None:
        super().__init__(inputs, short=short)
        write_calls(inputs, 3 if short else 10)

    def run(self, place: Path) -> None:
        """Do the work to its end."""
        self._score(Journal(place / "journal.jsonl"))

    def finished(self, place: Path) -> Found:
        """Return what is finished, each thing of it read."""
        journal = Journal(place / "journal.jsonl")
        return {key: _digest(json.dumps(call.to_dict())) for key, call in journal._known.items()}

    def result(self, place: Path) -> Found:
        """Return what is there in the end."""
        calls = self._score(Journal(place / "journal.jsonl"))
        return {**self.finished(place), "all calls": _digest(json.dumps(batch_dict(calls, Limits(), "lite")))}

    def _score(self, journal: Journal) -> list[Call]:
        return score_batch(list_sources([self.inputs]), BatchModel.load("lite"), journal, jobs=1)


class Bundle(Work):
    """A model that is replaced by another and back, again and again; one of the two can be used at any time."""

    name = "bundle"

    def __init__(self, inputs: Path, *, short: bool = False) -> None:
        super().__init__(inputs, short=short)
        self.times = 5 if short else 25
        self.card = load_card(PROJECT / "models/lite")
        numbers = np.random.default_rng(0).standard_normal((2, 200_000)).astype(np.float32)
        self.first, self.second = (safetensors.numpy.save({"weights": part}) for part in numbers)

    def begin(self, place: Path) -> None:
        """Make what is there before the work."""
        self._write(place, self.first)

    def run(self, place: Path) -> None:
        """Do the work to its end."""
        for _ in range(self.times):
            self._write(place, self.first)
            self._write(place, self.second)

    def finished(self, place: Path) -> Found:
        """Return what is finished, each thing of it read."""
        card = load_card(place / "model")
        weights = checked_weights(place / "model", card)
        checked_onnx(place / "model", card)
        if weights not in (self.first, self.second):
            raise HalfWrittenError("the model is neither of the two")
        return {"a model": "whole"}

    def result(self, place: Path) -> Found:
        """Return what is there in the end."""
        self.finished(place)
        names = sorted(path.name for path in (place / "model").iterdir())
        return {"files": str(len(names)), CARD_NAME: _digest((place / "model" / CARD_NAME).read_bytes())}

    def _write(self, place: Path, weights: bytes) -> None:
        fields = {**self.card.model_dump(exclude={"weights", "onnx"}), "name": "model"}
        write_bundle(place / "model", weights, "weights.safetensors", fields)


class Manifest(Work):
    """The table of a corpus of one's own, read from its manifest and cached, again after every change."""

    name = "manifest"

    def __init__(self, inputs: Path, *, short: bool = False) -> None:
        super().__init__(inputs, short=short)
        self.clips, self.times = (6, 3) if short else (12, 12)
        self.reference = inputs / "reference"
        self._corpus(self.reference)

    def begin(self, place: Path) -> None:
        """Make what is there before the work."""
        self._corpus(place / "data")

    def run(self, place: Path) -> None:
        """Do the work to its end."""
        for change in range(self.times):
            manifest = place / "data/mine/clips.csv"
            status = manifest.stat()
            os.utime(manifest, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000 * (change + 1)))
            read_corpora(["mine"])

    def finished(self, place: Path) -> Found:
        """Return what is finished, each thing of it read."""
        for path in place.glob("cache/tables/*.parquet"):
            pd.read_parquet(path, page_checksum_verification=True)
        table = read_corpus("mine", place / "data/mine")
        expected = read_corpus("mine", self.reference / "mine")
        for one in (table, expected):
            one["path"] = one["path"].map(lambda path: Path(path).name)
        pd.testing.assert_frame_equal(table, expected)
        return {"table": "right"}

    def _corpus(self, data: Path) -> None:
        folder = data / "mine"
        folder.mkdir(parents=True, exist_ok=True)
        emotions = ("happy", "sad", "neutral")
        with (folder / "clips.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("path", "emotion", "speaker"))
            for number in range(self.clips):
                emotion = emotions[number % 3]
                (folder / f"{number}.wav").write_bytes(clip_bytes(emotion, 0.3))
                rows.writerow((f"{number}.wav", emotion, f"s{number % 4}"))
        (folder / "corpus.toml").write_text('title = "Mine"\nmanifest = "clips.csv"\n')


def _digest(content: bytes | str) -> str:
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()[:16]
