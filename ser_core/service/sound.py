"""The bytes of an upload -> what a model says of it, in bounded memory."""

from __future__ import annotations

import threading

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.audio.decode import too_long
from ser_core.errors import AudioError
from ser_core.recogniser import Prediction, Recogniser
from ser_core.service.problems import ProblemError
from ser_core.settings import settings
from ser_core.untrusted import load_untrusted, open_untrusted

#: What recordings are called in messages: the name that a caller gave one is told to nobody.
NAME = "The recording"
#: Longer recordings are decoded as a stream, since an hour at 48 kHz takes 700 MB before it is resampled.
_AT_ONCE_S = 120.0
_BLOCK_S = 30.0

#: Held while a longer recording is decoded and judged: one at a time, so that memory stays bounded.
_long_recording = threading.Lock()


def predict_bytes(recogniser: Recogniser, data: bytes, longest_s: float) -> Prediction:
    """Return what a model says of a sound file.

    Raises
    ------
    AudioError
        If it cannot be read.
    ProblemError
        If it is longer than *longest_s*, or than the setting `SER_MAX_SECONDS`.
    """
    most = min(longest_s, settings().max_seconds)
    short = min(_AT_ONCE_S, most)
    try:
        return recogniser.predict(load_untrusted(data, name=NAME, max_seconds=short))
    except AudioError as error:
        if str(error) != str(too_long(NAME, short)):
            raise
    if short == most:
        raise _over(most)
    with _long_recording:
        return recogniser.predict(_read_as_stream(data, most))


def _read_as_stream(data: bytes, most: float) -> Waveform:
    recording = open_untrusted(data, NAME)
    if recording.declared_s > most:  # refused before minutes of it are decoded
        raise _over(most)
    # One array from the start, since joining pieces takes twice their memory. Its length is no more than a guess that
    # bounds it; what is never written takes no memory.
    samples = np.empty(round((min(most, 4 * recording.duration_s) + _BLOCK_S) * SAMPLE_RATE), np.float32)
    length = 0
    for block in recording.blocks(seconds=_BLOCK_S):
        if length + len(block) > min(len(samples), most * SAMPLE_RATE):
            raise _over(most)
        samples[length : length + len(block)] = block
        length += len(block)
    return Waveform(samples[:length], recording.rate, recording.channels, NAME)


def _over(seconds: float) -> ProblemError:
    length = f"{seconds / 60:.3g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
    detail = f"The recording is longer than the limit of {length}: cut it into parts, or ask for its timeline."
    return ProblemError("too-large", detail)
