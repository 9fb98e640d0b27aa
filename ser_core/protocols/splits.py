"""Tables of clips -> training, validation and test, and the checks that a split keeps what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ser_core.emotions import EMOTIONS, labels_by_corpus
from ser_core.errors import ProtocolError
from ser_core.protocols.names import (
    ALL,
    CORPUS,
    JOINT,
    LEAKY,
    LEAKY_FOLDS,
    PAIRS,
    SPEAKER,
    SPEAKER_FOLDS,
    TEXT,
    TEXT_PARTS,
    answered_protocols,
    corpora_of,
    fold_count,
    published,
    published_names,
    text_keys,
)

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


def make_split(table: pd.DataFrame, protocol: str, fold: int, *, seed: int = 0) -> Split:
    """Split a table of clips.

    Speakers of corpora that the protocol does not test are all heard in training, except under ``cross-corpus``. Sung
    clips are left out.

    Parameters
    ----------
    table
        As :func:`ser_core.corpora.read_corpora` gives it.
    protocol
        A name of :func:`protocol_names`.
    fold
        From 0.
    seed
        Another draw of ``speaker-5fold`` or ``random-leaky``; the others have fixed lists and take 0 only.

    Raises
    ------
    ProtocolError
        If there is no such protocol or fold, if the table lacks a test speaker, does not say who speaks or has too few
        corpora or sentences, or if a speaker would be shared.
    """
    folds = fold_count(protocol, table)
    if not 0 <= fold < folds:
        raise ProtocolError(f"Protocol '{protocol}' has folds 0 to {folds - 1}, not {fold}.")
    if seed and protocol not in (SPEAKER, LEAKY):
        raise ProtocolError(f"Protocol '{protocol}' is drawn in one way only: leave out the seed.")
    spoken = np.flatnonzero(~table["song"].to_numpy(bool))
    if protocol == LEAKY:
        return _random_leaky(table, fold, spoken, seed)
    if protocol != ALL:
        _refuse_unknown_speakers(table.iloc[spoken], protocol)
    rest, test, tested = _held_out(table, protocol, fold, spoken, seed)
    keys = _speaker_keys(table)
    heard = [] if protocol == ALL else _validation_speakers(table.iloc[rest], protocol, fold)
    validating = np.isin(keys[rest], heard)
    split = Split(protocol, fold, rest[~validating], rest[validating], test, tested)
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
    _check_promise(table, split)


def _check_promise(table: pd.DataFrame, split: Split) -> None:
    """Raise :class:`ProtocolError` if a corpus or sentence crosses under a protocol named after keeping it apart."""
    if split.protocol in (CORPUS, PAIRS):
        what, keys = "corpus", table["corpus"].to_numpy(dtype=str)
    elif split.protocol == TEXT:
        what, keys = "sentence", text_keys(table)
    else:
        return
    shared = np.intersect1d(keys[np.concatenate([split.train, split.validation])], keys[split.test])
    if shared.size:
        raise ProtocolError(
            f"The split shares {what} {shared[0]} between training and test, which '{split.protocol}' promises not to."
        )


def _refuse_unknown_speakers(table: pd.DataFrame, protocol: str) -> None:
    unknown = table["speaker"].isna()
    if unknown.any():
        corpus = table.loc[unknown, "corpus"].iloc[0]
        raise ProtocolError(
            f"Protocol '{protocol}' needs to know who speaks, but {int(unknown.sum())} clips of '{corpus}' have no "
            "speaker: name them in the manifest or by a pattern in corpus.toml. Without speakers only "
            f"'{ALL}' and '{LEAKY}' are left, and the scores of the latter are inflated."
        )


def _held_out(
    table: pd.DataFrame, protocol: str, fold: int, spoken: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, dict[str, tuple[int, np.ndarray]]]:
    """Return the rows for training and validation together, those of the test, and :attr:`Split.tested`."""
    if protocol in (CORPUS, PAIRS):
        rest, test = _other_corpus(table, protocol, fold, spoken)
        return rest, test, {protocol: (fold, test)}
    if protocol == TEXT:
        rest, test = _other_text(table, fold, spoken)
        return rest, test, {protocol: (fold, test)}
    dealt = protocol == SPEAKER
    held_out = _dealt_speakers(table.iloc[spoken], fold, seed) if dealt else _test_speakers(protocol, fold)
    keys = _speaker_keys(table)
    speakers = [speaker for part in held_out.values() for speaker in part]
    missing = sorted(set(speakers) - set(keys))
    if missing:
        raise ProtocolError(f"Protocol '{protocol}' tests on {missing[0]}, of whom the table holds no clip.")
    testing = np.isin(keys[spoken], speakers)
    rest, test = spoken[~testing], spoken[testing]
    if not dealt:
        answered = _answered_by(protocol, fold).items()
        return rest, test, {n: (number, test[np.isin(keys[test], held_out[c])]) for n, (number, c) in answered}
    if not len(rest):
        raise ProtocolError(f"Protocol '{SPEAKER}' needs at least two speakers in a corpus: add another's clips.")
    return rest, test, {SPEAKER: (fold, test)}


def _other_corpus(table: pd.DataFrame, protocol: str, fold: int, spoken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    corpora = corpora_of(table)
    labels = labels_by_corpus(table["corpus"].tolist(), table["emotion"].tolist())
    common = [emotion for emotion in EMOTIONS if all(emotion in names for names in labels.values())]
    if len(corpora) < 2 or len(common) < 2:
        raise ProtocolError(f"Protocol '{protocol}' needs at least two corpora that share two emotions: add another.")
    corpus = table["corpus"].to_numpy(dtype=str)
    if protocol == CORPUS:
        source, target = corpus != corpora[fold], corpora[fold]
    else:
        heard, target = [(a, b) for a in corpora for b in corpora if a != b][fold]
        source = corpus == heard
    test = (corpus == target) & table["emotion"].isin(common).to_numpy(bool)
    return spoken[source[spoken]], spoken[test[spoken]]


def _other_text(table: pd.DataFrame, fold: int, spoken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of other speakers with other sentences, and of the test; what is neither is left out."""
    texts, keys = text_keys(table), _speaker_keys(table)
    can = texts != ""
    if not can[spoken].any():
        raise ProtocolError(
            f"Protocol '{TEXT}' needs a corpus in which at least two sentences are told apart: give the manifest a "
            "column 'sentence', or add such a corpus."
        )
    dealt = _dealt_speakers(table.iloc[spoken[can[spoken]]], fold // TEXT_PARTS)
    speakers = [speaker for part in dealt.values() for speaker in part]
    tested_corpora = [corpus for corpus, part in dealt.items() if part]
    asked: list[str] = []
    for corpus in tested_corpora:
        names = np.unique(texts[can & (table["corpus"] == corpus).to_numpy(bool)])
        asked += list(np.random.default_rng(0).permutation(names)[fold % TEXT_PARTS :: TEXT_PARTS])
    theirs, said = np.isin(keys, speakers), np.isin(texts, asked)
    rest = spoken[~theirs[spoken] & ~said[spoken]]
    if not len(rest):
        raise ProtocolError(f"Protocol '{TEXT}' needs at least two speakers in a corpus: add another's clips.")
    return rest, spoken[theirs[spoken] & said[spoken]]


def _dealt_speakers(table: pd.DataFrame, fold: int, seed: int = 0) -> dict[str, list[str]]:
    """Return the test speakers' keys by corpus when speakers are dealt out in turn, women and men alternating."""
    return {
        str(corpus): [f"{corpus}/{speaker}" for speaker in _alternating(part, seed)[fold::SPEAKER_FOLDS]]
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
    for name in published_names():
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


def _random_leaky(table: pd.DataFrame, fold: int, spoken: np.ndarray, seed: int) -> Split:
    """Deal clips out at random, stratified by emotion: a speaker is heard on both sides. For demonstrations only."""
    order = np.random.default_rng(seed).permutation(spoken)
    order = order[np.argsort(table["emotion"].to_numpy(dtype=str)[order], kind="stable")]
    place = np.arange(len(order)) % (2 * LEAKY_FOLDS)
    test = place // 2 == fold
    validation = place == (2 * fold + 2) % (2 * LEAKY_FOLDS)
    train, validation, test = (np.sort(order[mask]) for mask in (~test & ~validation, validation, test))
    return Split(LEAKY, fold, train, validation, test, {LEAKY: (fold, test)})
