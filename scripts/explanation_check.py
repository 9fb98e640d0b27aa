"""Measure whether explanations are true to a model: `python scripts/explanation_check.py --run base-joint --clips 100`.

With `--run` each finished fold's own model explains its answers to clips of that fold's test speakers, whom it never
heard; with `--model` a bundle does, which knows them from training. Deleting the fifth of a clip that the explanation
names must lower the probability of the answer more than deleting a random fifth of it.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cli
import pandas as pd

from ser_core.audio import load_audio
from ser_core.corpora import read_corpora
from ser_core.errors import AudioError, TrainingError
from ser_core.evaluation.robustness import finished_folds
from ser_core.explanation.faithfulness import ClipCheck, check_clip, faithfulness_report
from ser_core.exploration.sampling import sample_evenly
from ser_core.protocols import JOINT, make_split
from ser_core.recogniser import Recogniser
from ser_core.training.fold_models import fold_bundle
from ser_core.training.recipe import recipe_from_run
from ser_core.training.runs import RunFolder

_KINDS = {"time": "time", "time_in_speech": "time, random parts in speech only", "cells": "bands of steps"}


def main() -> int:
    """Run the command."""
    options = _options()
    checks: list[ClipCheck] = []
    left_out, speakers = 0, set()
    for name, recogniser, clips in _models(options):
        print(f"{name}: {len(clips)} clips", file=sys.stderr, flush=True)
        progress = cli.progress(name)
        for number, row in enumerate(clips.itertuples(), 1):
            try:
                checks.append(check_clip(recogniser, load_audio(str(row.path)), draws=options.draws, seed=options.seed))
                speakers.add((row.corpus, row.speaker))
            except AudioError:  # a clip to which the model names no emotion has nothing to be explained
                left_out += 1
            if progress:
                progress(number, len(clips))
    if not checks:
        raise TrainingError("The model named no emotion for any of these clips: take more with --clips.")
    report: dict[str, Any] = {
        "model": options.run or options.model, "held_out": bool(options.run), "seed": options.seed,
        "draws": options.draws, "speakers": len(speakers), "without_answer": left_out,
    }  # fmt: skip
    report |= faithfulness_report(checks)
    if options.json:
        cli.print_json(report)
    else:
        _print_words(report)
    return cli.FINE


def _options() -> argparse.Namespace:
    parser = cli.Parser(prog="explanation_check.py", description=__doc__)
    parser.add_argument("--run", help="name or folder of a training with finished folds")
    parser.add_argument("--folds", help="numbers with commas between (default: all that are finished)")
    parser.add_argument("--model", default="lite", help="without --run: name or folder of a bundle (default: lite)")
    parser.add_argument("--clips", type=int, default=100, help="test clips in all (default: 100)")
    parser.add_argument("--draws", type=int, default=10, help="random deletions of each kind (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="another draw of clips and deletions")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.clips < 1 or options.draws < 1:
        parser.error("--clips and --draws must be at least 1")
    return options


def _models(options: argparse.Namespace) -> Iterator[tuple[str, Recogniser, pd.DataFrame]]:
    """Give each model with the clips that it is to explain, evenly over corpora and emotions."""
    if not options.run:
        table = read_corpora()
        yield options.model, Recogniser.load(options.model), _drawn(table, make_split(table, JOINT, 0).test, options)
        return
    found = Path(options.run)
    run = RunFolder(found) if (found / "recipe.json").is_file() else RunFolder.at(options.run)
    table = read_corpora(recipe_from_run(run.read()).corpora)
    finished = finished_folds(run, table)
    folds = [int(part) for part in options.folds.split(",")] if options.folds else finished
    if set(folds) - set(finished):
        raise TrainingError(f"--folds takes finished folds with commas between: {', '.join(map(str, finished))}.")
    for place, fold in enumerate(folds):
        split = make_split(table, run.read()["protocol"], fold)
        clips = _drawn(table, split.test, options, len(folds), place)
        with contextlib.ExitStack() as stack:
            yield f"fold {fold}", Recogniser.load(stack.enter_context(fold_bundle(run, fold, table))), clips


def _drawn(table: pd.DataFrame, rows: Any, options: argparse.Namespace, parts: int = 1, place: int = 0) -> pd.DataFrame:
    """Return this model's part of the clips that were asked for."""
    test = table.iloc[rows].reset_index(drop=True)
    count = options.clips // parts + (place < options.clips % parts)
    return test.iloc[sample_evenly(test, count, seed=options.seed)]


def _print_words(report: dict[str, Any]) -> None:
    heard = "whom it never heard" if report["held_out"] else "known to it from training"
    print(f"{report['model']}: {report['clips']} clips of {report['speakers']} test speakers, {heard}")
    print(f"  mean probability of the answer {report['probability']:.1%}")
    for kind, words in _KINDS.items():
        part = report[kind]
        low, high = part["faithful_ci95"]
        print(f"  {words}: faithful in {part['faithful']:.1%} [{low:.1%}, {high:.1%}] of the clips; the named fifth "
              f"costs {100 * part['fall_named']:.1f} points, a random one {100 * part['fall_random']:.1f}")  # fmt: skip
    print(f"  processor time of an explanation, median: {report['processor_s']:.2f} s")
    print(report["note"])


if __name__ == "__main__":
    cli.run(main)
