"""What is made of a call: how much of the caller's speech is dissatisfied, whether it gets better, how soon.

measure(call, Limits(threshold=0.6))

Dissatisfied speech is speech whose negative high arousal (:mod:`ser_core.affect`) reaches a threshold that the person
sets; it is derived from the emotions and no listener rated it. The measures are this program's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from ser_core.calls.call import Call, Track

#: Dissatisfied windows with a pause of at most this between them are one moment, in seconds.
_JOINED_S = 2.0
#: A third of a call with less speech than this has no mean, in seconds.
_LEAST_SPEECH_S = 1.5


@dataclass(frozen=True)
class Limits:
    """What the person sets.

    Attributes
    ----------
    threshold
        Negative high arousal from which on speech counts as dissatisfied, 0 to 1.
    calm_s
        The caller is calm again after this many seconds of speech without any that is dissatisfied.
    """

    threshold: float = 0.6
    calm_s: float = 10.0


@dataclass(frozen=True)
class Measures:
    """What a call's caller was like; None where there is nothing to measure it on. Times in seconds.

    Attributes
    ----------
    speech_s
        How long the caller speaks, as far as it was judged.
    dissatisfied_s, dissatisfied_share
        How much of that is dissatisfied, in seconds and as a share of the speech.
    longest_s
        The dissatisfied speech in the longest such moment.
    first_s
        When the first one begins.
    peak
        The highest negative high arousal.
    trend
        Mean negative high arousal in the call's last third minus that in its first; above 0 it gets worse.
    time_to_calm_s
        From the beginning of the first dissatisfied moment to the end of the last one before the caller is calm.
    calm
        Whether the caller gets calm again; None where there was nothing to calm.
    """

    speech_s: float
    dissatisfied_s: float
    dissatisfied_share: float | None
    longest_s: float
    first_s: float | None
    peak: float | None
    trend: float | None
    time_to_calm_s: float | None
    calm: bool | None


#: Columns of :func:`calls_table` that the measures fill.
MEASURES = tuple(Measures.__dataclass_fields__)


def measure(call: Call, limits: Limits) -> Measures | None:
    """Return the measures of a call's caller, or of both speakers where they are mixed; None for no sound."""
    track = call.track
    return None if track is None or call.heard is None else measure_track(track, call.heard.duration_s, limits)


def measure_track(track: Track, duration_s: float, limits: Limits) -> Measures:
    """Return the measures of one channel of a call that lasts *duration_s* seconds."""
    high, seconds = track.unrest >= limits.threshold, track.seconds
    speech, dissatisfied = float(seconds.sum()), float(seconds[high].sum())
    spells = moments(track, limits)
    time_to_calm, calm = _calming(track, high, limits.calm_s)
    return Measures(
        speech_s=speech,
        dissatisfied_s=dissatisfied,
        dissatisfied_share=dissatisfied / speech if speech else None,
        longest_s=max((_speech_within(track, spell) for spell in spells), default=0.0),
        first_s=spells[0][0] if spells else None,
        peak=float(track.unrest.max()) if len(seconds) else None,
        trend=_trend(track, duration_s),
        time_to_calm_s=time_to_calm,
        calm=calm,
    )


def moments(track: Track, limits: Limits) -> list[tuple[float, float]]:
    """Return the dissatisfied stretches of a channel as (start, end) in seconds; short pauses do not part them."""
    found: list[tuple[float, float]] = []
    before = False
    for (start, end), high in zip(track.spans.tolist(), track.unrest >= limits.threshold, strict=True):
        if high and before and start - found[-1][1] <= _JOINED_S:
            found[-1] = (found[-1][0], end)
        elif high:
            found.append((start, end))
        before = bool(high)
    return found


def _speech_within(track: Track, span: tuple[float, float]) -> float:
    inside = (track.spans[:, 0] >= span[0]) & (track.spans[:, 1] <= span[1])
    return float(track.seconds[inside].sum())


def _trend(track: Track, duration_s: float) -> float | None:
    middles = track.spans.mean(axis=1)
    first, last = middles < duration_s / 3, middles >= 2 * duration_s / 3
    if min(track.seconds[first].sum(), track.seconds[last].sum()) < _LEAST_SPEECH_S:
        return None
    means = [np.average(track.unrest[part], weights=track.seconds[part]) for part in (first, last)]
    return float(means[1] - means[0])


def _calming(track: Track, high: np.ndarray, calm_s: float) -> tuple[float | None, bool | None]:
    """Return how long it took from the first dissatisfied window until the caller was calm, and whether it was."""
    if not high.any():
        return None, None
    first = int(high.argmax())
    last_end, quiet = float(track.spans[first, 1]), 0.0
    for place in range(first, len(high)):
        if high[place]:
            last_end, quiet = float(track.spans[place, 1]), 0.0
        else:
            quiet += float(track.seconds[place])
        if quiet >= calm_s:
            return last_end - float(track.spans[first, 0]), True
    return None, False


def calls_table(calls: Sequence[Call], limits: Limits) -> pd.DataFrame:
    """Return a row for each call, the most dissatisfied first and those that could not be read last.

    Columns `call`, `file`, `agent`, `caller` (left, right or mixed), `duration_s`, those of :class:`Measures`, `error`,
    and `place`, where the call stands in *calls*.
    """
    rows: list[dict[str, Any]] = []
    for place, call in enumerate(calls):
        found = measure(call, limits)
        values = asdict(found) if found else dict.fromkeys(MEASURES)
        duration = call.heard.duration_s if call.heard else None
        about = call.to_dict()
        error = about.pop("error")
        rows.append(about | {"duration_s": duration} | values | {"error": error, "place": place})
    columns = ["call", "file", "agent", "caller", "duration_s", *MEASURES, "error", "place"]
    table = pd.DataFrame(rows, columns=columns)
    numbers = ["duration_s", *(name for name in MEASURES if name != "calm")]
    table = table.astype(dict.fromkeys(numbers, float) | {"calm": "boolean", "place": int})
    order = ["dissatisfied_share", "dissatisfied_s", "peak", "place"]
    return table.sort_values(order, ascending=[False, False, False, True], na_position="last").reset_index(drop=True)


def moments_table(calls: Sequence[Call], limits: Limits) -> pd.DataFrame:
    """Return the callers' dissatisfied moments: `call`, `file`, `agent`, `start_s`, `end_s`, `seconds`, `peak`."""
    rows = []
    for call in calls:
        if (track := call.track) is None:
            continue
        for start, end in moments(track, limits):
            inside = (track.spans[:, 0] >= start) & (track.spans[:, 1] <= end)
            peak = float(track.unrest[inside].max())
            about = {"call": call.title, "file": call.name, "agent": call.agent}
            rows.append(about | {"start_s": start, "end_s": end, "seconds": end - start, "peak": peak})
    return pd.DataFrame(rows, columns=["call", "file", "agent", "start_s", "end_s", "seconds", "peak"])
