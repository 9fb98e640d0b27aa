"""Tables that people open in a spreadsheet: the name of a file must not become a formula (OWASP, CSV injection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return *table* with an apostrophe before every text that a spreadsheet would take for a formula."""
    safe = table.copy()
    for column in safe.select_dtypes(exclude=["number", "bool", "datetime"]):
        safe[column] = [guarded_value(value) for value in safe[column]]
    return safe


def guarded_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same for one row."""
    return {name: guarded_value(value) for name, value in row.items()}


def guarded_value(value: Any) -> Any:
    """Return the same for one cell."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
