"""Measure whether explanations are true to a model: `python scripts/explanation_check.py --run base-joint --clips 100`.

With `--run` each finished fold's own model explains its answers to clips of that fold's test speakers, whom it never
heard; with `--model` a bundle does, which knows them from training. Deleting the fifth of a clip that the explanation
names must lower the probability of the answer more than deleting a random fifth of it.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import cli
import pandas as pd
import unheard

from ser_core.audio import load_audio
from ser_core.errors import AudioError, TrainingError
from ser_core.explanation.faithfulness import ClipCheck, check_clip, faithfulness_report
from ser_core.exploration.sampling import sample_evenly

_KINDS = {"time": "time", "time_in_speech": "time, random parts in speech only", "cells": "bands of steps"}


def main() -> int:
    """Run the command."""
    options = _options()
    checks: list[ClipCheck] = []
    left_out, speakers = 0, set()
    for place, asked in enumerate(unheard.models(options)):
        clips, recogniser = _drawn(asked, place, options), asked.recogniser
        print(f"{asked.name}: {len(clips)} clips", file=sys.stderr, flush=True)
        progress = cli.progress(asked.name)
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
    unheard.add_options(parser)
    parser.add_argument("--clips", type=int, default=100, help="test clips in all (default: 100)")
    parser.add_argument("--draws", type=int, default=10, help="random deletions of each kind (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="another draw of clips and deletions")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.clips < 1 or options.draws < 1:
        parser.error("--clips and --draws must be at least 1")
    return options


def _drawn(asked: unheard.Asked, place: int, options: argparse.Namespace) -> pd.DataFrame:
    """Return this model's part of the clips that were asked for, evenly over corpora and emotions."""
    test = asked.table.iloc[asked.split.test].reset_index(drop=True)
    count = options.clips // asked.parts + (place < options.clips % asked.parts)
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
