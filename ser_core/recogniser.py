"""Bundle + sound -> :class:`Prediction`. The app, the command line and the service all call this.

recogniser = Recogniser.load("lite")
prediction = recogniser.predict(load_audio("voice.wav"))
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.special import softmax

from ser_core.affect import Affect, affect
from ser_core.audio import Quality, Waveform, assess_quality, speech_segments, speech_span
from ser_core.bundle import ModelCard, checked_onnx, checked_weights, find_bundle, load_card
from ser_core.calibration import Calibration
from ser_core.conformal import candidate_sets, named_set
from ser_core.errors import BundleError
from ser_core.scorers import Scorer, load_scorer
from ser_core.speech_once import Speech, find_speech

#: A stretch of speech longer than this is read in windows, in seconds.
LONGEST_WINDOW_S = 8.0
_WINDOW_S, _STEP_S = 4.0, 2.0
_LEAST_SPEECH_S = 0.3
#: What :class:`Affect` adds to an answer, where JSON and tables have it.
AFFECT_FIELDS = tuple(field.name for field in fields(Affect))


@dataclass(frozen=True)
class Prediction:
    """What a model says of a recording.

    Attributes
    ----------
    emotion
        The likeliest class; None when the recording's quality forbids naming one.
    confidence
        Its calibrated probability.
    sure
        Whether the confidence reaches the model's threshold.
    probabilities
        Of all classes, in the vocabulary's order.
    duration_s
        Length of the recording in seconds.
    model
        The bundle's name.
    warnings
        Sentences for a person.
    quality
        What was measured of the recording.
    candidates
        The likeliest classes, the first first, that hold the true one as often as the card's `set_level` promises;
        empty where no emotion is named, and where the model promises nothing.
    """

    emotion: str | None
    confidence: float
    sure: bool
    probabilities: dict[str, float]
    duration_s: float
    model: str
    warnings: tuple[str, ...]
    quality: Quality
    candidates: tuple[str, ...] = ()

    @property
    def affect(self) -> Affect | None:
        """Valence and arousal derived from the classes; None where no emotion is named."""
        return affect(self.probabilities) if self.emotion is not None else None

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as programs get it, in JSON or over HTTP."""
        return {
            "emotion": self.emotion,
            "confidence": self.confidence,
            "sure": self.sure,
            "candidates": list(self.candidates),
            "probabilities": dict(self.probabilities),
            "duration_s": self.duration_s,
            "model": self.model,
            "warnings": list(self.warnings),
            **_reading(self.affect),
        }


@dataclass(frozen=True)
class ModelInput:
    """What a model was given of a stretch of a recording.

    Attributes
    ----------
    start_s, end_s
        The stretch that the array covers, in seconds.
    array
        A log-mel spectrogram in dB [shape=(n_mels, t)], states of an encoder [shape=(rows, t)], or functionals
        [shape=(1, n)].
    partner
        What the second network was given of it, where one answers too.
    """

    start_s: float
    end_s: float
    array: np.ndarray
    partner: ModelInput | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch of a longer recording and what was heard in it; times in seconds."""

    start_s: float
    end_s: float
    emotion: str
    confidence: float
    probabilities: dict[str, float]

    @property
    def affect(self) -> Affect:
        """Valence and arousal derived from the classes."""
        return affect(self.probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return the segment as programs get it."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "emotion": self.emotion,
            "confidence": self.confidence,
            "probabilities": dict(self.probabilities),
            **_reading(self.affect),
        }


def _reading(affect: Affect | None) -> dict[str, float | None]:
    return dict(vars(affect)) if affect else dict.fromkeys(AFFECT_FIELDS)


class Recogniser:
    """A loaded model. Safe to share between threads: nothing changes after loading."""

    def __init__(self, card: ModelCard, scorer: Scorer) -> None:
        self.card = card
        self._scorer = scorer
        self._calibration = Calibration(card.temperature, np.array(card.bias), card.temperature_slope)

    @classmethod
    def load(cls, name_or_folder: str | os.PathLike[str]) -> Recogniser:
        """Load a bundle by name or folder.

        Raises
        ------
        BundleError
            If there is none, or it is damaged, of a newer format, or holds anything but weights.
        """
        folder = find_bundle(name_or_folder)
        card = load_card(folder)
        return cls(card, load_scorer(card, checked_weights(folder, card), checked_onnx(folder, card)))

    def predict(self, waveform: Waveform) -> Prediction:
        """Return what the model says of a recording; its quality is measured first.

        Speech longer than 8 s is read in windows whose probabilities are averaged.
        """
        speech = find_speech(waveform)
        quality = assess_quality(waveform, speech.segments)
        warnings = tuple(problem.message for problem in quality.problems)
        if quality.blocking:
            even = dict.fromkeys(self.card.labels, 1 / len(self.card.labels))
            return Prediction(None, 0.0, False, even, waveform.duration_s, self.card.name, warnings, quality)
        values = self._average(waveform, speech)
        best = int(values.argmax())
        return Prediction(
            emotion=self.card.labels[best],
            confidence=float(values[best]),
            sure=bool(values[best] >= self.card.threshold),
            probabilities=self._named(values),
            duration_s=waveform.duration_s,
            model=self.card.name,
            warnings=warnings,
            quality=quality,
            candidates=self._candidates(values),
        )

    def inputs(self, waveform: Waveform) -> list[ModelInput]:
        """Return exactly the arrays from which :meth:`predict` answers, in order; none where it names no emotion."""
        segments = speech_segments(waveform)
        if assess_quality(waveform, segments).blocking:
            return []
        found = []
        for start, end, _ in _windows(waveform, segments):
            part = waveform.cut(start, end)
            own = _input(self._scorer, self.card.front_end, part, start)
            if self._scorer.partner and self.card.partner:
                own = replace(own, partner=_input(self._scorer.partner, self.card.partner.front_end, part, start))
            found.append(own)
        return found

    @property
    def margin_s(self) -> float:
        """Seconds around speech that the model reads with it."""
        return self._scorer.margin_s

    def probabilities(self, spoken: Sequence[Waveform]) -> np.ndarray:
        """Return the calibrated probabilities of stretches that begin and end with speech [shape=(n, n_classes)].

        Unlike :meth:`predict` it asks nothing of their quality: whoever cut them out knows that somebody speaks.
        """
        return self._probabilities(np.stack([self._scorer.spoken(waveform) for waveform in spoken]))

    def probabilities_within(self, waveform: Waveform, speech: Speech) -> np.ndarray:
        """Return the calibrated probabilities of a recording in one piece [shape=(n_classes,)].

        Like :meth:`predict` for at most 8 s of speech, but where the speech is, is known, and nothing is asked of its
        quality.
        """
        values: np.ndarray = self._probabilities(self._scorer.within(waveform, speech)[None])[0]
        return values

    def _average(self, waveform: Waveform, speech: Speech) -> np.ndarray:
        """Return the probabilities of a recording [shape=(n_classes,)]."""
        windows = _windows(waveform, speech.segments)
        if windows == [(0.0, waveform.duration_s, 1.0)]:
            return self.probabilities_within(waveform, speech)
        values = self._score([waveform.cut(start, end) for start, end, _ in windows])
        return np.average(values, axis=0, weights=[weight for _, _, weight in windows])

    def _score(self, waveforms: Sequence[Waveform]) -> np.ndarray:
        return self._probabilities(np.stack([self._scorer(waveform) for waveform in waveforms]))

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        if not np.isfinite(logits).all():  # weights may be numbers, each of them, and still give none
            raise BundleError(f"The model '{self.card.name}' gives answers that are no numbers: do not use it.")
        values: np.ndarray = softmax(self._calibration.scores(logits), axis=1)
        return values

    def _candidates(self, values: np.ndarray) -> tuple[str, ...]:
        if self.card.set_threshold is None:
            return ()
        return named_set(candidate_sets(values[None], self.card.set_threshold)[0], values, self.card.labels)

    def _named(self, values: np.ndarray) -> dict[str, float]:
        return {label: float(value) for label, value in zip(self.card.labels, values, strict=True)}


def _input(scorer: Scorer, front_end: object, part: Waveform, start: float) -> ModelInput:
    """Return what a model is given of a part of a recording that begins at *start*, in seconds."""
    trimmed = getattr(front_end, "trim", True)
    first, last = speech_span(part, scorer.margin_s) if trimmed else (0.0, part.duration_s)
    return ModelInput(start + first, start + last, scorer.read(part))


def _windows(waveform: Waveform, speech: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """Return what is read at a time, as (start, end, seconds of speech in it)."""
    first, last = speech[0][0], speech[-1][1]
    if last - first <= LONGEST_WINDOW_S:
        return [(0.0, waveform.duration_s, 1.0)]
    starts = np.arange(first, last - _LEAST_SPEECH_S, _STEP_S)
    windows = [(float(start), float(min(start + _WINDOW_S, last))) for start in starts]
    weights = [_overlap(speech, *window) for window in windows]
    least = min(_LEAST_SPEECH_S, max(weights))
    return [(*window, weight) for window, weight in zip(windows, weights, strict=True) if weight >= least]


def _overlap(segments: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Return how many seconds of *segments* lie between *start* and *end*."""
    return sum(max(0.0, min(end, b) - max(start, a)) for a, b in segments)
