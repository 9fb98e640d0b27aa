"""A batch as one HTML page to hand on: no script, nothing from elsewhere, light and dark, ready for paper.

Path("report.html").write_text(html_report(calls, Limits(0.6), "lite"))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

import pandas as pd

from ser_core.calls.agents import LEAST_CALLS, compare_agents
from ser_core.calls.call import Call, Track
from ser_core.calls.measures import Limits, calls_table, measure, moments
from ser_core.calls.words import (
    DERIVED,
    MIXED,
    batch_words,
    calm_words,
    clock,
    share_words,
    summary,
    trend_words,
)
from ser_core.emotions import COLOURS

#: Calls that are drawn one by one, the most dissatisfied first; the table has all.
MOST_DRAWN = 60
_MOST_MOMENTS = 12
_WIDTH, _HEIGHT = 1000, 84

_STYLE = """
:root { color-scheme: light dark; --line: #8087924d; --faint: #6a7078; --high: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --faint: #a5adb8; --high: #ff8a80; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 0 auto; padding: 1.5rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin: 2rem 0 .3rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.n { white-space: nowrap; }
td { overflow-wrap: anywhere; } td:first-child { min-width: 11rem; } td:last-child { min-width: 7rem; }
.wide, figure { overflow-x: auto; }
.note, figcaption { color: var(--faint); font-size: .92rem; } figure { margin: .6rem 0 1rem; }
svg { width: 100%; min-width: 34rem; height: auto; display: block; }
svg.swatch { display: inline; width: .8em; min-width: 0; margin-right: .25em; }
svg text { fill: currentColor; font-size: 13px; }
.axis { stroke: var(--line); } .limit { stroke: var(--high); stroke-dasharray: 5 4; } .curve { stroke: currentColor; }
.high { fill: var(--high); } .bar { fill: currentColor; } .range { stroke: currentColor; stroke-width: 2; }
@media print { body { max-width: none; } h3, figure { break-inside: avoid; } }
"""


def html_report(calls: Sequence[Call], limits: Limits, model: str, *, made: datetime | None = None) -> str:
    """Return the report of a batch as one HTML page.

    Parameters
    ----------
    model
        The bundle's name.
    made
        When, for its heading; by default now.
    """
    table = calls_table(calls, limits)
    when = (made or datetime.now()).strftime("%Y-%m-%d %H:%M")
    body = [
        "<h1>Dissatisfied callers</h1>",
        f"<p>{escape(batch_words(calls))} Threshold {limits.threshold:g}, calm after {limits.calm_s:g} s of calm "
        f"speech, model <code>{escape(model)}</code>, made {when} by SER Studio.</p>",
        f'<p class="note">{escape(DERIVED)}</p>',
        *(
            [f'<p class="note">Calls marked as mixed: {escape(MIXED[0].lower() + MIXED[1:])}</p>']
            if any(call.side == "mixed" for call in calls)
            else []
        ),
        *_agents(table),
        "<h2>Calls</h2>",
        _calls(table),
        *_details(calls, table, limits),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Dissatisfied callers, {when}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _table(headings: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a heading says whether its column is numbers. Cells are escaped here."""
    marks = [' class="n"' if number else "" for _, number in headings]
    head = "".join(
        f'<th scope="col"{mark}>{escape(name)}</th>' for (name, _), mark in zip(headings, marks, strict=True)
    )
    lines = "\n".join(
        "<tr>" + "".join(f"<td{mark}>{escape(cell)}</td>" for cell, mark in zip(row, marks, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{lines}\n</tbody></table></div>'


def _calls(table: pd.DataFrame) -> str:
    headings = [
        ("Call", False), ("Agent", False), ("Caller", False), ("Length", True), ("Dissatisfied", True),
        ("In all", True), ("Longest", True), ("Trend", True), ("Time to calm", True), ("Note", False),
    ]  # fmt: skip
    rows = []
    for row in table.astype(object).where(table.notna(), None).to_dict("records"):
        note = row["error"] or ("no speech of the caller" if not row["speech_s"] else "")
        rows.append(
            (
                row["call"], row["agent"] or "–", row["caller"] or "–", clock(row["duration_s"]),
                share_words(row["dissatisfied_share"]), clock(row["dissatisfied_s"]), clock(row["longest_s"]),
                trend_words(row["trend"]), calm_words(row["calm"], row["time_to_calm_s"]), note,
            )
        )  # fmt: skip
    return _table(headings, rows)


def _agents(table: pd.DataFrame) -> list[str]:
    agents = compare_agents(table)
    if agents.empty:
        return []
    headings = [("Agent", False), ("Calls", True), ("Dissatisfied speech of callers", True), ("95 % interval", True),
                ("Difference from the others", True), ("Stands out", False)]  # fmt: skip
    rows = [
        (
            row["agent"], f"{row['calls']:,}", share_words(row["dissatisfied_share"]),
            _span(row["dissatisfied_share_low"], row["dissatisfied_share_high"], share_words),
            _points(row["difference"]) + _in_brackets(row["difference_low"], row["difference_high"]),
            ("above the others" if row["difference"] > 0 else "below the others") if row["stands_out"] else "no",
        )
        for row in agents.to_dict("records")
    ]  # fmt: skip
    words = (
        f"Intervals of 95 %; none with fewer than {LEAST_CALLS} calls. An agent stands out who is further from the "
        "others than anybody would be in 95 % of all cases if the same calls were handed out by chance. Who gets which "
        "calls is not known here, and may be the reason for a difference."
    )
    return ["<h2>Agents</h2>", _table(headings, rows), _agents_svg(agents), f'<p class="note">{words}</p>']


def _span(low: float, high: float, words: Any) -> str:
    return "–" if pd.isna(low) else f"{words(low)} to {words(high)}"


def _points(value: float) -> str:
    return "–" if pd.isna(value) else f"{100 * value:+.0f} points"


def _in_brackets(low: float, high: float) -> str:
    return "" if pd.isna(low) else f" ({100 * low:+.0f} to {100 * high:+.0f})"


def _agents_svg(agents: pd.DataFrame) -> str:
    """Draw each agent's mean share and its interval."""
    rows, left, right = agents.to_dict("records"), 220, 940
    highest = max([row["dissatisfied_share_high"] for row in rows if not pd.isna(row["dissatisfied_share_high"])]
                  + [row["dissatisfied_share"] for row in rows] + [0.05])  # fmt: skip
    scale = (right - left) / highest
    parts = []
    for number, row in enumerate(rows):
        y, x = 18 + 30 * number, left + scale * row["dissatisfied_share"]
        parts.append(f'<text x="{left - 12}" y="{y + 5}" text-anchor="end">{escape(row["agent"][:26])}</text>')
        if not pd.isna(row["dissatisfied_share_low"]):
            ends = (left + scale * row["dissatisfied_share_low"], left + scale * row["dissatisfied_share_high"])
            parts.append(f'<line class="range" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="bar" cx="{x:.1f}" cy="{y}" r="5"/>')
    bottom = 30 * len(rows) + 6
    parts.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    for share in (0.0, highest / 2, highest):
        x = left + scale * share
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{100 * share:.0f} %</text>')
    alt = "Share of dissatisfied speech of callers by agent, with 95 % intervals; the table above has the numbers."
    svg = f'<svg viewBox="0 0 {_WIDTH} {bottom + 24}" role="img" aria-label="{alt}">{"".join(parts)}</svg>'
    return f"<figure>{svg}</figure>"


def _details(calls: Sequence[Call], table: pd.DataFrame, limits: Limits) -> list[str]:
    chosen = table[table["speech_s"].fillna(0) > 0].head(MOST_DRAWN)
    if chosen.empty:
        return []
    parts = ["<h2>Call by call</h2>"]
    if len(chosen) < len(table):
        parts.append(f'<p class="note">The {len(chosen)} most dissatisfied calls in which somebody speaks.</p>')
    parts.append(
        '<p class="note">The line is negative high arousal, from 0 to 1, where somebody speaks; the dashed line is the '
        "threshold, and what reaches it is filled. The strip below has the likeliest emotion, by colour and when "
        f"pointed at; the list of moments gives the times. {_legend()}</p>"
    )
    for place in chosen["place"]:
        call = calls[place]
        parts.append(f"<h3>{escape(call.title)}</h3>")
        about = [call.agent and f"Agent {call.agent}", call.name if call.name != call.title else ""]
        parts.append(f'<p>{escape(summary(call, measure(call, limits), limits))} '
                     f'<span class="note">{escape(" · ".join(filter(None, about)))}</span></p>')  # fmt: skip
        if call.heard is not None:
            for who, track in zip(call.channel_names, call.heard.tracks, strict=False):
                parts.append(_track_figure(who, track, call.heard.duration_s, limits))
        parts += _moments(call, limits)
    return parts


def _legend() -> str:
    swatch = '<svg class="swatch" viewBox="0 0 10 10"><rect width="10" height="10" fill="{}"/></svg>{}'
    return " ".join(swatch.format(colour, emotion) for emotion, colour in COLOURS.items())


def _emotion_words(track: Track) -> str:
    """Return the emotions of a channel by their share of the speech."""
    if not len(track.spans):
        return "nobody speaks"
    shares = pd.Series(track.seconds).groupby(track.emotions()).sum().sort_values(ascending=False) / track.seconds.sum()
    return ", ".join(f"{emotion} {share_words(share)}" for emotion, share in shares.items())


def _moments(call: Call, limits: Limits) -> list[str]:
    found = moments(call.track, limits) if call.track is not None else []
    if not found:
        return []
    words = ", ".join(f"{clock(start)} to {clock(end)}" for start, end in found[:_MOST_MOMENTS])
    more = f" and {len(found) - _MOST_MOMENTS} more" if len(found) > _MOST_MOMENTS else ""
    return [f"<p>Dissatisfied from {words}{more}.</p>"]


def _track_figure(who: str, track: Track, duration_s: float, limits: Limits) -> str:
    """Draw one channel: negative high arousal over time, what reaches the threshold filled, emotions as a strip."""
    scale, top = _WIDTH / max(duration_s, 1e-6), _HEIGHT - 16

    def height(value: float) -> float:
        return top - value * (top - 4)

    limit = height(limits.threshold)
    parts = [f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{top}" y2="{top}"/>']
    for (start, end), value, emotion in zip(track.spans, track.unrest, track.emotions(), strict=True):
        x, width, y = scale * start, max(0.6, scale * (end - start)), height(float(value))
        if value >= limits.threshold:
            parts.append(f'<rect class="high" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{top - y:.1f}"/>')
        else:
            parts.append(f'<path class="curve" d="M{x:.1f} {y:.1f}h{width:.1f}"/>')
        strip = f'<rect x="{x:.1f}" y="{top + 3}" width="{width:.1f}" height="11" fill="{COLOURS[emotion]}">'
        parts.append(f"{strip}<title>{emotion}</title></rect>")
    parts.append(f'<line class="limit" x1="0" x2="{_WIDTH}" y1="{limit:.1f}" y2="{limit:.1f}"/>')
    label = f"{who[0].upper()}{who[1:]}, 0:00 to {clock(duration_s)}: {_emotion_words(track)}"
    alt = escape(f"Negative high arousal of {who} over time; the moments are listed below.")
    svg = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{alt}">{"".join(parts)}</svg>'
    return f"<figure><figcaption>{escape(label)}</figcaption>{svg}</figure>"
