"""A prediction and a model's record in words and as files: what the page shows and lets a person keep."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ser_core.corpora import listeners
from ser_core.emotions import EMOTIONS, SYMBOLS
from ser_core.recogniser import AFFECT_FIELDS, Prediction
from ser_core.spreadsheets import guarded_row

#: Protocol -> what to call its corpus, in the order to show them.
PROTOCOL_NAMES: Mapping[str, str] = {
    "cremad-evar": "CREMA-D",
    "ravdess-emobox": "RAVDESS",
    "savee-loso": "SAVEE",
    "tess-loso": "TESS",
}

#: Protocol -> share of clips in which people who only heard them chose the emotion the actor intended, where that was
#: checked against the publication.
LISTENERS: Mapping[str, float] = {
    protocol: listeners.LISTENERS[corpus].accuracy
    for protocol, corpus in (("cremad-evar", "cremad"),)
    if listeners.LISTENERS[corpus].verified
}

_HEADING = "| Recordings (emotions) | Right in 100 | 95 % interval | Guessing | {} |"
_WHEN_SURE, _AMONG = "When sure (share)", "Among those named (how many)"
#: More candidates than this are no answer.
_NAMEABLE = 3


@dataclass(frozen=True)
class Verdict:
    """The answer in words: a sign, a heading of a few words, and sentences (Markdown)."""

    symbol: str
    heading: str
    sentence: str


def percent(share: float) -> str:
    """Return a share as a whole percentage that never claims certainty or impossibility."""
    if share >= 0.995:
        return "over 99 %"
    if share < 0.005:
        return "under 1 %"
    return f"{100 * share:.0f} %"


def candidate_words(candidates: Sequence[str]) -> str:
    """Return a set of emotions as one says it: "angry", "angry or disgust"; from four on that it is hard to say."""
    *others, last = candidates
    words = f"{', '.join(others)} or {last}" if others else last
    return words if len(candidates) <= _NAMEABLE else f"hard to say: {words}"


def verdict(prediction: Prediction, threshold: float, level: float | None = None) -> Verdict:
    """Put *prediction* into words.

    It names the candidates where there are any, and else the likeliest emotion from the confidence *threshold* on.

    Parameters
    ----------
    prediction
        The answer.
    threshold, level
        The confidence from which on the model is sure, and how often its candidates hold the true emotion; both as
        its card has them.
    """
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    (first, first_share), (second, second_share) = ranked[:2]
    if prediction.emotion is None:
        return Verdict("🔇", "No answer", "This recording cannot carry an answer, for the reason given above.")
    if len(prediction.candidates) > 1:
        words = candidate_words(prediction.candidates)
        sentence = f"Most like **{first}** ({percent(first_share)}), then **{second}** ({percent(second_share)})."
        if level is not None:
            sentence += f" It names as many as it takes to have the true one among them {100 * level:.0f} times in 100."
        return Verdict("🤔", words[0].upper() + words[1:], sentence)
    if not prediction.sure and not prediction.candidates:
        sentence = (
            f"Most like **{first}** ({percent(first_share)}), then **{second}** ({percent(second_share)}). "
            f"The model names an emotion from {percent(threshold)} confidence on."
        )
        return Verdict("🤔", "Not sure", sentence)
    sentence = f"**{percent(prediction.confidence)}** confidence; next likeliest: {second} ({percent(second_share)})."
    return Verdict(SYMBOLS[prediction.emotion], prediction.emotion.capitalize(), sentence)


def record_table(evaluation: Mapping[str, Mapping[str, Any]], level: float | None = None) -> str:
    """Return a Markdown table of how often a model was right about speakers it had never heard.

    One row per protocol: recall averaged over the emotions (UAR) with its interval, chance, and, where it was
    measured, how often the true emotion was among the candidates of *level* and how many there were; without a level,
    the accuracy of the answers it was sure of.
    """
    known = [protocol for protocol in PROTOCOL_NAMES if protocol in evaluation]
    others = sorted(set(evaluation) - set(known))
    lines = [_HEADING.format(_WHEN_SURE if level is None else _AMONG), "| :-- | --: | --: | --: | --: |"]
    return "\n".join(lines + [_row(protocol, evaluation[protocol], level) for protocol in known + others])


def record_note(level: float | None = None) -> str:
    """Return what the last column of :func:`record_table` means (Markdown)."""
    if level is None:
        return (
            "*When sure*: how often the emotions it named outright were right, and in which share of the clips it "
            "named one."
        )
    return (
        "*Among those named*: how often the true emotion was among those it named, and how many it named on average; "
        f"it aims at {100 * level:.0f} in 100 new voices' recordings."
    )


def listeners_note(evaluation: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a sentence on how often people were right where that was published; empty where it was not."""
    return " ".join(
        f"People who only heard the clips of {PROTOCOL_NAMES[protocol]} chose the intended emotion "
        f"{100 * share:.0f} times in 100."
        for protocol, share in LISTENERS.items()
        if protocol in evaluation
    )


def _row(protocol: str, result: Mapping[str, Any], level: float | None) -> str:
    low, high = result["uar_ci95"]
    sure, sets = result.get("sure"), result.get("conformal", {}).get(str(level))
    last = _when_sure(sure) if sure and level is None else _among(sets) if sets else ""
    cells = (
        f"{PROTOCOL_NAMES.get(protocol, protocol)} ({result['classes']})",
        f"**{100 * result['uar']:.0f}**",
        f"{100 * low:.0f} to {100 * high:.0f}",
        f"{100 * result['chance']:.3g}",
        last,
    )
    return f"| {' | '.join(cells)} |"


def _when_sure(sure: Mapping[str, Any]) -> str:
    if sure["wa"] is None:
        return "never sure"
    return f"{100 * sure['wa']:.0f} ({100 * sure['coverage']:.0f}\u00a0%)"


def _among(sets: Mapping[str, float]) -> str:
    return f"{100 * sets['coverage']:.0f} ({sets['mean_size']:.1f})"


def to_json(prediction: Prediction, name: str) -> str:
    """Return the answer as JSON, shaped as one element of `scripts/predict.py --json`."""
    return json.dumps({"path": name, **prediction.to_dict()}, indent=2, ensure_ascii=False) + "\n"


def to_csv(prediction: Prediction, name: str) -> str:
    """Return the answer as CSV: a heading and one row, one column per emotion's probability."""
    answer = prediction.to_dict()
    row = {
        "path": name,
        "emotion": answer["emotion"] or "",
        "confidence": answer["confidence"],
        "sure": str(answer["sure"]).lower(),
        "candidates": " ".join(answer["candidates"]),
        "duration_s": answer["duration_s"],
        "model": answer["model"],
        "warnings": " ".join(answer["warnings"]),
        **{emotion: answer["probabilities"].get(emotion, 0.0) for emotion in EMOTIONS},
        **{field: "" if answer[field] is None else answer[field] for field in AFFECT_FIELDS},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(guarded_row(row))
    return text.getvalue()
