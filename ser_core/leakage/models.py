"""The quick models of the laboratory: seconds to train, and good enough for a leak to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

_EPOCHS = 30


def fit_svm(
    features: np.ndarray, target: np.ndarray, scaled_by: np.ndarray | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from features [shape=(n, width)] to class numbers [shape=(n,)].

    A support vector machine with a radial kernel on standardised features; mean and deviation are those of *scaled_by*
    where given, else of the training clips, as they should be.
    """
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    scaler = StandardScaler().fit(features if scaled_by is None else scaled_by)
    machine = SVC(C=10.0, gamma="scale", class_weight="balanced").fit(scaler.transform(features), target)
    return lambda others: machine.predict(scaler.transform(others))


def perceptron_epochs(
    features: np.ndarray, target: np.ndarray, others: Sequence[np.ndarray], *, seed: int
) -> list[list[np.ndarray]]:
    """Train a perceptron with one hidden layer, and return its answers about *others* after each of 30 epochs."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features)
    inputs, asked = scaler.transform(features), [scaler.transform(part) for part in others]
    network = MLPClassifier((64,), alpha=1e-2, batch_size=32, learning_rate_init=1e-3, random_state=seed)
    classes = np.unique(target)
    answers = []
    for _ in range(_EPOCHS):
        network.partial_fit(inputs, target, classes=classes)
        answers.append([network.predict(part) for part in asked])
    return answers
