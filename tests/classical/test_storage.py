"""A stored classifier answers as before, and a forged one is refused before it can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

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
from ser_core.classical.storage import TRUSTED_TYPES, check_trees, load_classifier, save_classifier
from ser_core.errors import BundleError

FAMILIES: list[ClassicalConfig] = [
    SVMConfig(components=6),
    LogisticRegressionConfig(),
    RandomForestConfig(trees=12, feature_share=0.3),
    KNeighboursConfig(neighbours=5, components=6),
    GradientBoostingConfig(iterations=6),
    MLPConfig(hidden=(16,), epochs=15, components=6),
]


def _data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = np.repeat([0, 2, 3, 5], 40)
    return (rng.normal(0, 2, (8, 12))[target] + rng.normal(0, 1, (160, 12))).astype(np.float32), target


def _fitted(config: ClassicalConfig) -> Pipeline:
    return fit_classifier(build_classifier(config, 1), *_data())


@pytest.mark.parametrize("config", FAMILIES, ids=lambda config: config.kind)
def test_a_stored_classifier_gives_the_same_scores(config: ClassicalConfig, tmp_path: Path) -> None:
    classifier, features = _fitted(config), _data()[0]
    before = decision_scores(classifier, features, 8)
    save_classifier(classifier, tmp_path / "weights.skops")
    data = (tmp_path / "weights.skops").read_bytes()
    assert set(skops.io.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
    np.testing.assert_array_equal(decision_scores(load_classifier(data), features, 8), before)
    np.testing.assert_array_equal(decision_scores(classifier, features, 8), before)  # saving changed nothing


def test_a_perceptron_is_stored_without_its_optimiser(tmp_path: Path) -> None:
    classifier = _fitted(FAMILIES[-1])
    save_classifier(classifier, tmp_path / "weights.skops")
    assert skops.io.get_untrusted_types(file=tmp_path / "weights.skops") == []
    assert hasattr(classifier[-1], "_optimizer")


def test_code_is_refused(tmp_path: Path) -> None:
    features, target = _data()
    classifier = make_pipeline(FunctionTransformer(np.tanh), SGDClassifier(random_state=0)).fit(features, target)
    classifier.steps.insert(0, ("shout", FunctionTransformer(print)))
    with pytest.raises(BundleError, match=r"unknown kind .*do not use it"):
        load_classifier(skops.io.dumps(classifier))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no zip"], ids=["empty", "no zip"])
def test_damage_is_said(data: bytes) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        load_classifier(data)
    with pytest.raises(BundleError, match="no pipeline"):
        load_classifier(skops.io.dumps({"a": 1}))


class _Nodes:
    """A tree of a forest, with a part exchanged; scikit-learn's own cannot be written to."""

    def __init__(self, tree: Any, **changes: Any) -> None:
        for name in ("children_left", "children_right", "feature", "value", "node_count", "n_features"):
            setattr(self, name, changes.get(name, getattr(tree, name)))


def _changed(array: np.ndarray, place: int, value: int) -> np.ndarray:
    changed = array.copy()
    changed[place] = value
    return changed


@pytest.mark.parametrize("part", ["children_left", "children_right"])
@pytest.mark.parametrize("child", [10_000, 0, -7], ids=["beyond the end", "a circle", "before the start"])
def test_a_forest_that_leads_out_of_itself_is_refused(part: str, child: int) -> None:
    classifier = _fitted(RandomForestConfig(trees=3, feature_share=0.3))
    check_trees(classifier)
    estimator = classifier[-1].estimators_[1]
    estimator.tree_ = _Nodes(estimator.tree_, **{part: _changed(getattr(estimator.tree_, part), 0, child)})
    with pytest.raises(BundleError, match="trees are damaged"):
        check_trees(classifier)


@pytest.mark.parametrize("feature", [12, -1])
def test_a_forest_that_reads_a_feature_there_is_not_is_refused(feature: int) -> None:
    classifier = _fitted(RandomForestConfig(trees=3, feature_share=0.3))
    estimator = classifier[-1].estimators_[2]
    estimator.tree_ = _Nodes(estimator.tree_, feature=_changed(estimator.tree_.feature, 0, feature))
    with pytest.raises(BundleError, match="trees are damaged"):
        check_trees(classifier)


@pytest.mark.parametrize(
    ("part", "value"), [("left", 10_000), ("right", 0), ("feature_idx", 12), ("feature_idx", -1), ("is_categorical", 1)]
)
def test_boosted_trees_are_looked_at_as_well(part: str, value: int) -> None:
    classifier = _fitted(GradientBoostingConfig(iterations=3))
    check_trees(classifier)
    classifier[-1]._predictors[1][2].nodes[part][0] = value
    with pytest.raises(BundleError, match="trees are damaged"):
        load_classifier(skops.io.dumps(classifier))


def test_a_forest_without_its_trees_is_refused() -> None:
    classifier = _fitted(RandomForestConfig(trees=3))
    classifier[-1].estimators_ = None
    with pytest.raises(BundleError, match="trees are damaged"):
        check_trees(classifier)
