"""What every part of the benchmark uses: a clock, and something to listen to."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.examples import list_examples


def seconds(function: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def median_ms(function: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call in milliseconds, after a first one that is not counted."""
    function()
    return round(1000 * statistics.median(seconds(function) for _ in range(repeats)), 3)


def recording(duration_s: float) -> Waveform:
    """Return the built-in examples one after another, again and again, for so many seconds."""
    samples = np.concatenate([load_audio(example.path).samples for example in list_examples()])
    return Waveform(np.resize(samples, round(duration_s * SAMPLE_RATE)))
