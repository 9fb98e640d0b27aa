"""Write the measured figures of the shipped models into docs/results.md and README.md, and of all runs into docs.

The finished runs in SER_RUNS make docs/families.md, which is left alone where there is none. With --check nothing is
written, and the status is 1 when a file does not hold what the models' model.json say; runs are not looked at.
"""

from __future__ import annotations

import re
import sys

import cli

from ser_core.bundle import SHIPPED, load_card
from ser_core.errors import BundleError, SERError
from ser_core.evaluation.report import evaluate_run
from ser_core.evaluation.tables import FamilyRun, families_page, results_page, summary_table
from ser_core.protocols import is_leaky
from ser_core.settings import PROJECT, settings
from ser_core.training.runs import RunFolder

_FIGURES = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="results.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args()
    folders = sorted(SHIPPED.iterdir(), key=lambda folder: (folder.name != "lite", folder.name))
    cards = [load_card(folder) for folder in folders if (folder / "model.json").is_file()]
    if not cards:
        raise BundleError(f"No model lies in {SHIPPED}: train one first.")
    readme = PROJECT / "README.md"
    wanted = {
        PROJECT / "docs/results.md": results_page(cards),
        readme: _FIGURES.sub(lambda match: f"{match[1]}{summary_table(cards)}\n{match[2]}", readme.read_text("utf-8")),
    }
    stale = [path.name for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    if options.check:
        print(f"Not up to date: {', '.join(stale)}." if stale else "Up to date.")
        return cli.FAILED if stale else cli.FINE
    runs = _runs()
    if runs:
        wanted[PROJECT / "docs/families.md"] = families_page(runs)
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return cli.FINE


def _runs() -> list[FamilyRun]:
    """Return the finished runs of honest protocols."""
    folder = settings().runs
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        run = RunFolder(path)
        if not run.recipe_path.is_file():
            continue
        try:
            content, reports = run.read(), evaluate_run(run)
        except SERError as error:
            print(f"{path.name} is left out: {error}", file=sys.stderr)
            continue
        honest = {name: report for name, report in reports.items() if not is_leaky(name)}
        if honest:
            found.append(FamilyRun(path.name, content, honest))
    return found


if __name__ == "__main__":
    cli.run(main)
