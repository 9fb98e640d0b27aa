"""The names of the protocols, what each promises and how many trainings it needs."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from ser_core.emotions import CORPUS_LABELS, EMOTIONS
from ser_core.errors import ProtocolError

JOINT = "joint"
ALL = "all"
LEAKY = "random-leaky"
#: Every speaker of every corpus of the table is tested once: for corpora without a published protocol.
SPEAKER = "speaker-5fold"
#: Each corpus is tested once by a model that has heard the others only, on the classes that all of them have.
CORPUS = "leave-one-corpus-out"
#: The same with one training corpus at a time: fold after fold, all ordered pairs of corpora.
PAIRS = "cross-corpus"
#: Neither the test's speakers nor its sentences are heard in training.
TEXT = "text-independent"
_KINDS = {
    SPEAKER: "speaker-independent k-fold",
    CORPUS: "train on all corpora but one, test on that one",
    PAIRS: "train on one corpus, test on another",
    TEXT: "speaker-independent k-fold on sentences that were not heard either",
    LEAKY: "leaky: the same speakers in training and test, so the scores are inflated",
}
_JOINT_FOLDS = 6
#: RAVDESS has two sentences, so no finer parts can be made of every corpus.
TEXT_PARTS = 2
SPEAKER_FOLDS = 5
LEAKY_FOLDS = 5


@functools.cache
def _published() -> dict[str, dict[str, Any]]:
    text = resources.files("ser_core").joinpath("protocols.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def published_names() -> list[str]:
    """Return the names of the protocols whose test speakers were published."""
    return list(_published())


def protocol_names() -> list[str]:
    """Return the names of all protocols."""
    return [*_published(), JOINT, SPEAKER, CORPUS, PAIRS, TEXT, ALL, LEAKY]


def published(protocol: str) -> Mapping[str, Any]:
    """Return a published protocol: its corpus, classes, kind, source and lists of test speakers.

    Raises
    ------
    ProtocolError
        If it is not one of the published protocols.
    """
    if protocol not in _published():
        raise ProtocolError(f"'{protocol}' is no published protocol: choose one of {', '.join(_published())}.")
    return _published()[protocol]


def kind_of(protocol: str) -> str:
    """Return in a few words how a protocol that gives numbers splits."""
    return _KINDS[protocol] if protocol in _KINDS else str(published(protocol)["kind"])


def is_leaky(protocol: str) -> bool:
    """Return whether the scores of a protocol are inflated by design, and only good to show that."""
    return protocol == LEAKY


def answered_protocols(protocol: str) -> list[str]:
    """Return the protocols whose numbers a training on *protocol* gives."""
    if protocol == JOINT:
        return list(_published())
    return [protocol] if protocol in _published() or protocol in _KINDS else []


def fold_count(protocol: str, table: pd.DataFrame | None = None) -> int:
    """Return how many trainings a protocol needs.

    That of some protocols depends on *table*: ``speaker-5fold`` and ``text-independent`` leave one speaker out at a
    time where no corpus has five, ``leave-one-corpus-out`` has a fold a corpus, ``cross-corpus`` one an ordered pair.
    Without a table it is that of the four corpora.
    """
    check_name(protocol)
    if protocol in (CORPUS, PAIRS):
        count = len(CORPUS_LABELS) if table is None else len(corpora_of(table))
        return max(1, count if protocol == CORPUS else count * (count - 1))
    if protocol in (SPEAKER, TEXT):
        used = None if table is None else table if protocol == SPEAKER else table[text_keys(table) != ""]
        most = SPEAKER_FOLDS if used is None else used.groupby("corpus")["speaker"].nunique().max() if len(used) else 0
        return max(1, min(SPEAKER_FOLDS, int(most))) * (TEXT_PARTS if protocol == TEXT else 1)
    special = {JOINT: _JOINT_FOLDS, ALL: 1, LEAKY: LEAKY_FOLDS}
    return special[protocol] if protocol in special else len(published(protocol)["test_speakers"])


def labels_of(protocol: str) -> tuple[str, ...]:
    """Return the classes a protocol is scored on, in the vocabulary's order."""
    return CORPUS_LABELS[published(protocol)["corpus"]] if protocol in _published() else EMOTIONS


def check_name(protocol: str) -> None:
    """Raise :class:`ProtocolError` unless there is such a protocol."""
    if protocol not in protocol_names():
        raise ProtocolError(f"There is no protocol '{protocol}': choose one of {', '.join(protocol_names())}.")


def text_keys(table: pd.DataFrame) -> np.ndarray:
    """Return ``corpus/sentence`` for each row, empty in a corpus that has no two sentences or does not tell them.

    SAVEE's sentences 1 to 3 are common to all emotions; its neutral part repeats some others under numbers that are
    not published, so that all others count as one text.
    """
    corpus, sentence = table["corpus"].astype(str), table["sentence"]
    common = sentence.str.contains(r"\D0?[123]$", regex=True).fillna(False)
    sentence = sentence.mask(corpus == "savee", common.map({True: "common", False: "other"}).astype("string"))
    untold = sentence.isna().groupby(corpus).transform("any")
    few = sentence.groupby(corpus).transform("nunique") < 2
    keys = (corpus + "/" + sentence.astype("string").fillna("")).mask(untold | few, "")
    return keys.to_numpy(dtype=str)


def corpora_of(table: pd.DataFrame) -> list[str]:
    """Return the names of the corpora of a table, sorted."""
    return sorted(set(table["corpus"].astype(str)))
