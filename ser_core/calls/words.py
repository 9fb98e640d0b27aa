"""Measures of calls in words: the same on the page, in the report and on the command line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ser_core.calls.call import Call
from ser_core.calls.measures import Limits, Measures

#: A trend smaller than this is called none.
_STEADY = 0.05

MIXED = (
    "One channel only: agent and caller are mixed, so these measures are of both together. Record in stereo, one "
    "person a channel, to keep them apart."
)
DERIVED = (
    "Dissatisfied speech is speech that sounds unpleasant and aroused at once (mostly angry or fearful), judged from "
    "the voice alone and not from the words. It is derived from a model of acted emotions, can be wrong about any "
    "single call, and is no ground for a decision about a person: listen to the call."
)


def clock(seconds: float | None) -> str:
    """Return a time within a call as minutes and seconds, such as 1:05; an en dash where there is none."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def share_words(share: float | None) -> str:
    """Return a share as a percentage; an en dash where there is none."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.0f} %"


def trend_words(trend: float | None) -> str:
    """Return how a call develops, in words and as a number; an en dash where that is not known."""
    if trend is None or not math.isfinite(trend):
        return "–"
    word = "steady" if abs(trend) < _STEADY else ("worse" if trend > 0 else "better")
    return f"{word} ({round(trend, 2) + 0.0:+.2f})"  # never -0.00


def calm_words(calm: bool | None, time_to_calm_s: float | None) -> str:
    """Return how soon the caller was calm; never means not by the end of the call."""
    if calm is None:
        return "–"
    return clock(time_to_calm_s) if calm else "never"


def summary(call: Call, found: Measures | None, limits: Limits) -> str:
    """Return a call in one or two sentences."""
    if found is None:
        return call.error or "Nothing was heard."
    if not found.speech_s:
        return "No speech was found." if call.side == "mixed" else "No speech was found on the caller's channel."
    if not found.dissatisfied_s:
        return f"Never reaches the threshold of {limits.threshold:g}."
    whose = "both speakers'" if call.side == "mixed" else "the caller's"
    text = f"{share_words(found.dissatisfied_share)} of {whose} speech is dissatisfied "
    text += f"({clock(found.dissatisfied_s)} in all, the longest {clock(found.longest_s)}, "
    text += f"first at {clock(found.first_s)})."
    ending = "not calm by the end" if not found.calm else f"calm after {clock(found.time_to_calm_s)}"
    return f"{text} From the first to the last third: {trend_words(found.trend)}; {ending}."


def batch_words(calls: Sequence[Call]) -> str:
    """Return what a batch holds."""
    broken = sum(call.heard is None for call in calls)
    mixed = sum(call.side == "mixed" for call in calls)
    seconds = sum(call.heard.duration_s for call in calls if call.heard)
    whole = round(seconds)
    length = f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{whole // 60} min {whole % 60} s"
    parts = [f"{len(calls) - broken:,} calls, {length}"]
    parts += [f"{broken:,} could not be read"] if broken else []
    parts += [f"{mixed:,} with both speakers on one channel"] if mixed else []
    return "; ".join(parts) + "."
