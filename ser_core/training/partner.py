"""A second network that answers beside the one that was trained: its logits are averaged with its partner's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.numpy

from ser_core.bundle import PARTNER
from ser_core.emotions import class_indices, label_names
from ser_core.errors import TrainingError
from ser_core.files import write_bytes, write_text
from ser_core.networks.encoded import EncoderConfig, pinned
from ser_core.training.others import partner_run
from ser_core.training.recipe import NetworkRecipe
from ser_core.training.runs import LOGIT_COLUMNS

_CARD, _WEIGHTS = "partner.json", "weights.safetensors"


def with_partner(
    recipe: NetworkRecipe, clips: pd.DataFrame, protocol: str, fold: int, folder: Path, logits: np.ndarray
) -> np.ndarray:
    """Return the logits of both together [shape=(len(clips), n_classes)]; put the partner's weights beside the own.

    Parameters
    ----------
    recipe
        With a partner, whose run of the same protocol has finished the fold.
    clips
        The held-out clips with columns corpus and clip.
    folder
        Of the fold, with the own network's weights.
    logits
        The own network's [shape=(len(clips), n_classes)].

    Raises
    ------
    TrainingError
        As :func:`ser_core.training.others.partner_run` does, and if the partner held other clips out.
    """
    if recipe.partner is None:
        return logits
    run, other = partner_run(recipe, recipe.partner.recipe, protocol, fold)
    answers = clips[["corpus", "clip"]].merge(run.predictions(fold), how="left", on=["corpus", "clip"])
    beside = answers[LOGIT_COLUMNS].to_numpy(np.float32)[:, class_indices(label_names(recipe.labels))]
    if not np.isfinite(beside).all():
        raise TrainingError(f"'{other.name}' held other clips out than '{recipe.name}': train both on the same clips.")
    tensors = safetensors.numpy.load_file(folder / _WEIGHTS)
    partner = safetensors.numpy.load_file(run.fold(fold) / _WEIGHTS)
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(PARTNER)}
    joined = own | {PARTNER + name: tensor for name, tensor in partner.items()}
    write_text(folder / _CARD, json.dumps(_described(other, recipe.partner.share), indent=1))
    write_bytes(folder / _WEIGHTS, safetensors.numpy.save(joined))
    share = recipe.partner.share
    both: np.ndarray = ((1 - share) * logits + share * beside).astype(np.float32)
    return both


def partner_of(folder: Path) -> dict[str, Any] | None:
    """Return what a bundle's card says of the partner of a finished fold; None where it answers alone."""
    path = folder / _CARD
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _described(other: NetworkRecipe, share: float) -> dict[str, Any]:
    front_end = pinned(other.front_end) if isinstance(other.front_end, EncoderConfig) else other.front_end
    content = other.model_dump(mode="json")
    described = {"front_end": front_end.model_dump(mode="json"), "model": content["network"], "share": share}
    return {"recipe": content} | described
