"""Calls made of synthetic voices, and tracks made by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ser_core.calls import Call, HeardCall, Track
from tests.synthetic import encode, voice

LABELS = ("neutral", "fearful")


def stereo(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """Return a call whose agent speaks first, on the left, and whose caller then does, on the right."""
    agent, caller = voice(seconds, seed=seed), voice(seconds, pitch_hz=240, pitch_range=0.4, level=0.6, seed=seed + 1)
    pause = np.zeros(len(agent) + 16_000, np.float32)
    return np.stack([np.concatenate([agent, pause]), np.concatenate([pause, caller])], axis=1)


def call_bytes(seconds: float = 2.0, seed: int = 0) -> bytes:
    return encode(stereo(seconds, seed), "wav")


def write_calls(folder: Path, count: int, seconds: float = 2.0) -> list[Path]:
    paths = [folder / f"amal_{number:02d}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(call_bytes(seconds, seed=10 * number))
    return paths


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return buffer.getvalue()


def track(values: Sequence[float], step: float = 2.0, start: float = 0.0) -> Track:
    """Return a track of windows of *step* seconds, one after another, with these negative high arousals."""
    edges = start + step * np.arange(len(values) + 1)
    high = np.array(values, float).reshape(-1, 1)
    return Track(LABELS, np.stack([edges[:-1], edges[1:]], axis=1), np.hstack([1 - high, high]))


def call(values: Sequence[float], name: str = "a.wav", agent: str = "", **about: object) -> Call:
    """Return a stereo call whose caller, on the right, has these negative high arousals; the agent has none."""
    caller = track(values)
    duration = float(caller.spans[-1, 1]) if len(values) else 10.0
    heard = HeardCall(duration, (track([0.0], step=1.0), caller))
    return Call(name, agent=agent, caller=1, heard=heard, **about)  # type: ignore[arg-type]
