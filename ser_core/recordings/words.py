"""The summary of a timeline in sentences."""

from __future__ import annotations

from ser_core.recordings.summary import Course, Summary
from ser_core.recordings.timeline import Timeline

#: Shares under this are not named one by one.
_NAMED = 0.05
#: A trend smaller than this is called steady.
_STEADY = 0.1


def clock(time_s: float) -> str:
    """Return a moment as one reads it: `1:05`, or `1:02:05` from an hour on."""
    whole = int(time_s)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def summary_sentences(timeline: Timeline, summary: Summary) -> list[str]:
    """Return what a person should know first, a sentence or two each."""
    if not timeline.segments:
        return [
            "No speech was found (perhaps music, noise or silence), so no emotion is named: choose a recording in "
            "which somebody speaks."
        ]
    shares = [f"{emotion} {share:.0%}" for emotion, share in summary.shares.items() if share >= _NAMED]
    rest = 1 - sum(share for share in summary.shares.values() if share >= _NAMED)
    others = f", others {rest:.0%}" if rest >= 0.005 else ""
    found = [
        f"Somebody speaks for {clock(summary.speech_s)} of {clock(timeline.duration_s)} minutes. "
        f"Of that time it sounds: {', '.join(shares)}{others}."
    ]
    if summary.peaks:
        best = max(summary.peaks, key=lambda peak: peak.confidence)
        found.append(f"The strongest moment is at {clock(best.start_s)}: {best.emotion}, {best.confidence:.0%}.")
    else:
        found.append("There is no strong moment: it sounds neutral or calm throughout.")
    if summary.turning_points:
        points = [f"{clock(one.time_s)} (from {one.before} to {one.after})" for one in summary.turning_points]
        found.append(f"The mood turns at {', '.join(points)}.")
    else:
        found.append("There is no lasting change of mood.")
    found.append(
        f"Valence {_course(summary.courses['valence'], 'more pleasant', 'less pleasant')}; "
        f"arousal {_course(summary.courses['arousal'], 'livelier', 'quieter')}."
    )
    return found


def _course(course: Course, up: str, down: str) -> str:
    change = course.last_third - course.first_third
    trend = "steady" if abs(change) < _STEADY else f"{up if change > 0 else down} towards the end"
    words = (
        f"{course.mean:+.2f} on average, {trend}; from {course.lowest:+.2f} at {clock(course.lowest_s)} to "
        f"{course.highest:+.2f} at {clock(course.highest_s)}"
    )
    return words.replace("-", "−")
