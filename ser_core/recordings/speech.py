"""Where somebody speaks in a stream: Silero VAD with its state kept between blocks, so that no edge cuts a word."""

from __future__ import annotations

import numpy as np

from ser_core.audio import SAMPLE_RATE
from ser_core.audio.speech import _detector

#: Samples of the detector's frame, and how many of the frame before it reads with it.
_FRAME, _CONTEXT = 512, 64
#: Frames whose level is evened out together: 16.4 s.
_FRAMES = 512
_PEAK = 0.5
#: Nothing is made louder than this peak would need, so that the hiss of a pause stays a pause.
_LOWEST_PEAK = 0.003


class SpeechStream:
    """The probability of speech in each 32 ms of a stream that comes in pieces.

    The level is evened out over 16 s (a peak before counts half), as :func:`ser_core.audio.speech_segments` does it
    over a clip: the detector misses very quiet voices.
    """

    def __init__(self) -> None:
        _, model = _detector()
        self._session = model.session
        self._state = [np.zeros((1, 1, 128), np.float32), np.zeros((1, 1, 128), np.float32)]
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rest = np.zeros(0, np.float32)
        self._level = _LOWEST_PEAK
        self._found: list[np.ndarray] = []
        self._samples = 0

    def add(self, samples: np.ndarray) -> None:
        """Hear the next samples at 16 kHz [shape=(n,), float32]."""
        self._samples += len(samples)
        self._rest = np.concatenate([self._rest, samples])
        size = _FRAME * _FRAMES
        while len(self._rest) >= size:
            self._hear(self._rest[:size])
            self._rest = self._rest[size:]

    def segments(self, threshold: float = 0.5) -> list[tuple[float, float]]:
        """Return the stretches of speech heard so far as (start, end) in seconds; call it at the stream's end."""
        module, _ = _detector()
        if len(self._rest):
            self._hear(np.pad(self._rest, (0, -len(self._rest) % _FRAME)))
            self._rest = self._rest[:0]
        stamps = module.get_speech_timestamps_from_probs(
            np.concatenate([*self._found, np.zeros(0, np.float32)]).tolist(),
            threshold=threshold,
            sampling_rate=SAMPLE_RATE,
            audio_length_samples=self._samples,
        )
        return [(stamp["start"] / SAMPLE_RATE, stamp["end"] / SAMPLE_RATE) for stamp in stamps]

    def _hear(self, samples: np.ndarray) -> None:
        """Hear whole frames."""
        peak = float(np.abs(samples).max(initial=0.0))
        self._level = max(peak, self._level / 2, _LOWEST_PEAK)
        frames = samples.reshape(-1, _FRAME)
        before = np.concatenate([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        block = np.concatenate([before, frames], axis=1) * np.float32(_PEAK / self._level)
        hidden, cell = self._state
        values, *self._state = self._session.run(["speech_probs", "hn", "cn"], {"input": block, "h": hidden, "c": cell})
        self._found.append(values.reshape(-1))
