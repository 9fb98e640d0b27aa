"""Two recordings on one time axis: as they are, or by dynamic time warping, so that equal sounds meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.errors import AudioError
from ser_core.features import cepstrum, spectrum
from ser_core.features.functionals import describe_functional

#: Longer recordings are not aligned: the work grows with the product of both lengths.
LONGEST_S = 60.0
_HOP = 320
_BANDS, _N_MFCC = 40, 13


@dataclass(frozen=True)
class Alignment:
    """Which moment of one recording belongs to which of another; both only ever go forward.

    Attributes
    ----------
    first_s, second_s
        Moments that belong together, in seconds [shape=(n,), first_s strictly increasing].
    cost
        Mean distance of the frames that were joined, in standard deviations of a coefficient; 0 for equal sounds.
    """

    first_s: np.ndarray
    second_s: np.ndarray
    cost: float

    def second_at(self, first_s: np.ndarray) -> np.ndarray:
        """Return the moments of the second recording for moments of the first, in seconds [same shape]."""
        return np.interp(first_s, self.first_s, self.second_s)


def by_time(first: Waveform, second: Waveform) -> Alignment:
    """Return the alignment in which both begin together and neither is stretched."""
    longest = max(first.duration_s, second.duration_s)
    ends = np.array([0.0, longest])
    return Alignment(ends, ends, float("nan"))


def by_warping(first: Waveform, second: Waveform) -> Alignment:
    """Return the alignment by dynamic time warping (Sakoe & Chiba 1978) of their MFCC.

    Coefficients 1 to 12 every 20 ms, each brought to mean 0 and deviation 1 within its recording, so that neither
    level nor microphone counts.

    Raises
    ------
    AudioError
        If one of them is longer than 60 s.
    """
    import librosa

    for waveform in (first, second):
        if waveform.duration_s > LONGEST_S:
            raise AudioError(
                f"{waveform.name} lasts {waveform.duration_s:.0f} s, and at most {LONGEST_S:.0f} s can be aligned by "
                "warping: cut it, or align by time."
            )
    features = [_features(waveform.samples) for waveform in (first, second)]
    total, path = librosa.sequence.dtw(features[0], features[1], metric="euclidean")
    rows, columns = path[::-1].T
    # One moment of the first may belong to several of the second: take their middle.
    places = np.unique(rows)
    middle = np.array([columns[rows == place].mean() for place in places])
    seconds = _HOP / SAMPLE_RATE
    cost = float(total[-1, -1]) / (len(path) * np.sqrt(len(features[0])))
    return Alignment(places * seconds, middle * seconds, cost)


def functional_differences(
    first: Mapping[str, float], second: Mapping[str, float], spread: Mapping[str, float]
) -> pd.DataFrame:
    """Return the functionals of two recordings, those that differ most first.

    Parameters
    ----------
    first, second
        As :func:`ser_core.features.functionals.functionals` gives them.
    spread
        Standard deviation of each functional over many clips, to make unlike units comparable.

    Returns
    -------
    pandas.DataFrame
        One row a functional: `functional`, `meaning`, `family`, `unit`, `first`, `second`, `difference` in its unit,
        `spreads` (the difference in standard deviations).
    """
    rows = []
    for name, value in first.items():
        family, unit, words = describe_functional(name)
        difference = second[name] - value
        scale = spread.get(name, 0.0)
        rows.append((name, words, family, unit, value, second[name], difference, difference / scale if scale else 0.0))
    columns = ["functional", "meaning", "family", "unit", "first", "second", "difference", "spreads"]
    table = pd.DataFrame(rows, columns=columns)
    order = np.argsort(-table["spreads"].abs().to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _features(samples: np.ndarray) -> np.ndarray:
    """Return standardised MFCC [shape=(12, t)]."""
    config = spectrum.SpectrumConfig(hop=_HOP)
    mel = spectrum.mel_spectrum(spectrum.power_spectrum(samples, config), config, _BANDS)
    values = cepstrum.mfcc(spectrum.decibels(mel), _N_MFCC)[1:]
    deviation = np.maximum(values.std(axis=1, keepdims=True), 1e-3)
    return (values - values.mean(axis=1, keepdims=True)) / deviation


def frames_at(values: np.ndarray, hop_s: float, moments_s: np.ndarray, duration_s: float) -> np.ndarray:
    """Return a feature [shape=(..., t)] at given moments [shape=(..., n), float32]: the nearest frame.

    Moments outside the recording, which lasts *duration_s*, get NaN.
    """
    frame = np.clip(np.round(moments_s / hop_s).astype(np.int64), 0, values.shape[-1] - 1)
    inside = (moments_s >= 0) & (moments_s <= duration_s + hop_s / 2)
    return np.where(inside, values[..., frame], np.nan).astype(np.float32)
