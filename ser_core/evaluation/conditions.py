"""What happens to a voice on its way to the model outside a laboratory, as conditions that a test can be repeated in.

heard_as(load_audio("voice.wav"), CONDITIONS["telephone"], seed=0)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import soxr

from ser_core.audio import SAMPLE_RATE, Waveform, load_audio
from ser_core.effects import VoiceChange, apply
from ser_core.effects.level import with_samples

#: Which noise a clip gets where the condition says "each": one of these in turn, by the clip's seed.
NOISES = ("babble", "pink", "white")
#: The noise of a quiet microphone before the first word, in dB relative to full scale.
_FLOOR_DBFS = -70.0


@dataclass(frozen=True)
class Condition:
    """One way in which a recording differs from the corpus's.

    Attributes
    ----------
    name, title
        For programs and for people.
    change
        Settings of :class:`ser_core.effects.VoiceChange`; the noise "each" stands for one of :data:`NOISES`.
    rate
        Samples a second of the recording, in Hz.
    lead_s
        Seconds of microphone noise (white, -70 dBFS) before the clip.
    limit
        The loss of UAR that is accepted, as a fraction of 1; None where there is no aim.
    """

    name: str
    title: str
    change: Mapping[str, Any] = field(default_factory=dict)
    rate: int = SAMPLE_RATE
    lead_s: float = 0.0
    limit: float | None = None

    @property
    def key(self) -> str:
        """A short digest of everything that the sound depends on."""
        made = repr((sorted(self.change.items()), self.rate, self.lead_s, _FLOOR_DBFS, NOISES))
        return hashlib.sha256(made.encode()).hexdigest()[:16]


CLEAN = "clean"
_ALL = (
    Condition(CLEAN, "as in the corpus"),
    Condition("telephone", "telephone (300 to 3400 Hz, 8 kHz µ-law)", {"telephone": True}, limit=0.05),
    Condition("opus-16", "Opus, 16 kbit/s", {"codec": "opus", "kbit_s": 16.0}, limit=0.05),
    Condition("mp3-32", "MP3, 32 kbit/s", {"codec": "mp3", "kbit_s": 32.0}, limit=0.05),
    Condition("noise-20", "noise 20 dB below the voice", {"noise": "each", "snr_db": 20.0}, limit=0.05),
    Condition("noise-10", "noise 10 dB below the voice", {"noise": "each", "snr_db": 10.0}, limit=0.10),
    Condition("noise-5", "noise 5 dB below the voice", {"noise": "each", "snr_db": 5.0}),
    Condition("room-0.4", "living room (reverberation 0.4 s)", {"rt60_s": 0.4}),
    Condition("room-0.8", "hall (reverberation 0.8 s)", {"rt60_s": 0.8}),
    Condition("level-20", "20 dB quieter", {"level_db": -20.0}, limit=0.01),
    Condition("clipped-8", "overdriven by 8 dB", {"clip_db": 8.0}),
    Condition("rate-44.1", "recorded at 44.1 kHz", rate=44_100, limit=0.01),
    Condition("rate-48", "recorded at 48 kHz", rate=48_000, limit=0.01),
    Condition("silence-1", "1 s of silence before the voice", lead_s=1.0, limit=0.01),
    Condition("speed-0.9", "spoken 10 % slower", {"speed": 0.9}),
    Condition("speed-1.1", "spoken 10 % faster", {"speed": 1.1}),
)
#: By name, in the order of a table; the first changes nothing.
CONDITIONS: Mapping[str, Condition] = MappingProxyType({condition.name: condition for condition in _ALL})


def heard_as(waveform: Waveform, condition: Condition, seed: int = 0) -> Waveform:
    """Return a clip as it would come in under a condition, through the door that every recording passes.

    What was changed is written as a 16-bit WAV file and read again, as a recorder does, or comes in as samples at the
    condition's rate.

    Parameters
    ----------
    seed
        Decides which noise it is and how it falls; the same seed gives the same samples.
    """
    settings = dict(condition.change)
    if settings.get("noise") == "each":
        settings["noise"] = NOISES[seed % len(NOISES)]
    changed = apply(waveform, VoiceChange(**settings, seed=seed))
    if condition.lead_s:
        floor = np.random.default_rng(seed).standard_normal(round(condition.lead_s * SAMPLE_RATE))
        changed = with_samples(changed, np.concatenate([floor * 10 ** (_FLOOR_DBFS / 20), changed.samples]))
    if condition.rate != SAMPLE_RATE:
        samples = soxr.resample(changed.samples, SAMPLE_RATE, condition.rate, quality="HQ")
        return load_audio(samples, rate=condition.rate, name=waveform.name)
    return load_audio(changed.to_wav(), name=waveform.name) if condition.name != CLEAN else waveform
