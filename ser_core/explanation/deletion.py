"""Taking parts out of a sound: a stretch, or a band of a stretch, becomes as quiet as the clip's own background.

deletion = Deletion(waveform, times_s=np.linspace(0.3, 2.3, 21))
quieter = deletion.without(mask)                    # mask [shape=(20,)]: 1 where a step is deleted

Not digital silence: front ends relate every level to the loudest one and to the clip's mean, and cut off what lies far
below. A hole of nothing, which no recording has, would move everything else that the model reads.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.features.spectrum import SpectrumConfig, hz_to_mel, mel_to_hz, stft

#: Bands of the cells.
BANDS = 6
#: A step fades into the next within so many seconds, so that no click is made.
FADE_S = 0.02
_CONFIG = SpectrumConfig(window=512, hop=128, n_fft=512)
#: The share of the frames, the quietest ones, that are taken for background.
_QUIETEST = 0.1
#: A background lower than this below the loudest frame is raised to it, in dB: some corpora have digital silence.
_FLOOR_DB = -60.0


def band_edges() -> np.ndarray:
    """Return the edges of the bands in Hz [shape=(BANDS + 1,)], as wide as the ear's: evenly spaced in mel to 8 kHz."""
    return mel_to_hz(np.linspace(0.0, float(hz_to_mel(SAMPLE_RATE / 2)), BANDS + 1))


class Deletion:
    """A sound divided into steps and bands, any of which can be deleted.

    Parameters
    ----------
    waveform
        The sound.
    times_s
        Edges of the steps in seconds, rising [shape=(t + 1,)].
    seed
        Of the noise that takes the place of what is deleted.
    """

    def __init__(self, waveform: Waveform, times_s: np.ndarray, seed: int = 0) -> None:
        self._waveform, self._edges = waveform, np.asarray(times_s, np.float64)
        # Everything is linear, so the change of each band is computed once, and a deletion only weighs it over time.
        self._change = background(waveform, seed) - waveform.samples
        self._in_bands: np.ndarray | None = None

    def without(self, mask: np.ndarray) -> Waveform:
        """Return the sound with the steps [mask: shape=(t,)] or cells [shape=(BANDS, t)] deleted that are not 0."""
        samples = self._waveform.samples.copy()
        if mask.ndim == 1:
            samples += self._weights(mask) * self._change
        else:
            if self._in_bands is None:
                self._in_bands = _split(self._change)
            for row, change in zip(mask, self._in_bands, strict=True):
                if row.any():
                    samples += self._weights(row) * change
        return replace(self._waveform, samples=samples)

    def _weights(self, steps: np.ndarray) -> np.ndarray:
        return step_weights(steps, self._edges, len(self._waveform.samples))


def step_weights(steps: np.ndarray, edges_s: np.ndarray, length: int) -> np.ndarray:
    """Return values of steps [shape=(t,)] as weights of samples [shape=(length,), float32], faded, 0 outside."""
    fade = min(FADE_S, 0.5 * float(np.diff(edges_s).min()))
    places = (edges_s[:, None] + np.array([-fade / 2, fade / 2])).ravel() * SAMPLE_RATE
    values = np.concatenate([[0.0], np.repeat(steps, 2), [0.0]])
    return np.interp(np.arange(length), places, values).astype(np.float32)


def background(waveform: Waveform, seed: int = 0) -> np.ndarray:
    """Return noise with the mean spectrum of the sound's quietest tenth [shape=(n,), float32]."""
    power = np.abs(stft(waveform.samples, _CONFIG)) ** 2
    levels = power.mean(axis=0)
    quiet = np.argsort(levels)[: max(1, round(_QUIETEST * len(levels)))]
    wanted = np.maximum(power[:, quiet].mean(axis=1), levels.max() * 10 ** (_FLOOR_DB / 10))
    noise = np.random.default_rng(seed).standard_normal(len(waveform.samples)).astype(np.float32)
    white = stft(noise, _CONFIG)
    gain = np.sqrt(wanted / np.mean(np.abs(white) ** 2, axis=1))
    return _back(white * gain[:, None], len(noise))


def _split(samples: np.ndarray) -> np.ndarray:
    """Return a sound in bands, whose sum it is [shape=(BANDS, n), float32]."""
    spectrum = stft(samples, _CONFIG)
    bins = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    band = np.clip(np.searchsorted(band_edges(), bins, side="right") - 1, 0, BANDS - 1)
    return np.stack([_back(spectrum * (band == number)[:, None], len(samples)) for number in range(BANDS)])


def _back(spectrum: np.ndarray, length: int) -> np.ndarray:
    """Return the sound of a spectrum [shape=(length,), float32], by overlap-add (Griffin & Lim 1984)."""
    import librosa

    found: np.ndarray = librosa.istft(spectrum, hop_length=_CONFIG.hop, n_fft=_CONFIG.n_fft, length=length)
    return found.astype(np.float32)
