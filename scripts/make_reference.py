"""Write the spread of each functional over the four corpora, by which the page Signals compares unlike units.

python scripts/make_reference.py      # needs the corpora at SER_DATA; writes ser_core/signals/reference.json
"""

from __future__ import annotations

import argparse

import numpy as np
from cli import FINE, Parser, progress, run

from ser_core.corpora import read_corpora
from ser_core.features.functionals import FunctionalsConfig, functional_names, functional_vector
from ser_core.features.store import extract_table
from ser_core.signals.reference import FILE, write_reference

_CORPORA = ("cremad", "ravdess", "savee", "tess")
_ABOUT = "Mean and standard deviation of each functional over the clips of CREMA-D, RAVDESS, SAVEE and TESS."


def main(arguments: list[str] | None = None) -> int:
    """Measure all clips, or take the measures from the cache, and write the file."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(arguments)
    table = read_corpora(list(_CORPORA))
    store = extract_table(
        table, FunctionalsConfig(), extract=functional_vector, dtype=np.float32, progress=progress("functionals")
    )
    write_reference(functional_names(), store.values, _ABOUT)
    print(f"Wrote {FILE.name} from {len(store)} clips.")
    return FINE


if __name__ == "__main__":
    run(main)
