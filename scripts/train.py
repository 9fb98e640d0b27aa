"""Train a recipe under a protocol: `python scripts/train.py lite --protocol joint`.

The run folder `runs/<recipe>-<protocol>` is taken up where it stopped when the same command is given again.
A bundle is made from a training on everything and a finished held-out run:
`python scripts/train.py lite --protocol all --bundle models/lite --held-out lite-joint`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import cli

from ser_core.errors import ProtocolError
from ser_core.protocols import fold_count, protocol_names
from ser_core.settings import settings
from ser_core.training.job import load_features, train_in_processes
from ser_core.training.publish import publish_bundle
from ser_core.training.recipe import built_in_recipes, load_recipe, recipe_from_run
from ser_core.training.runs import RunFolder


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    if options.resume:
        run = RunFolder(settings().runs / options.resume)
        recipe, protocol = recipe_from_run(run.read()), run.read()["protocol"]
    elif options.recipe:
        recipe, protocol = load_recipe(options.recipe), options.protocol
        run = RunFolder.open(recipe, protocol, options.run)
    else:
        _parser().error("give a RECIPE, or --resume RUN")
    folds = _folds(options.folds, protocol)
    table, store = load_features(recipe, cli.progress("features"))
    if options.folds == "all":
        folds = list(range(fold_count(protocol, table)))  # a corpus of few speakers needs fewer
    train_in_processes(run, recipe, protocol, table, store, folds=folds, jobs=options.jobs, report=_report)
    answer: dict[str, Any] = {"run": str(run.path), "protocol": protocol, "folds": folds}
    if options.bundle:
        held_out = RunFolder(settings().runs / options.held_out)
        card = publish_bundle(Path(options.bundle), recipe, run, held_out, table)
        answer["bundle"] = {"folder": options.bundle, "sha256": card.weights.sha256, "bytes": card.weights.bytes}
    if options.json:
        cli.print_json(answer)
    else:
        print(f"Finished: {run.path}")
    return cli.FINE


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="train.py", description=__doc__)
    known = ", ".join(built_in_recipes())
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help=f"a TOML file, or one of: {known}")
    parser.add_argument("--protocol", default="joint", choices=protocol_names(), help="default: joint")
    parser.add_argument("--folds", default="all", help="numbers with commas between, or all (default)")
    parser.add_argument("--run", help="name of the run folder (default: <recipe>-<protocol>)")
    parser.add_argument("--resume", metavar="RUN", help="go on with this run folder, with its own recipe and protocol")
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=cores, help="folds trained at once (default: one a core)")
    parser.add_argument("--bundle", metavar="FOLDER", help="write a bundle there when the training is finished")
    parser.add_argument("--held-out", metavar="RUN", default="", help="the run that gives the bundle its evaluation")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _folds(text: str, protocol: str) -> list[int]:
    if text == "all":
        return list(range(fold_count(protocol)))
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ProtocolError(f"--folds takes numbers with commas between, or all, not '{text}'.") from None


def _report(entry: dict[str, Any]) -> None:
    score = f", validation UAR {entry['validation_uar']:.3f}" if "validation_uar" in entry else ""
    loss = f", loss {entry['loss']:.3f}" if "loss" in entry else ""
    print(f"fold {entry['fold']}: epoch {entry['epoch']}/{entry['epochs']}{loss}{score}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    cli.run(main)
