"""Measure what a training's models lose outside the corpora: `python scripts/robustness.py lite-joint`.

The models of the finished folds answer a part of their own test clips, clean and as telephone, codecs, noise, rooms
and other microphones leave them; or a part of their validation speakers' clips, by which recipes are chosen. Answers
are kept in the run folder, so that the same command goes on where it was stopped; what test clips say of all conditions
is its robustness.json, which a bundle made of the run takes over.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import cli
import pandas as pd

from ser_core.corpora import read_corpora
from ser_core.errors import TrainingError
from ser_core.evaluation.conditions import CLEAN, CONDITIONS
from ser_core.evaluation.robustness import FILE_NAME, finished_folds, robustness_report, sample_clips
from ser_core.files import write_text
from ser_core.training.fold_models import answer_clips, fold_bundle
from ser_core.training.recipe import recipe_from_run
from ser_core.training.runs import RunFolder


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    run = RunFolder(Path(options.run)) if (Path(options.run) / "recipe.json").is_file() else RunFolder.at(options.run)
    names = _conditions(options.conditions)
    table = read_corpora(recipe_from_run(run.read()).corpora)
    folds = finished_folds(run, table)
    clips = sample_clips(run, folds, options.share, options.seed, options.part)
    report = {"part": options.part, "share": options.share, "seed": options.seed, "folds": folds}
    report |= robustness_report(run, clips, _answers(run, clips, table, names, options.jobs))
    if names == list(CONDITIONS) and options.part == "test":  # all else is for a look only
        write_text(run.path / FILE_NAME, json.dumps(report, indent=1))
    if options.json:
        cli.print_json(report)
    else:
        _print_words(report)
    return cli.FINE


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="robustness.py", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="name or folder of a training with finished folds")
    parser.add_argument("--share", type=float, default=0.33, help="of the clips, 0 to 1 (default: 0.33)")
    parser.add_argument("--seed", type=int, default=0, help="another draw of the clips")
    parser.add_argument(
        "--part", default="test", choices=["test", "validation"], help="whose clips; recipes are chosen by validation"
    )
    parser.add_argument("--conditions", help=f"some of them, with commas between: {', '.join(CONDITIONS)}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _conditions(text: str | None) -> list[str]:
    """Return the conditions that were asked for, in the order of the table, the clean one always among them."""
    asked = [name.strip() for name in text.split(",")] if text else list(CONDITIONS)
    unknown = [name for name in asked if name not in CONDITIONS]
    if unknown:
        raise TrainingError(f"There is no condition '{unknown[0]}': choose some of {', '.join(CONDITIONS)}.")
    return [name for name in CONDITIONS if name in asked or name == CLEAN]


def _answers(
    run: RunFolder, clips: pd.DataFrame, table: pd.DataFrame, names: list[str], jobs: int
) -> dict[str, pd.DataFrame]:
    """Return the answers to all clips by condition, asking for those that are not kept yet."""
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    for fold, part in clips.groupby("fold"):
        paths = part[["corpus", "clip"]].drop_duplicates().merge(table[["corpus", "clip", "path"]])
        with fold_bundle(run, int(fold), table) as bundle:
            for number, name in enumerate(names, 1):
                words = f"fold {fold}, {len(paths)} clips, {number}/{len(names)} {name}"
                print(words, file=sys.stderr, flush=True)
                answers = answer_clips(
                    bundle, paths, CONDITIONS[name], kept=run.fold(int(fold)), jobs=jobs, progress=cli.progress(name)
                )
                found[name].append(answers.assign(fold=fold))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def _print_words(report: dict[str, Any]) -> None:
    for protocol, entry in report["protocols"].items():
        clean = entry["conditions"][CLEAN]
        print(f"{protocol}: {entry['clips']} clips of {entry['speakers']} speakers, UAR {100 * clean['uar']:.1f}")
        print(f"  {100 * entry['agreement']:.1f} % of the clean answers are those noted in training")
        for name, figures in entry["conditions"].items():
            if name != CLEAN:
                print(f"  {report['titles'][name]:42s} {_loss(figures)}   {_refused(figures)}")
    print("mean over protocols")
    for name, figures in report["mean"].items():
        limit = report["limits"].get(name)
        verdict = "" if limit is None else f"   {'within' if figures['within'] else 'BEYOND'} {100 * limit:g}"
        print(f"  {report['titles'][name]:42s} {_loss(figures)}{verdict}")


def _loss(figures: dict[str, Any]) -> str:
    low, high = figures["loss_ci95"]
    return f"loses {100 * figures['loss']:5.1f} [{100 * low:.1f}, {100 * high:.1f}] points"


def _refused(figures: dict[str, Any]) -> str:
    return f"{100 * figures['refused']:.1f} % refused" if figures["refused"] else ""


if __name__ == "__main__":
    cli.run(main)
