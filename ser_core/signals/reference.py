"""How much functionals differ from clip to clip of the four corpora, so that unlike units can be compared.

The numbers are statistics over 12,161 clips, made by `scripts/make_reference.py`; no recording can be got back from
them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ser_core.files import write_bytes

FILE = Path(__file__).with_name("reference.json")


@functools.cache
def functional_spread() -> Mapping[str, float]:
    """Return the standard deviation of each functional over the clips of the four corpora."""
    return {name: float(entry["std"]) for name, entry in _content()["functionals"].items()}


def write_reference(names: list[str], values: np.ndarray, about: str) -> None:
    """Write mean and standard deviation of functionals [shape=(clips, names)]; rows with NaN are left out."""
    known = values[np.isfinite(values).all(axis=1)].astype(np.float64)
    statistics = {
        name: {"mean": float(f"{column.mean():.6g}"), "std": float(f"{column.std():.6g}")}
        for name, column in zip(names, known.T, strict=True)
    }
    content = {"about": about, "clips": len(known), "functionals": statistics}
    write_bytes(FILE, (json.dumps(content, indent=1) + "\n").encode())


def _content() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))
