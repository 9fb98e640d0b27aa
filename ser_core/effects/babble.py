"""Many people talking at once, made of nothing but numbers, so that no recording has to be shipped for it."""

from __future__ import annotations

import numpy as np

from ser_core.audio import SAMPLE_RATE

#: Talkers in the crowd: from about eight on, no single voice can be followed (Simpson & Cooke 2005).
TALKERS = 8
#: Centre frequencies of the first three formants of five vowels in Hz (Peterson & Barney 1952, men).
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
_BANDWIDTH_HZ = 90.0
_SYLLABLES_HZ = (3.0, 5.5)
_PITCH_HZ = (90.0, 240.0)


def babble(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return *count* samples of babble [shape=(count,), float64, mean power 1].

    Each talker is a pulse train with a wandering pitch and some breath, passed through vowels that change with every
    syllable; pauses between words are short silences of that talker.
    """
    crowd = np.zeros(count)
    for _ in range(TALKERS):
        voice = _talker(count, generator)
        crowd += voice / max(float(np.sqrt(np.mean(voice**2))), 1e-9)
    return crowd / max(float(np.sqrt(np.mean(crowd**2))), 1e-9)


def _talker(count: int, generator: np.random.Generator) -> np.ndarray:
    from scipy.signal import lfilter

    rate = generator.uniform(*_SYLLABLES_HZ)
    scale = generator.uniform(0.95, 1.2)
    syllables = int(count / SAMPLE_RATE * rate) + 3
    position = np.arange(count) / SAMPLE_RATE * rate + generator.uniform(0, 1)
    number = position.astype(int)
    vowel = generator.integers(0, len(_VOWELS), syllables)[number]
    loudness = (generator.uniform(0.3, 1.0, syllables) * (generator.random(syllables) > 0.15))[number]
    melody = generator.uniform(0.85, 1.15, syllables + 1)
    pitch = generator.uniform(*_PITCH_HZ) * np.interp(position, np.arange(syllables + 1), melody)
    pulses = np.diff(np.floor(np.cumsum(pitch / SAMPLE_RATE)), prepend=0.0)
    source = pulses + 0.02 * generator.standard_normal(count)
    source = source * loudness * np.sin(np.pi * (position % 1)) ** 2
    sound = np.zeros(count)
    for which, formants in enumerate(_VOWELS):
        part = source * (vowel == which)
        for centre, gain in zip(formants, (1.0, 0.5, 0.25), strict=True):
            radius = np.exp(-np.pi * _BANDWIDTH_HZ / SAMPLE_RATE)
            angle = 2 * np.pi * centre * scale / SAMPLE_RATE
            sound += lfilter([gain * (1 - radius)], [1.0, -2 * radius * np.cos(angle), radius**2], part)
    return sound
