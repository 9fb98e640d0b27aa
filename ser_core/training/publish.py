"""A bundle from trainings: of a run on everything with another's evaluation, or of any run, to be used at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.numpy

from ser_core.bundle import PARTNER, SHIPPED, ModelCard, Partner, load_card, write_bundle, write_card
from ser_core.calibration import Calibration
from ser_core.classical import ClassicalConfig
from ser_core.conformal import EVERYTHING, LEVELS
from ser_core.corpora import read_corpora
from ser_core.emotions import class_indices, label_names
from ser_core.errors import RecipeError, TrainingError
from ser_core.evaluation.report import calibrate_run, evaluate_run
from ser_core.evaluation.robustness import read_robustness
from ser_core.networks.adapted import AdaptedEncoderConfig, pinned_body
from ser_core.networks.encoded import EncoderConfig, pinned
from ser_core.networks.encoder_head import HeadConfig
from ser_core.networks.registry import NetworkConfig
from ser_core.protocols import ALL, answered_protocols, fold_count, is_leaky, make_split, published_names
from ser_core.settings import settings
from ser_core.training.card_words import (
    LEAKY_LIMIT,
    also_note,
    fold_note,
    heard_corpora,
    held_out_note,
    licence,
    limits,
)
from ser_core.training.partner import partner_of
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run
from ser_core.training.runs import RunFolder, environment
from ser_core.training.search import chosen_recipe
from ser_core.training.selection import select

#: Numbers in a matrix from which on it is kept in half precision, in heads of encoders.
_LARGE = 100_000


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
        "evaluation_note": " ".join([held_out_note(protocol, len(folds)), *map(also_note, further)]),
        "robustness": read_robustness(held_out),
        "limits": limits(table.iloc[split.train]),
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
        "evaluation_note": fold_note(run, recipe, protocol, table, split, len(finished)),
        "limits": ((LEAKY_LIMIT,) if is_leaky(protocol) else ()) + limits(table.iloc[split.train]),
        **_calibrated(recipe, calibration.folds[0], calibration.threshold, calibration.sets),
    }
    return _write(folder, recipe, run, number, table.iloc[split.train], fields)


def add_figures(folder: Path, run: RunFolder, folds: list[int]) -> ModelCard:
    """Add to a bundle's card the evaluation of a further run of its recipe; the weights stay as they are.

    For figures that were not there when the bundle was published: no other run is needed for it.

    Parameters
    ----------
    folder
        The bundle's.
    run
        Finished, of the bundle's recipe, under a speaker-independent protocol other than those it was published with.
        Figures of an earlier such run under the same protocol are replaced.
    folds
        All that its protocol has.

    Raises
    ------
    TrainingError
        If a fold is unfinished, or the run is of another recipe or partner, or of a protocol that cannot be added.
    BundleError
        If the card cannot be read.
    """
    card, content = load_card(folder), run.read()
    protocol, recipe, note = content["protocol"], recipe_from_run(content), also_note(content["protocol"])
    own = protocol in card.evaluation and note not in card.evaluation_note
    if protocol not in answered_protocols(protocol) or protocol in published_names() or is_leaky(protocol) or own:
        raise TrainingError(
            f"Figures under protocol '{protocol}' cannot be added to the model '{card.name}': publish it anew with "
            "that run, or add one that leaves out speakers in a further way, such as leave-one-corpus-out."
        )
    partners = [json.loads(text) for text in _partners(run)]
    alike = [Partner.model_validate(one) if one else None for one in partners] == [card.partner]
    if recipe_from_run({"recipe": card.recipe}) != recipe or not alike:
        raise TrainingError(
            f"The model '{card.name}' is not of the recipe and partner of {run.path}: add a run of its own recipe."
        )
    notes = card.evaluation_note if note in card.evaluation_note else f"{card.evaluation_note} {note}"
    evaluation = card.evaluation | evaluate_run(run, folds)
    card = card.model_copy(update={"evaluation": evaluation, "evaluation_note": notes})
    write_card(folder, card)
    return card


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
        "training_data": heard_corpora(heard),
        "recipe": used.model_dump(mode="json"),
        "seed": recipe.seed,
        "environment": environment(),
        "licence": licence(heard),
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


def _evaluations(runs: Sequence[RunFolder], table: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for run in runs:
        found |= evaluate_run(run, list(range(fold_count(run.read()["protocol"], table))))
    return found


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
