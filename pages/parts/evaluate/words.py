"""What the page's numbers are called, and what each means in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from ser_core.evaluation.details import Estimate

#: Name of a metric -> its title and what it says.
METRICS: Mapping[str, tuple[str, str]] = {
    "uar": (
        "UAR",
        "of each emotion's clips, the share that was recognised, averaged over the emotions, so that rare ones count "
        "as much as frequent ones (unweighted average recall).",
    ),
    "wa": ("Accuracy", "the share of all clips that were named right."),
    "macro_precision": (
        "Precision, mean",
        "when the model names an emotion, how often that is right, averaged over the emotions.",
    ),
    "macro_f1": ("F1, mean", "the harmonic mean of precision and recall, averaged over the emotions."),
    "roc_auc": (
        "ROC area, mean",
        "given a clip of an emotion and one of another, how often the first gets the higher probability for it; "
        "guessing gives 50 %.",
    ),
    "average_precision": (
        "Average precision, mean",
        "the precision averaged over all thresholds of the probability; guessing gives the emotion's share of the "
        "clips.",
    ),
    "precision": ("Precision", "of the clips to which the model gave this name, the share that deserve it."),
    "recall": ("Recall", "of the clips that have this emotion, the share that the model found."),
    "f1": ("F1", "the harmonic mean of precision and recall: high only where both are."),
    "ece": (
        "Calibration error",
        "how far the confidence is from the share of right answers, on average over answers of like confidence (ECE, "
        "15 bins); 0 is best.",
    ),
    "brier": ("Brier score", "the squared distance between the probabilities and the truth: 0 is best, 2 worst."),
}

INTERVAL = (
    "Intervals are 95 %, from drawing the test speakers anew 2,000 times: they tell how much a score would move with "
    "other voices. With two or four speakers they only say that few voices were tested."
)

#: Name of a grouping -> its title and what to look for.
GROUPS: Mapping[str, tuple[str, str]] = {
    "speaker": ("Speaker", "Each row is one person; a speaker alone has no interval."),
    "sex": ("Sex", "A model should not serve one sex better than the other."),
    "age": ("Age", "Age of the speaker, where the corpus tells it."),
    "intensity": ("Intensity", "How strongly the emotion was acted, where the corpus tells it."),
    "sentence": ("Sentence", "A sentence that stands out hints that words were learnt, not the voice."),
    "corpus": ("Corpus", "Each corpus has its own microphones, actors and emotions."),
}


def percent(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Return a fraction of 1 in percent, with its interval where there is one; a dash where it is not defined."""
    if value is None:
        return "–"
    words = f"{100 * value:.1f} %"
    return words if low is None or high is None else f"{words} ({100 * low:.1f} to {100 * high:.1f})"


def interval_words(estimate: Estimate) -> str:
    """Return an estimate as :func:`percent` does."""
    return percent(estimate.value, estimate.low, estimate.high)
