"""scikit-learn pipelines on functionals: the baselines that a student understands."""

from __future__ import annotations

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
        SVC(C=config.c, kernel=config.kernel, gamma="scale", class_weight="balanced", decision_function_shape="ovr"),
    )


def decision_scores(classifier: Pipeline, features: np.ndarray, n_classes: int) -> np.ndarray:
    """Return one-versus-rest scores [shape=(n, n_classes)]; a class the classifier never saw gets a very low one."""
    scores = np.full((len(features), n_classes), -1e3)
    values = np.asarray(classifier.decision_function(features), dtype=np.float64)
    known = classifier.classes_
    if len(known) == 2:
        values = np.stack([-values, values], axis=1)
    scores[:, known] = values
    return scores
