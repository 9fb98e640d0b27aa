from __future__ import annotations

import numpy as np
import pytest

from ser_core.audio import Waveform
from tests.synthetic import voice


@pytest.fixture(scope="session")
def spoken() -> Waveform:
    """Two seconds of a synthetic voice at 150 Hz with a clear melody; read-only, so that no effect can touch it."""
    samples = voice(2.0, pitch_hz=150, pitch_range=0.15)
    samples.setflags(write=False)
    return Waveform(samples, original_rate=44_100, name="spoken")


@pytest.fixture(
    params=["one sample", "silence", "50 ms", "clipped", "offset", "above full scale", "very quiet"], scope="session"
)
def odd(request: pytest.FixtureRequest) -> Waveform:
    """Sounds that break a careless formula; read-only."""
    samples = {
        "one sample": np.array([0.5], np.float32),
        "silence": np.zeros(8000, np.float32),
        "50 ms": voice(0.05),
        "clipped": np.clip(voice(0.5) * 20, -1, 1),
        "offset": np.full(8000, 0.3, np.float32),
        "above full scale": voice(0.5) * 8,
        "very quiet": voice(0.5) * np.float32(1e-6),
    }[request.param]
    samples.setflags(write=False)
    return Waveform(samples, name=request.param)
