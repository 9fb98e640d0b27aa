"""A bundle from trainings: of a run on everything with another's evaluation, or of any run, to be used at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.numpy

from ser_core.bundle import PARTNER, SHIPPED, ModelCard, write_bundle
from ser_core.calibration import Calibration
from ser_core.classical import ClassicalConfig
from ser_core.conformal import EVERYTHING, LEVELS
from ser_core.corpora import CORPORA, read_corpora
from ser_core.corpora.own import load_own
from ser_core.emotions import class_indices, label_names
from ser_core.errors import RecipeError, TrainingError
from ser_core.evaluation.report import calibrate_run, evaluate_run
from ser_core.evaluation.robustness import read_robustness
from ser_core.networks.adapted import AdaptedEncoderConfig, pinned_body
from ser_core.networks.encoded import EncoderConfig, pinned
from ser_core.networks.encoder_head import HeadConfig
from ser_core.networks.registry import NetworkConfig
from ser_core.protocols import ALL, Split, fold_count, is_leaky, make_split
from ser_core.settings import settings
from ser_core.training.fit import macro_recall
from ser_core.training.partner import partner_of
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder, environment
from ser_core.training.search import chosen_recipe
from ser_core.training.selection import select

LICENCE = "CC BY-NC-SA 4.0 (non-commercial, because of the corpora heard in training)"
LIMITS = (
    "It has heard actors who were asked to portray emotions, in English, recorded in quiet rooms: everyday feelings "
    "are fainter, other languages and children's voices are untested, and noise, telephones and rooms were at most "
    "added to these recordings, never heard in real places.",
    "It names how a voice sounds, which need not be what a person feels; never use it alone to decide about a person.",
    "Not for medical diagnosis, hiring or policing, nor to watch people at work or in education.",
    "'calm' was heard from RAVDESS only and 'surprised' never from CREMA-D: how they sound elsewhere is known least.",
)
_OWN_LIMIT = (
    "It has heard {corpora}, of which this program knows only what its owner wrote down: voices, languages and places "
    "unlike those in it are untested."
)
#: Numbers in a matrix from which on it is kept in half precision, in heads of encoders.
_LARGE = 100_000
_LEAKY_LIMIT = (
    "It was trained and tested on the same speakers, to show what that does to a score: how it does on new voices is "
    "not known."
)


def publish_bundle(
    folder: Path,
    recipe: Recipe,
    final: RunFolder,
    held_out: RunFolder,
    table: pd.DataFrame,
    also: Sequence[RunFolder] = (),
) -> ModelCard:
    """Write the bundle of a recipe.

    Parameters
    ----------
    folder
        Where to; its name becomes the bundle's.
    final
        The finished run of protocol ``all``, whose weights ship.
    held_out
        The finished run of a speaker-independent protocol with the same recipe; gives evaluation, robustness where it
        was measured, temperature and threshold.
    table
        What *final* was trained on.
    also
        Finished runs of the same recipe under further such protocols, whose evaluation the card gets, too.

    Raises
    ------
    TrainingError
        If a run is unfinished, of another recipe, or of the wrong protocol.
    """
    protocol, *further = (run.read()["protocol"] for run in (held_out, *also))
    same = all(recipe_from_run(run.read()) == recipe for run in (final, held_out, *also))
    if not same or final.read()["protocol"] != ALL or any(p == ALL or is_leaky(p) for p in (protocol, *further)):
        raise TrainingError(
            f"{final.path} must be the recipe trained on protocol '{ALL}', and "
            f"{' and '.join(str(run.path) for run in (held_out, *also))} the same recipe trained on a "
            "speaker-independent protocol."
        )
    folds = list(range(fold_count(protocol, table)))
    final.predictions(0)  # raises when unfinished
    if len({*_partners(final), *_partners(held_out), *(partner for run in also for partner in _partners(run))}) > 1:
        raise TrainingError(f"{final.path} has another partner than {held_out.path}: train them with the same one.")
    calibration = calibrate_run(held_out, folds)
    split = select(table, make_split(table, ALL, 0), recipe)
    evaluation = evaluate_run(held_out, folds)
    fields = {
        "title": recipe.title or recipe.name,
        "evaluation": evaluation | _evaluations(also, table) | evaluation,  # its own come first and count
        "evaluation_note": " ".join([_note(protocol, len(folds)), *map(_also_note, further)]),
        "robustness": read_robustness(held_out),
        "limits": _limits(table.iloc[split.train]),
        **_calibrated(recipe, calibration.mean, calibration.threshold, calibration.sets),
    }
    return _write(folder, recipe, final, 0, table.iloc[split.train], fields)


def publish_run(
    run: RunFolder, folder: Path | None = None, *, fold: int | None = None, table: pd.DataFrame | None = None
) -> ModelCard:
    """Write a bundle of a run of any protocol, so that its model can be used in every page.

    The weights are those of one fold, with that fold's own calibration; the evaluation is of all finished folds. A run
    of protocol ``all`` takes evaluation and calibration from a finished speaker-independent run of the same recipe
    beside it; where there is none, it has none, and never calls an answer sure.

    Parameters
    ----------
    run
        With at least one finished fold.
    folder
        Where to; its name becomes the bundle's. By default one with the run's name where own models are kept.
    fold
        Whose weights; by default the first that is finished. Never choose the one with the best score: that would be
        a choice by the test speakers.
    table
        What the run was trained on; by default it is read from the recipe's corpora.

    Raises
    ------
    TrainingError
        If no fold is finished, or the name is that of a model that ships.
    BundleError
        If the bundle cannot be written.
    CorpusError
        If the corpora are no longer there.
    """
    recipe, protocol = recipe_from_run(run.read()), run.read()["protocol"]
    folder = folder or settings().own_models / run.path.name
    if (SHIPPED / folder.name).is_dir():
        raise TrainingError(f"'{folder.name}' is the name of a model that comes with the program: choose another.")
    table = read_corpora(recipe.corpora) if table is None else table
    finished = [number for number in range(fold_count(protocol, table)) if run.finished(number)]
    if not finished or fold not in (None, *finished):
        raise TrainingError(f"{run.path} has no finished fold to use: train it to its end first.")
    number = finished[0] if fold is None else fold
    split = select(table, make_split(table, protocol, number), recipe)
    if len(_partners(run)) > 1:
        raise TrainingError(f"The folds of {run.path} have unlike partners: train them with the same one.")
    held_out = _held_out_beside(run, recipe, table) if protocol == ALL else None
    if held_out is not None:
        return publish_bundle(folder, recipe, run, held_out, table)
    calibration = calibrate_run(run, [number])
    fields = {
        "title": f"{recipe.title or recipe.name} ({run.path.name})",
        "evaluation": evaluate_run(run, finished) if protocol != ALL else {},
        "robustness": read_robustness(run),
        "evaluation_note": _fold_note(run, recipe, protocol, table, split, len(finished)),
        "limits": ((_LEAKY_LIMIT,) if is_leaky(protocol) else ()) + _limits(table.iloc[split.train]),
        **_calibrated(recipe, calibration.folds[0], calibration.threshold, calibration.sets),
    }
    return _write(folder, recipe, run, number, table.iloc[split.train], fields)


def _write(
    folder: Path, recipe: Recipe, run: RunFolder, fold: int, heard: pd.DataFrame, fields: dict[str, Any]
) -> ModelCard:
    """Write one fold's weights with a card: *heard* are the clips it was trained on, *fields* what is said of it."""
    used = chosen_recipe(recipe, run.path / f"fold-{fold}")
    is_network = isinstance(used, NetworkRecipe)
    name = "weights.safetensors" if is_network else "weights.skops"
    weights = (run.path / f"fold-{fold}" / name).read_bytes()
    partner = partner_of(run.path / f"fold-{fold}")
    if isinstance(used, NetworkRecipe) and isinstance(used.network, HeadConfig):
        weights = _halved(weights, with_partner=partner is not None and partner["front_end"]["kind"] == "encoder")
    common: dict[str, Any] = {
        "name": folder.name,
        "description": recipe.description,
        "labels": label_names(recipe.labels),
        "front_end": pinned(used.front_end) if isinstance(used.front_end, EncoderConfig) else used.front_end,
        "model": _model(used),
        "partner": partner,
        "parameters": _parameters(weights) if is_network else None,
        "training_data": _training_data(heard),
        "recipe": used.model_dump(mode="json"),
        "seed": recipe.seed,
        "environment": environment(),
        "licence": _licence(heard),
    }
    return write_bundle(folder, weights, name, common | fields)


def _calibrated(
    recipe: Recipe, calibration: Calibration, threshold: float, sets: Mapping[float, float]
) -> dict[str, Any]:
    bias = calibration.bias[class_indices(label_names(recipe.labels))]
    fields: dict[str, Any] = {"temperature": calibration.temperature, "temperature_slope": calibration.slope}
    level = LEVELS[0]
    if sets[level] < EVERYTHING:  # sets of all classes would promise nothing: too few speakers validated them
        fields |= {"set_level": level, "set_threshold": sets[level]}
    return fields | {"bias": bias.tolist(), "threshold": threshold}


def _partners(run: RunFolder) -> set[str]:
    """Return what is known of the partners of a run's finished folds: one text, where they are all the same."""
    finished = (path.parent for path in run.path.glob("fold-*/predictions.parquet"))
    return {json.dumps(partner_of(folder), sort_keys=True) for folder in finished}


def _held_out_beside(run: RunFolder, recipe: Recipe, table: pd.DataFrame) -> RunFolder | None:
    """Return the first finished speaker-independent run of the same recipe and partner in the same place."""
    for path in sorted(run.path.parent.iterdir()):
        other = RunFolder(path)
        try:
            content = other.read()
            protocol = content["protocol"]
            if protocol == ALL or is_leaky(protocol) or recipe_from_run(content) != recipe:
                continue
            if _partners(other) != _partners(run):
                continue
            if all(other.finished(fold) for fold in range(fold_count(protocol, table))):
                return other
        except (TrainingError, RecipeError):
            continue
    return None


def _note(protocol: str, folds: int) -> str:
    return (
        f"Measured on {folds} models of the same recipe, trained under protocol '{protocol}', each on speakers other "
        "than those it was tested on; the shipped weights were then trained on all clips with unchanged settings. "
        "Each was calibrated, thresholds included, on its own validation speakers; the shipped temperature, bias and "
        "thresholds come from those of all folds. Answers were restricted to the "
        "classes of the corpus, without the bias, which such answers do not need; under 'open' all eight were allowed."
    )


def _evaluations(runs: Sequence[RunFolder], table: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for run in runs:
        found |= evaluate_run(run, list(range(fold_count(run.read()["protocol"], table))))
    return found


def _also_note(protocol: str) -> str:
    return f"The figures under '{protocol}' are those of further models of the recipe, trained under that protocol."


def _fold_note(run: RunFolder, recipe: Recipe, protocol: str, table: pd.DataFrame, split: Split, finished: int) -> str:
    if protocol == ALL:
        return (
            "Nobody knows how good this model is: it was trained on all clips, and there is no finished training of "
            "the same recipe that held speakers out. Its confidence is not calibrated."
        )
    folds = fold_count(protocol, table)
    places = class_indices(label_names(recipe.labels))
    frame = run.predictions(split.fold).query("part == 'test'")
    recall = macro_recall(frame[LOGIT_COLUMNS].to_numpy()[:, places], table, split.test, recipe)
    speakers = table.iloc[split.test].groupby(["corpus", "speaker"]).ngroups
    heard = "which it also heard in training" if is_leaky(protocol) else "none of which it ever heard"
    return (
        f"These are the weights of fold {split.fold + 1} of {folds} under protocol '{protocol}', with temperature, "
        "bias and threshold from that fold's own validation speakers. On the "
        f"{len(split.test)} test clips of its {speakers} test speakers, {heard}, its recall averaged over the classes "
        f"was {100 * recall:.1f} %. Figures per protocol are of the {finished} finished folds' models of the same "
        "recipe together, and left out where they are not all that the protocol asks for."
    )


def _training_data(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for corpus, part in table[~table["song"]].groupby("corpus", sort=True):
        # What is published about one of the four, or what the owner wrote of another.
        facts = CORPORA[str(corpus)] if corpus in CORPORA else load_own(settings().data / str(corpus))
        rows.append(
            {
                "corpus": str(corpus),
                "title": facts.title,
                "clips": len(part),
                "speakers": int(part["speaker"].nunique()),
                "licence": facts.licence,
                "source": facts.source,
            }
        )
    return rows


def _licence(table: pd.DataFrame) -> str:
    if set(table["corpus"]) <= set(CORPORA):
        return LICENCE
    terms = [f"{entry['title']}: {entry['licence']}" for entry in _training_data(table)]
    return f"as the corpora heard in training allow ({'; '.join(terms)})"


def _limits(table: pd.DataFrame) -> tuple[str, ...]:
    corpora = set(table["corpus"])
    own = [entry["title"] for entry in _training_data(table) if entry["corpus"] not in CORPORA]
    # The last is of corpora that were heard together.
    general = LIMITS if {"cremad", "ravdess"} <= corpora else LIMITS[:3]
    if not own:
        return general
    stated = _OWN_LIMIT.format(corpora=" and ".join(own))
    return (stated, *(general if corpora & set(CORPORA) else LIMITS[1:3]))


def _model(recipe: Recipe) -> NetworkConfig | ClassicalConfig:
    if not isinstance(recipe, NetworkRecipe):
        return recipe.classifier
    network = recipe.network
    return pinned_body(network) if isinstance(network, AdaptedEncoderConfig) else network


def _halved(weights: bytes, *, with_partner: bool = False) -> bytes:
    """Return weights with the large matrices of heads in half precision: half the size, and the answers stay."""
    tensors = safetensors.numpy.load(weights)
    own = {name: array for name, array in tensors.items() if with_partner or not name.startswith(PARTNER)}
    large = {name for name, array in own.items() if array.size >= _LARGE and array.dtype == np.float32}
    return safetensors.numpy.save(
        {name: array.astype(np.float16) if name in large else array for name, array in tensors.items()}
    )


def _parameters(weights: bytes) -> int:
    return sum(int(array.size) for array in safetensors.numpy.load(weights).values())
