import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser_core.emotions import (
    COLOURS,
    CORPUS_LABELS,
    EMOTIONS,
    LABEL_SETS,
    SYMBOLS,
    check_labels,
    class_indices,
    class_mask,
    label_names,
    labels_by_corpus,
    map_label,
)


def test_the_vocabulary_is_in_this_order_for_good():
    """Saved models depend on it."""
    assert EMOTIONS == ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")


def test_label_sets():
    assert {size: len(labels) for size, labels in LABEL_SETS.items()} == {8: 8, 7: 7, 6: 6, 4: 4}
    for labels in [*LABEL_SETS.values(), *CORPUS_LABELS.values()]:
        assert list(labels) == [emotion for emotion in EMOTIONS if emotion in labels], "in the vocabulary's order"
    assert set(LABEL_SETS[8]) - set(LABEL_SETS[7]) == {"calm"}
    assert set(LABEL_SETS[7]) - set(LABEL_SETS[6]) == {"surprised"}


def test_classes_of_the_corpora():
    assert {corpus: len(labels) for corpus, labels in CORPUS_LABELS.items()} == {
        "cremad": 6,
        "ravdess": 8,
        "savee": 7,
        "tess": 7,
    }


def test_every_emotion_has_its_own_colour_and_symbol():
    assert set(COLOURS) == set(SYMBOLS) == set(EMOTIONS)
    assert len(set(COLOURS.values())) == len(set(SYMBOLS.values())) == 8


def _linear(colour):
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


# Viénot, Brettel & Mollon 1999: what remains of linear RGB without the long or the middle cones.
_SIGHT = {
    "full": np.eye(3),
    "protanopia": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
    "deuteranopia": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
}


@pytest.mark.parametrize("sight", _SIGHT)
def test_colours_can_be_told_apart(sight):
    seen = {emotion: np.clip(_SIGHT[sight] @ _linear(colour), 0, 1) ** (1 / 2.2) for emotion, colour in COLOURS.items()}
    for first, second in itertools.combinations(EMOTIONS, 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 0.08, f"{first} and {second}"


@given(st.lists(st.sampled_from(EMOTIONS)))
def test_indices_and_mask_agree(labels):
    indices, mask = class_indices(labels), class_mask(labels)
    assert indices.dtype == np.int64
    assert indices.shape == (len(labels),)
    assert [EMOTIONS[index] for index in indices] == labels
    assert mask.dtype == bool
    assert mask.shape == (8,)
    assert set(np.flatnonzero(mask)) == set(indices)


@pytest.mark.parametrize("function", [class_indices, class_mask])
@pytest.mark.parametrize("label", ["happiness", "Happy", ""])
def test_unknown_labels_are_named(function, label):
    with pytest.raises(ValueError, match=f"'{label}' is no emotion of the vocabulary"):
        function(["sad", label])


@pytest.mark.parametrize("size", LABEL_SETS)
def test_a_label_set_keeps_its_own_and_leaves_the_others_out(size: int) -> None:
    check_labels(size)
    assert label_names(size) == LABEL_SETS[size]
    for emotion in EMOTIONS:
        assert map_label(emotion, size) == (emotion if emotion in LABEL_SETS[size] else None)


def test_an_own_mapping_merges_skips_and_leaves_the_rest() -> None:
    labels = {"calm": "neutral", "surprised": "skip", "sad": "fearful"}
    check_labels(labels)
    assert [map_label(emotion, labels) for emotion in EMOTIONS] == [
        "neutral",
        "neutral",
        "happy",
        "fearful",
        "angry",
        "fearful",
        "disgust",
        None,
    ]
    assert label_names(labels) == ("neutral", "happy", "angry", "fearful", "disgust")


@pytest.mark.parametrize(
    "labels", [5, {"calm": "bored"}, {"bored": "calm"}, {"skip": "calm"}, dict.fromkeys(EMOTIONS, "sad")]
)
def test_what_is_no_label_set_is_refused(labels: Any) -> None:
    with pytest.raises(ValueError, match="label set|no emotion|two classes"):
        check_labels(labels)


def test_classes_that_a_mapping_brought_into_a_corpus_count() -> None:
    assert labels_by_corpus(["cremad", "own", "own"], ["calm", "sad", "happy"]) == {
        "cremad": ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust"),
        "own": ("happy", "sad"),
    }
