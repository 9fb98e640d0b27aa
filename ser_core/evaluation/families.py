"""The measured figures of all finished runs as Markdown tables: `docs/families.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ser_core.errors import TrainingError
from ser_core.evaluation.report import evaluate_run
from ser_core.evaluation.tables import PROTOCOL_NAMES, percent_ci, table
from ser_core.protocols import is_leaky, kind_of, published_names
from ser_core.training.runs import RunFolder
from ser_core.training.state import read_state


@dataclass(frozen=True)
class FamilyRun:
    """A finished run: its name, the content of its recipe.json, its evaluation objects by protocol."""

    name: str
    content: Mapping[str, Any]
    reports: Mapping[str, Mapping[str, Any]]

    @property
    def family(self) -> str:
        """What kind of model it is."""
        recipe = self.content["recipe"]
        kind = str((recipe.get("classifier") or recipe.get("network") or {}).get("kind", recipe.get("kind", "")))
        return f"{kind} + {recipe['partner']['recipe']}" if recipe.get("partner") else kind

    @property
    def command(self) -> str:
        """What to type to repeat it."""
        recipe, protocol = str(self.content["recipe"]["name"]), str(self.content["protocol"])
        named = "" if self.name == f"{recipe}-{protocol}" else f" --run {self.name}"
        return f"python scripts/train.py {recipe} --protocol {protocol}{named}"


def family_run(run: RunFolder) -> FamilyRun | None:
    """Return what `docs/families.md` says of a run, None where it has no figures of honest protocols.

    Raises
    ------
    TrainingError
        If its training has not ended: figures of the folds that are there already would be taken for all.
    """
    state = read_state(run)
    if state is not None and state.status != "finished":
        raise TrainingError(f"its training has not ended ({state.status}).")
    reports = {name: report for name, report in evaluate_run(run).items() if not is_leaky(name)}
    return FamilyRun(run.name, run.read(), reports) if reports else None


def families_page(runs: Sequence[FamilyRun], before: str = "") -> str:
    """Return the whole of `docs/families.md`: a table for each honest protocol, the best run first.

    Rows of the page *before* whose runs are not among *runs*, because they lie on another machine, stay.
    """
    parts = [
        "# Model families",
        "Written by `python scripts/results.py` from the finished runs in `SER_RUNS`; do not edit by hand.",
        "Scores on speakers that were not heard in training, in percent: UAR and accuracy with 95 % bootstrap "
        "intervals over speakers. Two runs whose intervals overlap may still differ: "
        "`python scripts/evaluate.py --recipe A --protocol P --compare RUN` tests both on the same clips.",
        "A run's name says what it learnt from: `…-joint` from four corpora, `…-ravdess-emobox` from RAVDESS alone, a "
        "fifth of the speakers. Compare families between runs with the same ending.",
    ]
    lines = _rows_before(before, {run.name for run in runs})
    for run in runs:
        for protocol, report in run.reports.items():
            scores = [percent_ci(report, "uar"), percent_ci(report, "wa"), f"{100 * report['chance']:.1f}"]
            cells = [run.family, run.name, str(report["classes"]), *scores, f"`{run.command}`"]
            if not is_leaky(protocol):
                lines.setdefault(protocol, []).append(cells)
    order = [*published_names(), *sorted(set(lines) - set(published_names()))]
    for protocol in (name for name in order if name in lines):
        ranked = sorted(lines[protocol], key=lambda cells: (-float(cells[3].split()[0]), cells[1]))
        heading = ["family", "run", "classes", "UAR", "accuracy", "chance", "command"]
        title = f"## {PROTOCOL_NAMES.get(protocol, protocol)} (`{protocol}`)"
        parts += [title, f"{kind_of(protocol)}.", table(heading, ranked)]
    return "\n\n".join(parts) + "\n"


def _rows_before(page: str, replaced: set[str]) -> dict[str, list[list[str]]]:
    """Return the cells of a page's rows by protocol, without the runs that are there anew."""
    found: dict[str, list[list[str]]] = {}
    protocol = ""
    for line in page.splitlines():
        if line.startswith("## "):
            protocol = line.rpartition("(`")[2].removesuffix("`)")
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[1] not in replaced | {"run", "---"}:
            found.setdefault(protocol, []).append(cells)
    return found
