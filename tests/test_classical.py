"""The classical pipeline: its scores rank classes as the pairwise boundaries do, and differ in certainty."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.classical import SVMConfig, build_classifier, decision_scores


def _data(classes: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = np.repeat(classes, 60)
    centres = rng.normal(0, 2.5, (8, 10))
    return centres[target] + rng.normal(0, 1.5, (len(target), 10)), target


@pytest.mark.parametrize("classes", [[0, 1, 2, 3, 4, 5, 6, 7], [0, 2, 5], [3, 6]])
@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_best_score_agrees_with_the_classifier(classes: list[int], kernel: str) -> None:
    features, target = _data(classes)
    classifier = build_classifier(SVMConfig(kernel=kernel, components=8), seed=0)  # type: ignore[arg-type]
    classifier.fit(features, target)
    scores = decision_scores(classifier, features, 8)
    assert scores.shape == (len(features), 8)
    assert np.mean(scores.argmax(axis=1) == classifier.predict(features)) > 0.9
    unseen = [number for number in range(8) if number not in classes]
    assert (scores[:, unseen] == -1e3).all()


def test_scores_fall_towards_a_boundary() -> None:
    features, target = _data([0, 4])
    classifier = build_classifier(SVMConfig(kernel="linear", components=8), seed=0).fit(features, target)
    first, second = features[target == 0].mean(axis=0), features[target == 4].mean(axis=0)
    path = np.linspace(first, second, 9)
    margins = decision_scores(classifier, path, 8)[:, 0]
    assert (np.diff(margins) < 0).all()
    assert margins[0] > 0 > margins[-1]


def test_the_same_seed_gives_the_same_scores() -> None:
    features, target = _data([0, 1, 2])
    first, again = (
        decision_scores(build_classifier(SVMConfig(components=5), seed=3).fit(features, target), features, 8)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
