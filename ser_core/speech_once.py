"""Where somebody speaks, for the recogniser: both readings of the speech detector that it needs, from one pass.

The stretches of speech tell whether a recording can be judged; the span that a model reads has a lower threshold. The
detector takes as long as all else in a small model's answer together. This stands apart from :mod:`ser_core.audio`
because any change there makes all stored features stale; whoever changes the detector there changes it here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.audio.speech import _detector

#: Seconds around speech that models read with it, where they do not say otherwise.
MARGIN_S = 0.1
_SEGMENTS_THRESHOLD, _SPAN_THRESHOLD, _PEAK = 0.5, 0.3, 0.5


class Speech(NamedTuple):
    """Where somebody speaks in a recording; times in seconds.

    Attributes
    ----------
    segments
        What :func:`ser_core.audio.speech_segments` gives.
    spoken
        From the first to the last sound that might be speech; None where there is none.
    duration_s
        Of the recording.
    """

    segments: list[tuple[float, float]]
    spoken: tuple[float, float] | None
    duration_s: float

    def span(self, margin_s: float = MARGIN_S) -> tuple[float, float]:
        """Return what :func:`ser_core.audio.speech_span` gives."""
        if self.spoken is None:
            return 0.0, self.duration_s
        return max(0.0, self.spoken[0] - margin_s), min(self.duration_s, self.spoken[1] + margin_s)


def find_speech(waveform: Waveform) -> Speech:
    """Return the stretches of speech and where they begin and end, as the two functions would alone."""
    peak = float(np.abs(waveform.samples).max(initial=0.0))
    if peak == 0.0:
        return Speech([], None, waveform.duration_s)
    module, model = _detector()
    heard, samples = _Heard(model), waveform.samples * np.float32(_PEAK / peak)

    def found(threshold: float) -> list[tuple[float, float]]:
        stamps = module.get_speech_timestamps_sequence(samples, heard, threshold=threshold, sampling_rate=SAMPLE_RATE)
        return [(stamp["start"] / SAMPLE_RATE, stamp["end"] / SAMPLE_RATE) for stamp in stamps]

    segments, wider = found(_SEGMENTS_THRESHOLD), found(_SPAN_THRESHOLD)
    return Speech(segments, (wider[0][0], wider[-1][1]) if wider else None, waveform.duration_s)


class _Heard:
    """The detector with its answer to the first recording, which it is asked for twice."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._probabilities: np.ndarray | None = None

    def audio_forward(self, audio: np.ndarray, **options: Any) -> np.ndarray:
        """Return the probability of speech in each frame [shape=(frames,), float32]."""
        if self._probabilities is None:
            self._probabilities = self._model.audio_forward(audio, **options)
        return self._probabilities
