"""How corpora differ, and how much the recording alone gives away: why scores on pooled corpora can lie.

A classifier that sees only level, peak, noise floor, bandwidth, silence before and after, and length has heard no
words and no tune. Some of what it finds is honest, since angry voices are louder and sad ones slower; but where it
tells the corpora apart, a model trained on the pooled clips can answer by corpus, and for the wrong reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ser_core.corpora.statistics import corpus_title, facet, facet_values
from ser_core.evaluation import metrics
from ser_core.exploration.acoustics import CUES, MEASURES, box_summary
from ser_core.exploration.sampling import sample_evenly

_FOLDS = 5
_TREES = 100
_MOST_CLIPS = 4000


@dataclass(frozen=True)
class CueResult:
    """How well something that is no emotion predicts a label.

    Attributes
    ----------
    corpus
        In which corpus, or ``all`` pooled.
    target
        What was predicted: ``corpus`` or ``emotion``.
    source
        From what: ``cues``, or ``corpus`` (its name alone, nothing heard).
    classes
        The labels, in the order of the confusion matrix.
    clips, speakers
        How many were used.
    uar, uar_ci95, chance
        Unweighted average recall on speakers not in training, its 95 % bootstrap interval over speakers, and guessing.
    confusion
        Rows true, columns answered [shape=(classes, classes)].
    importances
        Share of each cue in the forest's decisions; empty where no forest was grown.
    words
        The result as a sentence.
    """

    corpus: str
    target: str
    source: str
    classes: tuple[str, ...]
    clips: int
    speakers: int
    uar: float
    uar_ci95: tuple[float, float]
    chance: float
    confusion: np.ndarray
    importances: dict[str, float]
    words: str


def corpora_differ(measures: pd.DataFrame) -> pd.DataFrame:
    """Return quartiles and whiskers of each recording cue by corpus: `cue`, `unit`, then as :func:`quantile_table`."""
    parts = []
    for cue in CUES:
        part = box_summary(measures, cue, by="corpus")
        part.insert(0, "unit", MEASURES[cue].unit)
        part.insert(0, "cue", MEASURES[cue].title)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def cues_predict(measures: pd.DataFrame, *, seed: int = 0, most: int = _MOST_CLIPS) -> list[CueResult]:
    """Return what a random forest on :data:`CUES` predicts on speakers it was not trained on.

    Asked are: the corpus and the emotion with all corpora pooled, the emotion from the corpus's name alone, and the
    emotion within each corpus. A question without two classes or two speakers is left out.

    Parameters
    ----------
    measures
        As :func:`ser_core.exploration.acoustics.measure_clips` gives it; clips with a missing cue are not used.
    most
        Clips used for one question, drawn evenly over corpora, emotions and speakers.
    """
    known = np.isfinite(measures[list(CUES)].to_numpy(float)).all(axis=1) & measures["speaker"].notna().to_numpy(bool)
    usable = measures[known].reset_index(drop=True)
    results = []
    corpora = facet_values(usable, "corpus") if len(usable) else []
    if len(corpora) > 1:
        pooled = usable.iloc[sample_evenly(usable, most, seed=seed)].reset_index(drop=True)
        results = [_ask(pooled, "all", "corpus", seed), _ask(pooled, "all", "emotion", seed)]
        results.append(_from_corpus_name(pooled))
    for corpus in corpora:
        part = usable[usable["corpus"] == corpus].reset_index(drop=True)
        part = part.iloc[sample_evenly(part, most, seed=seed)].reset_index(drop=True)
        results.append(_ask(part, corpus, "emotion", seed))
    return [result for result in results if result is not None]


def _ask(table: pd.DataFrame, corpus: str, target: str, seed: int) -> CueResult | None:
    """Cross-validate by speaker and score all held-out answers together."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    classes = tuple(facet_values(table, target))
    people = facet(table, "speaker").to_numpy(dtype=str)
    folds = min(_FOLDS, len(np.unique(people)))
    if len(classes) < 2 or folds < 2:
        return None
    truth = np.array([classes.index(value) for value in facet(table, target)])
    X = table[list(CUES)].to_numpy(np.float64)
    answer, weight = np.zeros(len(table), dtype=np.int64), np.zeros(len(CUES))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(X, _merged_rare(truth, folds), people):
        forest = RandomForestClassifier(_TREES, min_samples_leaf=3, class_weight="balanced", random_state=seed)
        forest.fit(X[train], truth[train])
        answer[test] = forest.predict(X[test])
        weight += forest.feature_importances_ / folds
    importances = dict(zip(CUES, (float(value) for value in weight), strict=True))
    return _result(table, corpus, target, "cues", classes, truth, answer, importances)


def _merged_rare(truth: np.ndarray, folds: int) -> np.ndarray:
    """Return labels for stratification, where classes rarer than the number of folds go with the commonest."""
    numbers = np.bincount(truth)
    return np.where(numbers[truth] < folds, numbers.argmax(), truth)


def _from_corpus_name(table: pd.DataFrame) -> CueResult | None:
    """Answer each corpus's emotion that helps the recall most: what knowing the corpus alone is worth.

    The best such rule gives every emotion to the corpus in which it is most typical.
    """
    classes = tuple(facet_values(table, "emotion"))
    if len(classes) < 2:
        return None
    truth = np.array([classes.index(value) for value in facet(table, "emotion")])
    corpus = facet(table, "corpus").to_numpy(dtype=str)
    answer = np.zeros(len(table), dtype=np.int64)
    typical = 1 / np.maximum(np.bincount(truth, minlength=len(classes)), 1)
    for name in np.unique(corpus):
        inside = corpus == name
        answer[inside] = int((np.bincount(truth[inside], minlength=len(classes)) * typical).argmax())
    return _result(table, "all", "emotion", "corpus", classes, truth, answer, {})


def _result(
    table: pd.DataFrame,
    corpus: str,
    target: str,
    source: str,
    classes: tuple[str, ...],
    truth: np.ndarray,
    answer: np.ndarray,
    importances: dict[str, float],
) -> CueResult:
    people = facet(table, "speaker").to_numpy(dtype=str)
    confusion = metrics.confusion_matrix(truth, answer, len(classes))
    score, chance = float(metrics.uar(confusion)), 1 / len(classes)
    interval = metrics.speaker_interval(truth, answer, people, len(classes), metrics.uar)
    where = "any of the pooled corpora" if corpus == "all" else corpus_title(corpus)
    what = "The name of the corpus alone tells" if source == "corpus" else "The recording cues alone tell"
    which = f"which of the {len(classes)} corpora a clip is from" if target == "corpus" else f"the emotion in {where}"
    means = "above chance" if interval[0] > chance else "no more than chance, as far as these speakers can tell"
    words = (
        f"{what} {which} with {100 * score:.0f} % unweighted average recall "
        f"[{100 * interval[0]:.0f}, {100 * interval[1]:.0f}], where guessing gives {100 * chance:.0f} %: {means}."
    )
    speakers = len(np.unique(people))
    return CueResult(
        corpus, target, source, classes, len(table), speakers, score, interval, chance, confusion, importances, words
    )
