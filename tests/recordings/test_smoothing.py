"""Smoothing over time, against what a hidden Markov model is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ser_core.recordings.smoothing import smooth

_SPANS = [(1.5 * step, 1.5 * step + 1.5) for step in range(5)]


def test_it_is_the_posterior_of_all_paths() -> None:
    rows = np.random.default_rng(0).dirichlet([1, 1, 1], 5)
    spans = [(0, 1), (1, 2), (3, 4), (4, 6), (9, 10)]
    middles = [sum(span) / 2 for span in spans]
    expected = np.zeros((5, 3))
    for path in itertools.product(range(3), repeat=5):  # all of them, by the definition
        value = np.prod([row[state] ** 0.7 for row, state in zip(rows, path, strict=True)])
        for number, (one, other) in enumerate(itertools.pairwise(path)):
            kept = np.exp(-(middles[number + 1] - middles[number]) / 4.0)
            value *= kept * (one == other) + (1 - kept) / 3
        expected[range(5), path] += value
    expected /= expected.sum(axis=1, keepdims=True)
    assert smooth(rows, spans, memory_s=4.0, weight=0.7) == pytest.approx(expected)


def test_a_lone_answer_between_others_gives_way_and_a_lasting_one_does_not() -> None:
    quiet, loud = [0.8, 0.2], [0.3, 0.7]
    lone = smooth(np.array([quiet, quiet, loud, quiet, quiet]), _SPANS, 8.0, 0.75)
    assert (lone.argmax(axis=1) == 0).all()
    lasting = smooth(np.array([quiet, quiet, loud, loud, loud]), _SPANS, 8.0, 0.75)
    assert lasting.argmax(axis=1).tolist() == [0, 0, 1, 1, 1]


def test_what_lies_far_away_does_not_count() -> None:
    rows = np.array([[0.9, 0.1], [0.4, 0.6]])
    near, far = (smooth(rows, [(0, 1), (start, start + 1)], 8.0, 1.0)[1] for start in (1, 600))
    assert near[0] > 0.6
    assert far == pytest.approx(rows[1])


@pytest.mark.parametrize("count", [0, 1])
def test_few_steps_are_left_alone(count: int) -> None:
    rows = np.array([[0.2, 0.8]])[:count]
    assert smooth(rows, [(0, 1)][:count], weight=1.0) == pytest.approx(rows)


def test_certainty_of_zero_is_no_division_by_zero() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert np.isfinite(smooth(rows, _SPANS[:3])).all()
