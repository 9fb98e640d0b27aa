"""McNemar and the paired bootstrap against scipy, by hand, and on models whose difference is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from ser_core.emotions import EMOTIONS
from ser_core.errors import ProtocolError
from ser_core.evaluation.comparison import compare, mcnemar
from ser_core.training.runs import LOGIT_COLUMNS
from tests.evaluation.simulated import answers


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 3), (1, 9), (40, 12), (0, 5)])
def test_mcnemar_is_the_two_sided_binomial(first: int, second: int) -> None:
    total = first + second
    expected = min(1.0, 2 * binom.cdf(min(first, second), total, 0.5)) if total else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def _right(frame) -> np.ndarray:
    return frame[LOGIT_COLUMNS].to_numpy().argmax(axis=1) == [EMOTIONS.index(e) for e in frame["emotion"]]


def test_counts_and_differences_are_those_of_the_answers() -> None:
    first, second = answers(skill=0.7, seed=1), answers(skill=0.5, seed=2)
    shuffled = second.sample(frac=1, random_state=0)  # the order of the rows does not matter
    found = compare([first], [shuffled], "ravdess-emobox")
    one, two = _right(first), _right(second)
    assert found.both_right == (one & two).sum()
    assert found.only_first == (one & ~two).sum()
    assert found.only_second == (two & ~one).sum()
    assert found.neither == (~one & ~two).sum()
    assert found.wa_difference == pytest.approx(one.mean() - two.mean())
    assert found.uar_difference == pytest.approx(found.uar_first - found.uar_second)
    assert found.uar_difference_ci95[0] > 0.1
    assert found.mcnemar_p < 1e-6
    assert found.words.startswith("The first model is better")
    turned = compare([second], [first], "ravdess-emobox")
    assert turned.uar_difference_ci95 == pytest.approx([-side for side in found.uar_difference_ci95[::-1]])
    assert turned.words.startswith("The second model is better")


def test_equal_models_are_not_told_apart_more_often_than_promised() -> None:
    told = 0
    for trial in range(100):
        skill = np.random.default_rng(trial).normal(0.6, 0.1, 24).clip(0, 1)  # voices hard for both
        pair = [answers(skill=skill, seed=1000 + 2 * trial + side, clips=16) for side in (0, 1)]
        low, high = compare([pair[0]], [pair[1]], "ravdess-emobox", draws=300).uar_difference_ci95
        told += not low <= 0 <= high
    assert told <= 12


def test_the_same_model_does_not_differ() -> None:
    found = compare([answers()], [answers()], "ravdess-emobox")
    assert (found.uar_difference, found.uar_difference_ci95, found.mcnemar_p) == (0.0, (0.0, 0.0), 1.0)
    assert found.words.startswith("No difference")
    few = compare([answers("savee", 4)], [answers("savee", 4)], "savee-loso")
    assert "With 4 test speakers" in few.words


def test_other_clips_or_classes_cannot_be_compared() -> None:
    with pytest.raises(ProtocolError, match="not tested on the same clips"):
        compare([answers()], [answers(clips=10)], "ravdess-emobox")
    fewer = answers()
    fewer[LOGIT_COLUMNS[1]] = -1e4  # it cannot say calm
    merged = answers().assign(emotion=lambda f: f["emotion"].replace("calm", "neutral"))
    with pytest.raises(ProtocolError, match="same classes"):
        compare([merged], [fewer], "ravdess-emobox")
