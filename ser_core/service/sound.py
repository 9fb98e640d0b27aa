"""The bytes of an upload -> what a model says of it, in bounded memory."""

from __future__ import annotations

import threading

import numpy as np

from ser_core.audio import Waveform, load_audio
from ser_core.audio.decode import too_long
from ser_core.errors import AudioError
from ser_core.recogniser import Prediction, Recogniser
from ser_core.recordings import open_recording
from ser_core.service.problems import ProblemError
from ser_core.settings import settings

#: What recordings are called in messages: the name that a caller gave one is told to nobody.
NAME = "The recording"
#: Longer recordings are decoded as a stream, since an hour at 48 kHz takes 700 MB before it is resampled.
_AT_ONCE_S = 120.0
_BLOCK_S = 30.0

#: Held while a longer recording is decoded and judged: one at a time, so that memory stays bounded.
_long_recording = threading.Lock()


def predict_bytes(recogniser: Recogniser, data: bytes) -> Prediction:
    """Return what a model says of a sound file.

    Raises
    ------
    AudioError
        If it cannot be read.
    ProblemError
        If it is longer than the setting `SER_MAX_SECONDS`.
    """
    most = settings().max_seconds
    short = min(_AT_ONCE_S, most)
    try:
        return recogniser.predict(load_audio(data, name=NAME, max_seconds=short))
    except AudioError as error:
        if str(error) != str(too_long(NAME, short)):
            raise
    if short == most:
        raise _over(most)
    with _long_recording:
        return recogniser.predict(_read_as_stream(data, most))


def _read_as_stream(data: bytes, most: float) -> Waveform:
    recording = open_recording(data, NAME)
    blocks: list[np.ndarray] = []
    for block in recording.blocks(seconds=_BLOCK_S):  # what is declared may be an estimate: what comes is counted
        blocks.append(block)
        if len(blocks) * _BLOCK_S > most + _BLOCK_S:
            raise _over(most)
    waveform = Waveform(np.concatenate(blocks), recording.rate, recording.channels, NAME)
    if waveform.duration_s > most:
        raise _over(most)
    return waveform


def _over(seconds: float) -> ProblemError:
    length = f"{seconds / 60:.3g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
    detail = f"The recording is longer than the limit of {length}: cut it into parts, or ask for its timeline."
    return ProblemError("too-large", detail)
