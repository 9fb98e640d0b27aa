"""A made model that hears nothing but a whistle, so that what decides is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.bundle import find_bundle, load_card
from ser_core.emotions import EMOTIONS
from ser_core.recogniser import Recogniser
from ser_core.scorers import Scorer
from tests.synthetic import voice

#: When the whistle sounds, in seconds, and its frequency in Hz.
WHISTLE_S, WHISTLE_HZ = (0.9, 1.2), 2200.0


def made_recogniser(read: Callable[[Waveform], np.ndarray], score: Callable[[np.ndarray], np.ndarray]) -> Recogniser:
    """Return a recogniser with Lite's labels and calibration of 1 that answers by these two functions."""
    card = load_card(find_bundle("lite"))
    card = card.model_copy(update={"temperature": 1.0, "temperature_slope": 0.0, "bias": (0.0,) * len(EMOTIONS)})
    return Recogniser(card, Scorer(read, score, read))


def _whistle(waveform: Waveform) -> np.ndarray:
    """Return the share of the time in which the whistle is heard [shape=(1,), float32]."""
    frames = waveform.samples[: len(waveform.samples) // 320 * 320].reshape(-1, 320)
    wave = np.exp(-2j * np.pi * WHISTLE_HZ / SAMPLE_RATE * np.arange(320))
    return np.array([np.mean(np.abs(frames @ wave) / 160 > 0.05)], np.float32)


def _angry_if_heard(array: np.ndarray) -> np.ndarray:
    logits = np.zeros(len(EMOTIONS))
    logits[EMOTIONS.index("angry")] = 40 * array[0] - 1
    return logits


@pytest.fixture(scope="session")
def whistled() -> Waveform:
    """A voice of 2 s with a whistle in it."""
    samples = 0.5 * voice(2.0)
    times = np.arange(len(samples)) / SAMPLE_RATE
    inside = (times >= WHISTLE_S[0]) & (times < WHISTLE_S[1])
    samples = samples + 0.2 * inside * np.sin(2 * np.pi * WHISTLE_HZ * times)
    return Waveform(samples.astype(np.float32), name="whistled")


@pytest.fixture(scope="session")
def listener() -> Recogniser:
    """The model: the longer it hears the whistle, the angrier."""
    return made_recogniser(_whistle, _angry_if_heard)
