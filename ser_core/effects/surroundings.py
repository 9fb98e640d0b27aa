"""Where a voice is heard: among noise, in a room, over the telephone."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.effects.babble import babble
from ser_core.effects.codecs import encode
from ser_core.effects.level import active_level_dbfs, fitted, with_samples
from ser_core.effects.table import check

NoiseKind = Literal["white", "pink", "babble"]

#: The band of a telephone line in Hz (ITU-T G.712).
TELEPHONE_BAND_HZ = (300.0, 3400.0)
#: Run forwards and backwards, a filter loses 6 dB at its edges; this far inside them it is 2 to 3.
_EDGE = 0.915
#: In a room with this reverberation time, direct sound and echoes are equally strong, in s.
_EVEN_RT60_S = 0.5
_FIRST_ECHO_S = 0.005
#: Babble is made for this long and then repeats, in s: nobody hears it and a long recording stays quick.
_BABBLE_S = 20.0
_LEVEL_WITHOUT_SOUND_DBFS = -26.0


def add_noise(waveform: Waveform, snr_db: float, kind: NoiseKind = "white", seed: int = 0) -> Waveform:
    """Return the sound with noise whose level lies *snr_db* below that of the spoken parts.

    White noise has the same power in every Hz, pink noise in every octave, babble is eight synthetic talkers. Digital
    silence gets noise *snr_db* below -26 dBFS. Where the sum would go beyond full scale, all of it is lowered.

    Raises
    ------
    AudioError
        If *snr_db* lies outside -10..60 or the kind of noise is unknown.
    """
    check("snr_db", snr_db)
    check("noise", kind)
    count = len(waveform.samples)
    if count == 0:
        return waveform
    level = active_level_dbfs(waveform) if np.any(waveform.samples) else _LEVEL_WITHOUT_SOUND_DBFS
    noise = _noise(kind, count, np.random.default_rng(seed))
    noisy = waveform.samples + noise * 10 ** ((level - snr_db) / 20)
    return with_samples(waveform, fitted(noisy, waveform))


def reverberate(waveform: Waveform, rt60_s: float, seed: int = 0) -> Waveform:
    """Return the sound as heard in a room whose echoes die away by 60 dB in *rt60_s*.

    The impulse response is the direct sound and, from 5 ms on, exponentially decaying white noise (Moorer 1979). The
    power of the echoes grows with the reverberation time, as in a room whose walls become harder (Sabine 1922), and
    equals the direct sound's at 0.5 s. The length stays the same, so that the last echoes are cut off, and so does
    the level.

    Raises
    ------
    AudioError
        If *rt60_s* lies outside 0..5.
    """
    check("rt60_s", rt60_s)
    if rt60_s == 0 or not np.any(waveform.samples):
        return waveform
    from scipy.signal import oaconvolve

    time = np.arange(1, max(2, round(1.2 * rt60_s * SAMPLE_RATE))) / SAMPLE_RATE
    echoes = np.random.default_rng(seed).standard_normal(len(time)) * np.exp(-np.log(1000) * time / rt60_s)
    echoes *= time >= _FIRST_ECHO_S
    echoes *= np.sqrt(rt60_s / _EVEN_RT60_S / max(float(np.sum(echoes**2)), 1e-12))
    dry = waveform.samples.astype(np.float64)
    wet = oaconvolve(dry, np.concatenate([[1.0], echoes]))[: len(dry)]
    wet *= np.sqrt(np.sum(dry**2) / max(float(np.sum(wet**2)), 1e-30))
    return with_samples(waveform, fitted(wet, waveform))


def telephone(waveform: Waveform) -> Waveform:
    """Return the sound as a landline passes it on: 300 to 3400 Hz, 8 kHz, 8-bit µ-law (ITU-T G.711)."""
    if len(waveform.samples) == 0:
        return waveform
    from scipy.signal import butter, sosfiltfilt

    low, high = TELEPHONE_BAND_HZ
    band = butter(5, (low * _EDGE, high / _EDGE), "bandpass", fs=SAMPLE_RATE, output="sos")
    around = min(len(waveform.samples) - 1, SAMPLE_RATE // 10)
    passed = sosfiltfilt(band, waveform.samples.astype(np.float64), padtype="constant", padlen=around)
    return encode(with_samples(waveform, passed), "mu-law")


def _noise(kind: NoiseKind, count: int, generator: np.random.Generator) -> np.ndarray:
    """Return noise of mean power 1 [shape=(count,), float64]."""
    if kind == "babble":
        length = min(count, round(_BABBLE_S * SAMPLE_RATE))
        noise = np.resize(babble(length, generator), count)
    elif kind == "pink":
        from scipy.signal import lfilter

        # A filter of third order that falls by 3 dB an octave to within half a dB (Smith 2007, "Spectral Audio Signal
        # Processing"); its first samples, where it settles, are dropped.
        settle = SAMPLE_RATE // 8
        numerator = (0.049922035, -0.095993537, 0.050612699, -0.004408786)
        denominator = (1.0, -2.494956002, 2.017265875, -0.522189400)
        noise = lfilter(numerator, denominator, generator.standard_normal(count + settle))[settle:]
    else:
        noise = generator.standard_normal(count)
    power = float(np.mean(noise**2)) if count else 0.0
    return noise / np.sqrt(power) if power > 0 else noise
