"""Write what is made of the shipped models: cards, docs/results.md, README's table, graphs for speed; of runs, a page.

Each model gets its card, models/NAME/README.md, and, where it reads a spectrogram, model.onnx if it has none of its
present weights. The finished runs in SER_RUNS make docs/families.md, which is left alone where there is none. With
--check nothing is written, and the status is 1 when a file does not hold what the models' model.json say; runs are not
looked at. What is measured by commands that write no card is noted by hand in docs/measured.md, a part of
docs/results.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import cli

from ser_core.bundle import SHIPPED, checked_onnx, load_card
from ser_core.cards import card_page, results_page
from ser_core.errors import BundleError, SERError
from ser_core.evaluation.families import FamilyRun, families_page, family_run
from ser_core.evaluation.tables import summary_table
from ser_core.exports import add_onnx
from ser_core.features.logmel import LogMelConfig
from ser_core.onnx_scorer import ONNX_NAME
from ser_core.settings import PROJECT, settings
from ser_core.training.runs import RunFolder

_NOTE = "<!-- Written by `python scripts/results.py` from model.json; do not edit by hand. -->\n\n"
_FIGURES = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def main() -> int:
    """Run the command."""
    parser = cli.Parser(prog="results.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args()
    folders = sorted(SHIPPED.iterdir(), key=lambda folder: (folder.name != "lite", folder.name))
    folders = [folder for folder in folders if (folder / "model.json").is_file()]
    if not folders:
        raise BundleError(f"No model lies in {SHIPPED}: train one first.")
    slow = [folder for folder in folders if _lacks_graph(folder)]
    if not options.check:
        for folder in slow:
            add_onnx(folder)
    wanted = _pages(folders)
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    stale = [str(path.relative_to(PROJECT)) for path in (*stale, *(folder / ONNX_NAME for folder in slow))]
    if options.check:
        print(f"Not up to date: {', '.join(stale)}." if stale else "Up to date.")
        return cli.FAILED if stale else cli.FINE
    runs = _runs()
    if runs:
        families = PROJECT / "docs/families.md"
        wanted[families] = families_page(runs, families.read_text("utf-8") if families.exists() else "")
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return cli.FINE


def _pages(folders: list[Path]) -> dict[Path, str]:
    """Return what the files should hold that are made of the cards alone."""
    cards = [load_card(folder) for folder in folders]
    readme = PROJECT / "README.md"
    return {
        PROJECT / "docs/results.md": results_page(cards, (PROJECT / "docs/measured.md").read_text("utf-8")),
        readme: _FIGURES.sub(lambda match: f"{match[1]}{summary_table(cards)}\n{match[2]}", readme.read_text("utf-8")),
        **{folder / "README.md": _NOTE + card_page(card) for folder, card in zip(folders, cards, strict=True)},
    }


def _lacks_graph(folder: Path) -> bool:
    card = load_card(folder)
    return isinstance(card.front_end, LogMelConfig) and checked_onnx(folder, card) is None


def _runs() -> list[FamilyRun]:
    """Return the finished runs of honest protocols."""
    folder = settings().runs
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        run = RunFolder(path)
        if not run.recipe_path.is_file():
            continue
        try:
            if family := family_run(run):
                found.append(family)
        except SERError as error:
            print(f"{path.name} is left out: {error}", file=sys.stderr)
    return found


if __name__ == "__main__":
    cli.run(main)
