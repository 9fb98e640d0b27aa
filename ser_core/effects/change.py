"""All changes to a sound as one record of settings, and the chain that carries them out.

changed = apply(waveform, VoiceChange(pitch_semitones=3, telephone=True))
cleaned = clean_up(waveform, CleanUp(noise_reduction=12, trim=True))
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from ser_core.audio import Waveform
from ser_core.effects.clean import high_pass, normalise_level, reduce_noise, trim_silence
from ser_core.effects.codecs import CODECS, encode
from ser_core.effects.level import change_effort, change_level, clip
from ser_core.effects.surroundings import add_noise, reverberate, telephone
from ser_core.effects.table import CLEAN_UPS, EFFECTS, check
from ser_core.effects.voice import change_voice
from ser_core.errors import AudioError


class _Settings(BaseModel):
    """A frozen record whose bad values are told as :class:`AudioError`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _one_sentence(cls, data: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        try:
            record = handler(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "this change"
            raise AudioError(f"The setting {where} is '{first['input']}', but {first['msg'].lower()}.") from error
        for name in cls.model_fields:
            if name in EFFECTS or name in CLEAN_UPS:
                check(name, getattr(record, name))
        return record


class VoiceChange(_Settings):
    """What is to become of a voice; the defaults change nothing. :data:`EFFECTS` says what each field means.

    Raises
    ------
    AudioError
        When made with a value outside its range, or a bit rate that its codec does not have.
    """

    pitch_semitones: float = 0.0
    range_factor: float = 1.0
    speed: float = 1.0
    effort_db_per_octave: float = 0.0
    level_db: float = 0.0
    rt60_s: float = 0.0
    noise: Literal["white", "pink", "babble"] | None = None
    snr_db: float = 10.0
    clip_db: float = 0.0
    telephone: bool = False
    codec: Literal["opus", "mp3", "aac", "amr-nb", "mu-law"] | None = None
    kbit_s: float | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _known_rate(self) -> VoiceChange:
        if self.codec is not None and self.kbit_s is not None:
            CODECS[self.codec].check_rate(self.kbit_s)
        return self

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the fields that make a difference, in the order of :data:`EFFECTS`."""
        names = (name for name, info in EFFECTS.items() if getattr(self, name) != info.default)
        return tuple(name for name in names if not EFFECTS[name].needs)

    @property
    def is_identity(self) -> bool:
        """Whether nothing is changed at all."""
        return not self.changed

    def describe(self) -> str:
        """Return the changes in a few words, such as "pitch +3 semitones, telephone"."""
        return ", ".join(_words(self, name) for name in self.changed) or "no change"


class CleanUp(_Settings):
    """What to do to a recording before it is analysed; the defaults do nothing. :data:`CLEAN_UPS` explains.

    Raises
    ------
    AudioError
        When made with a value outside its range.
    """

    noise_reduction: float = 0.0
    high_pass_hz: float = 0.0
    trim: bool = False
    margin_s: float = 0.1
    normalise: bool = False
    target_dbfs: float = -26.0

    @property
    def is_identity(self) -> bool:
        """Whether nothing is done at all."""
        return not (self.noise_reduction or self.high_pass_hz or self.trim or self.normalise)

    def describe(self) -> str:
        """Return what is done in a few words, such as "noise reduced by up to 12 dB, silence trimmed"."""
        words = {
            f"noise reduced by up to {self.noise_reduction:g} dB": bool(self.noise_reduction),
            f"high-pass at {self.high_pass_hz:g} Hz": bool(self.high_pass_hz),
            "silence trimmed": self.trim,
            f"level normalised to {self.target_dbfs:g} dBFS": self.normalise,
        }
        return ", ".join(word for word, chosen in words.items() if chosen) or "nothing done"


def apply(waveform: Waveform, settings: VoiceChange) -> Waveform:
    """Return a changed copy: voice, effort, level, room, noise, overdrive, telephone, codec, as in the real world.

    Raises
    ------
    AudioError
        If the voice is to be resynthesised and is too long for it, or a codec is missing from this installation.
    """
    chosen = settings.changed
    result = change_voice(
        waveform,
        pitch_semitones=settings.pitch_semitones,
        range_factor=settings.range_factor,
        speed=settings.speed,
    )
    if "effort_db_per_octave" in chosen:
        result = change_effort(result, settings.effort_db_per_octave)
    if "level_db" in chosen:
        result = change_level(result, settings.level_db)
    if "rt60_s" in chosen:
        result = reverberate(result, settings.rt60_s, seed=settings.seed)
    if settings.noise is not None:
        result = add_noise(result, settings.snr_db, kind=settings.noise, seed=settings.seed)
    if "clip_db" in chosen:
        result = clip(result, settings.clip_db)
    if settings.telephone:
        result = telephone(result)
    if settings.codec is not None:
        result = encode(result, settings.codec, kbit_s=settings.kbit_s)
    return result


def clean_up(waveform: Waveform, settings: CleanUp) -> Waveform:
    """Return a cleaned copy: noise reduced, rumble cut, silence trimmed, level normalised, in this order."""
    result = waveform
    if settings.noise_reduction:
        result = reduce_noise(result, settings.noise_reduction)
    if settings.high_pass_hz:
        result = high_pass(result, settings.high_pass_hz)
    if settings.trim:
        result = trim_silence(result, settings.margin_s)
    if settings.normalise:
        result = normalise_level(result, settings.target_dbfs)
    return result


def _words(settings: VoiceChange, name: str) -> str:
    values = settings.model_dump()
    values["rate"] = f" at {settings.kbit_s:g} kbit/s" if settings.kbit_s is not None else ""
    return _PHRASES[name].format(**values)


_PHRASES = {
    "pitch_semitones": "pitch {pitch_semitones:+g} semitones",
    "range_factor": "pitch range × {range_factor:g}",
    "speed": "speed × {speed:g}",
    "effort_db_per_octave": "effort {effort_db_per_octave:+g} dB per octave",
    "level_db": "level {level_db:+g} dB",
    "rt60_s": "reverberation {rt60_s:g} s",
    "noise": "{noise} noise at {snr_db:g} dB",
    "clip_db": "overdriven by {clip_db:g} dB",
    "telephone": "telephone",
    "codec": "{codec}{rate}",
}
