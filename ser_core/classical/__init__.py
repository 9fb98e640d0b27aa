"""scikit-learn classifiers on functionals: the baselines that a student understands.

Here are their settings. What needs scikit-learn, whose import takes 1.7 s of processor time, is in
:mod:`ser_core.classical.pipelines` and :mod:`ser_core.classical.storage`, and imported where it is used.
"""

from ser_core.classical.families import (
    ClassicalConfig,
    GradientBoostingConfig,
    KNeighboursConfig,
    LogisticRegressionConfig,
    MLPConfig,
    RandomForestConfig,
    SVMConfig,
)

__all__ = [
    "ClassicalConfig",
    "GradientBoostingConfig",
    "KNeighboursConfig",
    "LogisticRegressionConfig",
    "MLPConfig",
    "RandomForestConfig",
    "SVMConfig",
]
