"""A moment of a call, to be listened to."""

from __future__ import annotations

import io

import numpy as np
import soundfile as sf

from ser_core.audio import SAMPLE_RATE
from ser_core.calls.archive import Source
from ser_core.errors import AudioError
from ser_core.recordings import Recording
from ser_core.untrusted import open_untrusted

#: More than this is not cut out at once, in seconds.
LONGEST_S = 120.0


def cut_sound(source: Source, start_s: float, end_s: float) -> bytes:
    """Return a part of a call with all its channels as a 16-bit WAV file at 16 kHz.

    Raises
    ------
    AudioError
        If the file cannot be read any more, or has nothing there.
    """
    recording = open_untrusted(source.path if source.path is not None else source.read(), name=source.name)
    end_s = min(end_s, start_s + LONGEST_S)
    channels = [_cut(recording, channel, start_s, end_s) for channel in range(recording.channels)]
    samples = np.stack(channels, axis=1)
    if not len(samples):
        raise AudioError(f"{recording.name} has no sound at that time: choose an earlier one.")
    buffer = io.BytesIO()
    sf.write(buffer, np.clip(samples, -1, 1), SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _cut(recording: Recording, channel: int, start_s: float, end_s: float) -> np.ndarray:
    first, last = round(max(0.0, start_s) * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
    parts, place = [np.zeros(0, np.float32)], 0
    for block in recording.blocks(channel):
        parts.append(block[max(0, first - place) : max(0, last - place)])
        place += len(block)
        if place >= last:
            break
    return np.concatenate(parts)
