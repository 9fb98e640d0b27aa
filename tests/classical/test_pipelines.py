"""The classical pipelines: each learns, weighs its classes, and gives scores that a temperature can calibrate."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.classical import (
    ClassicalConfig,
    GradientBoostingConfig,
    KNeighboursConfig,
    LogisticRegressionConfig,
    MLPConfig,
    RandomForestConfig,
    SVMConfig,
)
from ser_core.classical.pipelines import build_classifier, decision_scores, fit_classifier

PROBABILISTIC: list[ClassicalConfig] = [
    LogisticRegressionConfig(c=1.0),
    LogisticRegressionConfig(c=1.0, components=8),
    RandomForestConfig(trees=40, feature_share=0.3),
    KNeighboursConfig(neighbours=7, components=8),
    GradientBoostingConfig(iterations=20),
    MLPConfig(hidden=(24,), epochs=60, learning_rate=0.01, components=8),
]


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


@pytest.mark.parametrize("config", PROBABILISTIC, ids=lambda config: config.kind)
def test_each_family_learns_and_answers_with_log_probabilities(config: ClassicalConfig) -> None:
    features, target = _data([0, 2, 5])
    order = np.random.default_rng(1).permutation(len(target))
    heard, held_out = order[:120], order[120:]
    classifier = fit_classifier(build_classifier(config, seed=0), features[heard], target[heard])
    scores = decision_scores(classifier, features[held_out], 8)
    assert np.mean(scores.argmax(axis=1) == target[held_out]) > 0.9
    assert (scores[:, [1, 3, 4, 6, 7]] == -1e3).all()
    np.testing.assert_allclose(np.exp(scores[:, [0, 2, 5]]), classifier.predict_proba(features[held_out]), atol=2e-3)
    assert decision_scores(classifier, features[:0], 8).shape == (0, 8)


@pytest.mark.parametrize("config", PROBABILISTIC, ids=lambda config: config.kind)
def test_the_same_seed_gives_the_same_classifier(config: ClassicalConfig) -> None:
    features, target = _data([0, 1, 2])
    first, again = (
        decision_scores(fit_classifier(build_classifier(config, seed=3), features, target), features, 8)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    "config", [config for config in PROBABILISTIC if config.kind != "k-nn"], ids=lambda config: config.kind
)
def test_a_rare_class_is_not_drowned(config: ClassicalConfig) -> None:
    """Where two classes overlap, the one with a tenth of the clips is still found nearly as often."""
    rng = np.random.default_rng(4)
    target = np.repeat([0, 1], [400, 40])
    features = rng.normal(0, 1, (440, 10))
    features[target == 1] += 0.9
    if isinstance(config, RandomForestConfig | GradientBoostingConfig):
        config = config.model_copy(update={"min_samples_leaf": 20})
    if isinstance(config, MLPConfig):
        config = config.model_copy(update={"alpha": 300.0, "learning_rate": 1e-3})
    classifier = fit_classifier(build_classifier(config, seed=0), features, target)
    recall = np.mean(decision_scores(classifier, features[target == 1], 8).argmax(axis=1) == 1)
    assert recall > 0.8


def test_few_clips_take_fewer_components_and_neighbours() -> None:
    features, target = _data([0, 1])
    few = np.r_[:4, 60:64]
    for config in (KNeighboursConfig(neighbours=50, components=40), SVMConfig(components=80)):
        classifier = fit_classifier(build_classifier(config, seed=0), features[few], target[few])
        assert decision_scores(classifier, features[few], 8).argmax(axis=1).shape == (8,)
        assert classifier.named_steps["pca"].n_components == 8
