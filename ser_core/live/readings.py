"""From the last seconds of a stream to a reading, smoothed over those before it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ser_core.affect import Affect, affect
from ser_core.audio import Waveform, speech_segments
from ser_core.conformal import candidate_sets, named_set
from ser_core.recogniser import Prediction, Recogniser

#: A reading is taken from so many seconds before it.
WINDOW_S = 3.0
#: After so many seconds without speech nothing is said of the voice, and what was said before no longer counts.
PAUSE_S = 1.0
#: Time constant of the smoothing, in seconds: a reading keeps 37 % of its weight this much later.
SMOOTHING_S = 0.5
_MARGIN_S = 0.3
_SHORTEST_S = 0.8


@dataclass(frozen=True)
class Reading:
    """What was heard at one moment of a stream.

    Attributes
    ----------
    time_s
        The moment, in seconds of sound since the start.
    when
        When the newest sound in it arrived, in seconds since 1970 by the machine's clock.
    emotion
        The likeliest class; None where nobody speaks.
    confidence, sure, candidates
        As in :class:`ser_core.recogniser.Prediction`, of the smoothed probabilities.
    probabilities
        Of all classes, smoothed; empty where nobody speaks.
    delay_s
        From the arrival of the newest sound in it to this reading, in seconds.
    """

    time_s: float
    when: float = 0.0
    emotion: str | None = None
    confidence: float = 0.0
    sure: bool = False
    candidates: tuple[str, ...] = ()
    probabilities: Mapping[str, float] = field(default_factory=dict)
    delay_s: float = 0.0

    @property
    def affect(self) -> Affect | None:
        """Valence and arousal derived from the classes; None where nobody speaks."""
        return affect(self.probabilities) if self.emotion is not None else None


class Reader:
    """Judges one stream, moment after moment. One thread at a time may use it.

    Probabilities are averaged with those before them, weights falling exponentially with time; a pause of a second
    starts anew. The window is cut at such a pause, so that a new utterance is not judged by the one before it.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser = recogniser
        self._smooth: np.ndarray | None = None
        self._time_s = 0.0

    def read(self, window: Waveform, time_s: float) -> Reading:
        """Return the reading at *time_s*, where *window*, the last three seconds or less, ends."""
        spoken = _utterance(window)
        prediction = self.recogniser.predict(spoken) if spoken is not None else None
        if prediction is None or prediction.emotion is None:
            self._smooth = None
            return Reading(time_s)
        return self._smoothed(prediction, time_s)

    def _smoothed(self, prediction: Prediction, time_s: float) -> Reading:
        card = self.recogniser.card
        values = np.array([prediction.probabilities[label] for label in card.labels])
        if self._smooth is not None and len(self._smooth) == len(values):
            kept = math.exp(-max(0.0, time_s - self._time_s) / SMOOTHING_S)
            values = kept * self._smooth + (1 - kept) * values
        self._smooth, self._time_s = values, time_s
        best = int(values.argmax())
        candidates: tuple[str, ...] = ()
        if card.set_threshold is not None:
            candidates = named_set(candidate_sets(values[None], card.set_threshold)[0], values, card.labels)
        return Reading(
            time_s=time_s,
            emotion=card.labels[best],
            confidence=float(values[best]),
            sure=bool(values[best] >= card.threshold),
            candidates=candidates,
            probabilities={label: float(value) for label, value in zip(card.labels, values, strict=True)},
        )


def _utterance(window: Waveform) -> Waveform | None:
    """Return the end of the window since the last pause, None where the voice is pausing now."""
    segments = speech_segments(window)
    if not segments or window.duration_s - segments[-1][1] > PAUSE_S:
        return None
    start = segments[0][0]
    for (_, end), (next_start, _) in itertools.pairwise(segments):
        if next_start - end > PAUSE_S:
            start = next_start
    first = max(0.0, min(start - _MARGIN_S, window.duration_s - _SHORTEST_S))
    return window.cut(first, window.duration_s)
