"""Vowels of known formants, pulses and noise, and Praat's view of a sound, for the tests of voice quality."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import parselmouth
from parselmouth.praat import call

from ser_core.features.pitch import Pitch, PitchConfig

RATE = 16_000
_FINE = 16  # pulses lie on a grid this many times finer than the samples

#: Frequencies and bandwidths in Hz of the formants of three vowels of an adult.
VOWELS = {
    "a": ((750, 1250, 2600, 3500, 4500), (80, 90, 120, 150, 200)),
    "i": ((300, 2300, 3000, 3700, 4700), (50, 90, 120, 150, 200)),
    "u": ((350, 900, 2300, 3400, 4400), (50, 80, 110, 150, 200)),
}

#: Every voice has a resonance in each further kHz; without them the spectrum would fall as no voice's does.
_ABOVE = ((5500, 250), (6500, 300), (7500, 350))


@functools.cache
def vowel(
    name: str = "a",
    *,
    f0_hz: float = 120.0,
    seconds: float = 1.5,
    jitter: float = 0.0,
    shimmer: float = 0.0,
    hnr_db: float | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (samples [shape=(n,), float32], times of the pulses in s, their strengths).

    *jitter* and *shimmer* are standard deviations, as fractions, of independent periods and strengths; *hnr_db* is the
    energy of the vowel relative to that of white noise.
    """
    rng = np.random.default_rng(seed)
    count = int(1.2 * seconds * f0_hz)
    times = np.cumsum((1 + jitter * rng.standard_normal(count)) / f0_hz)
    strengths = 1 + shimmer * rng.standard_normal(count)
    keep = times < seconds - 0.02
    times, strengths = times[keep], strengths[keep]
    length = round(seconds * RATE)
    fine = np.zeros(length * _FINE)
    fine[np.round(times * RATE * _FINE).astype(int)] = strengths
    spectrum = np.fft.rfft(fine)[: length // 2 + 1]
    z = np.exp(2j * np.pi * np.fft.rfftfreq(length, 1 / RATE) / RATE)
    spectrum = spectrum * _resonator(z, 0, 200) ** 0.5  # the glottal slope and the lips' together: -6 dB an octave
    for frequency, bandwidth in (*zip(*VOWELS[name], strict=True), *_ABOVE):
        spectrum *= _resonator(z, frequency, bandwidth)
    sound = np.fft.irfft(spectrum, length)
    if hnr_db is not None:
        noise = rng.standard_normal(length)
        sound += noise * np.sqrt(np.square(sound).mean() / np.square(noise).mean()) * 10 ** (-hnr_db / 20)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32), times, strengths


def _resonator(z: np.ndarray, frequency_hz: float, bandwidth_hz: float) -> np.ndarray:
    """Return the response of a digital resonance at points of the unit circle (Klatt 1980)."""
    pole = np.exp((2j * np.pi * frequency_hz - np.pi * bandwidth_hz) / RATE)
    return 1 / ((1 - pole / z) * (1 - pole.conjugate() / z))


def praat_sound(samples: np.ndarray) -> parselmouth.Sound:
    """Return a sound for Praat whose first sample lies at 0 s, as ours does."""
    return parselmouth.Sound(samples.astype(np.float64), RATE, -0.5 / RATE)


def praat_pitch(pitch: Pitch, samples: np.ndarray, folder: Path) -> parselmouth.Data:
    """Return our pitch contour as an object of Praat, so that both look for pulses in the same places."""
    hop = pitch.config.hop / RATE
    lines = ['File type = "ooTextFile"', 'Object class = "Pitch 1"', "", f"xmin = {-0.5 / RATE}"]
    lines += [f"xmax = {(len(samples) - 0.5) / RATE}", f"nx = {len(pitch.f0_hz)}", f"dx = {hop}", "x1 = 0"]
    lines += ["ceiling = 2000", "maxnCandidates = 1", "frame []:"]
    for number, f0 in enumerate(np.nan_to_num(pitch.f0_hz), 1):
        lines += [f"frame [{number}]:", "intensity = 1", "nCandidates = 1", "candidate []:", "candidate [1]:"]
        lines += [f"frequency = {float(f0)!r}", "strength = 0.9"]
    path = folder / "contour.Pitch"
    path.write_text("\n".join(lines) + "\n")
    return parselmouth.read(str(path))


def praat_pulses(sound: parselmouth.Sound, pitch: parselmouth.Data | None = None) -> parselmouth.Data:
    return call([sound, pitch or call(sound, "To Pitch", 0.01, 65, 600)], "To PointProcess (cc)")


def praat_times(pulses: parselmouth.Data) -> np.ndarray:
    count = call(pulses, "Get number of points")
    return np.array([call(pulses, "Get time from index", number + 1) for number in range(count)])


def contour(f0_hz: float, samples: np.ndarray, hop: int = 160) -> Pitch:
    """A pitch contour that is voiced throughout."""
    frames = 1 + len(samples) // hop
    f0 = np.full(frames, f0_hz, np.float32)
    return Pitch(f0, np.ones(frames, bool), np.ones(frames, np.float32), PitchConfig(hop=hop))


def held(f0_hz: float, **unevenness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A vowel of one pitch, as :func:`vowel` gives it, for 1.5 s."""
    return vowel("a", f0_hz=f0_hz, seconds=1.5, **unevenness)  # type: ignore[arg-type]
