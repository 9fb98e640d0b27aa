"""Where somebody speaks in a stream: Silero VAD with its state kept between blocks, so that no edge cuts a word.

for part in spoken_parts(recording.blocks()):
    print(part.start_s, part.speech)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.audio.speech import _detector

Span = tuple[float, float]

#: Samples of the detector's frame, and how many of the frame before it reads with it.
_FRAME, _CONTEXT = 512, 64
#: Frames whose level is evened out together: 16.4 s.
_FRAMES = 512
_PEAK = 0.5
#: Nothing is made louder than this peak would need, so that the hiss of a pause stays a pause.
_LOWEST_PEAK = 0.003
#: Speech begins at the first threshold; the second gives the wider span that models read.
_SPEECH, _WIDER = 0.5, 0.3
#: Below this the detector holds a frame for no speech under either threshold.
_QUIET = 0.15
#: Frames of quiet at which a stream may be cut: 1 s.
_PAUSE = 31
#: Frames after which speech without such a pause is cut at its quietest: 60 s.
_LONGEST = 1875


@dataclass(frozen=True)
class Part:
    """A part of a stream that begins and ends in a pause; times in seconds from the beginning of the stream.

    Attributes
    ----------
    start_s
        Where it begins.
    samples
        Its sound at 16 kHz [shape=(n,), float32].
    speech
        Where somebody speaks in it, in order and without overlap.
    wider
        The same with a lower threshold: what belongs to an utterance.
    """

    start_s: float
    samples: np.ndarray
    speech: list[Span]
    wider: list[Span]


def spoken_parts(blocks: Iterable[np.ndarray]) -> Iterator[Part]:
    """Cut a stream into parts of at most a minute or so, with the speech that a look at all of it would find.

    A cut lies in a pause of at least a second. Where nobody pauses for a minute, as a noise that is held for speech
    does not, it lies where speech is least likely.

    Parameters
    ----------
    blocks
        Samples at 16 kHz [each shape=(n,), float32].
    """
    detector, start = _Detector(), 0
    samples, found = np.zeros(0, np.float32), np.zeros(0, np.float32)
    for block in blocks:
        samples = np.concatenate([samples, block])
        found = np.concatenate([found, detector.hear(block)])
        while cut := _cut(found):
            yield _part(start, samples[: cut * _FRAME], found[:cut])
            start, samples, found = start + cut * _FRAME, samples[cut * _FRAME :], found[cut:]
    yield _part(start, samples, np.concatenate([found, detector.rest()]))


def _cut(probabilities: np.ndarray) -> int:
    """Return at which frame to cut; 0 where more must be heard first."""
    quiet = np.concatenate([[0], np.cumsum(probabilities < _QUIET)])
    pauses = np.flatnonzero(quiet[_PAUSE:] - quiet[:-_PAUSE] == _PAUSE)
    if len(pauses):
        return int(pauses[-1]) + _PAUSE // 2
    if len(probabilities) < _LONGEST:
        return 0
    around = np.convolve(probabilities, np.ones(7), mode="same")
    half = len(around) // 2
    return half + int(around[half:-_PAUSE].argmin())


def _part(start: int, samples: np.ndarray, probabilities: np.ndarray) -> Part:
    values = probabilities.tolist()

    def spans(threshold: float) -> list[Span]:
        stamps = _detector()[0].get_speech_timestamps_from_probs(
            values, threshold=threshold, sampling_rate=SAMPLE_RATE, audio_length_samples=len(samples)
        )
        return [((start + stamp["start"]) / SAMPLE_RATE, (start + stamp["end"]) / SAMPLE_RATE) for stamp in stamps]

    return Part(start / SAMPLE_RATE, samples, spans(_SPEECH), spans(_WIDER))


class _Detector:
    """The probability of speech in each 32 ms of a stream that comes in pieces.

    The level is evened out over 16 s (a peak before counts half), as :func:`ser_core.audio.speech_segments` does it
    over a clip: the detector misses very quiet voices.
    """

    def __init__(self) -> None:
        self._session = _detector()[1].session
        self._state = [np.zeros((1, 1, 128), np.float32), np.zeros((1, 1, 128), np.float32)]
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rest = np.zeros(0, np.float32)
        self._level = _LOWEST_PEAK

    def hear(self, samples: np.ndarray) -> np.ndarray:
        """Return the probabilities of all groups of frames that are whole now [shape=(frames,), float32]."""
        self._rest = np.concatenate([self._rest, samples])
        found, size = [np.zeros(0, np.float32)], _FRAME * _FRAMES
        while len(self._rest) >= size:
            found.append(self._hear(self._rest[:size]))
            self._rest = self._rest[size:]
        return np.concatenate(found)

    def rest(self) -> np.ndarray:
        """Return those of what is left at the end of the stream."""
        if not len(self._rest):
            return np.zeros(0, np.float32)
        return self._hear(np.pad(self._rest, (0, -len(self._rest) % _FRAME)))

    def _hear(self, samples: np.ndarray) -> np.ndarray:
        self._level = max(float(np.abs(samples).max()), self._level / 2, _LOWEST_PEAK)
        frames = samples.reshape(-1, _FRAME)
        before = np.concatenate([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        block = np.concatenate([before, frames], axis=1) * np.float32(_PEAK / self._level)
        hidden, cell = self._state
        values, *self._state = self._session.run(["speech_probs", "hn", "cn"], {"input": block, "h": hidden, "c": cell})
        probabilities: np.ndarray = values.reshape(-1)
        return probabilities
