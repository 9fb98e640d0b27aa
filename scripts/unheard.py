"""Which models a check asks: those of a run's folds, about speakers they never heard, or a bundle."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cli
import pandas as pd

from ser_core.corpora import read_corpora
from ser_core.errors import TrainingError
from ser_core.evaluation.robustness import finished_folds
from ser_core.protocols import JOINT, Split, make_split
from ser_core.recogniser import Recogniser
from ser_core.training.fold_models import fold_bundle
from ser_core.training.recipe import recipe_from_run
from ser_core.training.runs import RunFolder


@dataclass(frozen=True)
class Asked:
    """A model, and the split of a table of clips whose test speakers it is asked about."""

    name: str
    recogniser: Recogniser
    table: pd.DataFrame
    split: Split
    parts: int


def add_options(parser: cli.Parser) -> None:
    """Add the options that :func:`models` reads."""
    parser.add_argument("--run", help="name or folder of a training with finished folds")
    parser.add_argument("--folds", help="numbers with commas between (default: all that are finished)")
    parser.add_argument("--model", default="lite", help="without --run: name or folder of a bundle (default: lite)")


def models(options: argparse.Namespace) -> Iterator[Asked]:
    """Give the models of a run's folds one after another, or a bundle, which has heard its test speakers.

    Raises
    ------
    TrainingError
        If a fold is named that is not finished.
    """
    if not options.run:
        table = read_corpora()
        yield Asked(options.model, Recogniser.load(options.model), table, make_split(table, JOINT, 0), 1)
        return
    found = Path(options.run)
    run = RunFolder(found) if (found / "recipe.json").is_file() else RunFolder.at(options.run)
    table = read_corpora(recipe_from_run(run.read()).corpora)
    folds = _folds(options.folds, finished_folds(run, table))
    for fold in folds:
        split = make_split(table, run.read()["protocol"], fold)
        with fold_bundle(run, fold, table) as bundle:
            yield Asked(f"fold {fold}", Recogniser.load(bundle), table, split, len(folds))


def _folds(text: str | None, finished: list[int]) -> list[int]:
    words = None if text is None else text.split(",")
    chosen = finished if words is None else [int(word) for word in words if word.strip().isdecimal()]
    if not chosen or len(chosen) < len(words or chosen) or set(chosen) - set(finished):
        raise TrainingError(f"--folds takes finished folds with commas between: {', '.join(map(str, finished))}.")
    return chosen
