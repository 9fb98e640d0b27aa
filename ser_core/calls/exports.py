"""A batch as files for others: CSV, XLSX, JSON. Names in them are strangers' and never become formulas."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from ser_core.calls.agents import compare_agents
from ser_core.calls.call import Call
from ser_core.calls.measures import Limits, calls_table, measure, moments_table
from ser_core.spreadsheets import guarded

_WIDTHS = {"call": 28, "file": 36, "agent": 18, "error": 60}


def calls_csv(calls: Sequence[Call], limits: Limits) -> str:
    """Return a row a call as CSV."""
    return str(guarded(calls_table(calls, limits).drop(columns="place")).to_csv(index=False, float_format="%.4g"))


def calls_xlsx(calls: Sequence[Call], limits: Limits, model: str) -> bytes:
    """Return a workbook with the sheets Calls, Moments, Agents and About."""
    import xlsxwriter

    table = calls_table(calls, limits)
    about = pd.DataFrame(_about(calls, limits, model).items(), columns=["what", "value"])
    sheets = {
        "Calls": table.drop(columns="place"),
        "Moments": moments_table(calls, limits),
        "Agents": compare_agents(table),
        "About": about,
    }
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        bold, share = book.add_format({"bold": True}), book.add_format({"num_format": "0.0%"})
        plain = book.add_format({"num_format": "0.00"})
        for name, part in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, list(part.columns), bold)
            for place, column in enumerate(part.columns):
                form = share if "share" in column else plain
                sheet.set_column(place, place, _WIDTHS.get(column, 14))
                for row, value in enumerate(part[column], start=1):
                    _write(sheet, row, place, value, form)
            if len(part):
                sheet.autofilter(0, 0, len(part), len(part.columns) - 1)
    return buffer.getvalue()


def _write(sheet: Any, row: int, place: int, value: Any, form: Any) -> None:
    if pd.isna(value):
        return
    if isinstance(value, str):
        sheet.write_string(row, place, value)
    elif isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int):
        sheet.write_number(row, place, value)
    else:
        sheet.write_number(row, place, float(value), form)


def calls_json(calls: Sequence[Call], limits: Limits, model: str) -> str:
    """Return all that is known as JSON: about, calls with their windows by channel, agents."""
    return json.dumps(batch_dict(calls, limits, model), indent=1, ensure_ascii=False) + "\n"


def batch_dict(calls: Sequence[Call], limits: Limits, model: str) -> dict[str, Any]:
    """Return a batch as programs get it.

    `{"about", "calls": [{"call", "file", "agent", "caller", "error", "duration_s", "measures", "channels"}],
    "agents"}`, the calls in the order of :func:`ser_core.calls.measures.calls_table`; what is not known is None.
    """
    table = calls_table(calls, limits)
    return {
        "about": _about(calls, limits, model),
        "calls": [_call_dict(calls[place], limits) for place in table["place"]],
        "agents": _records(compare_agents(table)),
    }


def _call_dict(call: Call, limits: Limits) -> dict[str, Any]:
    found, heard = measure(call, limits), call.heard
    channels = []
    for name, track in zip(call.channel_names, heard.tracks if heard else (), strict=False):
        rows = zip(track.spans.tolist(), track.emotions(), track.readings.round(4).tolist(), strict=True)
        segments = [
            {"start_s": span[0], "end_s": span[1], "emotion": emotion, "valence": valence, "arousal": arousal,
             "negative_high_arousal": unrest}
            for span, emotion, (valence, arousal, unrest) in rows
        ]  # fmt: skip
        channels.append({"who": name, "segments": segments})
    duration = heard.duration_s if heard else None
    return call.to_dict() | {
        "duration_s": duration, "measures": asdict(found) if found else None, "channels": channels
    }  # fmt: skip


def _about(calls: Sequence[Call], limits: Limits, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "threshold": limits.threshold,
        "calm_s": limits.calm_s,
        "calls": len(calls),
        "unreadable": sum(call.heard is None for call in calls),
        "mixed": sum(call.side == "mixed" for call in calls),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()}
        for row in table.astype(object).to_dict("records")
    ]
