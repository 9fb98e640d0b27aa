"""What the tests measure, each in the plainest way and none with the code under test."""

from __future__ import annotations

import librosa
import numpy as np

from ser_core.audio import SAMPLE_RATE


def melody(samples: np.ndarray) -> np.ndarray:
    """Return F0 in semitones at the loud frames (yin) [shape=(t,)]."""
    f0 = librosa.yin(samples, fmin=65, fmax=800, sr=SAMPLE_RATE, frame_length=1024, hop_length=256)
    loud = librosa.feature.rms(y=samples, frame_length=1024, hop_length=256)[0]
    return 12 * np.log2(f0[loud > 0.3 * loud.max()])


def shift(before: np.ndarray, after: np.ndarray) -> float:
    """Return by how many semitones the second sound is higher; they are equally long, and the first is loud there."""
    f0 = [
        librosa.yin(sound, fmin=65, fmax=1200, sr=SAMPLE_RATE, frame_length=1024, hop_length=256)
        for sound in (before, after)
    ]
    loud = librosa.feature.rms(y=before, frame_length=1024, hop_length=256)[0]
    return float(np.median(12 * np.log2(f0[1] / f0[0])[loud > 0.3 * loud.max()]))


def spread(semitones: np.ndarray) -> float:
    """Return the distance of the 80th from the 20th percentile."""
    return float(np.subtract(*np.percentile(semitones, [80, 20])))


def rms_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


def band_db(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Return the energy between two frequencies in dB."""
    power = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return float(10 * np.log10(power[(frequency >= low_hz) & (frequency < high_hz)].sum() + 1e-20))


def lag(reference: np.ndarray, samples: np.ndarray) -> int:
    """Return by how many samples the second comes late (the peak of the cross-correlation)."""
    size = 1 << int(np.ceil(np.log2(len(reference) + len(samples))))
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(reference, size))
    peak = int(np.argmax(np.fft.irfft(product, size)))
    return peak - size if peak > size // 2 else peak


def snr_db(clean: np.ndarray, noisy: np.ndarray) -> float:
    """Return how far what is the clean sound in the noisy one lies above what is not (scale-invariant SNR)."""
    clean, noisy = clean.astype(np.float64), noisy.astype(np.float64)
    wanted = clean * (np.dot(clean, noisy) / np.dot(clean, clean))
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((noisy - wanted) ** 2)))
