"""scikit-learn classifiers on functionals: the baselines that a student understands."""

from ser_core.classical.families import (
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

__all__ = [
    "TRUSTED_TYPES",
    "ClassicalConfig",
    "GradientBoostingConfig",
    "KNeighboursConfig",
    "LogisticRegressionConfig",
    "MLPConfig",
    "RandomForestConfig",
    "SVMConfig",
    "build_classifier",
    "check_trees",
    "decision_scores",
    "fit_classifier",
    "load_classifier",
    "save_classifier",
]
