"""Where in a recording somebody speaks, by Silero VAD (Silero Team, 2021; MIT; its model is in the wheel)."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from ser_core.audio.waveform import SAMPLE_RATE, Waveform


def speech_segments(waveform: Waveform, threshold: float = 0.5) -> list[tuple[float, float]]:
    """Return the stretches of speech as (start, end) in seconds, in order and without overlap.

    The level is evened out first, since the detector misses very quiet voices. Gaps under 0.1 s are bridged and
    stretches under 0.25 s dropped (the detector's defaults).
    """
    peak = float(np.abs(waveform.samples).max(initial=0.0))
    if peak == 0.0:
        return []
    module, model = _detector()
    stamps = module.get_speech_timestamps_sequence(
        waveform.samples * np.float32(0.5 / peak), model, threshold=threshold, sampling_rate=SAMPLE_RATE
    )
    return [(stamp["start"] / SAMPLE_RATE, stamp["end"] / SAMPLE_RATE) for stamp in stamps]


def speech_span(waveform: Waveform, margin_s: float = 0.1) -> tuple[float, float]:
    """Return (start, end) in seconds from the first to the last speech, with a margin.

    Where no speech is found the whole recording is returned, so that a model always has something to read.
    """
    segments = speech_segments(waveform, threshold=0.3)
    if not segments:
        return 0.0, waveform.duration_s
    return max(0.0, segments[0][0] - margin_s), min(waveform.duration_s, segments[-1][1] + margin_s)


@functools.cache
def _detector() -> tuple[Any, Any]:
    import torch

    threads = torch.get_num_threads()
    silero = importlib.import_module("silero_vad")
    torch.set_num_threads(threads)  # importing silero_vad sets it to one for the whole process
    module = importlib.import_module("silero_vad.sequence_vad")
    return module, silero.load_silero_vad(sequence=True)
