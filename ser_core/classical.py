"""scikit-learn pipelines on functionals: the baselines that a student understands."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


class SVMConfig(BaseModel):
    """A support vector machine (Cortes & Vapnik 1995) on standardised, decorrelated functionals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["svm"] = "svm"
    kernel: Literal["rbf", "linear"] = "rbf"
    c: float = Field(3.0, gt=0)
    components: int = Field(80, ge=2, description="principal components kept; also keeps the saved model small")


def build_classifier(config: SVMConfig, seed: int) -> Pipeline:
    """Return the untrained pipeline: scaler, principal components, SVM with classes of equal weight."""
    return make_pipeline(
        StandardScaler(),
        PCA(config.components, random_state=seed),
        SVC(C=config.c, kernel=config.kernel, gamma="scale", class_weight="balanced", decision_function_shape="ovo"),
    )


def decision_scores(classifier: Pipeline, features: np.ndarray, n_classes: int) -> np.ndarray:
    """Return one score a class, the higher the likelier [shape=(n, n_classes)].

    Each pair of classes gives a soft vote, tanh of the distance to their boundary; a class's score is the mean of
    its votes. Whole votes, as scikit-learn's one-versus-rest scores count them, make most answers look equally
    certain. A class that the classifier never saw gets a very low score.
    """
    known = classifier.classes_
    scores = np.full((len(features), n_classes), -1e3)
    votes = np.tanh(classifier.decision_function(features), dtype=np.float64).reshape(len(features), -1)
    if len(known) == 2:
        votes = -votes  # with two classes scikit-learn's sign is that of the second
    scores[:, known] = 0.0
    for column, (first, second) in enumerate(combinations(known, 2)):
        scores[:, first] += votes[:, column] / (len(known) - 1)
        scores[:, second] -= votes[:, column] / (len(known) - 1)
    return scores
