"""What was heard as tables and as JSON, for files that a person keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pandas as pd

from ser_core.emotions import EMOTIONS
from ser_core.live.alarms import AlarmEvent
from ser_core.live.readings import Reading
from ser_core.recogniser import AFFECT_FIELDS


def readings_table(readings: Sequence[Reading]) -> pd.DataFrame:
    """Return one row a reading: time, emotion, probabilities, valence and arousal (missing where nobody spoke)."""
    rows = []
    for reading in readings:
        affect = reading.affect
        rows.append(
            {
                "time_s": round(reading.time_s, 3),
                "clock": clock_text(reading.when),
                "speech": reading.emotion is not None,
                "emotion": reading.emotion,
                "confidence": round(reading.confidence, 4) if reading.emotion else None,
                "sure": reading.sure if reading.emotion else None,
                "candidates": " ".join(reading.candidates),
                **{name: _rounded(reading.probabilities.get(name)) for name in EMOTIONS},
                **{name: _rounded(getattr(affect, name, None)) for name in AFFECT_FIELDS},
                "delay_s": round(reading.delay_s, 3),
            }
        )
    return pd.DataFrame(rows)


def alarms_table(events: Sequence[AlarmEvent]) -> pd.DataFrame:
    """Return one row an alarm that rang."""
    rows = [
        {
            "clock": clock_text(event.when),
            "time_s": round(event.time_s, 2),
            "alarm": event.alarm.name,
            "measure": event.alarm.measure,
            "threshold": event.alarm.threshold,
            "lasted_s": round(event.lasted_s, 2),
            "mean": round(event.mean, 3),
            "peak": round(event.peak, 3),
        }
        for event in events
    ]
    columns = ["clock", "time_s", "alarm", "measure", "threshold", "lasted_s", "mean", "peak"]
    return pd.DataFrame(rows, columns=columns)


def session_json(
    readings: Sequence[Reading], events: Sequence[AlarmEvent], model: str, recording_start_s: float = 0.0
) -> str:
    """Return everything that was heard as JSON: the model, the readings and the alarms that rang.

    Parameters
    ----------
    recording_start_s
        Where in the stream the recording that was kept begins, in seconds.
    """
    heard: list[dict[str, Any]] = []
    for reading in readings:
        affect = reading.affect
        heard.append({**asdict(reading), **{name: getattr(affect, name, None) for name in AFFECT_FIELDS}})
    answer = {
        "model": model,
        "recording_start_s": recording_start_s,
        "readings": heard,
        "alarms": [asdict(event) for event in events],
    }
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def clock_text(when: float) -> str:
    """Return a moment in seconds since 1970 as text, in the machine's time zone: `2026-03-01T12:30:05.120+01:00`."""
    return datetime.fromtimestamp(when).astimezone().isoformat(timespec="milliseconds")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
