"""One pass of the speech detector says the same as two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio, speech_segments, speech_span
from ser_core.audio.speech import _detector
from ser_core.examples import list_examples
from ser_core.speech_once import find_speech
from tests.synthetic import voice

_NOISE = np.random.default_rng(0).normal(0, 0.05, 2 * SAMPLE_RATE).astype(np.float32)
RECORDINGS = {
    "silence": np.zeros(SAMPLE_RATE, np.float32),
    "nothing": np.zeros(0, np.float32),
    "noise": _NOISE,
    "short": voice(0.2),
    "quiet, with pauses": np.concatenate([_NOISE / 50, voice(1.5), _NOISE / 50, voice(0.7)]) * np.float32(0.01),
    "long": voice(20.0),
}


@pytest.mark.parametrize("name", [*RECORDINGS, *(example.path.name for example in list_examples())])
def test_the_same_as_two_passes(name: str) -> None:
    paths = {example.path.name: example.path for example in list_examples()}
    waveform = Waveform(RECORDINGS[name]) if name in RECORDINGS else load_audio(paths[name])
    speech = find_speech(waveform)
    assert speech.segments == speech_segments(waveform)
    assert [speech.span(), speech.span(0.5)] == [speech_span(waveform), speech_span(waveform, 0.5)]


def test_the_detector_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module, model = _detector()
    calls: list[int] = []

    class Counted:
        def audio_forward(self, audio: np.ndarray, **options: Any) -> np.ndarray:
            calls.append(len(audio))
            return model.audio_forward(audio, **options)

    monkeypatch.setattr("ser_core.speech_once._detector", lambda: (module, Counted()))
    find_speech(Waveform(voice(1.0)))
    assert calls == [SAMPLE_RATE]
