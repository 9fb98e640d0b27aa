"""Patterns that find the speaker in a file's name: proposed for a person's files, or written by a stranger."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from pathlib import Path

from ser_core.errors import CorpusError

#: Ways in which a pattern may be tried on one name, as a power of two: so many take about two seconds at worst.
_MOST_TRIES = 27.5
_LONGEST_NAME = 255
#: What all names of a corpus may take together, in seconds of processor time; usual patterns take microseconds each.
_MOST_S = 10.0


def check_pattern(pattern: str) -> None:
    """Raise :class:`ValueError` where a pattern is no regular expression, finds nothing, or could take for ever.

    Python's expressions go back over all ways to fit a name, whose number grows with the power of their parts of any
    length ("catastrophic backtracking"). So these are counted, and a repeated group is refused: how often its inside
    can be tried has no bound.
    """
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it is no regular expression ({error})") from error
    if not groups:
        raise ValueError("it needs brackets around the speaker, such as ^(..)")
    if re.search(r"\)[*+{]", pattern):
        raise ValueError("it must not repeat a group in brackets")
    if _tries(pattern) > _MOST_TRIES:
        raise ValueError("it has too many of * + ? |, and would take for ever on a long name: use fewer")


class SpeakerFinder:
    """Finds speakers by a checked pattern, and gives up where names and pattern were made to take for ever.

    Raises
    ------
    CorpusError
        When the names so far took too long.
    """

    def __init__(self, pattern: str | None) -> None:
        self._pattern = re.compile(pattern) if pattern else None
        self._left = _MOST_S

    def __call__(self, path: Path) -> str | None:
        """Return the speaker; None where the pattern does not fit, or there is none."""
        if self._pattern is None:
            return None
        begun = time.process_time()
        match = self._pattern.search(path.name)
        self._left -= time.process_time() - begun
        if self._left < 0:
            raise CorpusError("The pattern for speakers takes too long on these names: use fewer of * + ? in it.")
        if match is None:
            return None
        return match["speaker"] if "speaker" in match.groupdict() else match[1]


def speaker_patterns(paths: Sequence[Path]) -> dict[str, int]:
    """Return patterns that may find the speaker in these files' names, with how many speakers each would give.

    Only patterns that fit every file and give between two speakers and half as many as files are proposed.
    """
    candidates = (
        r"^(?P<speaker>[A-Za-z]*\d+)[_.-]",
        r"^(?P<speaker>[^_.-]+)[_.-]",
        r"[_-](?P<speaker>[^_.-]+)\.[^.]+$",
        r"^(?P<speaker>\d\d)\D*",
        r"^(?P<speaker>..)",
    )
    found: dict[str, int] = {}
    for pattern in candidates:
        matches = [re.search(pattern, path.name) for path in paths]
        speakers = {match["speaker"] for match in matches if match}
        if all(matches) and 2 <= len(speakers) <= len(paths) / 2 and len(speakers) not in found.values():
            found[pattern] = len(speakers)
    return found


def _tries(pattern: str) -> float:
    """Return, as a power of two, in how many ways a pattern without repeated groups can be tried on a name at most."""
    plain = re.sub(r"\\.|\[\^?\]?[^\]]*\]|\(\?[a-zA-Z<=!:]*|\{\d+\}", "", pattern)
    anywhere = not plain.startswith("^") or "|" in plain
    lengths = len(re.findall(r"[*+{]", plain)) + anywhere
    return math.log2(math.comb(_LONGEST_NAME + lengths, lengths)) + len(re.findall(r"[?|]", plain))
