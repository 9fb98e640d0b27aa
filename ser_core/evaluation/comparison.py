"""Two models on the same test clips: is one better, or was it luck?

compare(held_out_tests(first)["ravdess-emobox"], held_out_tests(second)["ravdess-emobox"], "ravdess-emobox").words
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict
from scipy.special import softmax

from ser_core.emotions import class_indices
from ser_core.errors import ProtocolError
from ser_core.evaluation import metrics
from ser_core.evaluation.bootstrap import SpeakerBootstrap, interval
from ser_core.evaluation.report import scored_labels
from ser_core.training.runs import LOGIT_COLUMNS


class Comparison(BaseModel):
    """How two models' answers differ, all differences being first minus second.

    Attributes
    ----------
    clips, speakers
        What both were tested on.
    both_right, only_first, only_second, neither
        Number of clips by who was right.
    mcnemar_p
        How likely counts of `only_first` and `only_second` as unequal as these are if both models are right equally
        often (McNemar 1947, exact). It takes clips for independent, so with few speakers it is too sure of itself.
    uar_first, uar_second, uar_difference, wa_difference
        Scores, and their differences with 95 % intervals by bootstrap over speakers, both models on the same draws.
    words
        The result in a sentence, which goes by the interval.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: str
    clips: int
    speakers: int
    both_right: int
    only_first: int
    only_second: int
    neither: int
    mcnemar_p: float
    uar_first: float
    uar_second: float
    uar_difference: float
    uar_difference_ci95: tuple[float, float]
    wa_difference: float
    wa_difference_ci95: tuple[float, float]
    words: str


def compare(
    first: Sequence[pd.DataFrame], second: Sequence[pd.DataFrame], protocol: str, *, draws: int = 2000
) -> Comparison:
    """Compare two models under a protocol.

    Parameters
    ----------
    first, second
        The test clips of each, as :func:`ser_core.evaluation.report.held_out_tests` gives them.
    protocol
        The one under which both were tested; decides the classes.
    draws
        Of the bootstrap.

    Raises
    ------
    ProtocolError
        If the models were not tested on the same clips with the same classes.
    """
    frames = [_ordered(parts) for parts in (first, second)]
    labels = [scored_labels(protocol, frame) for frame in frames]
    columns = ["corpus", "clip", "fold", "emotion"]
    same = len(frames[0]) == len(frames[1]) and bool((frames[0][columns] == frames[1][columns]).all(axis=None))
    if not same or labels[0] != labels[1]:
        raise ProtocolError(
            "The two models were not tested on the same clips with the same classes: choose runs of the same "
            "protocol, corpora and label set."
        )
    places, size = class_indices(labels[0]), len(labels[0])
    truth = np.searchsorted(places, class_indices(frames[0]["emotion"].tolist()))
    answers = [softmax(f[LOGIT_COLUMNS].to_numpy(np.float64)[:, places], axis=1).argmax(axis=1) for f in frames]
    people = (frames[0]["corpus"].astype(str) + "/" + frames[0]["speaker"].astype(str)).to_numpy(dtype=str)
    bootstrap = SpeakerBootstrap(people, draws=draws)
    drawn = [bootstrap.confusions(truth, answer, size) for answer in answers]
    counts = [metrics.confusion_matrix(truth, answer, size) for answer in answers]
    right = [answer == truth for answer in answers]
    only_first, only_second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    uars = [float(metrics.uar(count)) for count in counts]
    uar_ci = interval(metrics.uar(drawn[0]) - metrics.uar(drawn[1]))
    return Comparison(
        protocol=protocol,
        clips=len(truth),
        speakers=bootstrap.count,
        both_right=int((right[0] & right[1]).sum()),
        only_first=only_first,
        only_second=only_second,
        neither=int((~right[0] & ~right[1]).sum()),
        mcnemar_p=mcnemar(only_first, only_second),
        uar_first=uars[0],
        uar_second=uars[1],
        uar_difference=uars[0] - uars[1],
        uar_difference_ci95=uar_ci,
        wa_difference=float(metrics.accuracy(counts[0]) - metrics.accuracy(counts[1])),
        wa_difference_ci95=interval(metrics.accuracy(drawn[0]) - metrics.accuracy(drawn[1])),
        words=_words(uars[0] - uars[1], uar_ci, bootstrap.count),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p of McNemar's exact test (1947) from the numbers of clips only one model got right."""
    from scipy.stats import binomtest

    total = only_first + only_second
    return float(binomtest(only_first, total).pvalue) if total else 1.0


def _ordered(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    numbered = [part.assign(fold=number) for number, part in enumerate(parts)]
    return pd.concat(numbered, ignore_index=True).sort_values(["fold", "corpus", "clip"], ignore_index=True)


def _words(difference: float, ci95: tuple[float, float], speakers: int) -> str:
    low, high = (100 * side for side in ci95)
    spread = f"{100 * difference:+.1f} points of UAR, 95 % interval {low:+.1f} to {high:+.1f}"
    few = f" With {speakers} test speakers this says little about other voices." if speakers < 10 else ""
    if low <= 0 <= high:
        return f"No difference that these speakers could show ({spread}).{few}"
    return f"The {'first' if difference > 0 else 'second'} model is better ({spread}).{few}"
