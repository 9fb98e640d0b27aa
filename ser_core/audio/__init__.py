"""The one door for sound: a path, bytes or an array becomes a :class:`Waveform`; then its quality is measured."""

from ser_core.audio.door import load_audio as load_audio
from ser_core.audio.quality import Problem as Problem
from ser_core.audio.quality import Quality as Quality
from ser_core.audio.quality import assess_quality as assess_quality
from ser_core.audio.speech import speech_segments as speech_segments
from ser_core.audio.speech import speech_span as speech_span
from ser_core.audio.waveform import SAMPLE_RATE as SAMPLE_RATE
from ser_core.audio.waveform import Waveform as Waveform

__all__ = [
    "SAMPLE_RATE",
    "Problem",
    "Quality",
    "Waveform",
    "assess_quality",
    "load_audio",
    "speech_segments",
    "speech_span",
]
