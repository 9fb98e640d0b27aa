"""The split that a student mends: file names of four speakers, dealt out at random, judged by the audit itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ser_core.corpora.names import parse_name
from ser_core.leakage.audit import audit

_EMOTIONS = ("ANG", "HAP", "SAD")
_SPEAKERS = ("1001", "1002", "1004", "1011")
#: Names as CREMA-D has them: speaker, sentence, emotion, intensity.
FILES = tuple(f"{speaker}_IEO_{emotion}_HI.wav" for speaker in _SPEAKERS for emotion in _EMOTIONS)
#: How chance dealt them out: one clip of each speaker is in the test.
LEAKY_TEST = ("1001_IEO_SAD_HI.wav", "1002_IEO_ANG_HI.wav", "1004_IEO_HAP_HI.wav", "1011_IEO_ANG_HI.wav")


@dataclass(frozen=True)
class SplitOutcome:
    """Whether a split is honest, what the audit says of it, and how many test files have their speaker in training."""

    honest: bool
    words: str
    shared: int


def split_outcome(test: Collection[str]) -> SplitOutcome:
    """Judge the split whose test files are *test*, names of :data:`FILES`; all others are in training."""
    chosen = [name for name in FILES if name in set(test)]
    rest = [name for name in FILES if name not in set(test)]
    if not chosen or not rest:
        return SplitOutcome(False, "Both lists need files: there must be something to learn from and to test on.", 0)
    leaks = {leak.kind: leak for leak in audit(rest, chosen, listen=False).leaks}
    if "speaker" in leaks:
        leak = leaks["speaker"]
        pair = leak.examples[0]
        words = (
            f"{leak.title}: {leak.clips} of {len(chosen)} test files, such as {pair.test}, whose speaker is also in "
            f"{pair.train}."
        )
        return SplitOutcome(False, words, leak.clips)
    for side, names in (("test", chosen), ("training", rest)):
        parsed = [parse_name("cremad", name) for name in names]
        if len({name.emotion for name in parsed if name}) < len(_EMOTIONS):
            words = f"No speaker is shared, but the {side} lacks an emotion: take whole speakers."
            return SplitOutcome(False, words, 0)
    return SplitOutcome(
        True,
        "The audit finds no speaker in both lists. It does find the same sentence, as in every corpus of few "
        "sentences: usual, but to be said.",
        0,
    )
