"""Mel-frequency cepstral coefficients (MFCC): the rough shape of the spectrum in a few numbers, and how they move."""

from __future__ import annotations

import numpy as np


def mfcc(log_mel: np.ndarray, n_mfcc: int = 13) -> np.ndarray:
    """Return the first coefficients of the cosine transform of log-mel bands [shape=(n_mfcc, t), float32].

    (Davis & Mermelstein 1980.) Coefficient 0 is the level, 1 the balance of low and high, the later ones finer ripples.

    Parameters
    ----------
    log_mel
        Mel bands in dB [shape=(n_mels, t)], such as ``decibels(mel_spectrum(power))``.
    n_mfcc
        At most as many as there are bands.
    """
    import librosa

    return np.asarray(librosa.feature.mfcc(S=log_mel, n_mfcc=n_mfcc), dtype=np.float32)


def delta(values: np.ndarray, order: int = 1, width: int = 9) -> np.ndarray:
    """Return the first or second derivative per frame [same shape, float32].

    That of a line or parabola fitted to *width* frames (Savitzky & Golay 1964; Furui 1986).
    Beyond both ends the outermost frame is repeated.
    """
    import librosa

    return np.asarray(librosa.feature.delta(values, order=order, width=width, mode="nearest"), dtype=np.float32)
