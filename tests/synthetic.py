"""Sounds and corpora made of nothing but numpy, for tests that must run where no real recording may lie."""

from __future__ import annotations

import functools
import io
import itertools
from pathlib import Path

import av
import numpy as np
import soundfile as sf

from ser_core.emotions import CORPUS_LABELS
from ser_core.synthetic import MANNERS, RATE, voice

#: What :func:`encode` writes, by the usual ending of the file.
KINDS = ("wav", "flac", "ogg", "opus", "mp3", "aiff", "webm", "m4a", "mp4")

_SNDFILE = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", None),
    "aiff": ("AIFF", "PCM_16"),
}
_AV = {"webm": ("webm", "libopus"), "m4a": ("ipod", "aac"), "mp4": ("mp4", "aac")}


def encode(samples: np.ndarray, kind: str, rate: int = RATE, subtype: str | None = None) -> bytes:
    """Return samples [shape=(n,) or (n, channels)] as a sound file of one of :data:`KINDS`."""
    buffer = io.BytesIO()
    if kind in _SNDFILE:
        form, default = _SNDFILE[kind]
        sf.write(buffer, samples, rate, format=form, subtype=subtype or default)
        return buffer.getvalue()
    form, codec = _AV[kind]
    planes = np.atleast_2d(samples.T).astype(np.float32)
    layout = "mono" if len(planes) == 1 else "stereo"
    with av.open(buffer, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for start in range(0, planes.shape[1], 960):
            block = np.ascontiguousarray(planes[:, start : start + 960])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def video_only() -> bytes:
    """Return an MP4 of five grey pictures and no sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.full((32, 32, 3), 128, np.uint8), format="rgb24"))
            )
        container.mux(stream.encode(None))
    return buffer.getvalue()


@functools.cache
def clip_bytes(emotion: str, seconds: float = 0.6, seed: int = 0) -> bytes:
    """Return a WAV file of a voice in the manner of an emotion."""
    pitch, pitch_range, level, syllables = MANNERS[emotion]
    sound = voice(seconds, pitch_hz=pitch, pitch_range=pitch_range, level=level, syllables_hz=syllables, seed=seed)
    return encode(sound, "wav")


def clip_names() -> dict[str, dict[str, str]]:
    """Return {corpus: {path below its folder: emotion}}: every speaker of the four corpora with every emotion once."""
    cremad = {"angry": "ANG", "disgust": "DIS", "fearful": "FEA", "happy": "HAP", "neutral": "NEU", "sad": "SAD"}
    savee = {"angry": "a", "disgust": "d", "fearful": "f", "happy": "h", "neutral": "n", "sad": "sa", "surprised": "su"}
    tess = {emotion: emotion for emotion in CORPUS_LABELS["tess"]} | {"fearful": "fear", "surprised": "ps"}
    return {
        "cremad": {
            f"AudioWAV/{actor}_IEO_{code}_XX.wav": emotion
            for actor, (emotion, code) in itertools.product(range(1001, 1092), cremad.items())
        },
        "ravdess": {
            f"Actor_{actor:02d}/03-01-{number:02d}-01-01-01-{actor:02d}.wav": emotion
            for actor, (number, emotion) in itertools.product(range(1, 25), enumerate(CORPUS_LABELS["ravdess"], 1))
        },
        "savee": {
            f"ALL/{speaker}_{code}01.wav": emotion
            for speaker, (emotion, code) in itertools.product(("DC", "JE", "JK", "KL"), savee.items())
        },
        "tess": {
            f"{speaker}_{code}/{speaker}_back_{code}.wav": emotion
            for speaker, (emotion, code) in itertools.product(("OAF", "YAF"), tess.items())
        },
    }


def write_corpora(root: Path, seconds: float = 0.6) -> Path:
    """Write a small copy of all four corpora below *root* (780 clips) and return it, ready for `SER_DATA`."""
    for corpus, clips in clip_names().items():
        for path, emotion in clips.items():
            target = root / corpus / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(clip_bytes(emotion, seconds))
    rows = [f'{actor},{20 + actor % 50},"{("Male", "Female")[actor % 2]}"' for actor in range(1001, 1092)]
    (root / "cremad/VideoDemographics.csv").write_text("\n".join(['"ActorID","Age","Sex"', *rows]))
    return root
