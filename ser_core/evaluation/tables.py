"""The measured figures of bundles as Markdown tables, for README and `docs/results.md`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ser_core.bundle import ModelCard
from ser_core.protocols import answered_protocols

#: Protocol -> how README names it.
_NAMES = {
    "cremad-evar": "CREMA-D, 6 emotions",
    "ravdess-emobox": "RAVDESS, 8 emotions",
    "savee-loso": "SAVEE, 7 emotions",
    "tess-loso": "TESS, 7 emotions",
}
_PROTOCOLS = answered_protocols("joint")


def summary_table(cards: Sequence[ModelCard]) -> str:
    """Return one row a protocol and one column a model: UAR with its 95 % interval, and accuracy, in percent."""
    titles = [f"{card.title} (`{card.name}`)" for card in cards]
    lines = [_row(["speakers never heard", *titles, "guessing"]), _row(["---"] * (len(cards) + 2))]
    for protocol in sorted(_PROTOCOLS, key=list(_NAMES).index):
        reports = [card.evaluation[protocol] for card in cards]
        cells = [f"{_percent_ci(report, 'uar')}; {100 * report['wa']:.1f}" for report in reports]
        lines.append(_row([_NAMES[protocol], *cells, f"{100 * reports[0]['chance']:.1f}"]))
    return "\n".join(lines)


def results_page(cards: Sequence[ModelCard]) -> str:
    """Return the whole of `docs/results.md`."""
    parts = [
        "# Results",
        "Written by `python scripts/results.py` from the `model.json` of each shipped model; do not edit by hand.",
        "UAR (unweighted average recall, the mean of the classes' recalls) and accuracy in percent. Intervals are 95 % "
        "bootstrap intervals over speakers; with two or four test speakers they only say that few voices were tested.",
        summary_table(cards),
        "Each cell: UAR [95 % interval]; accuracy.",
    ]
    for card in cards:
        parts += [f"## {card.title} (`{card.name}`)", card.description, card.evaluation_note, _commands(card)]
        parts += [_protocol_section(card.evaluation[protocol]) for protocol in _PROTOCOLS]
    return "\n\n".join(parts) + "\n"


def _commands(card: ModelCard) -> str:
    recipe = card.recipe["name"]
    return (
        "To repeat (with the corpora at `SER_DATA`):\n\n```\n"
        f"python scripts/train.py {recipe} --protocol joint\n"
        f"python scripts/train.py {recipe} --protocol all --bundle models/{card.name} --held-out {recipe}-joint\n```"
    )


def _protocol_section(report: dict[str, Any]) -> str:
    sure = report["sure"]
    kept = f"{100 * sure['wa']:.1f} % right" if sure["wa"] is not None else "no answer"
    speakers = sum(len(fold["test_speakers"]) for fold in report["folds"])
    lines = [
        f"### {report['protocol']}",
        "",
        f"{sum(fold['n'] for fold in report['folds'])} clips of {speakers} speakers. "
        f"UAR {_percent_ci(report, 'uar')}, accuracy {_percent_ci(report, 'wa')}, "
        f"macro F1 {100 * report['macro_f1']:.1f}, calibration error {report['ece']:.3f}, "
        f"chance {100 * report['chance']:.1f}. With all eight answers allowed: "
        f"UAR {100 * report['open']['uar']:.1f}, accuracy {100 * report['open']['wa']:.1f}; "
        f"of these the model is sure of {100 * sure['coverage']:.0f} %, {kept}.",
        "",
        _row(["true \\ answer", *report["labels"], "precision", "recall", "F1"]),
        _row(["---"] * (len(report["labels"]) + 4)),
    ]
    for label, counts in zip(report["labels"], report["confusion"], strict=True):
        scores = report["per_class"][label]
        numbers = [f"{scores[name]:.2f}" for name in ("precision", "recall", "f1")]
        lines.append(_row([label, *map(str, counts), *numbers]))
    return "\n".join(lines)


def _percent_ci(report: dict[str, Any], name: str) -> str:
    low, high = report[f"{name}_ci95"]
    return f"{100 * report[name]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
