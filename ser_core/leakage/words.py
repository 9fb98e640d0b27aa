"""What the experiments of the laboratory are called, and why each does or does not inflate a score."""

from __future__ import annotations

from collections.abc import Mapping

#: In the order in which to show them.
TITLES: Mapping[str, str] = {
    "speakers": "Test speakers never heard",
    "random": "Clips split at random",
    "augmented-before": "Augmented, then split at random",
    "augmented-after": "Augmented in training only",
    "scaler": "Scaler fitted on all clips",
    "epoch-validation": "Epoch chosen on validation speakers",
    "epoch-test": "Epoch chosen on the test",
}

EXPLANATIONS: Mapping[str, str] = {
    "speakers": "All clips of a speaker are either in training or in the test, so the score says what happens with a "
    "new voice. This is the number to believe.",
    "random": "Clips are dealt out one by one, so that every test speaker is also heard in training, often with the "
    "same sentence. The model recognises how this very person sounds when angry, which it cannot do for anyone else.",
    "augmented-before": "Copies with a little noise and another speed are made of every clip, and only then is the "
    "split drawn. Most test clips have their own copy in training: the model has heard the answer.",
    "augmented-after": "The same copies, but only of training speakers' clips and after the split. Augmentation done "
    "right: what it gains here, it really gains.",
    "scaler": "Mean and deviation of each feature are taken over all clips, the test's included. A mistake, since the "
    "test must not touch the training, though for scaling alone its effect is usually too small to see.",
    "epoch-validation": "A network is trained for 30 epochs, and the epoch that is best on validation speakers, who "
    "are neither in training nor in the test, is kept. The score on the test is honest.",
    "epoch-test": "The same network, but the epoch that is best on the test itself is kept. The test has become part "
    "of the training: the more epochs and settings one tries, the luckier the best of them.",
}

#: Experiments whose score can be believed.
HONEST = frozenset({"speakers", "augmented-after", "epoch-validation"})

#: The honest experiment that differs in nothing but the mistake.
REFERENCES: Mapping[str, str] = {
    "random": "speakers",
    "augmented-before": "augmented-after",
    "augmented-after": "speakers",
    "scaler": "speakers",
    "epoch-test": "epoch-validation",
}
