"""Show how scores get inflated, and find out whether a split of yours does it.

    python scripts/leakage.py lab --corpus ravdess
    python scripts/leakage.py audit train.txt test.txt

The laboratory trains one quick model honestly and with each of the usual mistakes. The audit takes lists of files (one
path a line, or CSV with a column path; or a single CSV with a column split), and its status is 1 if a leak is found.
"""

from __future__ import annotations

from typing import Any

import cli

from ser_core.errors import ProtocolError
from ser_core.leakage.audit import AuditReport, audit, read_list, split_list
from ser_core.leakage.lab import LabReport, run_lab


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    if options.command == "lab":
        if options.seeds < 1:
            raise ProtocolError("--seeds must be at least 1.")
        report = run_lab(options.corpus, seeds=options.seeds, progress=cli.progress("laboratory"))
        cli.print_json(report.model_dump(mode="json")) if options.json else _print_lab(report)
        return cli.FINE
    train = read_list(options.train)
    train, test = (train, read_list(options.test)) if options.test else split_list(train)
    found = audit(train, test, listen=not options.names_only, jobs=options.jobs, progress=cli.progress("listening"))
    cli.print_json(found.model_dump(mode="json")) if options.json else _print_audit(found)
    return cli.FAILED if found.leaks else cli.FINE


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="leakage.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    lab = commands.add_parser("lab", help="one model, trained honestly and with each mistake")
    lab.add_argument("--corpus", default="ravdess", help="default: ravdess")
    lab.add_argument("--seeds", type=int, default=3, help="how often each is repeated with other splits (default: 3)")
    check = commands.add_parser("audit", help="look for leaks between two lists of files")
    check.add_argument("train", metavar="TRAIN", help="list of training files, or one CSV with a column split")
    check.add_argument("test", nargs="?", metavar="TEST", help="list of test files")
    check.add_argument("--names-only", action="store_true", help="do not listen to the files")
    check.add_argument("--jobs", type=int, help="processes (default: one a core)")
    for command in (lab, check):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _print_lab(report: LabReport) -> None:
    print(f"{report.corpus}: {report.clips} clips of {report.speakers} speakers, ", end="")
    print(f"{report.classes} classes, chance {100 * report.chance:.1f}")
    for entry in report.experiments:
        low, high = (100 * side for side in entry.uar_ci95)
        print(f"  {'honest' if entry.honest else 'LEAKY '}  {entry.title:36s} ", end="")
        print(f"UAR {100 * entry.uar:5.1f} [{low:.1f}, {high:.1f}]{_gain(entry)}")
    for entry in report.experiments:
        print(f"\n{entry.title}. {entry.explanation}")


def _gain(entry: Any) -> str:
    if not entry.reference:
        return ""
    low, high = (100 * side for side in entry.gain_ci95)
    return f"   {100 * entry.gain:+.1f} [{low:+.1f}, {high:+.1f}] against '{entry.reference}'"


def _print_audit(report: AuditReport) -> None:
    print(f"{report.train} training and {report.test} test files. {report.words}")
    for leak in report.leaks:
        print(f"\n{leak.title}: {leak.clips} test files ({100 * leak.share:.0f} %). {leak.explanation}")
        for pair in leak.examples[:5]:
            print(f"  {pair.test}  <-  {pair.train}  ({pair.what})")
    if report.unnamed:
        print(f"\n{report.unnamed} files tell no speaker: give a column 'speaker' to have it checked.")
    if report.unreadable:
        print(f"\n{len(report.unreadable)} files cannot be read, such as {report.unreadable[0]}.")


if __name__ == "__main__":
    cli.run(main)
