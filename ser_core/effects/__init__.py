"""Changing a sound: another melody, rate or effort; noise, rooms, lines and codecs; and cleaning a recording up.

Every function takes a :class:`~ser_core.audio.Waveform` and returns a new one; the same input and seed give the same
samples. :data:`EFFECTS` and :data:`CLEAN_UPS` describe the settings in words, for pages.
"""

from ser_core.effects.change import CleanUp as CleanUp
from ser_core.effects.change import VoiceChange as VoiceChange
from ser_core.effects.change import apply as apply
from ser_core.effects.change import clean_up as clean_up
from ser_core.effects.clean import high_pass as high_pass
from ser_core.effects.clean import normalise_level as normalise_level
from ser_core.effects.clean import reduce_noise as reduce_noise
from ser_core.effects.clean import split_utterances as split_utterances
from ser_core.effects.clean import trim_silence as trim_silence
from ser_core.effects.codecs import CODECS as CODECS
from ser_core.effects.codecs import encode as encode
from ser_core.effects.level import change_effort as change_effort
from ser_core.effects.level import change_level as change_level
from ser_core.effects.level import clip as clip
from ser_core.effects.surroundings import add_noise as add_noise
from ser_core.effects.surroundings import reverberate as reverberate
from ser_core.effects.surroundings import telephone as telephone
from ser_core.effects.table import CLEAN_UPS as CLEAN_UPS
from ser_core.effects.table import EFFECTS as EFFECTS
from ser_core.effects.table import EffectInfo as EffectInfo
from ser_core.effects.voice import MAX_VOICE_SECONDS as MAX_VOICE_SECONDS
from ser_core.effects.voice import change_voice as change_voice

__all__ = [
    "CLEAN_UPS",
    "CODECS",
    "EFFECTS",
    "MAX_VOICE_SECONDS",
    "CleanUp",
    "EffectInfo",
    "VoiceChange",
    "add_noise",
    "apply",
    "change_effort",
    "change_level",
    "change_voice",
    "clean_up",
    "clip",
    "encode",
    "high_pass",
    "normalise_level",
    "reduce_noise",
    "reverberate",
    "split_utterances",
    "telephone",
    "trim_silence",
]
