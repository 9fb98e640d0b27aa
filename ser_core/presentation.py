"""A prediction and a model's record in words and as files: what the page shows and lets a person keep."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ser_core.corpora import listeners
from ser_core.emotions import EMOTIONS, SYMBOLS
from ser_core.recogniser import AFFECT_FIELDS, Prediction

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

_HEADING = "| Recordings (emotions) | Right in 100 | 95 % interval | Guessing | When sure (share) |"


@dataclass(frozen=True)
class Verdict:
    """The answer in words: a sign, a heading of one or two words, and a sentence (Markdown)."""

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


def verdict(prediction: Prediction, threshold: float) -> Verdict:
    """Put *prediction* into words; below *threshold* it names the two likeliest instead of one."""
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    (first, first_share), (second, second_share) = ranked[:2]
    if prediction.emotion is None:
        return Verdict("🔇", "No answer", "This recording cannot carry an answer, for the reason given above.")
    if not prediction.sure:
        sentence = (
            f"Most like **{first}** ({percent(first_share)}), then **{second}** ({percent(second_share)}). "
            f"The model names an emotion from {percent(threshold)} confidence on."
        )
        return Verdict("🤔", "Not sure", sentence)
    sentence = f"**{percent(prediction.confidence)}** confidence; next likeliest: {second} ({percent(second_share)})."
    return Verdict(SYMBOLS[prediction.emotion], prediction.emotion.capitalize(), sentence)


def record_table(evaluation: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table of how often a model was right about speakers it had never heard.

    One row per protocol: recall averaged over the emotions (UAR) with its interval, chance, and, where it was
    measured, the accuracy of the answers it was sure of.
    """
    known = [protocol for protocol in PROTOCOL_NAMES if protocol in evaluation]
    others = sorted(set(evaluation) - set(known))
    lines = [_HEADING, "| :-- | --: | --: | --: | --: |"]
    return "\n".join(lines + [_row(protocol, evaluation[protocol]) for protocol in known + others])


def listeners_note(evaluation: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a sentence on how often people were right where that was published; empty where it was not."""
    return " ".join(
        f"People who only heard the clips of {PROTOCOL_NAMES[protocol]} chose the intended emotion "
        f"{100 * share:.0f} times in 100."
        for protocol, share in LISTENERS.items()
        if protocol in evaluation
    )


def _row(protocol: str, result: Mapping[str, Any]) -> str:
    low, high = result["uar_ci95"]
    sure = result.get("sure")
    cells = (
        f"{PROTOCOL_NAMES.get(protocol, protocol)} ({result['classes']})",
        f"**{100 * result['uar']:.0f}**",
        f"{100 * low:.0f} to {100 * high:.0f}",
        f"{100 * result['chance']:.3g}",
        _when_sure(sure) if sure else "",
    )
    return f"| {' | '.join(cells)} |"


def _when_sure(sure: Mapping[str, Any]) -> str:
    if sure["wa"] is None:
        return "never sure"
    return f"{100 * sure['wa']:.0f} ({100 * sure['coverage']:.0f}\u00a0%)"


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
        "duration_s": answer["duration_s"],
        "model": answer["model"],
        "warnings": " ".join(answer["warnings"]),
        **{emotion: answer["probabilities"].get(emotion, 0.0) for emotion in EMOTIONS},
        **{field: "" if answer[field] is None else answer[field] for field in AFFECT_FIELDS},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue()
