"""Voices and a small corpus made of nothing but numbers: for notebooks and tests, where no real recording may lie.

corpus = learning_corpus()          # "ravdess" where it is on disk, else "synthetic", made on the spot
table = read_corpora([corpus])

They are vowels by a source and a filter (Fant 1960), no speech, and figures measured on them say nothing about people.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile as sf

from ser_core.files import write_bytes, write_text
from ser_core.settings import settings

RATE = 16_000
#: Name of the corpus that :func:`learning_corpus` makes.
NAME = "synthetic"

#: Pitch in Hz, range of the pitch, level and syllables a second, by emotion: far apart, so that a model can learn them.
MANNERS: Mapping[str, tuple[float, float, float, float]] = {
    "neutral": (120, 0.10, 0.20, 4.0),
    "calm": (105, 0.05, 0.10, 3.0),
    "happy": (220, 0.45, 0.35, 5.0),
    "sad": (100, 0.03, 0.06, 2.5),
    "angry": (190, 0.35, 0.60, 6.0),
    "fearful": (260, 0.20, 0.25, 7.0),
    "disgust": (135, 0.25, 0.30, 3.5),
    "surprised": (300, 0.60, 0.40, 4.5),
}

#: Centre frequencies of the first three formants of five vowels in Hz (Peterson & Barney 1952, men).
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
#: How far a speaker's manner in an emotion lies from the usual one, and a take from the speaker's own (of log values):
#: people differ more from one another than from themselves, which is why splits must go by speaker.
_BETWEEN_SPEAKERS, _BETWEEN_TAKES = 0.30, 0.05
_EMOTIONS = ("neutral", "happy", "sad", "angry")
_ABOUT = """title = "Synthetic voices"
licence = "none needed: made by this program"
language = "none"
source = "ser_core.synthetic"
manifest = "clips.csv"
"""


def voice(
    seconds: float = 1.0,
    *,
    pitch_hz: float = 130.0,
    pitch_range: float = 0.2,
    level: float = 0.3,
    syllables_hz: float = 4.0,
    rate: int = RATE,
    seed: int = 0,
) -> np.ndarray:
    """Return vowels spoken by a source and a filter: a pulse train with a pitch contour through formants.

    Its samples [shape=(seconds x rate,), float32] peak at *level*; silero-vad takes it for speech.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    contour = pitch_hz * (1 + pitch_range * np.sin(2 * np.pi * 0.7 * time + rng.uniform(0, np.pi)) - 0.05 * time)
    phase = np.cumsum(contour / rate)
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.01 * rng.standard_normal(len(time))
    source = np.fft.rfft(pulses)
    frequency = np.fft.rfftfreq(len(time), 1 / rate)
    syllable = np.floor(time * syllables_hz).astype(int) % len(_VOWELS)
    sound = np.zeros(len(time))
    for number, formants in enumerate(_VOWELS):
        response = sum(
            gain / (1 + 1j * (frequency - centre) / 50) for centre, gain in zip(formants, (1, 0.5, 0.25), strict=True)
        )
        sound += np.fft.irfft(source * response, len(time)) * (syllable == number)
    sound *= 0.15 + np.sin(np.pi * np.clip(time * syllables_hz % 1, 0, 1)) ** 2
    return (level * sound / np.abs(sound).max()).astype(np.float32)


def spoken(emotion: str, speaker: int = 0, take: int = 0, seconds: float = 1.0) -> np.ndarray:
    """Return a speaker's voice in an emotion [shape=(seconds x 16000,), float32], the same for the same arguments.

    Every second speaker is half an octave higher; each has a way of its own to sound happy or sad.
    """
    place = list(MANNERS).index(emotion)
    own = np.random.default_rng([speaker, place]).normal(0, _BETWEEN_SPEAKERS, 4)
    now = np.random.default_rng([speaker, place, take + 1]).normal(0, _BETWEEN_TAKES, 4)
    pitch, pitch_range, level, syllables = np.array(MANNERS[emotion]) * np.exp(own + now)
    return voice(
        seconds,
        pitch_hz=float(pitch) * (1.4 if speaker % 2 else 1.0),
        pitch_range=float(min(pitch_range, 0.7)),
        level=float(min(level, 0.9)),
        syllables_hz=float(syllables),
        seed=100 * speaker + take,
    )


def write_corpus(
    folder: Path,
    *,
    speakers: int = 6,
    takes: int = 3,
    emotions: Sequence[str] = _EMOTIONS,
    seconds: float = 0.6,
) -> Path:
    """Write a corpus as :mod:`ser_core.corpora.own` reads it, and return its folder, whose name is the corpus's."""
    rows = []
    for emotion, speaker, take in itertools.product(emotions, range(speakers), range(takes)):
        name = f"{emotion}_{speaker:02d}_{take}.wav"
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        sf.write(buffer, spoken(emotion, speaker, take, seconds), RATE, format="WAV", subtype="PCM_16")
        write_bytes(target, buffer.getvalue())
        rows.append((name, emotion, f"speaker-{speaker:02d}", ("male", "female")[speaker % 2]))
    table = io.StringIO()
    csv.writer(table).writerows([("path", "emotion", "speaker", "sex"), *rows])
    write_text(folder / "clips.csv", table.getvalue())
    write_text(folder / "corpus.toml", _ABOUT)  # last: with it the folder is a corpus
    return folder


def learning_corpus() -> str:
    """Return the name of a corpus to learn with: RAVDESS where `SER_DATA` has it, else the synthetic one.

    That one is written into the folder of computed features (`SER_CACHE`), and for this process `SER_DATA` points
    there.
    """
    if (settings().data / "ravdess").is_dir():
        return "ravdess"
    folder = settings().cache / "voices" / NAME
    write_corpus(folder)
    os.environ["SER_DATA"] = str(folder.parent)
    return NAME
