"""Train a recipe under a protocol: `python scripts/train.py lite --protocol joint`.

The run folder `runs/<recipe>-<protocol>` is taken up where it stopped when the same command is given again.
It is also what the page Train starts in the background, and shows while it goes on; a training that ends starts the
next one in that page's queue.
A bundle is made from a training on everything and a finished held-out run:
`python scripts/train.py tiny --protocol all --bundle models/tiny --held-out tiny-joint`.
Figures of further held-out runs are added with `--also tiny-leave-one-corpus-out`. A bundle is not named after its
recipe: `models/lite` comes from `lite-robust`, `models/base` from `base-with-tiny`; their cards say how.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import cli
import pandas as pd

from ser_core.errors import ProtocolError, SERError
from ser_core.parallel import on_cluster
from ser_core.protocols import fold_count, protocol_names
from ser_core.settings import settings
from ser_core.training.features import load_features
from ser_core.training.guidance import read_for_teacher
from ser_core.training.job import train_elsewhere, train_in_processes
from ser_core.training.manager import RunManager
from ser_core.training.others import check_others
from ser_core.training.progress import EpochProgress, FeatureProgress
from ser_core.training.publish import publish_bundle
from ser_core.training.recipe import Recipe, built_in_recipes, load_recipe, recipe_from_run
from ser_core.training.runs import RunFolder
from ser_core.training.state import read_state, working, write_state


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    if options.nice and hasattr(os, "setpriority"):  # not added: one training starts the next
        os.setpriority(os.PRIO_PROCESS, 0, max(options.nice, os.getpriority(os.PRIO_PROCESS, 0)))
    if options.resume:
        run = RunFolder.at(options.resume)
        recipe, protocol = recipe_from_run(run.read()), run.read()["protocol"]
    elif options.recipe:
        recipe = load_recipe(options.recipe)
        protocol = options.protocol or recipe.protocol
        run = RunFolder.open(recipe, protocol, options.run)
    else:
        _parser().error("give a RECIPE, or --resume RUN")
    folds = list(recipe.folds) if options.folds is None else _folds(options.folds)
    try:
        with working(run, options.jobs):
            table, folds = _train(run, recipe, protocol, folds, options)
    finally:
        with contextlib.suppress(SERError):
            RunManager().look()  # starts the next in the queue
    answer: dict[str, Any] = {"run": str(run.path), "protocol": protocol, "folds": folds}
    if options.bundle:
        held_out = RunFolder(settings().runs / options.held_out)
        also = [RunFolder.at(name) for name in options.also]
        card = publish_bundle(Path(options.bundle), recipe, run, held_out, table, also)
        answer["bundle"] = {"folder": options.bundle, "sha256": card.weights.sha256, "bytes": card.weights.bytes}
    if options.json:
        cli.print_json(answer)
    else:
        print(f"Finished: {run.path}")
    return cli.FINE


def _train(
    run: RunFolder, recipe: Recipe, protocol: str, folds: list[int], options: argparse.Namespace
) -> tuple[pd.DataFrame, list[int]]:
    """Compute what is missing of features and folds; return the table and the folds."""
    bar, note = cli.progress("features"), FeatureProgress(run)

    def show(done: int, total: int) -> None:
        note(done, total)
        if bar:
            bar(done, total)

    check_others(recipe, protocol, folds or [0])  # before the features are computed
    with on_cluster(options.cluster):
        table, store = load_features(recipe, show)
        read_for_teacher(recipe, table, protocol, (folds or [0])[0], show)
    folds = folds or list(range(fold_count(protocol, table)))
    check_others(recipe, protocol, folds)
    state = read_state(run)
    if state is not None:
        write_state(run, state, folds=tuple(folds), clips=len(table))
    report = _Report(run)
    if options.cluster:
        with on_cluster(options.cluster):
            train_elsewhere(run, recipe, protocol, table, folds=folds, report=report)
    else:
        train_in_processes(run, recipe, protocol, table, store, folds=folds, jobs=options.jobs, report=report)
    return table, folds


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="train.py", description=__doc__)
    known = ", ".join(built_in_recipes())
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help=f"a TOML file, or one of: {known}")
    parser.add_argument("--protocol", choices=protocol_names(), help="default: the recipe's, else joint")
    parser.add_argument("--folds", help="numbers with commas between, or all (default: the recipe's, else all)")
    parser.add_argument("--run", help="name of the run folder (default: <recipe>-<protocol>)")
    parser.add_argument("--resume", metavar="RUN", help="go on with this run folder, with its own recipe and protocol")
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=cores, help="folds trained at once (default: one a core)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler; its workers must see the same folders")
    parser.add_argument("--nice", type=int, default=0, metavar="N", help="give way to other programs, 0 to 19")
    parser.add_argument("--bundle", metavar="FOLDER", help="write a bundle there when the training is finished")
    parser.add_argument("--held-out", metavar="RUN", default="", help="the run that gives the bundle its evaluation")
    parser.add_argument("--also", metavar="RUN", action="append", default=[], help="another run whose figures it gets")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _folds(text: str) -> list[int]:
    """Return the numbers of the folds that were asked for, none for all of the protocol."""
    if text == "all":
        return []
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ProtocolError(f"--folds takes numbers with commas between, or all, not '{text}'.") from None


class _Report:
    """Prints each epoch, and stops where the page asks it to."""

    def __init__(self, run: RunFolder) -> None:
        self._look = EpochProgress(run)

    def __call__(self, entry: dict[str, Any]) -> None:
        if "candidate" in entry:
            words = f"fold {entry['fold']}: setting {entry['candidate']}/{entry['candidates']} {entry['settings']}"
            print(f"{words}, UAR {entry['search_uar']:.3f}", file=sys.stderr, flush=True)
            self._look(entry)
            return
        score = f", validation UAR {entry['validation_uar']:.3f}" if "validation_uar" in entry else ""
        loss = f", loss {entry['loss']:.3f}" if "loss" in entry else ""
        words = f"fold {entry['fold']}: epoch {entry['epoch']}/{entry['epochs']}{loss}{score}"
        print(words, file=sys.stderr, flush=True)
        self._look(entry)


if __name__ == "__main__":
    cli.run(main)
