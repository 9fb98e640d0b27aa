"""What the card of a bundle says in words: how its figures were measured, what it has heard, its limits and licence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ser_core.corpora import CORPORA
from ser_core.corpora.own import load_own
from ser_core.emotions import class_indices, label_names
from ser_core.protocols import ALL, Split, fold_count, is_leaky
from ser_core.settings import settings
from ser_core.training.fit import macro_recall
from ser_core.training.recipe import Recipe
from ser_core.training.runs import LOGIT_COLUMNS, RunFolder

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
LEAKY_LIMIT = (
    "It was trained and tested on the same speakers, to show what that does to a score: how it does on new voices is "
    "not known."
)


def held_out_note(protocol: str, folds: int) -> str:
    """Return how the figures of a bundle trained on everything were measured, on *folds* other models."""
    return (
        f"Measured on {folds} models of the same recipe, trained under protocol '{protocol}', each on speakers other "
        "than those it was tested on; the shipped weights were then trained on all clips with unchanged settings. "
        "Each was calibrated, thresholds included, on its own validation speakers; the shipped temperature, bias and "
        "thresholds come from those of all folds. Answers were restricted to the "
        "classes of the corpus, without the bias, which such answers do not need; under 'open' all eight were allowed."
    )


def also_note(protocol: str) -> str:
    """Return whose figures those under a further protocol are."""
    return f"The figures under '{protocol}' are those of further models of the recipe, trained under that protocol."


def fold_note(run: RunFolder, recipe: Recipe, protocol: str, table: pd.DataFrame, split: Split, finished: int) -> str:
    """Return what is known of one fold's model: its recall on that fold's own test clips."""
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


def heard_corpora(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the corpora among the clips that were trained on, as cards hold them; songs were not."""
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


def licence(table: pd.DataFrame) -> str:
    """Return the licence of weights trained on some clips."""
    if set(table["corpus"]) <= set(CORPORA):
        return LICENCE
    terms = [f"{entry['title']}: {entry['licence']}" for entry in heard_corpora(table)]
    return f"as the corpora heard in training allow ({'; '.join(terms)})"


def limits(table: pd.DataFrame) -> tuple[str, ...]:
    """Return what a model trained on some clips must not be taken for."""
    corpora = set(table["corpus"])
    own = [entry["title"] for entry in heard_corpora(table) if entry["corpus"] not in CORPORA]
    # The last is of corpora that were heard together.
    general = LIMITS if {"cremad", "ravdess"} <= corpora else LIMITS[:3]
    if not own:
        return general
    stated = _OWN_LIMIT.format(corpora=" and ".join(own))
    return (stated, *(general if corpora & set(CORPORA) else LIMITS[1:3]))
