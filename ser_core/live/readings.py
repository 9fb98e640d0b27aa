"""From the last seconds of a stream to a reading, smoothed over those before it."""

from __future__ import annotations

import functools
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
#: Where the last so many seconds hold no speech nothing is said of the voice, and what came before no longer counts.
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

    @functools.cached_property
    def affect(self) -> Affect | None:
        """Valence and arousal derived from the classes; None where nobody speaks."""
        return affect(self.probabilities) if self.emotion is not None else None


class Reader:
    """Judges one stream, moment after moment. One thread at a time may use it.

    Probabilities are averaged with those before them, weights falling exponentially with time; a pause of a second
    starts anew. The window never reaches back into such a pause, so that an utterance is not judged by the one before.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser = recogniser
        self._smooth: np.ndarray | None = None
        self._smooth_s = self._silent_s = 0.0

    def read(self, window: Waveform, time_s: float) -> Reading:
        """Return the reading at *time_s*, where *window*, the last three seconds or less, ends."""
        length = window.duration_s
        # The detector takes as long as a small model, which asks it again: so first it hears the end only.
        if not speech_segments(window.cut(length - PAUSE_S, length)):
            self._smooth, self._silent_s = None, time_s
            return Reading(time_s)
        since = max(_SHORTEST_S, time_s - self._silent_s + _MARGIN_S)
        prediction = self.recogniser.predict(window.cut(length - since, length))
        if prediction.emotion is None:
            self._smooth = None
            return Reading(time_s)
        return self._smoothed(prediction, time_s)

    def _smoothed(self, prediction: Prediction, time_s: float) -> Reading:
        card = self.recogniser.card
        values = np.array([prediction.probabilities[label] for label in card.labels])
        if self._smooth is not None:
            kept = math.exp(-max(0.0, time_s - self._smooth_s) / SMOOTHING_S)
            values = kept * self._smooth + (1 - kept) * values
        self._smooth, self._smooth_s = values, time_s
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
