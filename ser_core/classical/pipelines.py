"""Building and fitting a family's scikit-learn pipeline, and its answers as one score a class."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight

from ser_core.classical.families import (
    ClassicalConfig,
    GradientBoostingConfig,
    KNeighboursConfig,
    LogisticRegressionConfig,
    MLPConfig,
    RandomForestConfig,
    SVMConfig,
)

#: The score of a class that a classifier never saw.
UNSEEN = -1e3
#: Added to a probability before its logarithm: forests and neighbours say 0 where they only mean "rarely".
_RARELY = 1e-3


def build_classifier(config: ClassicalConfig, seed: int) -> Pipeline:
    """Return the untrained pipeline of a family: scaler and principal components where it needs them, classifier.

    Classes weigh the same where the family can weigh them; for the perceptron :func:`fit_classifier` does it.
    """
    classifier = _classifier(config, seed)
    if isinstance(config, RandomForestConfig | GradientBoostingConfig):
        return make_pipeline(classifier)  # a tree asks only which value is larger
    if config.components:
        return make_pipeline(StandardScaler(), PCA(config.components, random_state=seed), classifier)
    return make_pipeline(StandardScaler(), classifier)


def fit_classifier(classifier: Pipeline, features: np.ndarray, target: np.ndarray) -> Pipeline:
    """Fit a pipeline of :func:`build_classifier` in place and return it.

    With fewer clips than principal components, or than neighbours, as many are taken as there can be.

    Parameters
    ----------
    features
        One row a clip [shape=(n, width)].
    target
        Class numbers [shape=(n,), int].
    """
    steps, options = classifier.named_steps, {}
    if "pca" in steps:
        steps["pca"].n_components = min(steps["pca"].n_components, *features.shape)
    if "kneighborsclassifier" in steps:
        steps["kneighborsclassifier"].n_neighbors = min(steps["kneighborsclassifier"].n_neighbors, len(features))
    if "mlpclassifier" in steps:
        options["mlpclassifier__sample_weight"] = compute_sample_weight("balanced", target)
    with warnings.catch_warnings():
        # The perceptron's epochs are fixed beforehand: stopping there is what was asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return classifier.fit(features, target, **options)


def decision_scores(classifier: Pipeline, features: np.ndarray, n_classes: int) -> np.ndarray:
    """Return one score a class, the higher the likelier [shape=(n, n_classes), float64].

    A family that gives probabilities answers with their logarithms. Of a support vector machine each pair of classes
    gives a soft vote, tanh of the distance to their boundary; a class's score is the mean of its votes. Whole votes,
    as scikit-learn's one-versus-rest scores count them, make most answers look equally certain. A class that the
    classifier never saw gets a very low score.
    """
    known = classifier.classes_
    scores = np.full((len(features), n_classes), UNSEEN)
    if not len(features):
        return scores
    if isinstance(classifier[-1], SVC):
        scores[:, known] = _soft_votes(classifier, features)
    else:
        scores[:, known] = np.log(classifier.predict_proba(features).astype(np.float64) + _RARELY)
    return scores


def _soft_votes(classifier: Pipeline, features: np.ndarray) -> np.ndarray:
    size = len(classifier.classes_)
    votes = np.tanh(classifier.decision_function(features), dtype=np.float64).reshape(len(features), -1)
    if size == 2:
        votes = -votes  # with two classes scikit-learn's sign is that of the second
    scores = np.zeros((len(features), size))
    for column, (first, second) in enumerate(combinations(range(size), 2)):
        scores[:, first] += votes[:, column] / (size - 1)
        scores[:, second] -= votes[:, column] / (size - 1)
    return scores


def _classifier(config: ClassicalConfig, seed: int) -> Any:
    match config:
        case SVMConfig():
            return SVC(
                C=config.c,
                kernel=config.kernel,
                gamma="scale",
                class_weight="balanced",
                decision_function_shape="ovo",
            )
        case LogisticRegressionConfig():
            return LogisticRegression(C=config.c, class_weight="balanced", max_iter=2000)
        case RandomForestConfig():
            return RandomForestClassifier(
                config.trees,
                min_samples_leaf=config.min_samples_leaf,
                max_leaf_nodes=config.leaves,
                max_features=config.feature_share,
                class_weight="balanced",
                random_state=seed,
            )
        case KNeighboursConfig():
            return KNeighborsClassifier(
                config.neighbours,
                weights=config.weights,
                metric=config.metric,
                algorithm="brute",  # a search tree is no faster in this many dimensions, and compiled code to store
            )
        case GradientBoostingConfig():
            return HistGradientBoostingClassifier(
                learning_rate=config.learning_rate,
                max_iter=config.iterations,
                max_leaf_nodes=config.leaves,
                max_bins=config.bins,
                min_samples_leaf=config.min_samples_leaf,
                l2_regularization=config.l2,
                max_features=config.feature_share,
                class_weight="balanced",
                early_stopping=False,  # it would hold out clips of speakers that it also hears
                random_state=seed,
            )
        case MLPConfig():
            return MLPClassifier(
                config.hidden,
                alpha=config.alpha,
                learning_rate_init=config.learning_rate,
                max_iter=config.epochs,
                n_iter_no_change=config.epochs,
                batch_size=config.batch_size,
                random_state=seed,
            )
