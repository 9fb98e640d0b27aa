"""Fitted pipelines as skops files: numbers and named types, nothing that runs when it is read.

save_classifier(classifier, path); classifier = load_classifier(path.read_bytes())

Beyond the types that skops trusts, two of scikit-learn's are needed, for the trees of forests and of boosting. Reading
them runs no code, but their compiled prediction follows the child and feature numbers in the file without a check.
So :func:`check_trees` looks at every number before a tree is used.

skops is imported where it is used: it looks at all of scikit-learn, which takes 2.7 s of processor time, and most
processes of this program never read such a file.
"""

from __future__ import annotations

import copy
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from ser_core.errors import BundleError
from ser_core.files import write_atomically

#: What may be in a file besides the types that skops trusts by itself.
TRUSTED_TYPES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
_COMPRESSION = 8
#: What a file may unfold to, in bytes.
_LARGEST = 200_000_000


def save_classifier(classifier: Pipeline, path: Path) -> None:
    """Write a fitted pipeline, whole or not at all; the same pipeline gives the same predictions when read."""
    import skops.io

    slim = copy.copy(classifier)
    slim.steps = [(name, _without_optimiser(step)) for name, step in classifier.steps]
    write_atomically(path, lambda temporary: skops.io.dump(slim, temporary, compression=_COMPRESSION))


def load_classifier(data: bytes) -> Pipeline:
    """Read a fitted pipeline from the bytes of a file.

    Raises
    ------
    BundleError
        If the file is damaged, holds a type that is not trusted, or trees that lead out of themselves.
    """
    import skops.io

    _refuse_bomb(data)
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED_TYPES))
        classifier = None if foreign else skops.io.loads(data, trusted=list(TRUSTED_TYPES))
    except Exception as error:  # skops raises many types for a damaged file
        raise BundleError("The classifier's file cannot be read: install the model again.") from error
    if foreign:
        raise BundleError(f"The classifier's file holds code of unknown kind ({foreign[0]}): do not use it.")
    if not isinstance(classifier, Pipeline):
        raise BundleError("The classifier's file holds no pipeline: install the model again.")
    check_trees(classifier)
    return classifier


def _refuse_bomb(data: bytes) -> None:
    """Raise :class:`BundleError` where a file of a few kB would unfold to gigabytes: skops reads all of it at once."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            size = sum(entry.file_size for entry in file.infolist())
    except Exception as error:  # zipfile raises many types for a damaged file
        raise BundleError("The classifier's file cannot be read: install the model again.") from error
    if size > _LARGEST:
        raise BundleError(f"The classifier's file unfolds to {size // 1_000_000} MB, too large for a model.")


def check_trees(classifier: Pipeline) -> None:
    """Raise :class:`BundleError` if a tree of a pipeline is not one: prediction would read foreign memory or hang."""
    try:
        sound = _trees_are_sound(classifier[-1])
    except Exception as error:  # a forged file may lack any attribute, or have one of any type
        raise BundleError("The classifier's trees are damaged: do not use this model.") from error
    if not sound:
        raise BundleError("The classifier's trees are damaged: do not use this model.")


def _trees_are_sound(classifier: Any) -> bool:
    if isinstance(classifier, RandomForestClassifier):
        trees = [tree.tree_ for tree in classifier.estimators_]
        width, classes = classifier.n_features_in_, len(classifier.classes_)
        return len(trees) > 0 and all(_forest_tree_is_sound(tree, width, classes) for tree in trees)
    if isinstance(classifier, HistGradientBoostingClassifier):
        predictors = [tree for trees in classifier._predictors for tree in trees]
        return all(_boosted_tree_is_sound(tree.nodes, classifier.n_features_in_) for tree in predictors)
    return True


def _forest_tree_is_sound(tree: Any, width: int, classes: int) -> bool:
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    leaf = left == -1
    fits = tree.n_features == width and tree.value.shape == (len(left), 1, classes) and tree.node_count == len(left)
    return bool(fits and _branches_are_sound(left, right, feature, leaf, width))


def _boosted_tree_is_sound(nodes: np.ndarray, width: int) -> bool:
    leaf = nodes["is_leaf"].astype(bool)
    left, right, feature = nodes["left"], nodes["right"], nodes["feature_idx"]
    return bool(not nodes["is_categorical"].any() and _branches_are_sound(left, right, feature, leaf, width))


def _branches_are_sound(left: np.ndarray, right: np.ndarray, feature: np.ndarray, leaf: np.ndarray, width: int) -> bool:
    """Return whether every branch leads on to a later node, so that each walk ends in a leaf, by a feature there is."""
    place, inner = np.arange(len(leaf)), ~leaf
    children = np.stack([left[inner], right[inner]]).astype(np.int64)
    return bool(
        len(leaf) > 0
        and (children > place[inner]).all()
        and (children < len(leaf)).all()
        and (feature[inner] >= 0).all()
        and (feature[inner] < width).all()
    )


def _without_optimiser(step: Any) -> Any:
    """Return a perceptron without the state of its training, which no prediction needs and no file should hold."""
    if not isinstance(step, MLPClassifier):
        return step
    slim = copy.copy(step)
    vars(slim).pop("_optimizer", None)
    return slim
