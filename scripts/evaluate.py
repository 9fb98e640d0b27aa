"""Score a model or a recipe on speakers it has not heard.

    python scripts/evaluate.py --model lite --protocol cremad-evar

    python scripts/evaluate.py --recipe lite --protocol joint --details
    python scripts/evaluate.py --recipe lite --protocol ravdess-emobox --compare functionals-svm-ravdess-emobox

A shipped model has heard all speakers, so its numbers are those of the models that were trained for this without the
test speakers; they are kept in its model.json. A recipe is trained (or its finished run is read) and scored anew; its
answers are there, so --details tells more of them and --compare sets them beside those of another run. With --add-to a
model of that recipe gets the figures into its model.json, under a protocol that it was not published with:

    python scripts/evaluate.py --recipe tiny --protocol leave-one-corpus-out --add-to models/tiny
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import cli

from ser_core.bundle import find_bundle, load_card
from ser_core.errors import ProtocolError
from ser_core.evaluation.comparison import compare
from ser_core.evaluation.details import Estimate, evaluate_details
from ser_core.evaluation.report import evaluate_run, held_out_tests
from ser_core.parallel import on_cluster
from ser_core.protocols import ALL, JOINT, answered_protocols, fold_count, kind_of, protocol_names
from ser_core.training.features import load_features
from ser_core.training.job import train_elsewhere, train_in_processes
from ser_core.training.others import check_others
from ser_core.training.publish import add_figures
from ser_core.training.recipe import load_recipe
from ser_core.training.runs import RunFolder


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    if not answered_protocols(options.protocol):
        raise ProtocolError(f"Protocol '{options.protocol}' has no held-out speakers to be scored on: choose another.")
    if options.model and (options.details or options.compare or options.add_to):
        raise ProtocolError("A bundle keeps no answers: give --recipe with --details, --compare or --add-to.")
    if options.add_to and (options.details or options.compare):
        raise ProtocolError("--add-to takes the plain figures: give it without --details and --compare.")
    if options.model:
        reports = _of_model(options.model, options.protocol)
    else:
        run, folds = _finished_run(options)
        if options.compare:
            return _compare(options, run, folds)
        if options.details:
            return _details(options, run, folds)
        reports = evaluate_run(run, folds)
        if options.add_to:
            add_figures(find_bundle(options.add_to), run, folds)
    if options.json:
        single = options.protocol != JOINT
        cli.print_json(reports[options.protocol] if single else {"protocol": JOINT, "evaluations": reports})
    else:
        for report in reports.values():
            _print_words(report)
    return cli.FINE


def _parser() -> cli.Parser:
    parser = cli.Parser(prog="evaluate.py", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", help="name or folder of a bundle")
    what.add_argument("--recipe", help="a TOML file or the name of a built-in recipe")
    parser.add_argument("--protocol", default=JOINT, choices=[name for name in protocol_names() if name != ALL])
    parser.add_argument("--folds", default="all", choices=["all"], help="all folds are needed for a score")
    parser.add_argument("--run", help="name of the run folder of the recipe (default: <recipe>-<protocol>)")
    parser.add_argument("--details", action="store_true", help="groups of people, curves, mistakes; all intervals")
    parser.add_argument("--compare", metavar="RUN", help="a finished run of the same protocol to compare with")
    parser.add_argument("--add-to", metavar="BUNDLE", help="name or folder of a bundle whose card gets the figures")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="folds trained at once")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler; its workers must see the same folders")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _of_model(name: str, protocol: str) -> dict[str, Any]:
    card = load_card(find_bundle(name))
    wanted = answered_protocols(protocol)
    missing = [name for name in wanted if name not in card.evaluation]
    if missing:
        raise ProtocolError(f"Model '{card.name}' was not evaluated under '{missing[0]}': evaluate its recipe instead.")
    return {name: card.evaluation[name] for name in wanted}


def _finished_run(options: Any) -> tuple[RunFolder, list[int]]:
    recipe = load_recipe(options.recipe)
    run = RunFolder.open(recipe, options.protocol, options.run)
    folds = list(range(fold_count(options.protocol)))
    if not all(run.finished(fold) for fold in folds):
        check_others(recipe, options.protocol, folds)
        with on_cluster(options.cluster):
            table, store = load_features(recipe, cli.progress("features"))
        folds = list(range(fold_count(options.protocol, table)))  # a corpus of few speakers needs fewer
        if options.cluster:
            with on_cluster(options.cluster):
                train_elsewhere(run, recipe, options.protocol, table, folds=folds)
        else:
            train_in_processes(run, recipe, options.protocol, table, store, folds=folds, jobs=options.jobs)
    return run, folds


def _compare(options: Any, run: RunFolder, folds: list[int]) -> int:
    other = RunFolder.at(options.compare)
    first, second = held_out_tests(run, folds), held_out_tests(other)
    answers = {name: compare(first[name], second[name], name) for name in first if name in second}
    if not answers:
        raise ProtocolError(f"The run '{options.compare}' answers other protocols: compare runs of the same one.")
    if options.json:
        cli.print_json({name: answer.model_dump(mode="json") for name, answer in answers.items()})
    else:
        for name, answer in answers.items():
            print(f"{name}: {answer.words} McNemar's exact test: p = {answer.mcnemar_p:.2g}")
    return cli.FINE


def _details(options: Any, run: RunFolder, folds: list[int]) -> int:
    answers = {name: evaluate_details(parts, name) for name, parts in held_out_tests(run, folds).items()}
    if options.json:
        cli.print_json({name: details.model_dump(mode="json") for name, details in answers.items()})
        return cli.FINE
    for name, details in answers.items():
        print(f"{name}: {details.clips} clips of {details.speakers} speakers; {details.kind}")
        for metric, estimate in details.metrics.items():
            print(f"  {metric:18s} {_words(estimate)}")
        for grouping, groups in details.groups.items():
            for group in groups if grouping in ("corpus", "sex", "age", "intensity") else []:
                print(f"  UAR, {grouping} {group.value}: {_words(group.uar)} ({group.clips} clips)")
        for mistake in details.mistakes[:5]:
            print(f"  {mistake.corpus}/{mistake.clip}: {mistake.truth}, heard as {mistake.answer}", end="")
            print(f" with {100 * mistake.confidence:.0f} % confidence")
    return cli.FINE


def _words(estimate: Estimate) -> str:
    if estimate.value is None:
        return "not defined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _print_words(report: dict[str, Any]) -> None:
    low, high = report["uar_ci95"]
    kind = kind_of(report["protocol"])
    print(f"{report['protocol']} ({report['classes']} classes, chance {report['chance']:.3f}; {kind})")
    print(f"  UAR {report['uar']:.3f} [{low:.3f}, {high:.3f}]   accuracy {report['wa']:.3f}   ", end="")
    print(f"macro F1 {report['macro_f1']:.3f}   ECE {report['ece']:.3f}")
    for words in _people_words(report):
        print(f"  {words}")
    for label, scores in report["per_class"].items():
        print(f"  {label:10s} precision {scores['precision']:.2f}  recall {scores['recall']:.2f}  ", end="")
        print(f"F1 {scores['f1']:.2f}")


def _people_words(report: dict[str, Any]) -> Iterator[str]:
    """Yield what is known of single voices and groups of people; nothing from a card of an older version."""
    for fold in report["folds"]:
        if "test_corpus" in fold and "uar_ci95" in fold:
            low, high = fold["uar_ci95"]
            yield f"on {fold['test_corpus']}, never heard: UAR {fold['uar']:.3f} [{low:.3f}, {high:.3f}]"
    if "one_answer_speakers" in report:
        one = report["one_answer_speakers"]
        worst = one["speakers"][0]
        yield (
            f"speakers who mostly get one answer: {one['count']} of {one['of']}; the nearest to it is "
            f"{worst['speaker']} with {100 * worst['share']:.0f} % {worst['answer']}"
        )
    for name, people in report.get("people", {}).items():
        groups = ", ".join(f"{group} {entry['uar']:.3f}" for group, entry in people["groups"].items())
        gap = ""
        if people["gap"] is not None:
            gap = f"; gap {people['gap']:+.3f} [{people['gap_ci95'][0]:+.3f}, {people['gap_ci95'][1]:+.3f}]"
        yield f"UAR by {name}: {groups}{gap}"


if __name__ == "__main__":
    cli.run(main)
