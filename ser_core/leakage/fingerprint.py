"""Is one recording a copy of another, with noise added, played faster or higher, louder, cut?

Two takes of a sentence by one actor sound alike, but drift apart in time; a copy has every onset where the original
has it. So the fingerprint is what changes within an eighth of a second in wide bands of the spectrum. Two are laid on
each other where they correlate best, over all shifts in time, with one played slower and faster, higher and lower
(matching of templates by correlation: Lewis 1995; landmarks as Wang 2003 uses them need longer clips than these), and
then must agree in every part: the similarity is the mean correlation of the worst three of six parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser_core.audio import Waveform
from ser_core.features.spectrum import SpectrumConfig, mel_spectrum, power_spectrum

#: Similarity from which on two clips count as copies.
COPY = 0.78

_HOP = 160
_BANDS = 18
_RANGE_DB = 25.0
#: What lasts longer than this many frames is taken away.
_LASTING = 13
#: How much slower or faster a copy may be played, and by how many bands it may be shifted (half a band is about a
#: semitone, and voices that are moved keep their formants).
_SPEEDS = tuple(np.linspace(0.94, 1.06, 13).tolist())
_SHIFTS = (-0.5, 0.0, 0.5)
_PARTS, _WORST = 6, 3
#: Longer clips are compared by their first 20 seconds.
_MOST_FRAMES = 2000
#: Shorter sounds have no pattern to speak of.
_FEWEST_FRAMES = 20
#: Steps in time and bands of a sketch.
_SKETCH = (24, 9)


@dataclass(frozen=True)
class Fingerprint:
    """A clip's pattern of changes.

    Attributes
    ----------
    pattern
        [shape=(18, t), float32], frames every 10 ms; without a frame where there is hardly any sound.
    sketch
        The sounding part brought to one length, for a quick look [shape=(216,), float32], of length 1, 0 for silence.
    """

    pattern: np.ndarray
    sketch: np.ndarray


def fingerprint(waveform: Waveform) -> Fingerprint:
    """Return the fingerprint of a clip."""
    from scipy.ndimage import uniform_filter1d

    samples = waveform.samples[: _MOST_FRAMES * _HOP]
    config = SpectrumConfig(window=400, hop=_HOP, n_fft=1024)
    power = mel_spectrum(power_spectrum(samples, config), config, n_mels=_BANDS, f_min=120, f_max=6000)
    if power.shape[1] < _FEWEST_FRAMES or power.max() <= 0:
        return Fingerprint(np.zeros((_BANDS, 0), np.float32), np.zeros(_SKETCH[0] * _SKETCH[1], np.float32))
    level = 10 * np.log10(power + power.max() * 1e-8)
    level = np.maximum(level - np.percentile(level, 99) + _RANGE_DB, 0)
    changes = level - uniform_filter1d(level, _LASTING, axis=1, mode="constant")
    return Fingerprint(changes.astype(np.float32), _sketch(level))


def similarity(first: Fingerprint, others: Sequence[Fingerprint]) -> np.ndarray:
    """Return how much each of some clips is a copy of the first [shape=(len(others),)]: 1 for the very same, about 0.4
    for another take, 0 or less for another sentence; :data:`COPY` and more for a copy.
    """
    result = np.zeros(len(others))
    used = [place for place, other in enumerate(others) if other.pattern.shape[1]]
    if not first.pattern.shape[1] or not used:
        return result
    variants = _variants(first.pattern)
    longest = max(others[place].pattern.shape[1] for place in used)
    size = 1 << (variants.shape[2] + longest - 1).bit_length()
    spectra = np.conj(np.fft.rfft(variants, size).astype(np.complex64))
    norms = np.sqrt((variants**2).sum(axis=(1, 2))) + 1e-9
    for place in used:
        other = others[place].pattern
        spectrum = np.fft.rfft(other, size).astype(np.complex64)
        correlation = np.fft.irfft((spectra * spectrum).sum(axis=1), size) / norms[:, None]
        number, lag = np.unravel_index(int(correlation.argmax()), correlation.shape)
        shift = int(lag) - size * (lag >= longest)
        result[place] = _agreement(variants[number], other, shift)
    return result


def _agreement(first: np.ndarray, second: np.ndarray, shift: int) -> float:
    """Return the mean correlation of the worst parts where the second is *shift* frames later; parts of equal power."""
    start, other = max(0, -shift), max(0, shift)
    length = min(first.shape[1] - start, second.shape[1] - other)
    first, second = first[:, start : start + length], second[:, other : other + length]
    power = np.cumsum((first**2).sum(axis=0) + (second**2).sum(axis=0))
    if length < _FEWEST_FRAMES or power[-1] <= 0:
        return 0.0
    cuts = np.searchsorted(power / power[-1], np.arange(1, _PARTS) / _PARTS)
    edges = zip([0, *cuts], [*cuts, length], strict=True)
    parts = [(first[:, a:b], second[:, a:b]) for a, b in edges]
    values = [float((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum() + 1e-9)) for x, y in parts]
    return float(np.mean(sorted(values)[:_WORST]))


def _variants(pattern: np.ndarray) -> np.ndarray:
    """Return a pattern at all speeds and shifts, padded with zeros [shape=(speeds x shifts, bands, t)]."""
    frames = pattern.shape[1]
    variants = np.zeros((len(_SPEEDS), len(_SHIFTS), len(pattern), int(frames / _SPEEDS[0]) + 1), np.float32)
    bands = np.arange(len(pattern))
    for number, speed in enumerate(_SPEEDS):
        places = np.arange(int((frames - 1) / speed) + 1) * speed
        low = places.astype(int)
        share = (places - low).astype(np.float32)
        moved = pattern[:, low] * (1 - share) + pattern[:, np.minimum(low + 1, frames - 1)] * share
        for place, shift in enumerate(_SHIFTS):
            below = np.floor(bands - shift).astype(int)
            part = np.float32((bands - shift - below)[0])
            padded = np.pad(moved, ((1, 2), (0, 0)))
            variants[number, place, :, : len(places)] = padded[below + 1] * (1 - part) + padded[below + 2] * part
    return variants.reshape(-1, len(pattern), variants.shape[3])


def _sketch(level: np.ndarray) -> np.ndarray:
    """Return the stretch from the first to the last sound, of any length, in few steps and bands."""
    steps, bands = _SKETCH
    mean = level.mean(axis=0)
    loud = np.flatnonzero(mean > 0.25 * np.percentile(mean, 95))
    part = level[:, loud[0] : loud[-1] + 1] if len(loud) else level
    sums = np.concatenate([np.zeros((len(part), 1)), np.cumsum(part, axis=1)], axis=1)
    edges = np.linspace(0, part.shape[1], steps + 1)
    at = np.stack([np.interp(edges, np.arange(sums.shape[1]), row) for row in sums])
    coarse = np.diff(at, axis=1).reshape(bands, -1, steps).mean(axis=1)
    coarse = coarse - coarse.mean()
    norm = float(np.sqrt((coarse**2).sum()))
    return (coarse / norm if norm > 0 else coarse).astype(np.float32).ravel()
