"""The settings of each family of classifiers; kept in the recipe and in the bundle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Family(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SVMConfig(_Family):
    """A support vector machine (Cortes & Vapnik 1995) on standardised, decorrelated functionals."""

    kind: Literal["svm"] = "svm"
    kernel: Literal["rbf", "linear"] = "rbf"
    c: float = Field(3.0, gt=0)
    components: int = Field(80, ge=2, description="principal components kept; also keeps the saved model small")


class LogisticRegressionConfig(_Family):
    """Multinomial logistic regression (Cox 1958) with an L2 penalty on standardised functionals."""

    kind: Literal["logistic-regression"] = "logistic-regression"
    c: float = Field(0.01, gt=0, description="inverse strength of the penalty")
    components: int = Field(0, ge=0, description="principal components kept; 0 = the functionals themselves")


class RandomForestConfig(_Family):
    """A random forest (Breiman 2001) on functionals."""

    kind: Literal["random-forest"] = "random-forest"
    trees: int = Field(300, ge=1, le=2000)
    min_samples_leaf: int = Field(2, ge=1)
    leaves: int = Field(400, ge=2, le=10_000, description="of one tree at most; keeps the saved model small")
    feature_share: float = Field(0.06, gt=0, le=1, description="share of the functionals tried at each branch")


class KNeighboursConfig(_Family):
    """The k nearest neighbours (Cover & Hart 1967) among standardised, decorrelated functionals.

    It has no classes of equal weight: a frequent class has more neighbours to offer. Calibration evens this out.
    """

    kind: Literal["k-nn"] = "k-nn"
    neighbours: int = Field(15, ge=1)
    weights: Literal["uniform", "distance"] = "distance"
    metric: Literal["euclidean", "cosine"] = "cosine"
    components: int = Field(40, ge=0, description="principal components kept; 0 = the functionals themselves")


class GradientBoostingConfig(_Family):
    """Gradient boosting (Friedman 2001) of histogram trees (Ke et al. 2017) on functionals."""

    kind: Literal["gradient-boosting"] = "gradient-boosting"
    iterations: int = Field(80, ge=1, le=2000, description="each adds one tree a class")
    learning_rate: float = Field(0.1, gt=0, le=1)
    leaves: int = Field(8, ge=2, le=255)
    bins: int = Field(32, ge=2, le=255, description="values of a functional that are told apart; fewer is faster")
    min_samples_leaf: int = Field(10, ge=1)
    l2: float = Field(1.0, ge=0)
    feature_share: float = Field(0.2, gt=0, le=1, description="share of the functionals tried at each branch")


class MLPConfig(_Family):
    """A multi-layer perceptron (Rumelhart et al. 1986), trained by Adam, on standardised, decorrelated functionals."""

    kind: Literal["mlp"] = "mlp"
    hidden: tuple[Annotated[int, Field(ge=1, le=2048)], ...] = Field((128,), min_length=1, max_length=4)
    alpha: float = Field(3.0, ge=0, description="strength of the L2 penalty")
    learning_rate: float = Field(1e-3, gt=0)
    epochs: int = Field(60, ge=1, le=2000)
    batch_size: int = Field(64, ge=1)
    components: int = Field(80, ge=0, description="principal components kept; 0 = the functionals themselves")


#: Any family, told apart by its `kind`.
ClassicalConfig = Annotated[
    SVMConfig | LogisticRegressionConfig | RandomForestConfig | KNeighboursConfig | GradientBoostingConfig | MLPConfig,
    Field(discriminator="kind"),
]
