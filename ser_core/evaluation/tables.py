"""The measured figures of bundles and runs as Markdown tables, for README, `docs/results.md`, `docs/families.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ser_core.bundle import ModelCard
from ser_core.protocols import answered_protocols, is_leaky, kind_of, published_names

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
        return str((recipe.get("classifier") or recipe.get("network") or {}).get("kind", recipe.get("kind", "")))

    @property
    def command(self) -> str:
        """What to type to repeat it."""
        recipe, protocol = str(self.content["recipe"]["name"]), str(self.content["protocol"])
        named = "" if self.name == f"{recipe}-{protocol}" else f" --run {self.name}"
        return f"python scripts/train.py {recipe} --protocol {protocol}{named}"


def families_page(runs: Sequence[FamilyRun]) -> str:
    """Return the whole of `docs/families.md`: a table for each honest protocol, the best run first."""
    parts = [
        "# Model families",
        "Written by `python scripts/results.py` from the finished runs in `SER_RUNS`; do not edit by hand.",
        "Scores on speakers that were not heard in training, in percent: UAR and accuracy with 95 % bootstrap "
        "intervals over speakers. Two runs whose intervals overlap may still differ: "
        "`python scripts/evaluate.py --recipe A --protocol P --compare RUN` tests both on the same clips.",
    ]
    found = {name for run in runs for name in run.reports if not is_leaky(name)}
    order = [*published_names(), *sorted(found - set(published_names()))]
    for protocol in (name for name in order if name in found):
        rows = [run for run in runs if protocol in run.reports]
        ranked = sorted(rows, key=lambda run, protocol=protocol: (-run.reports[protocol]["uar"], run.name))  # type: ignore[misc]
        lines = [_row(["family", "run", "classes", "UAR", "accuracy", "chance", "command"]), _row(["---"] * 7)]
        for run in ranked:
            report = run.reports[protocol]
            scores = [_percent_ci(report, "uar"), _percent_ci(report, "wa"), f"{100 * report['chance']:.1f}"]
            lines.append(_row([run.family, run.name, str(report["classes"]), *scores, f"`{run.command}`"]))
        parts += [f"## {_NAMES.get(protocol, protocol)} (`{protocol}`)", f"{kind_of(protocol)}.", "\n".join(lines)]
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


def _percent_ci(report: Mapping[str, Any], name: str) -> str:
    low, high = report[f"{name}_ci95"]
    return f"{100 * report[name]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
