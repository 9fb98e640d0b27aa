"""Measure how well a timeline recovers an hour joined of clips with known labels: `python scripts/timeline_check.py`.

With `--run lite-joint` each finished fold's own model judges clips of that fold's test speakers, whom it never heard;
without, a bundle judges test speakers whom it knows from training, which says how the parts fit but not how good it
is. `--tune` compares strengths of smoothing on a run's validation speakers; test speakers take no part in that.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

import cli
import numpy as np
import pandas as pd
import unheard

from ser_core.audio import load_audio
from ser_core.audio.stream import open_recording
from ser_core.recogniser import Recogniser
from ser_core.recordings.joined import Truth, join_clips, timeline_scores
from ser_core.recordings.smoothing import MEMORY_S, WEIGHT, smooth
from ser_core.recordings.timeline import Judged, judge, segments_of

_HEARD = "This model has heard all speakers in training, so these figures are too good: give --run for honest ones."
_UNHEARD = "Each recording was joined of speakers whom the model that judged it never heard, nor was tuned by."
_MEMORIES_S, _WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0), (0.25, 0.5, 0.75, 1.0)


def main() -> int:
    """Run the command."""
    options = _options()
    rows = []
    for asked in unheard.models(options):
        name, recogniser = asked.name, asked.recogniser
        clips = asked.table.iloc[asked.split.validation if options.tune else asked.split.test]
        with tempfile.TemporaryDirectory(prefix="ser-timeline-") as place:
            path = Path(place) / "joined.flac"
            print(f"{name}: joining {options.minutes:g} minutes", file=sys.stderr, flush=True)
            truth = join_clips(clips, path, 60 * options.minutes, options.seed)
            judged = judge(recogniser, open_recording(path), progress=cli.progress(name))
        rows.append((name, recogniser, truth, judged))
    answer = _tuned(rows) if options.tune else _scored(rows)
    answer |= {"note": _UNHEARD if options.run else _HEARD, "minutes": options.minutes, "seed": options.seed}
    if options.json:
        cli.print_json(answer)
    else:
        _print_words(answer)
    return cli.FINE


def _options() -> argparse.Namespace:
    parser = cli.Parser(prog="timeline_check.py", description=__doc__)
    unheard.add_options(parser)
    parser.add_argument("--minutes", type=float, default=60.0, help="of joined clips for each model (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="another draw of clips and pauses")
    parser.add_argument("--tune", action="store_true", help="compare strengths of smoothing on validation speakers")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.tune and not options.run:
        parser.error("--tune needs a --run, whose validation speakers are unheard")
    if not 0.2 <= options.minutes <= 600:
        parser.error("--minutes must lie between 0.2 and 600")
    return options


def _scored(rows: list[tuple[str, Recogniser, list[Truth], Judged]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"models": {}}
    for name, recogniser, truth, judged in rows:
        labels = recogniser.card.labels
        smoothed = timeline_scores(segments_of(judged.spans, smooth(judged.probabilities, judged.spans), labels), truth)
        alone = timeline_scores(segments_of(judged.spans, judged.probabilities, labels), truth)
        answer["models"][name] = smoothed | {
            "clips": len(truth),
            "speakers": len({(one.corpus, one.speaker) for one in truth}),
            "right_without_smoothing": alone["right"],
            "right_clip_by_clip": _clip_by_clip(recogniser, truth),
            "right_always_the_same": _always_the_same(truth),
        }
    answer["mean"] = {
        part: float(np.mean([figures[part] for figures in answer["models"].values()]))
        for part in ("right", "right_without_smoothing", "right_clip_by_clip", "right_always_the_same", "found")
    }
    answer["mean"] |= {
        part: float(np.mean([figures["boundaries"][part] for figures in answer["models"].values()]))
        for part in ("precision", "recall")
    }
    return answer


def _clip_by_clip(recogniser: Recogniser, truth: list[Truth]) -> float:
    """Return the share of speech time that is right when the same clips are judged one by one, their limits known."""
    right = [recogniser.predict(load_audio(one.path)).emotion == one.emotion for one in truth]
    return float(np.average(right, weights=[one.end_s - one.start_s for one in truth]))


def _always_the_same(truth: list[Truth]) -> float:
    """Return the share that naming the most frequent emotion throughout would get right."""
    times = pd.Series([one.end_s - one.start_s for one in truth]).groupby([one.emotion for one in truth]).sum()
    return float(times.max() / times.sum())


def _tuned(rows: list[tuple[str, Recogniser, list[Truth], Judged]]) -> dict[str, Any]:
    """Return what each strength of smoothing gives, the best first by the surprise at the truth."""
    table = []
    for memory_s, weight in [(0.0, 1.0), *itertools.product(_MEMORIES_S, _WEIGHTS)]:
        found = []
        for _, recogniser, truth, judged in rows:
            values = smooth(judged.probabilities, judged.spans, memory_s, weight) if memory_s else judged.probabilities
            scores = timeline_scores(segments_of(judged.spans, values, recogniser.card.labels), truth)
            surprise = _surprise(values, judged, truth, recogniser.card.labels)
            found.append([surprise, scores["right"], scores["boundaries"]["precision"], scores["boundaries"]["recall"]])
        means = dict(zip(("log_loss", "right", "precision", "recall"), np.mean(found, axis=0).tolist(), strict=True))
        table.append({"memory_s": memory_s, "weight": weight} | means)
    return {
        "used": {"memory_s": MEMORY_S, "weight": WEIGHT},
        "strengths": sorted(table, key=lambda row: row["log_loss"]),
    }


def _surprise(values: np.ndarray, judged: Judged, truth: list[Truth], labels: tuple[str, ...]) -> float:
    """Return the mean negative logarithm of the probability of what was meant in the middle of each step."""
    starts = np.array([one.start_s for one in truth])
    found = []
    for (start, end), row in zip(judged.spans, values, strict=True):
        middle = (start + end) / 2
        one = truth[max(0, int(np.searchsorted(starts, middle, side="right")) - 1)]
        if one.start_s <= middle < one.end_s:
            found.append(-np.log(max(1e-9, row[labels.index(one.emotion)])))
    return float(np.mean(found))


def _print_words(answer: dict[str, Any]) -> None:
    print(answer["note"])
    for row in answer.get("strengths", []):
        print("  ".join(f"{name} {value:.3g}" for name, value in row.items()))
    for name, figures in answer.get("models", {}).items():
        ends = figures["boundaries"]
        print(
            f"{name}: {figures['clips']} clips of {figures['speakers']} speakers, {figures['speech_s']:.0f} s of speech"
        )
        print(f"  boundaries: {ends['real']} real, {ends['claimed']} claimed within 0.5 s: "
              f"precision {ends['precision']:.1%}, recall {ends['recall']:.1%}")  # fmt: skip
    if "mean" in answer:
        print("mean: " + ", ".join(f"{name.replace('_', ' ')} {value:.1%}" for name, value in answer["mean"].items()))


if __name__ == "__main__":
    cli.run(main)
