"""FFmpeg's FFT denoiser (afftdn), told what the noise of this recording is like; run through PyAV, in memory.

Left to its defaults the filter takes the noise for 50 dB below full scale and white, and gains less than 0.5 dB.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.errors import AudioError

#: By how many samples at 16 kHz the filter's output comes late.
_DELAY = 400
_BLOCK = 1 << 14
_FILTER = "afftdn"
_FRAME = 512
_QUIETEST_SHARE = 0.1
#: The quietest frames lie below the mean of the noise by about this much, in dB.
_QUIETEST_BIAS_DB = 3.0
#: What afftdn takes: the noise in dB relative to full scale, and how far a band may differ from it.
_NOISE_FLOOR_DB, _BAND_DB = (-80.0, -20.0), 24.0
#: Centres of its 15 bands in Hz: 80, and from each to the next one and a half times as much and 5.
_BANDS_HZ = (80, 125, 192, 293, 444, 671, 1012, 1523, 2290, 3440, 5165, 7752, 11633, 17454, 26186)


def denoise(samples: np.ndarray, strength_db: float) -> np.ndarray:
    """Return samples [shape=(n,), float32] with their steady noise lowered by up to *strength_db*, in time with them.

    Raises
    ------
    AudioError
        If FFmpeg was built without the filter.
    """
    bands = noise_bands_db(samples)
    floor = float(np.clip(np.median(bands[3:12]) + _QUIETEST_BIAS_DB, *_NOISE_FLOOR_DB))
    shape = np.clip(bands + _QUIETEST_BIAS_DB - floor, -_BAND_DB, _BAND_DB)
    options = f"nr={strength_db:.2f}:nf={floor:.1f}:nt=custom:bn={'|'.join(f'{band:.1f}' for band in shape)}"
    padded = np.concatenate([samples, np.zeros(2 * _DELAY, np.float32)]).astype(np.float32)
    try:
        result = np.concatenate(list(_filtered(padded, options)))
    except (av.FFmpegError, ValueError) as error:
        raise AudioError("This installation of FFmpeg cannot reduce noise: install the package av again.") from error
    result = result[_DELAY : _DELAY + len(samples)]
    return np.pad(result, (0, len(samples) - len(result)))


def noise_bands_db(samples: np.ndarray) -> np.ndarray:
    """Return the power of the quietest tenth of the frames in afftdn's bands [shape=(15,)].

    In dB relative to full scale, as white noise of that density would have in all; at least -120.
    """
    padded = np.pad(samples, (0, max(0, _FRAME - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[:: _FRAME // 2]
    energy = np.einsum("ij,ij->i", frames, frames)
    quietest = np.sort(np.argsort(energy, kind="stable")[: max(4, int(_QUIETEST_SHARE * len(frames)))])
    window = np.hanning(_FRAME)
    power = np.abs(np.fft.rfft(frames[quietest] * window, axis=1)) ** 2 / np.sum(window**2)
    density = power.mean(axis=0)
    frequency = np.fft.rfftfreq(_FRAME, 1 / SAMPLE_RATE)
    bands = []
    for centre in _BANDS_HZ:
        inside = (frequency >= centre / 1.25) & (frequency <= centre * 1.25)
        near = float(np.interp(min(centre, 7900), frequency, density))
        bands.append(float(density[inside].mean()) if inside.any() else near)
    return 10 * np.log10(np.maximum(bands, 1e-12))


def _filtered(samples: np.ndarray, options: str) -> Iterator[np.ndarray]:
    """Yield blocks of filtered samples [shape=(n,), float32]."""
    graph = av.filter.Graph()
    tick = Fraction(1, SAMPLE_RATE)
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE, format="fltp", layout="mono", time_base=tick)
    steps = [source, graph.add(_FILTER, options), graph.add("aformat", "sample_fmts=fltp"), graph.add("abuffersink")]
    for before, after in itertools.pairwise(steps):
        before.link_to(after)
    graph.configure()
    for start in range(0, len(samples), _BLOCK):
        block = np.ascontiguousarray(samples[None, start : start + _BLOCK])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = SAMPLE_RATE, start, tick
        source.push(frame)
        yield from _pulled(steps[-1])
    source.push(None)
    yield from _pulled(steps[-1])


def _pulled(sink: av.filter.context.FilterContext) -> Iterator[np.ndarray]:
    while True:
        try:
            frame = sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            yield frame.to_ndarray()[0]
