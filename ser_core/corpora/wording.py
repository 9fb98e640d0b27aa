"""Numbers of a corpus said in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: A count this close to the others' median is called equal.
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
        return f"all {len(clips)} emotions have {next(iter(clips.values()))} clips."
    others = {name: float(np.median([n for other, n in clips.items() if other != name])) for name in clips}
    uneven = [name for name, number in clips.items() if abs(number / others[name] - 1) > _EQUAL]
    if len(uneven) == 1:
        return f"{uneven[0]} has {_times(clips[uneven[0]], others[uneven[0]], clips, uneven[0])}."
    least, most = min(clips, key=lambda name: clips[name]), max(clips, key=lambda name: clips[name])
    if not uneven:
        return f"the emotions are nearly even: from {clips[least]} clips ({least}) to {clips[most]} ({most})."
    ratio = clips[most] / clips[least]
    return f"{most} has {ratio:.1f} times the clips of {least} ({clips[most]} against {clips[least]})."


def _times(number: int, typical: float, clips: Mapping[str, int], name: str) -> str:
    ratio = number / typical
    same = len({count for other, count in clips.items() if other != name}) == 1
    against = f"({number} against {'' if same else 'a median of '}{typical:g})"
    for value, word in _FRACTIONS.items():
        if abs(ratio / value - 1) < 0.05:
            return f"{word} the clips of the others {against}"
    share = abs(ratio - 1)
    if ratio < 1:
        return f"{share:.0%} fewer clips than the others {against}".replace("%", " %")
    return f"{share:.0%} more clips than the others {against}".replace("%", " %")
