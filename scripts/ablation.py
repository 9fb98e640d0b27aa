"""Train a network's recipe with one thing changed at a time, with several seeds: `python scripts/ablation.py lite`.

Each training goes on where it stopped when the same command is given again. The table says what a change costs on
speakers that were not heard: points of UAR against the whole recipe of the same seed, and their range over the seeds.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import cli
import pandas as pd

from ser_core.errors import ProtocolError
from ser_core.evaluation.tables import table
from ser_core.parallel import on_cluster, unordered
from ser_core.protocols import protocol_names
from ser_core.settings import settings
from ser_core.training.ablation import CHANGES, WHOLE, Outcome, ablation_table, run_trial, trials
from ser_core.training.features import load_features
from ser_core.training.guidance import read_for_teacher
from ser_core.training.others import check_others
from ser_core.training.recipe import built_in_recipes, load_recipe
from ser_core.training.runs import ABLATION


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    if min(options.seeds, options.jobs) < 1 or (options.epochs is not None and options.epochs < 1):
        raise ProtocolError("--seeds, --epochs and --jobs must be at least 1.")
    recipe = load_recipe(options.recipe)
    folder = Path(options.into) if options.into else settings().runs / ABLATION
    work = trials(recipe, options.protocol, folder, fold=options.fold, seeds=options.seeds, epochs=options.epochs)
    if options.change:
        work = [trial for trial in work if trial.change in (WHOLE, *options.change)]
    check_others(recipe, options.protocol, [options.fold])
    clips, _ = load_features(recipe, cli.progress("features"))  # once, not by each training at the same time
    read_for_teacher(recipe, clips, options.protocol, options.fold, cli.progress("features of the teacher"))
    outcomes: list[Outcome] = []
    with on_cluster(options.cluster):
        for outcome in unordered(run_trial, work, jobs=options.jobs):
            outcomes.append(outcome)
            print(f"{len(outcomes)}/{len(work)}: {outcome.change}, seed {outcome.seed}", file=sys.stderr)
    if options.json:
        cli.print_json([asdict(outcome) for outcome in outcomes])
    else:
        for part in ("test", "validation"):
            print(f"\n{part.capitalize()} speakers\n\n{_printed(ablation_table(outcomes, part))}")
    return cli.FINE


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="ablation.py", description=__doc__)
    known = ", ".join(built_in_recipes())
    parser.add_argument("recipe", metavar="RECIPE", help=f"a network's: a TOML file, or one of: {known}")
    parser.add_argument("--protocol", default="joint", choices=protocol_names(), help="default: joint")
    parser.add_argument("--fold", type=int, default=0, help="which of the protocol (default: 0)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (default: 3)")
    parser.add_argument("--epochs", type=int, help="of each training (default: the recipe's)")
    known_changes = [name for name in CHANGES if name != WHOLE]
    parser.add_argument("--change", action="append", choices=known_changes, help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trainings at once (default: one a core)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler; its workers must see the same folders")
    parser.add_argument("--into", metavar="FOLDER", help="where the trainings are kept (default: SER_RUNS/ablation)")
    parser.add_argument("--json", action="store_true", help="print every score as JSON")
    return parser


def _printed(found: pd.DataFrame) -> str:
    corpora = list(dict.fromkeys(found["corpus"]))
    cells = {(entry.change, entry.corpus): entry for entry in found.itertuples()}
    rows = []
    for change in dict.fromkeys(found["change"]):
        entries = [cells[change, corpus] for corpus in corpora]
        if change == WHOLE:
            rows.append([WHOLE, *(f"{100 * entry.uar:.1f}" for entry in entries)])
        else:
            rows.append([change, *(_points(entry.difference, entry.least, entry.most) for entry in entries)])
    return table(["changed", *corpora], rows)


def _points(mean: float, least: float, most: float) -> str:
    return f"{100 * mean:+.1f} ({100 * least:+.1f} to {100 * most:+.1f})"


if __name__ == "__main__":
    cli.run(main)
