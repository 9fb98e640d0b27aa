"""The numbers of a recording that a person can name: below a panel in words, and as a short table."""

from __future__ import annotations

import numpy as np

from ser_core.features.voice_quality import glottal_pulses, jitter, shimmer
from ser_core.signals.analysis import WHOLE_S, Analysis

#: How far below the loudest moment a voice still counts as strong, in dB.
_STRONG_DB = 20.0


def panel_note(name: str, analysis: Analysis) -> str:
    """Return the numbers of a panel in a sentence; empty where it has none."""
    note = {"pitch": _pitch_note, "voicing": _voicing_note, "quality": _quality_note}.get(name)
    words = note(analysis) if note else ""
    if words and analysis.thinning > 1:
        step = analysis.settings.hop_ms * analysis.thinning
        words += f" Measured every {step:g} ms only: look at a shorter part for exact numbers."
    return words


def key_measures(analysis: Analysis) -> dict[str, float]:
    """Return length, pitch, pitch range, level, brightness and tempo by name with their units; NaN where unvoiced.

    The pitch counts where the voice is strong: hum and the ends of words are taken for another pitch too easily.
    """
    strong = analysis.pitch.f0_hz[analysis.intensity > analysis.intensity.max() - _STRONG_DB]
    low, middle, high = np.nanpercentile(strong, [10, 50, 90]) if np.isfinite(strong).any() else (np.nan,) * 3
    weights = analysis.power.sum(axis=0) + 1e-12
    return {
        "length (s)": analysis.waveform.duration_s,
        "pitch, median (Hz)": float(middle),
        "pitch range, 10 to 90 % (semitones)": float(12 * np.log2(high / low)),
        "level (dB re full scale)": float(np.percentile(analysis.intensity, 90)),
        "spectral centroid (Hz)": float(np.average(analysis.contour("centroid"), weights=weights)),
        "syllables a second": float(analysis.rhythm.speech_rate_hz),
        "pauses (% of the time)": float(100 * analysis.rhythm.pause_ratio),
    }


def _pitch_note(analysis: Analysis) -> str:
    f0 = analysis.pitch.f0_hz[analysis.in_view]
    if not np.isfinite(f0).any():
        return "No voiced frame in view."
    low, middle, high = np.nanpercentile(f0, [5, 50, 95])
    return (
        f"Median {middle:.0f} Hz, mostly between {low:.0f} and {high:.0f} Hz: {12 * np.log2(high / low):.1f} semitones."
    )


def _voicing_note(analysis: Analysis) -> str:
    rhythm = analysis.rhythm
    part = "" if analysis.waveform.duration_s <= WHOLE_S else " in the part in view"
    return (
        f"{len(rhythm.nuclei_s)} syllables{part}: {rhythm.speech_rate_hz:.1f} a second, "
        f"{rhythm.articulation_rate_hz:.1f} without the pauses, which take {100 * rhythm.pause_ratio:.0f} % of the "
        "time between the first and the last sound."
    )


def _quality_note(analysis: Analysis) -> str:
    pulses = glottal_pulses(analysis.samples, analysis.pitch)
    periods = jitter(analysis.samples, analysis.pitch, pulses=pulses).local
    strengths = shimmer(analysis.samples, analysis.pitch, pulses=pulses).local
    if not (np.isfinite(periods) and np.isfinite(strengths) and np.isfinite(analysis.harmonicity).any()):
        return "Too few voiced periods for jitter and shimmer."
    mean = float(np.nanmean(analysis.harmonicity))
    return (
        f"HNR {mean:.1f} dB on average, jitter {100 * periods:.2f} %, shimmer {100 * strengths:.1f} % "
        "(held vowels of healthy voices: HNR above 20 dB, jitter below 1 %, shimmer below 4 %)."
    )
