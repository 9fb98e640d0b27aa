"""How much memory a timeline takes, by the length of the recording: each length in a process of its own.

The recording is written as FLAC while it is made: a minute of the built-in voices, then nine of quiet, again and again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_BUNDLE = "lite"


def long(options: argparse.Namespace) -> dict[str, Any]:
    """Return peak memory and processor time of a timeline of so many hours, by length."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    answer: dict[str, Any] = {}
    for hours in options.hours:
        command = [sys.executable, "-m", "bench.long", str(hours), (options.bundles or [_BUNDLE])[0]]
        result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        answer[f"{hours:g} h"] = json.loads(result.stdout)
    return answer


def _measured(hours: float, bundle: str) -> dict[str, Any]:
    import cli  # noqa: F401  # finds the package
    import numpy as np
    import soundfile as sf

    from bench.common import recording
    from ser_core.recogniser import Recogniser
    from ser_core.recordings import open_recording, read_timeline

    voices = recording(60.0).samples
    quiet = np.random.default_rng(0).normal(0, 1e-4, len(voices)).astype(np.float32)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "long.flac"
        with sf.SoundFile(path, "w", 16_000, 1, format="FLAC", subtype="PCM_16") as file:
            for minute in range(max(1, round(60 * hours))):
                file.write(quiet if minute % 10 else voices)
        model = Recogniser.load(bundle)
        read_timeline(model, open_recording(recording(10.0).to_wav()))
        before, used, start = _peak_mb(), time.process_time(), time.perf_counter()
        timeline = read_timeline(model, open_recording(path))
        return {
            "before_mb": before,
            "peak_mb": _peak_mb(),
            "cpu_s": round(time.process_time() - used, 1),
            "s": round(time.perf_counter() - start, 1),
            "segments": len(timeline.segments),
        }


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


if __name__ == "__main__":
    print(json.dumps(_measured(float(sys.argv[1]), sys.argv[2])))
