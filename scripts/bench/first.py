"""The first answer of a new process: `python -m bench.first BUNDLE WAV STARTED`, called by the benchmark.

STARTED is the time.time() at which the process was asked for; the times since then, in seconds, and the most memory
that it used are printed as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import cli  # noqa: F401  sets the number of threads and where ser_core is found

from ser_core.audio import load_audio
from ser_core.recogniser import Recogniser


def main(bundle: str, path: str, started: float) -> None:
    """Load a bundle, answer once, and tell how long that took."""
    imported = time.time()
    recogniser = Recogniser.load(bundle)
    loaded = time.time()
    recogniser.predict(load_audio(path))
    answered = time.time()
    print(
        json.dumps(
            {
                "first_prediction_s": answered - started,
                "import_s": imported - started,
                "load_s": loaded - imported,
                "predict_s": answered - loaded,
                "peak_mb": peak_mb(),
            }
        )
    )


def peak_mb() -> float | None:
    """Return the most memory that this process used, in MB (1e6 bytes); None where the system does not tell."""
    try:
        # Not getrusage: on Linux it starts with the memory of the process that started this one.
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024 / 1e6
    except (OSError, StopIteration):
        return None


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
