"""The vocabulary: emotion names, their order, colours, and how other label sets map onto it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

#: All classes, in the order every array and file of this package uses.
EMOTIONS: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)

#: What an emotion is mapped to when its clips are to be left out.
SKIP = "skip"

#: Label sets by number of classes, the subsets that the corpora and the field use.
LABEL_SETS: Mapping[int, tuple[str, ...]] = {
    8: EMOTIONS,
    7: tuple(e for e in EMOTIONS if e != "calm"),
    6: tuple(e for e in EMOTIONS if e not in ("calm", "surprised")),
    4: ("neutral", "happy", "sad", "angry"),
}

#: The classes each corpus contains.
CORPUS_LABELS: Mapping[str, tuple[str, ...]] = {
    "cremad": LABEL_SETS[6],
    "ravdess": LABEL_SETS[8],
    "savee": LABEL_SETS[7],
    "tess": LABEL_SETS[7],
}

#: Colour-blind-safe colours (Okabe & Ito 2008, neutral in grey); never the only carrier of meaning.
COLOURS: Mapping[str, str] = {
    "neutral": "#8A8A8A",
    "calm": "#56B4E9",
    "happy": "#E69F00",
    "sad": "#0072B2",
    "angry": "#D55E00",
    "fearful": "#CC79A7",
    "disgust": "#009E73",
    "surprised": "#F0E442",
}

#: A sign beside each name, so that colour is not needed to tell classes apart.
SYMBOLS: Mapping[str, str] = {
    "neutral": "😐",
    "calm": "😌",
    "happy": "😄",
    "sad": "😢",
    "angry": "😠",
    "fearful": "😨",
    "disgust": "🤢",
    "surprised": "😲",
}


def check_labels(labels: int | Mapping[str, str]) -> None:
    """Raise ValueError if *labels* is no label set: a size of :data:`LABEL_SETS`, or a mapping between emotions."""
    if isinstance(labels, int):
        if labels not in LABEL_SETS:
            raise ValueError(
                f"{labels} is no label set: use {', '.join(map(str, LABEL_SETS))}, or a table of emotions."
            )
        return
    class_indices([name for name in [*labels, *labels.values()] if name != SKIP])
    if SKIP in labels or len(label_names(labels)) < 2:
        raise ValueError("A table of emotions must leave at least two classes.")


def map_label(emotion: str, labels: int | Mapping[str, str]) -> str | None:
    """Return the class that an emotion has in a label set, None where its clips are left out.

    Parameters
    ----------
    emotion
        One of :data:`EMOTIONS`.
    labels
        A size of :data:`LABEL_SETS`, whose other emotions are left out; or a mapping such as ``{"calm": "neutral",
        "surprised": "skip"}``, in which an emotion that is not named stays what it is.
    """
    if isinstance(labels, int):
        return emotion if emotion in LABEL_SETS[labels] else None
    target = labels.get(emotion, emotion)
    return None if target == SKIP else target


def label_names(labels: int | Mapping[str, str]) -> tuple[str, ...]:
    """Return the classes of a label set, as :func:`map_label` takes it, in the vocabulary's order."""
    kept = {map_label(emotion, labels) for emotion in EMOTIONS}
    return tuple(emotion for emotion in EMOTIONS if emotion in kept)


def labels_by_corpus(corpora: Sequence[str], emotions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the classes of each corpus of some clips, in the vocabulary's order.

    Those of the four corpora are known; to them come, as in any other corpus, the classes that occur in it here (the
    clips may have been mapped to another label set).

    Parameters
    ----------
    corpora, emotions
        One entry a clip [each of length n].
    """
    found = set(zip(corpora, emotions, strict=True))
    return {
        corpus: tuple(
            emotion for emotion in EMOTIONS if emotion in CORPUS_LABELS.get(corpus, ()) or (corpus, emotion) in found
        )
        for corpus in sorted(set(corpora))
    }


def class_indices(labels: Sequence[str]) -> np.ndarray:
    """Return the positions of *labels* in :data:`EMOTIONS` [shape=(n,), int64].

    Raises
    ------
    ValueError
        If a label is not in the vocabulary.
    """
    unknown = sorted(set(labels) - set(EMOTIONS))
    if unknown:
        raise ValueError(f"'{unknown[0]}' is no emotion of the vocabulary: use one of {', '.join(EMOTIONS)}.")
    return np.array([EMOTIONS.index(label) for label in labels], dtype=np.int64)


def class_mask(labels: Sequence[str]) -> np.ndarray:
    """Return which of :data:`EMOTIONS` are in *labels* [shape=(8,), bool].

    Raises
    ------
    ValueError
        If a label is not in the vocabulary.
    """
    mask = np.zeros(len(EMOTIONS), dtype=bool)
    mask[class_indices(labels)] = True
    return mask
