"""Write the statistics of the four corpora that the program compares voices with.

python scripts/make_reference.py      # needs the corpora at SER_DATA

Into ser_core/signals/reference.json goes the spread of each functional over all clips, by which unlike units are
compared; into ser_core/explanation/neutral.json what neutral speakers do, by sex.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from cli import FINE, Parser, progress, run

from ser_core.corpora import read_corpora
from ser_core.explanation.prosody import neutral_reference, write_neutral
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector
from ser_core.features.store import extract_table
from ser_core.signals.reference import FILE, write_reference

_CORPORA = ("cremad", "ravdess", "savee", "tess")
_ABOUT = "Mean and standard deviation of each functional over the clips of CREMA-D, RAVDESS, SAVEE and TESS."


def main(arguments: list[str] | None = None) -> int:
    """Measure all clips, or take the measures from the cache, and write the files."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neutral-only", action="store_true", help="measure the neutral clips alone, for the second")
    options = parser.parse_args(arguments)
    table = read_corpora(list(_CORPORA))
    neutral = (table["emotion"] == "neutral").to_numpy(bool)
    names = functional_names()
    if not options.neutral_only:
        values = _measured(table)
        write_reference(names, values, _ABOUT)
        print(f"Wrote {FILE.name} from {len(values)} clips.")
    clips = table[neutral].reset_index(drop=True)
    content = neutral_reference(clips, names, _measured(clips))
    write_neutral(content)
    counts = content["heard"]["all"]
    print(f"Wrote neutral.json from {counts['clips']} clips of {counts['speakers']} speakers.")
    return FINE


def _measured(table: pd.DataFrame) -> np.ndarray:
    """Return the functionals of each clip [shape=(clips, functionals)]."""
    store = extract_table(
        table, FunctionalsConfig(), extract=functional_vector, dtype=np.float32, progress=progress("functionals")
    )
    return store.values


if __name__ == "__main__":
    run(main)
