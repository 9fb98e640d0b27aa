"""A bundle from a run on everything, with the evaluation of the run that held speakers out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import safetensors.numpy

from ser_core.bundle import ModelCard, write_bundle
from ser_core.corpora import CORPORA
from ser_core.corpora.own import load_own
from ser_core.errors import TrainingError
from ser_core.evaluation.report import calibrate_run, evaluate_run
from ser_core.protocols import ALL, fold_count
from ser_core.settings import settings
from ser_core.training.recipe import NetworkRecipe, Recipe, recipe_from_run
from ser_core.training.runs import RunFolder, environment

LICENCE = "CC BY-NC-SA 4.0 (non-commercial, because of the corpora heard in training)"
LIMITS = (
    "It has heard actors who were asked to portray emotions, in English, in quiet rooms: everyday feelings are "
    "fainter, and other languages, children's voices and noisy places are untested.",
    "It names how a voice sounds, which need not be what a person feels; never use it alone to decide about a person.",
    "Not for medical diagnosis, hiring or policing, nor to watch people at work or in education.",
    "'calm' was heard from RAVDESS only and 'surprised' never from CREMA-D, so these two are the least certain.",
)
_OWN_LIMIT = (
    "It has heard {corpora}, of which this program knows only what its owner wrote down: voices, languages and places "
    "unlike those in it are untested."
)


def publish_bundle(
    folder: Path, recipe: Recipe, final: RunFolder, held_out: RunFolder, table: pd.DataFrame
) -> ModelCard:
    """Write the bundle of a recipe.

    Parameters
    ----------
    folder
        Where to; its name becomes the bundle's.
    final
        The finished run of protocol ``all``, whose weights ship.
    held_out
        The finished run of a speaker-independent protocol with the same recipe; gives evaluation, temperature
        and threshold.
    table
        What *final* was trained on.

    Raises
    ------
    TrainingError
        If a run is unfinished, of another recipe, or of the wrong protocol.
    """
    protocol = held_out.read()["protocol"]
    same = all(recipe_from_run(run.read()) == recipe for run in (final, held_out))
    if not same or final.read()["protocol"] != ALL or protocol == ALL:
        raise TrainingError(
            f"{final.path} must be the recipe trained on protocol '{ALL}', and {held_out.path} the same recipe "
            "trained on a speaker-independent protocol."
        )
    is_network = isinstance(recipe, NetworkRecipe)
    name = "weights.safetensors" if is_network else "weights.skops"
    final.predictions(0)  # raises when unfinished
    weights = (final.path / "fold-0" / name).read_bytes()
    folds = list(range(fold_count(protocol, table)))
    calibration = calibrate_run(held_out, folds)
    fields: dict[str, Any] = {
        "name": folder.name,
        "title": recipe.title or recipe.name,
        "description": recipe.description,
        "front_end": recipe.front_end,
        "model": recipe.network if isinstance(recipe, NetworkRecipe) else recipe.classifier,
        "temperature": calibration.mean.temperature,
        "bias": calibration.mean.bias.tolist(),
        "threshold": calibration.threshold,
        "parameters": _parameters(weights) if is_network else None,
        "training_data": _training_data(table),
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "environment": environment(),
        "evaluation": evaluate_run(held_out, folds),
        "evaluation_note": _note(protocol, len(folds)),
        "licence": _licence(table),
        "limits": _limits(table),
    }
    return write_bundle(folder, weights, name, fields)


def _note(protocol: str, folds: int) -> str:
    return (
        f"Measured on {folds} models of the same recipe, trained under protocol '{protocol}', each on speakers other "
        "than those it was tested on; the shipped weights were then trained on all clips with unchanged settings. "
        "Each was calibrated, threshold included, on its own validation speakers; the shipped temperature, bias and "
        "threshold come from those of all folds. Answers were restricted to the "
        "classes of the corpus, except under 'open', where all eight were allowed."
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
    if not own:
        return LIMITS
    stated = _OWN_LIMIT.format(corpora=" and ".join(own))
    general = LIMITS if corpora & set(CORPORA) else LIMITS[1:3]
    return (stated, *general)


def _parameters(weights: bytes) -> int:
    return sum(int(array.size) for array in safetensors.numpy.load(weights).values())
