"""A model's card: what `model.json` says, for a person who wonders whether to use the model (Mitchell et al. 2019).

card_page(load_card(find_bundle("lite")))           # the README.md beside model.json
results_page([load_card(folder) for folder in …])   # docs/results.md

Everything comes from `model.json`; what a bundle was not measured for is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ser_core.bundle import ModelCard, Partner
from ser_core.evaluation.tables import percent_ci, summary_table, table
from ser_core.features.functionals import FunctionalsConfig
from ser_core.features.logmel import LogMelConfig
from ser_core.networks.encoded import EncoderConfig
from ser_core.protocols import ALL, JOINT, answered_protocols, is_leaky, kind_of, published_names
from ser_core.training.recipe import built_in_recipes, load_recipe

_UNITS = (
    "UAR (unweighted average recall, the mean of the classes' recalls), accuracy and macro F1 in percent. Intervals "
    "are 95 % bootstrap intervals over speakers; with two or four test speakers they only say that few voices were "
    "tested."
)

#: A class with a lower recall is named among a model's limits.
_RARELY = 1 / 3


def card_page(card: ModelCard) -> str:
    """Return the card of a model as Markdown, its title a first-level heading."""
    parts = [
        f"# {card.title} (`{card.name}`)",
        card.description,
        *_use(card),
        *_data(card),
        *_evaluation(card),
        *_doubt(card.evaluation),
        *_people(card.evaluation),
        *_robustness(card.robustness),
        *_confusions(card.evaluation),
        *_commands(card),
    ]
    return "\n\n".join(parts) + "\n"


def results_page(cards: Sequence[ModelCard], measured: str = "") -> str:
    """Return the whole of `docs/results.md`: all models side by side, what else was *measured*, the card of each."""
    parts = [
        "# Results",
        "Written by `python scripts/results.py` from the `model.json` of each shipped model; do not edit by hand. "
        "`python scripts/results.py --check` tells whether they still agree. Speed on a machine: `python "
        "scripts/benchmark.py --only peer predict timeline start`.",
        _UNITS,
        summary_table(cards),
        "Each cell: UAR [95 % interval]; accuracy.",
        *([lowered(measured).strip()] if measured else []),
        *(lowered(card_page(card)).rstrip() for card in cards),
    ]
    return "\n\n".join(parts) + "\n"


def lowered(page: str, levels: int = 1) -> str:
    """Return Markdown with all its headings some levels lower."""
    return re.sub(r"^#", "#" * (levels + 1), page, flags=re.MULTILINE)


def _use(card: ModelCard) -> Iterator[str]:
    yield "## Use and limits"
    yield f"It names the emotion in a voice ({', '.join(card.labels)}), or says that it is not sure."
    yield f"```\npython scripts/predict.py voice.wav --model {card.name}\n```"
    yield "\n".join(f"- {limit}" for limit in (*card.limits, *_missed(card.evaluation)))
    facts = {
        "reads": _reads(card.front_end),
        "model": f"`{card.model.kind}`" + (f", {card.parameters:,} parameters" if card.parameters else ""),
        **_beside(card),
        "size": f"{(card.weights.bytes + (card.onnx.bytes if card.onnx else 0)) / 1e6:.1f} MB",
        "answers with": "ONNX Runtime" if card.onnx else "scikit-learn" if card.parameters is None else "torch",
        "licence": card.licence,
        "SHA-256 of the weights": f"`{card.weights.sha256}`",
    }
    yield table(["", ""], list(facts.items()))


def _missed(evaluation: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence about the classes that were recognised least, where there are such."""
    found = [
        (scores["recall"], f"{label} of `{name}` ({100 * scores['recall']:.0f} %)")
        for name, report in _ordered(evaluation)
        for label, scores in report["per_class"].items()
        if scores["recall"] < _RARELY and not is_leaky(name)
    ]
    if found:
        words = ", ".join(text for _, text in sorted(found))
        yield f"Recognised less often than one time in three, of speakers it had not heard: {words}."


def _beside(card: ModelCard) -> dict[str, str]:
    if card.partner is None:
        return {}
    partner, share = card.partner, 100 * card.partner.share
    words = f"its logits count {share:.0f} % in the answer, and its parameters are counted above"
    return {"beside it": f"`{partner.model.kind}` on {_reads(partner.front_end)}; {words}"}


def _reads(front_end: LogMelConfig | EncoderConfig | FunctionalsConfig) -> str:
    match front_end:
        case LogMelConfig():
            band = f"{front_end.f_min:.0f} to {front_end.f_max:.0f} Hz"
            return f"a log-mel spectrogram, {front_end.n_mels} bands from {band}"
        case EncoderConfig():
            layers = ", ".join(map(str, front_end.layers))
            return (
                f"layers {layers} of the pretrained encoder `{front_end.encoder}`, which is not part of the bundle and "
                f"has its own licence (fingerprint of its weights `{front_end.fingerprint}`)"
            )
        case _:
            return "functionals: statistics of acoustic features over the clip"


def _data(card: ModelCard) -> Iterator[str]:
    yield "## Data and licences"
    yield "The shipped weights have heard:"
    rows = [(one.title, one.clips, one.speakers, one.licence, one.source) for one in card.training_data]
    yield table(["corpus", "clips", "speakers", "licence", "source"], rows)
    yield f"Licence of the weights: {card.licence}."


def _evaluation(card: ModelCard) -> Iterator[str]:
    yield "## Evaluation"
    if card.evaluation_note:
        yield card.evaluation_note
    if not card.evaluation:
        yield "It was not measured on speakers whom it had not heard."
        return
    yield _UNITS
    rows = []
    for name, report in _ordered(card.evaluation):
        speakers = sum(len(fold["test_speakers"]) for fold in report["folds"])
        clips = sum(fold["n"] for fold in report["folds"])
        scores = [percent_ci(report, "uar"), percent_ci(report, "wa"), _percent(report["macro_f1"])]
        rows.append((f"`{name}`", report["classes"], clips, speakers, *scores, _percent(report["chance"])))
    yield table(["protocol", "classes", "clips", "speakers", "UAR", "accuracy", "macro F1", "chance"], rows)
    for name, report in _ordered(card.evaluation):
        folds = [fold for fold in report["folds"] if "test_corpus" in fold]
        if folds:
            yield f"By corpus under `{name}` ({kind_of(name)}):"
            yield table(
                ["tested on", "clips", "UAR", "accuracy"],
                [(fold["test_corpus"], fold["n"], _score(fold, "uar"), _percent(fold["wa"])) for fold in folds],
            )


def _doubt(evaluation: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield how far confidence can be believed; answers are among all eight classes, as in use."""
    if not evaluation:
        return
    known = any("ece_by_luck" in report for report in evaluation.values())
    luck = ", in brackets that of a perfectly calibrated model on as many clips" if known else ""
    promised = sorted({level for report in evaluation.values() for level in report.get("conformal", {})})
    held = (
        ', and how often a set of classes ("angry or disgust") that promises to hold the true one does; its mean size'
    )
    sets = held if promised else ""
    yield "## Calibration and doubt"
    yield (
        f"ECE: expected calibration error with the corpus's classes{luck}. The rest is of answers with all classes "
        "allowed, as in use: how many are sure, how many of these are right, how many of the 80 % most confident are"
        f" right{sets}."
    )
    rows = []
    for name, report in _ordered(evaluation):
        alone = f" ({report['ece_by_luck']:.3f})" if "ece_by_luck" in report else ""
        sure, cells = report.get("sure", {}), [f"{report['ece']:.3f}{alone}"]
        cells += [_percent(report.get("open", {}).get(score)) for score in ("uar", "wa")]
        cells += [_percent(sure.get("coverage")), _percent(sure.get("wa")), _percent(report.get("accuracy_at_80"))]
        for level in promised:
            figures = report.get("conformal", {}).get(level, {})
            size = f"; {figures['mean_size']:.1f}" if figures else ""
            cells.append(_percent(figures.get("coverage")) + size)
        rows.append((f"`{name}`", *cells))
    columns = [f"set promising {100 * float(level):.0f} %: holds it; size" for level in promised]
    heading = ["protocol", "ECE", "UAR", "accuracy", "sure", "right when sure", "right in the surest 80 %", *columns]
    yield table(heading, rows)


def _people(evaluation: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    rows, lone = [], []
    for name, report in _ordered(evaluation):
        for groups in report.get("people", {}).values():
            cells = [
                f"{group}: {_score(scores, 'uar')} ({scores['speakers']})" for group, scores in groups["groups"].items()
            ]
            gap = _score(groups, "gap") if groups.get("gap") is not None else "–"
            rows.append((f"`{name}`", "; ".join(cells), gap))
        if "one_answer_speakers" in report:
            found = report["one_answer_speakers"]
            worst = [f"{one['speaker']} ({one['answer']}, {_percent(one['share'])})" for one in found["speakers"][:3]]
            lone.append((f"`{name}`", f"{found['count']} of {found['of']}", ", ".join(worst)))
    if not rows and not lone:
        return
    yield "## Groups of people"
    if rows:
        yield "UAR of each group (speakers in brackets), and the gap where more than one voice is on each side:"
        yield table(["protocol", "groups", "gap in points"], rows)
    if lone:
        yield "Speakers for whom one class takes over half of the answers, each true class counting alike:"
        yield table(["protocol", "speakers", "nearest to it (answer, share)"], lone)


def _robustness(report: Mapping[str, Any] | None) -> Iterator[str]:
    if not report:
        return
    protocols, titles = report["protocols"], report.get("titles", {})
    yield "## Outside the corpora"
    yield report.get("note", "")
    counts = [f"`{name}` {found['clips']} of {found['speakers']} speakers" for name, found in protocols.items()]
    yield (
        f"UAR, and in brackets the loss in points against the same clips as they are. Clips: {', '.join(counts)}. The "
        "mean loss is over the protocols, with its 95 % interval."
    )
    rows = []
    for name in next(iter(protocols.values()))["conditions"]:
        cells = [_condition(found["conditions"].get(name)) for found in protocols.values()]
        mean, limit = report.get("mean", {}).get(name), report.get("limits", {}).get(name)
        aimed = "" if limit is None else f"at most {_percent(limit)}"
        rows.append((titles.get(name, name), *cells, _score(mean, "loss") if mean else "–", aimed))
    yield table(["condition", *(f"`{name}`" for name in protocols), "mean loss", "aim"], rows)


def _condition(scores: Mapping[str, Any] | None) -> str:
    return f"{_percent(scores['uar'])} ({100 * scores['loss']:+.1f})" if scores else "–"


def _confusions(evaluation: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if evaluation:
        yield "## Who is taken for whom"
    for name, report in _ordered(evaluation):
        rows = []
        for label, counts in zip(report["labels"], report["confusion"], strict=True):
            scores = report["per_class"][label]
            rows.append((label, *counts, *(f"{scores[one]:.2f}" for one in ("precision", "recall", "f1"))))
        yield f"### {name}"
        yield table(["true \\ answer", *report["labels"], "precision", "recall", "F1"], rows)


def _commands(card: ModelCard) -> Iterator[str]:
    recipe = card.recipe.get("name")
    if not recipe:
        return
    further = [name for name in card.evaluation if name not in published_names()]
    also = "".join(f" --also {recipe}-{name}" for name in further)
    others, names = _builds_on(card.recipe, card.partner), (JOINT, *further)
    figures = [f"python scripts/train.py {other} --protocol {name}" for name in names for other in others]
    figures += [f"python scripts/evaluate.py --recipe {recipe} --protocol {name} --folds all --json" for name in names]
    if card.robustness:
        share, seed = card.robustness.get("share", 1.0), card.robustness.get("seed", 0)
        figures += [f"python scripts/robustness.py {recipe}-{JOINT} --share {share:g} --seed {seed}"]
    by = "these commands" if len(figures) > 1 else "one command"
    yield "## To repeat"
    yield f"With the corpora at `SER_DATA`. The figures, by {by} (what is not trained yet is trained):"
    yield "```\n" + "\n".join(figures) + "\n```"
    bundle = f"--bundle models/{card.name} --held-out {recipe}-{JOINT}{also}"
    lines = [f"python scripts/train.py {other} --protocol {ALL}" for other in others]
    lines += [f"python scripts/train.py {recipe} --protocol {ALL} {bundle}", "python scripts/results.py"]
    yield "The bundle, after that:"
    yield "```\n" + "\n".join(lines) + "\n```"


def _builds_on(recipe: Mapping[str, Any], partner: Partner | None) -> list[str]:
    """Return the recipes that must be trained before, in their order: teachers, what is trained on, partners."""
    named = ((recipe.get("distillation") or {}).get("teacher"), (recipe.get("start") or {}).get("recipe"))
    found = [one for name in named if name for one in (*_before(str(name)), str(name))]
    if partner:
        found += [*_builds_on(partner.recipe, None), str(partner.recipe.get("name"))]
    return list(dict.fromkeys(found))


def _before(name: str) -> list[str]:
    """Return what a recipe that comes with the program builds on itself; of others that is not known here."""
    return _builds_on(load_recipe(name).model_dump(), None) if name in built_in_recipes() else []


def _ordered(evaluation: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the reports, those of published protocols first."""
    known = [name for name in answered_protocols(JOINT) if name in evaluation]
    return [(name, evaluation[name]) for name in (*known, *sorted(set(evaluation) - set(known)))]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _score(report: Mapping[str, Any], name: str) -> str:
    """Return a score in percent, with its interval where it has one."""
    return percent_ci(report, name) if report.get(f"{name}_ci95") else _percent(report[name])
