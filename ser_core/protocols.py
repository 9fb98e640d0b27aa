"""The one place that decides who is heard in training, in validation and in the test.

A protocol is a named way to split a table of clips. Its test speakers are never in training or validation; a split
that shares a speaker raises, unless it was asked for by the name ``random-leaky``.

    >>> sorted(protocol_names())  # doctest: +ELLIPSIS
    ['all', 'cremad-evar', 'joint', 'random-leaky', 'ravdess-emobox', 'savee-loso', 'speaker-5fold', 'tess-loso']
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
_JOINT_FOLDS = 6
_SPEAKER_FOLDS = 5
_LEAKY_FOLDS = 5
#: One training speaker in this many is heard in validation instead.
_VALIDATION_SHARE = 8


@dataclass(frozen=True)
class Split:
    """Row positions of a table [each shape=(n,), int64], and which of the test rows answer which protocol.

    Attributes
    ----------
    protocol, fold
        What was asked for.
    train, validation, test
        Row positions; disjoint.
    tested
        For each published protocol that this split answers, the positions of its test rows and its number of the fold.
    """

    protocol: str
    fold: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    tested: Mapping[str, tuple[int, np.ndarray]] = field(default_factory=dict)


@functools.cache
def _published() -> dict[str, dict[str, Any]]:
    text = resources.files("ser_core").joinpath("protocols.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def protocol_names() -> list[str]:
    """Return the names of all protocols."""
    return [*_published(), JOINT, SPEAKER, ALL, LEAKY]


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
    return "speaker-independent k-fold" if protocol == SPEAKER else str(published(protocol)["kind"])


def answered_protocols(protocol: str) -> list[str]:
    """Return the protocols whose numbers a training on *protocol* gives."""
    if protocol == JOINT:
        return list(_published())
    return [protocol] if protocol in _published() or protocol == SPEAKER else []


def fold_count(protocol: str, table: pd.DataFrame | None = None) -> int:
    """Return how many trainings a protocol needs.

    With fewer than five speakers in every corpus of *table*, ``speaker-5fold`` leaves one out at a time and needs
    fewer than five.
    """
    _check_name(protocol)
    if protocol == SPEAKER and table is not None:
        most = int(table.groupby("corpus")["speaker"].nunique().max()) if len(table) else 0
        return max(1, min(_SPEAKER_FOLDS, most))
    special = {JOINT: _JOINT_FOLDS, SPEAKER: _SPEAKER_FOLDS, ALL: 1, LEAKY: _LEAKY_FOLDS}
    return special[protocol] if protocol in special else len(published(protocol)["test_speakers"])


def labels_of(protocol: str) -> tuple[str, ...]:
    """Return the classes a protocol is scored on, in the vocabulary's order."""
    return CORPUS_LABELS[published(protocol)["corpus"]] if protocol in _published() else EMOTIONS


def make_split(table: pd.DataFrame, protocol: str, fold: int) -> Split:
    """Split a table of clips.

    Speakers of corpora that the protocol does not test are all heard in training. Sung clips are left out.

    Parameters
    ----------
    table
        As :func:`ser_core.corpora.read_corpora` gives it.
    protocol
        A name of :func:`protocol_names`.
    fold
        From 0.

    Raises
    ------
    ProtocolError
        If there is no such protocol or fold, if the table lacks a test speaker or does not say who speaks, or if a
        speaker would be shared.
    """
    folds = fold_count(protocol, table)
    if not 0 <= fold < folds:
        raise ProtocolError(f"Protocol '{protocol}' has folds 0 to {folds - 1}, not {fold}.")
    spoken = np.flatnonzero(~table["song"].to_numpy(bool))
    if protocol == LEAKY:
        return _random_leaky(table, fold, spoken)
    if protocol != ALL:
        _refuse_unknown_speakers(table.iloc[spoken], protocol)
    held_out = _dealt_speakers(table.iloc[spoken], fold) if protocol == SPEAKER else _test_speakers(protocol, fold)
    keys = _speaker_keys(table)
    missing = sorted(speaker for speakers in held_out.values() for speaker in speakers if speaker not in set(keys))
    if missing:
        raise ProtocolError(f"Protocol '{protocol}' tests on {missing[0]}, of whom the table holds no clip.")
    testing = np.isin(keys, [speaker for speakers in held_out.values() for speaker in speakers])
    test = spoken[testing[spoken]]
    rest = spoken[~testing[spoken]]
    validating = np.isin(keys, _validation_speakers(table.iloc[rest], protocol, fold)) if protocol != ALL else testing
    if protocol == SPEAKER:
        if not len(rest):
            raise ProtocolError(f"Protocol '{SPEAKER}' needs at least two speakers in a corpus: add another's clips.")
        tested = {SPEAKER: (fold, test)}
    else:
        tested = {
            name: (number, test[np.isin(keys[test], held_out[corpus])])
            for name, (number, corpus) in _answered_by(protocol, fold).items()
        }
    split = Split(protocol, fold, rest[~validating[rest]], rest[validating[rest]], test, tested)
    check_split(table, split)
    return split


def check_split(table: pd.DataFrame, split: Split) -> None:
    """Raise :class:`ProtocolError` if a split shares a speaker or a clip and is not named ``random-leaky``."""
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    keys = _speaker_keys(table)
    names = list(parts)
    for first, second in ((names[0], names[1]), (names[0], names[2]), (names[1], names[2])):
        if np.intersect1d(parts[first], parts[second]).size:
            raise ProtocolError(f"The split puts the same clip into {first} and {second}.")
        shared = np.intersect1d(keys[parts[first]], keys[parts[second]])
        if shared.size and split.protocol != LEAKY:
            raise ProtocolError(
                f"The split shares speaker {shared[0]} between {first} and {second}: scores would be inflated. "
                f"If that is what you want to show, ask for the protocol '{LEAKY}' by name."
            )


def _check_name(protocol: str) -> None:
    if protocol not in protocol_names():
        raise ProtocolError(f"There is no protocol '{protocol}': choose one of {', '.join(protocol_names())}.")


def _refuse_unknown_speakers(table: pd.DataFrame, protocol: str) -> None:
    unknown = table["speaker"].isna()
    if unknown.any():
        corpus = table.loc[unknown, "corpus"].iloc[0]
        raise ProtocolError(
            f"Protocol '{protocol}' needs to know who speaks, but {int(unknown.sum())} clips of '{corpus}' have no "
            "speaker: name them in the manifest or by a pattern in corpus.toml. Without speakers only "
            f"'{ALL}' and '{LEAKY}' are left, and the scores of the latter are inflated."
        )


def _dealt_speakers(table: pd.DataFrame, fold: int) -> dict[str, list[str]]:
    """Return the test speakers' keys by corpus when speakers are dealt out in turn, women and men alternating."""
    return {
        str(corpus): [f"{corpus}/{speaker}" for speaker in _alternating(part, seed=0)[fold::_SPEAKER_FOLDS]]
        for corpus, part in table.groupby("corpus", sort=True)
    }


def _speaker_keys(table: pd.DataFrame) -> np.ndarray:
    """Return ``corpus/speaker`` for each row, since codes are unique within a corpus only."""
    return (table["corpus"].astype(str) + "/" + table["speaker"].astype(str)).to_numpy(dtype=str)


def _answered_by(protocol: str, fold: int) -> dict[str, tuple[int, str]]:
    """Return {published protocol: (its fold, its corpus)} that this training answers for the first time."""
    if protocol == ALL:
        return {}
    names = answered_protocols(protocol)
    return {name: (fold, published(name)["corpus"]) for name in names if fold < len(published(name)["test_speakers"])}


def _test_speakers(protocol: str, fold: int) -> dict[str, list[str]]:
    """Return the test speakers' keys by corpus."""
    if protocol == ALL:
        return {}
    if protocol != JOINT:
        entry = published(protocol)
        return {entry["corpus"]: [f"{entry['corpus']}/{speaker}" for speaker in entry["test_speakers"][fold]]}
    held_out = {}
    for name in _published():
        entry = published(name)
        lists = entry["test_speakers"]
        speakers = _cremad_joint(lists[0])[fold] if name == "cremad-evar" else lists[fold % len(lists)]
        held_out[entry["corpus"]] = [f"{entry['corpus']}/{speaker}" for speaker in speakers]
    return held_out


def _cremad_joint(evar_test: list[str]) -> list[list[str]]:
    """Return CREMA-D's six test lists: EVAR's, then the other 72 actors in five parts."""
    others = [str(actor) for actor in range(1001, 1092) if str(actor) not in evar_test]
    return [evar_test, *(others[part::5] for part in range(5))]


def _validation_speakers(rest: pd.DataFrame, protocol: str, fold: int) -> list[str]:
    """Choose an eighth of the training speakers of each corpus, women and men in turn; at least one in all."""
    chosen: list[str] = []
    largest: list[str] = []
    for corpus, part in rest.groupby("corpus", sort=True):
        if corpus == "cremad" and fold == 0 and protocol in (JOINT, "cremad-evar"):
            chosen += [f"cremad/{speaker}" for speaker in published("cremad-evar")["validation_speakers"]]
            continue
        order = _alternating(part, seed=fold)
        keys = [f"{corpus}/{speaker}" for speaker in order]
        chosen += keys[: len(keys) // _VALIDATION_SHARE]
        largest = max(largest, keys, key=len)
    return chosen or (largest[:1] if len(largest) > 1 else [])


def _alternating(part: pd.DataFrame, seed: int) -> list[str]:
    """Return the speakers of one corpus in a seeded order that alternates between the sexes."""
    speakers = part.assign(sex=part["sex"].fillna("unknown")).groupby("speaker", sort=True)["sex"].first()
    rng = np.random.default_rng(seed)
    ranked = []
    for sex in sorted(speakers.unique()):
        names = [str(name) for name in speakers.index[speakers == sex]]
        ranked += list(enumerate(rng.permutation(names)))
    return [str(name) for _, name in sorted(ranked, key=lambda pair: (pair[0], pair[1]))]


def _random_leaky(table: pd.DataFrame, fold: int, spoken: np.ndarray) -> Split:
    """Deal clips out at random, stratified by emotion: a speaker is heard on both sides. For demonstrations only."""
    order = np.random.default_rng(0).permutation(spoken)
    order = order[np.argsort(table["emotion"].to_numpy(dtype=str)[order], kind="stable")]
    place = np.arange(len(order)) % (2 * _LEAKY_FOLDS)
    test = place // 2 == fold
    validation = place == (2 * fold + 2) % (2 * _LEAKY_FOLDS)
    train, validation, test = (np.sort(order[mask]) for mask in (~test & ~validation, validation, test))
    return Split(LEAKY, fold, train, validation, test)
