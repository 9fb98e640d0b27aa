"""How loud and with how much effort a voice speaks, and what a recorder makes of it when that is too loud."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform, speech_segments
from ser_core.effects.table import check

#: Where the spectrum turns when a voice is raised, in Hz.
EFFORT_PIVOT_HZ = 500.0

_FLOOR_DBFS = -120.0
_TAPS = 511


def change_level(waveform: Waveform, db: float) -> Waveform:
    """Return the sound *db* louder (or quieter, below 0); what goes beyond full scale is cut off.

    Raises
    ------
    AudioError
        If *db* lies outside -60..40.
    """
    check("level_db", db)
    if db == 0:
        return waveform
    return with_samples(waveform, np.clip(waveform.samples * 10 ** (db / 20), -1, 1))


def change_effort(waveform: Waveform, db_per_octave: float) -> Waveform:
    """Return the sound with its spectrum tilted by *db_per_octave* above 500 Hz, and unchanged below.

    A raised voice closes the vocal folds faster, so that its upper harmonics gain more than its fundamental
    (Traunmüller & Eriksson 2000). A linear-phase filter, its delay taken out. Where the result would go beyond full
    scale, all of it is lowered to fit.

    Raises
    ------
    AudioError
        If *db_per_octave* lies outside -9..9.
    """
    check("effort_db_per_octave", db_per_octave)
    if db_per_octave == 0:
        return waveform
    from scipy.signal import firwin2, oaconvolve

    frequency = np.concatenate([[0.0], np.geomspace(EFFORT_PIVOT_HZ, SAMPLE_RATE / 2, 60)])
    octaves = np.log2(np.maximum(frequency, EFFORT_PIVOT_HZ) / EFFORT_PIVOT_HZ)
    response = firwin2(_TAPS, frequency, 10 ** (db_per_octave * octaves / 20), fs=SAMPLE_RATE)
    tilted = oaconvolve(waveform.samples.astype(np.float64), response, mode="full")
    start = _TAPS // 2
    return with_samples(waveform, fitted(tilted[start : start + len(waveform.samples)], waveform))


def clip(waveform: Waveform, db: float) -> Waveform:
    """Return the sound as a recorder turned up too far takes it: its peak *db* above full scale and cut off there.

    Raises
    ------
    AudioError
        If *db* lies outside 0..40.
    """
    check("clip_db", db)
    peak = float(np.abs(waveform.samples).max(initial=0.0))
    if db == 0 or peak == 0:
        return waveform
    return with_samples(waveform, np.clip(waveform.samples * (10 ** (db / 20) / peak), -1, 1))


def active_level_dbfs(waveform: Waveform) -> float:
    """Return the root-mean-square level of the spoken parts in dB relative to full scale, at least -120.

    The active level, as ITU-T P.56 calls it, with Silero's segments in place of its envelope. Where no speech is
    found it is the level of the whole.
    """
    spans = [(round(a * SAMPLE_RATE), round(b * SAMPLE_RATE)) for a, b in speech_segments(waveform)]
    energy = sum(float(np.sum(waveform.samples[a:b].astype(np.float64) ** 2)) for a, b in spans)
    count = sum(min(b, len(waveform.samples)) - a for a, b in spans)
    if energy == 0.0:
        energy, count = float(np.sum(waveform.samples.astype(np.float64) ** 2)), len(waveform.samples)
    return 10 * float(np.log10(energy / count)) if energy > count * 10 ** (_FLOOR_DBFS / 10) else _FLOOR_DBFS


def with_samples(waveform: Waveform, samples: np.ndarray) -> Waveform:
    """Return a waveform of other samples [shape=(n,)] with the same name and origin."""
    return replace(waveform, samples=np.ascontiguousarray(samples, dtype=np.float32))


def fitted(samples: np.ndarray, waveform: Waveform) -> np.ndarray:
    """Return samples lowered so that they stay within full scale, or the original's own peak if that is higher."""
    ceiling = max(1.0, float(np.abs(waveform.samples).max(initial=0.0)))
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * (ceiling / peak) if peak > ceiling else samples
