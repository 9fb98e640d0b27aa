"""The measured figures of bundles as Markdown tables, for README and models' cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ser_core.bundle import ModelCard
from ser_core.protocols import answered_protocols

#: Protocol -> how README names it.
PROTOCOL_NAMES = {
    "cremad-evar": "CREMA-D, 6 emotions",
    "ravdess-emobox": "RAVDESS, 8 emotions",
    "savee-loso": "SAVEE, 7 emotions",
    "tess-loso": "TESS, 7 emotions",
}
_PROTOCOLS = answered_protocols("joint")


def summary_table(cards: Sequence[ModelCard]) -> str:
    """Return one row a protocol and one column a model: UAR with its 95 % interval, and accuracy, in percent."""
    titles = [f"{card.title} (`{card.name}`)" for card in cards]
    lines = [row(["speakers never heard", *titles, "guessing"]), row(["---"] * (len(cards) + 2))]
    for protocol in sorted(_PROTOCOLS, key=list(PROTOCOL_NAMES).index):
        reports = [card.evaluation[protocol] for card in cards]
        cells = [f"{percent_ci(report, 'uar')}; {100 * report['wa']:.1f}" for report in reports]
        lines.append(row([PROTOCOL_NAMES[protocol], *cells, f"{100 * reports[0]['chance']:.1f}"]))
    return "\n".join(lines)


def percent_ci(report: Mapping[str, Any], name: str) -> str:
    """Return a score with its 95 % interval in percent."""
    low, high = report[f"{name}_ci95"]
    return f"{100 * report[name]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def row(cells: Sequence[object]) -> str:
    """Return a line of a Markdown table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def table(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    return "\n".join([row(heading), row(["---"] * len(heading)), *map(row, rows)])
