"""Numbers of a corpus said in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

#: Counts that differ by no more than this share are called even.
_EQUAL = 0.1
_FRACTIONS = {
    0.5: "half",
    1 / 3: "a third of",
    0.25: "a quarter of",
    2.0: "twice",
    3.0: "three times",
    4.0: "four times",
}


def imbalance_sentence(clips: Mapping[str, int]) -> str:
    """Say how evenly clips are spread over classes.

    >>> imbalance_sentence({"neutral": 96, "calm": 192, "happy": 192})
    'neutral has half the clips of the others (96 against 192).'
    """
    if not clips:
        return "there is no clip."
    if len(clips) == 1:
        name, number = next(iter(clips.items()))
        return f"there is only {name} ({number} clips): nothing can be told apart."
    if len(set(clips.values())) == 1:
        return f"each of the {len(clips)} emotions has {next(iter(clips.values()))} clips."
    least, most = min(clips, key=lambda name: clips[name]), max(clips, key=lambda name: clips[name])
    if clips[most] <= (1 + _EQUAL) * clips[least]:
        return f"the emotions are nearly even: from {clips[least]} clips ({least}) to {clips[most]} ({most})."
    for name in (least, most) if len(clips) > 2 else ():
        others = [number for other, number in clips.items() if other != name]
        if max(others) <= (1 + _EQUAL) * min(others):
            return f"{name} has {_times(clips[name], others)}."
    ratio = clips[most] / clips[least]
    return f"{most} has {ratio:.1f} times the clips of {least} ({clips[most]} against {clips[least]})."


def _times(number: int, others: Sequence[int]) -> str:
    typical = float(np.median(others))
    ratio = number / typical
    against = f"({number} against {'' if len(set(others)) == 1 else 'a median of '}{typical:g})"
    for value, word in _FRACTIONS.items():
        if abs(ratio / value - 1) < 0.05:
            return f"{word} the clips of the others {against}"
    share = abs(ratio - 1)
    if ratio < 1:
        return f"{share:.0%} fewer clips than the others {against}".replace("%", " %")
    return f"{share:.0%} more clips than the others {against}".replace("%", " %")
