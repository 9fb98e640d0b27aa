"""Harm the program and look whether anything is lost: kill -9 at random moments, and what a machine may do to it.

    python scripts/faults.py                       # 50 kills, ten each of five kinds of work, then every named case
    python scripts/faults.py --times 200 --seed 7 --only kills
    python scripts/faults.py --short --json        # five kills and the quick cases

After every kill, what was finished must be there, nothing half-written may be loaded, and the same work, gone on with,
must end as an undisturbed run does. A case must end in one sentence and leave no damage. Linux only; cases that need
the rights of the superuser (a full disk, a read-only home) are left out without them, and say so.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

import cli
from harm import server
from harm.cases import CASES, run_case
from harm.kills import Series, kill_series
from harm.works import Batch, Bundle, Download, Manifest, Training, Work

KINDS = ("training", "download", "batch", "bundle", "manifest")
_FEW_CLIPS = 150


def main() -> int:
    """Run the command."""
    options = _options()
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    answer: dict[str, Any] = {"seed": seed}
    with tempfile.TemporaryDirectory(prefix="ser-faults-") as folder:
        place = Path(folder)
        sound = server.serve(_FEW_CLIPS if options.short else None)
        try:
            works = _works(place / "inputs", sound, short=options.short)
            if options.only != "cases":
                answer["kills"] = _kills(works, place, 5 if options.short else options.times, seed)
            if options.only != "kills":
                names = [name for name, case in CASES.items() if not options.short or case.quick]
                answer["cases"] = {name: run_case(name, works, place / "cases" / name) for name in names}
        finally:
            server.end(sound)
    if options.json:
        cli.print_json(answer)
    else:
        _print(answer)
    failed = any(series["problems"] for series in answer.get("kills", []))
    failed |= any(case["problem"] for case in answer.get("cases", {}).values())
    return cli.FAILED if failed else cli.FINE


def _options() -> argparse.Namespace:
    parser = cli.Parser(prog="faults.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, metavar="N", help="kills in all (default: 50)")
    parser.add_argument("--seed", type=int, metavar="N", help="draws the moments (default: another each time)")
    parser.add_argument("--short", action="store_true", help="five kills and the quick cases")
    parser.add_argument("--only", choices=("kills", "cases"), help="only these (default: both)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.times < len(KINDS):
        parser.error(f"--times must be at least {len(KINDS)}")
    if not sys.platform.startswith("linux"):
        parser.error("this command needs Linux")
    return options


def _works(inputs: Path, sound: server.Sound, *, short: bool) -> list[Work]:
    return [
        Training(inputs / "training", short=short),
        Download(inputs / "download", sound, short=short),
        Batch(inputs / "batch", short=short),
        Bundle(inputs / "bundle", short=short),
        Manifest(inputs / "manifest", short=short),
    ]


def _kills(works: list[Work], place: Path, times: int, seed: int) -> list[dict[str, Any]]:
    """Return the series of each kind of work, the kills shared out evenly."""
    found = []
    for number, work in enumerate(works):
        share = times // len(works) + (number < times % len(works))
        bar = cli.progress(work.name)
        note = (lambda done, bar=bar, share=share: bar(done, share)) if bar else None
        series: Series = kill_series(work, place / "kills" / work.name, share, random.Random(f"{seed} {number}"), note)
        found.append(series.to_dict())
    return found


def _print(answer: dict[str, Any]) -> None:
    print(f"Seed {answer['seed']}")
    if "kills" in answer:
        print(f"\n{'work':10} {'kills':>5} {'by clock':>8} {'at files':>8} {'ended':>5} {'undisturbed':>11}  outcome")
        for row in answer["kills"]:
            outcome = "; ".join(row["problems"]) or "nothing lost, nothing half-written, same end"
            print(
                f"{row['work']:10} {row['kills']:>5} {row['by_clock']:>8} {row['at_files']:>8} {row['finished']:>5} "
                f"{row['undisturbed_s']:>9.2f} s  {outcome}"
            )
    if "cases" in answer:
        print(f"\n{'case':34} outcome")
        for name, case in answer["cases"].items():
            print(f"{name:34} {case['problem'] or case['outcome']}")


if __name__ == "__main__":
    cli.run(main)
