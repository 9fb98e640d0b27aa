"""The leakage laboratory: one quick model, trained honestly and with each of the usual mistakes.

report = run_lab("ravdess")
[(entry.title, entry.uar, entry.gain) for entry in report.experiments]

The model is a support vector machine on functionals (a small perceptron where epochs matter), trained anew for each
fold and seed. Splits come from :mod:`ser_core.protocols`, the inflated ones by the name ``random-leaky``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from ser_core.corpora import read_corpora
from ser_core.emotions import EMOTIONS, class_indices
from ser_core.errors import CancelledError, ProtocolError
from ser_core.evaluation import metrics
from ser_core.evaluation.bootstrap import SpeakerBootstrap, interval
from ser_core.features.functionals import FunctionalsConfig, functional_vector
from ser_core.features.store import Cancelled, Progress, extract_table
from ser_core.leakage.copies import CopyConfig, copy_functionals
from ser_core.leakage.models import fit_svm, perceptron_epochs
from ser_core.leakage.words import EXPLANATIONS, HONEST, REFERENCES, TITLES
from ser_core.protocols import LEAKY, SPEAKER, Split, fold_count, make_split

#: More clips than this are not needed to show a leak; whole speakers are left out beyond it.
MOST_CLIPS = 2000


class Experiment(BaseModel):
    """One way to train and test the same model.

    Attributes
    ----------
    name, title, explanation
        What is done, and why it does or does not inflate the score.
    honest
        Whether the score says what the model does with voices it has not heard.
    uar, uar_ci95, wa, seeds
        Pooled over all folds and seeds, with the 95 % interval over speakers; the UAR of each seed.
    reference
        The name of the honest experiment to compare with; empty for those themselves.
    gain, gain_ci95
        UAR minus the reference's, with the interval over the same draws of speakers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    explanation: str
    honest: bool
    uar: float
    uar_ci95: tuple[float, float]
    wa: float
    seeds: list[float]
    reference: str = ""
    gain: float = 0.0
    gain_ci95: tuple[float, float] = (0.0, 0.0)


class LabReport(BaseModel):
    """All experiments on one corpus, the honest one first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: str
    clips: int
    speakers: int
    classes: int
    chance: float
    experiments: list[Experiment]


@dataclass(frozen=True)
class LabData:
    """What the experiments train on.

    Attributes
    ----------
    table
        The clips.
    features, copies
        Functionals of each clip, and of its augmented copy [each shape=(n, width)].
    target
        Class numbers [shape=(n,)].
    """

    table: pd.DataFrame
    features: np.ndarray
    copies: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class _Answers:
    target: np.ndarray
    answer: np.ndarray
    speakers: np.ndarray


def load_lab(corpus: str, progress: Progress | None = None, cancelled: Cancelled | None = None) -> LabData:
    """Return the data of a corpus, whose features are computed when they are not cached.

    Raises
    ------
    CorpusError, CancelledError
        As :func:`ser_core.features.store.extract_table` does.
    ProtocolError
        If the corpus has fewer than two speakers.
    """
    table = _few_speakers(read_corpora([corpus]).query("not song").reset_index(drop=True))
    config = FunctionalsConfig()
    ways = {"dtype": np.float32, "progress": progress, "cancelled": cancelled}
    features = extract_table(table, config, extract=functional_vector, **ways).values  # type: ignore[arg-type]
    copied = CopyConfig(functionals=config)
    copies = extract_table(table, copied, extract=copy_functionals, **ways).values  # type: ignore[arg-type]
    return LabData(table, features, copies, class_indices(table["emotion"].tolist()))


def run_lab(
    corpus: str = "ravdess",
    *,
    seeds: int = 3,
    data: LabData | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> LabReport:
    """Run all experiments.

    Parameters
    ----------
    corpus
        Its name; large ones are cut to 2,000 clips of whole speakers.
    seeds
        How often each is repeated with other splits.
    data
        As :func:`load_lab` gives it, if it is at hand.
    progress
        Called with (parts done, parts in all) of the trainings, and before of the features.
    cancelled
        Asked between trainings; once it says yes, :class:`~ser_core.errors.CancelledError` is raised.

    Raises
    ------
    CorpusError
        If the corpus is not there.
    ProtocolError
        If it has fewer than two speakers, or does not tell them.
    """
    data = data or load_lab(corpus, progress, cancelled)
    folds = fold_count(SPEAKER, data.table)
    total = seeds * len(_ROUNDS)
    answers: dict[str, list[_Answers]] = {name: [] for name in TITLES}
    for number in range(total):
        if cancelled and cancelled():
            raise CancelledError("The laboratory was stopped.")
        seed, place = divmod(number, len(_ROUNDS))
        for name, parts in _ROUNDS[place](data, seed, folds).items():
            answers[name].append(_joined(parts))
        if progress:
            progress(number + 1, total)
    size = len(EMOTIONS)
    pooled = {name: _joined(parts) for name, parts in answers.items()}
    drawn = {
        name: metrics.uar(SpeakerBootstrap(part.speakers).confusions(part.target, part.answer, size))
        for name, part in pooled.items()
    }
    classes = len(np.unique(data.target))
    return LabReport(
        corpus=corpus,
        clips=len(data.table),
        speakers=int(data.table["speaker"].nunique()),
        classes=classes,
        chance=1 / classes,
        experiments=[_experiment(name, answers, pooled, drawn) for name in TITLES],
    )


def _experiment(
    name: str, answers: dict[str, list[_Answers]], pooled: dict[str, _Answers], drawn: dict[str, np.ndarray]
) -> Experiment:
    def uar(part: _Answers) -> float:
        return float(metrics.uar(metrics.confusion_matrix(part.target, part.answer, len(EMOTIONS))))

    reference = REFERENCES.get(name, "")
    fields = {}
    if reference:  # the same speakers, and so the same draws
        gain = uar(pooled[name]) - uar(pooled[reference])
        fields = {"reference": reference, "gain": gain, "gain_ci95": interval(drawn[name] - drawn[reference])}
    return Experiment(
        name=name,
        title=TITLES[name],
        explanation=EXPLANATIONS[name],
        honest=name in HONEST,
        uar=uar(pooled[name]),
        uar_ci95=interval(drawn[name]),
        wa=float((pooled[name].target == pooled[name].answer).mean()),
        seeds=[uar(part) for part in answers[name]],
        **fields,
    )


_Round = Callable[[LabData, int, int], dict[str, list[_Answers]]]


def _speaker_round(data: LabData, seed: int, folds: int) -> dict[str, list[_Answers]]:
    """Train with whole speakers held out: as it should be, with copies in training, and with a curious scaler."""
    parts: dict[str, list[_Answers]] = {"speakers": [], "augmented-after": [], "scaler": []}
    for fold in range(folds):
        split = make_split(data.table, SPEAKER, fold, seed=seed)
        rows, test = _heard(split), split.test
        x, y = data.features, data.target
        known = _people(data.table, test)
        parts["speakers"].append(_Answers(y[test], fit_svm(x[rows], y[rows])(x[test]), known))
        both = np.concatenate([x[rows], data.copies[rows]]), np.concatenate([y[rows], y[rows]])
        parts["augmented-after"].append(_Answers(y[test], fit_svm(*both)(x[test]), known))
        curious = fit_svm(x[rows], y[rows], scaled_by=x)
        parts["scaler"].append(_Answers(y[test], curious(x[test]), known))
    return parts


def _random_round(data: LabData, seed: int, _: int) -> dict[str, list[_Answers]]:
    """Deal clips out at random, before and after copies were made of them."""
    table, n = data.table, len(data.table)
    doubled = pd.concat([table, table.assign(clip=table["clip"] + " copy")], ignore_index=True)
    everything = np.concatenate([data.features, data.copies])
    twice = np.concatenate([data.target, data.target])
    parts: dict[str, list[_Answers]] = {"random": [], "augmented-before": []}
    for fold in range(fold_count(LEAKY)):
        split = make_split(table, LEAKY, fold, seed=seed)
        rows, test = _heard(split), split.test
        answer = fit_svm(data.features[rows], data.target[rows])(data.features[test])
        parts["random"].append(_Answers(data.target[test], answer, _people(table, test)))
        split = make_split(doubled, LEAKY, fold, seed=seed)
        rows, test = _heard(split), split.test
        answer = fit_svm(everything[rows], twice[rows])(everything[test])
        parts["augmented-before"].append(_Answers(twice[test], answer, _people(table, test % n)))
    return parts


def _epoch_round(data: LabData, seed: int, folds: int) -> dict[str, list[_Answers]]:
    """Train a perceptron and keep its best epoch, by validation speakers or by the test itself."""
    parts: dict[str, list[_Answers]] = {"epoch-validation": [], "epoch-test": []}
    for fold in range(folds):
        split = make_split(data.table, SPEAKER, fold, seed=seed)
        x, y = data.features, data.target
        judges = split.validation if len(split.validation) else split.train
        epochs = perceptron_epochs(x[split.train], y[split.train], [x[judges], x[split.test]], seed=1000 * seed + fold)
        for name, place, rows in (("epoch-validation", 0, judges), ("epoch-test", 1, split.test)):
            best = max(epochs, key=lambda answers, place=place, rows=rows: _uar(y[rows], answers[place]))  # type: ignore[misc]
            parts[name].append(_Answers(y[split.test], best[1], _people(data.table, split.test)))
    return parts


_ROUNDS: tuple[_Round, ...] = (_speaker_round, _random_round, _epoch_round)


def _uar(target: np.ndarray, answer: np.ndarray) -> float:
    return float(metrics.uar(metrics.confusion_matrix(target, answer, len(EMOTIONS))))


def _heard(split: Split) -> np.ndarray:
    return np.concatenate([split.train, split.validation])


def _people(table: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    return table["speaker"].iloc[rows].to_numpy(dtype=str)


def _joined(parts: list[_Answers]) -> _Answers:
    names = ("target", "answer", "speakers")
    return _Answers(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _few_speakers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the clips of as many speakers, drawn once, as make up at most :data:`MOST_CLIPS`, at least two."""
    sizes = table["speaker"].value_counts()
    if len(sizes) < 2:
        raise ProtocolError("The laboratory needs a corpus with at least two speakers that it tells apart.")
    order = np.random.default_rng(0).permutation(sorted(sizes.index))
    kept = order[: max(2, int((sizes[order].cumsum() <= MOST_CLIPS).sum()))]
    return table[table["speaker"].isin(kept)].reset_index(drop=True)
