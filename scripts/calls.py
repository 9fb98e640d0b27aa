"""Score an archive of calls: which callers are dissatisfied, when, whether it gets better, and how agents compare.

    python scripts/calls.py archive/ --manifest calls.csv --out report/
    python scripts/calls.py monday.zip --agent "{agent}_{call}" --caller right --threshold 0.7 --json
    python scripts/calls.py archive/ --cluster tcp://10.0.0.5:8786

The folder given by --out gets report.html, calls.csv, calls.xlsx, calls.json and journal.jsonl, from which the same
command goes on where it was stopped. Other thresholds, agents and channels need no second listening.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cli

from ser_core.calls import (
    BatchModel,
    Call,
    Journal,
    Limits,
    calls_table,
    compare_agents,
    list_sources,
    score_batch,
)
from ser_core.calls.call import CHANNELS
from ser_core.calls.exports import batch_dict, calls_csv, calls_json, calls_xlsx
from ser_core.calls.report import html_report
from ser_core.calls.words import DERIVED, MIXED, batch_words, calm_words, clock, share_words, trend_words
from ser_core.errors import SettingsError
from ser_core.files import write_bytes, write_text
from ser_core.settings import settings

_PRINTED = 20


def main() -> int:
    """Run the command."""
    options = _options()
    out: Path = options.out or settings().runs / "calls"
    model = BatchModel.load(options.model)
    sources = list_sources(options.places, manifest=options.manifest, pattern=options.agent)
    calls = score_batch(
        sources,
        model,
        Journal(out / "journal.jsonl"),
        caller=CHANNELS[options.caller],
        jobs=options.jobs,
        cluster=options.cluster,
        progress=cli.progress("calls"),
    )
    limits = Limits(options.threshold, options.calm)
    _write(out, calls, limits, options.model)
    if options.json:
        cli.print_json(batch_dict(calls, limits, options.model))
    else:
        _print_words(calls, limits, out)
    return cli.FAILED if any(call.error for call in calls) else cli.FINE


def _options() -> argparse.Namespace:
    parser = cli.Parser(prog="calls.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "places", nargs="+", type=Path, metavar="FOLDER|ZIP|FILE", help="sound files, or what holds them"
    )
    parser.add_argument("--manifest", type=Path, help="CSV with the columns file, agent, caller (left, right), call_id")
    parser.add_argument("--model", default="lite", help="name or folder of a bundle (default: lite)")
    parser.add_argument("--threshold", type=_share, default=0.6, metavar="X", help="0 to 1 (default: 0.6)")
    parser.add_argument("--calm", type=float, default=10.0, metavar="S", help="seconds of calm speech (default: 10)")
    parser.add_argument("--caller", choices=list(CHANNELS), default="left", help="the caller's channel (default: left)")
    parser.add_argument("--agent", metavar="PATTERN", help='of file names, such as "{agent}_{call}" or "{agent}/*"')
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: the folder calls beside the trainings")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one a core)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, such as tcp://10.0.0.5:8786")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.jobs is not None and options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if not options.calm > 0:
        parser.error("--calm must be above 0")
    return options


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("the threshold lies between 0 and 1")
    return value


def _write(out: Path, calls: list[Call], limits: Limits, model: str) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "report.html", html_report(calls, limits, model))
        write_text(out / "calls.csv", calls_csv(calls, limits))
        write_text(out / "calls.json", calls_json(calls, limits, model))
        write_bytes(out / "calls.xlsx", calls_xlsx(calls, limits, model))
    except OSError as error:
        raise SettingsError(f"{out} cannot be written ({error.strerror or error}): choose another --out.") from error


def _print_words(calls: list[Call], limits: Limits, out: Path) -> None:
    print(batch_words(calls))
    if any(call.side == "mixed" for call in calls):
        print(MIXED)
    table = calls_table(calls, limits)
    read = table[table["error"].isna()]
    print(f"\n{'dissatisfied':>12} {'length':>8} {'trend':>15}  {'time to calm':22} call")
    for row in read.head(_PRINTED).to_dict("records"):
        calm = calm_words(None if row["calm"] is None else _known(row["calm"]), row["time_to_calm_s"])
        share, trend = share_words(row["dissatisfied_share"]), trend_words(row["trend"])
        print(f"{share:>12} {clock(row['duration_s']):>8} {trend:>15}  {calm:22} {row['call']}")
    if len(read) > _PRINTED:
        print(f"… and {len(read) - _PRINTED:,} more in {out / 'calls.csv'}")
    _print_agents(table)
    print(*read_errors(calls), sep="\n", end="\n" if any(call.error for call in calls) else "", file=sys.stderr)
    print(f"\n{DERIVED}\nReport: {out / 'report.html'}")


def _known(value: object) -> bool | None:
    return value if isinstance(value, bool) else None  # pandas' missing value is neither


def read_errors(calls: list[Call]) -> list[str]:
    """Return why calls could not be read, each with its file where the sentence does not name it."""
    return [call.error if call.name in call.error else f"{call.name}: {call.error}" for call in calls if call.error]


def _print_agents(table: object) -> None:
    agents = compare_agents(table)  # type: ignore[arg-type]
    if agents.empty:
        return
    print(f"\n{'dissatisfied':>12} {'95 % interval':>16} {'calls':>6}  agent")
    for row in agents.to_dict("records"):
        low, high = share_words(row["dissatisfied_share_low"]), share_words(row["dissatisfied_share_high"])
        interval = "–" if low == "–" else f"{low} to {high}"
        mark = "  (stands out)" if row["stands_out"] else ""
        print(f"{share_words(row['dissatisfied_share']):>12} {interval:>16} {row['calls']:>6,}  {row['agent']}{mark}")


if __name__ == "__main__":
    cli.run(main)
