"""A short voice in every container: what damaged files are made of."""

from __future__ import annotations

import functools
import io

import av
import numpy as np
import soundfile as sf

from bad.handmade import settled_ogg
from ser_core.audio import SAMPLE_RATE, load_audio
from ser_core.examples import list_examples

_SNDFILE = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", None),
    "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "rf64": ("RF64", "PCM_16"),
}
_AV = {"webm": ("webm", "libopus"), "m4a": ("ipod", "aac"), "mp4": ("mp4", "aac"), "adts": ("adts", "aac")}

#: Containers that :func:`encode` writes.
KINDS = (*_SNDFILE, *_AV)
#: Those that people upload.
USUAL = ("wav", "flac", "ogg", "opus", "mp3", "m4a", "webm", "aiff", "mp4")


@functools.cache
def voice(seconds: float = 1.0) -> np.ndarray:
    """Return the middle of a built-in example [shape=(seconds x 16000,), float32]."""
    samples = load_audio(list_examples()[0].path).samples
    return np.resize(samples[SAMPLE_RATE // 4 :], round(seconds * SAMPLE_RATE))


def encode(samples: np.ndarray, kind: str, rate: int = SAMPLE_RATE, subtype: str | None = None) -> bytes:
    """Return samples [shape=(n,) or (n, channels)] as a file of one of :data:`KINDS`."""
    buffer = io.BytesIO()
    if kind in _SNDFILE:
        form, usual = _SNDFILE[kind]
        sf.write(buffer, samples, rate, format=form, subtype=subtype or usual)
        return settled_ogg(buffer.getvalue()) if form == "OGG" else buffer.getvalue()
    form, codec = _AV[kind]
    planes = np.atleast_2d(samples.T).astype(np.float32)
    layout = "mono" if len(planes) == 1 else "stereo"
    with av.open(buffer, "w", format=form, options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for start in range(0, planes.shape[1], 960):
            block = np.ascontiguousarray(planes[:, start : start + 960])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


@functools.cache
def spoken(kind: str, seconds: float = 1.0) -> bytes:
    """Return the voice as a file of one of :data:`KINDS`."""
    return encode(voice(seconds), kind)
