"""What can be changed in a sound, in words and numbers: titles, units, ranges and defaults, for widgets and checks.

EFFECTS["pitch_semitones"].title    # "Pitch"
check("speed", 3.0)                 # AudioError: The speaking rate must lie between 0.5 and 2 times, not 3: ...
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ser_core.errors import AudioError

Kind = Literal["number", "choice", "switch"]


@dataclass(frozen=True)
class EffectInfo:
    """One setting, as a page shows it.

    Attributes
    ----------
    name
        The field of :class:`VoiceChange` or :class:`CleanUp` it sets.
    title
        Short, for a label.
    explanation
        One plain sentence: what it does to a voice.
    kind
        ``number`` (a slider), ``choice`` (one of *choices*) or ``switch`` (on or off).
    default
        The value that changes nothing; or, where *needs* is set, a sensible one.
    unit
        Of a number, as written behind it; empty where there is none.
    least, most, step
        Limits of a number and a good step for a slider.
    choices
        {value: title} of a choice; the value None stands for "none".
    needs
        The name of the choice that must be made before this setting matters (the noise before its level).
    group
        ``voice``, ``surroundings``, ``transmission`` or ``clean-up``.
    """

    name: str
    title: str
    explanation: str
    kind: Kind = "number"
    default: float | str | bool | None = 0.0
    unit: str = ""
    least: float = 0.0
    most: float = 1.0
    step: float = 0.1
    choices: Mapping[str | None, str] = field(default_factory=dict)
    needs: str | None = None
    group: str = "voice"


_CHANGES = (
    EffectInfo(
        "pitch_semitones",
        "Pitch",
        "Raises or lowers the melody of the voice while the speaker stays the same size: joy, fear and anger are "
        "mostly spoken higher, sadness lower.",
        unit="semitones",
        least=-12.0,
        most=12.0,
        step=0.5,
    ),
    EffectInfo(
        "range_factor",
        "Pitch range",
        "Widens or flattens the ups and downs of the melody around its middle: 0 is a monotone, 2 twice as lively.",
        default=1.0,
        unit="times",
        least=0.0,
        most=3.0,
    ),
    EffectInfo(
        "speed",
        "Speaking rate",
        "Speaks faster or slower without changing the pitch: excited voices hurry, sad ones take their time.",
        default=1.0,
        unit="times",
        least=0.5,
        most=2.0,
        step=0.05,
    ),
    EffectInfo(
        "effort_db_per_octave",
        "Vocal effort",
        "Makes the voice brighter, as if it were raised, or softer, as if it were held back: tilts the spectrum "
        "above 500 Hz.",
        unit="dB per octave",
        least=-9.0,
        most=9.0,
        step=0.5,
    ),
    EffectInfo(
        "level_db",
        "Level",
        "Makes everything louder or quieter; what would go beyond full scale is cut off, as in a recorder.",
        unit="dB",
        least=-60.0,
        most=40.0,
        step=1.0,
    ),
    EffectInfo(
        "rt60_s",
        "Reverberation",
        "Puts the voice into a room: the time in which the echo dies away by 60 dB (living room 0.4 s, church 3 s).",
        unit="s",
        least=0.0,
        most=5.0,
        group="surroundings",
    ),
    EffectInfo(
        "noise",
        "Noise",
        "Adds a background: white noise hisses, pink noise is like wind or traffic, babble is many people talking.",
        kind="choice",
        default=None,
        choices=MappingProxyType({None: "none", "white": "white", "pink": "pink", "babble": "babble"}),
        group="surroundings",
    ),
    EffectInfo(
        "snr_db",
        "Voice above noise",
        "How far the voice lies above the noise: at 20 dB it is easy to hear, at 0 dB both are equally strong.",
        default=10.0,
        unit="dB",
        least=-10.0,
        most=60.0,
        step=1.0,
        needs="noise",
        group="surroundings",
    ),
    EffectInfo(
        "clip_db",
        "Overdriven by",
        "Turns the microphone up too far: the loudest moment lies this much above full scale and its top is cut off.",
        unit="dB",
        least=0.0,
        most=40.0,
        step=1.0,
        group="transmission",
    ),
    EffectInfo(
        "telephone",
        "Telephone",
        "Sends the voice over a telephone line: only 300 to 3400 Hz pass, in 8-bit steps.",
        kind="switch",
        default=False,
        group="transmission",
    ),
    EffectInfo(
        "codec",
        "Codec",
        "Compresses the sound as apps and telephones do and plays it back: fine detail is lost at low bit rates.",
        kind="choice",
        default=None,
        choices=MappingProxyType(
            {
                None: "none",
                "opus": "Opus (voice messages, calls over the internet)",
                "mp3": "MP3",
                "aac": "AAC (video, podcasts)",
                "amr-nb": "AMR (mobile telephone)",
                "mu-law": "G.711 µ-law (landline)",
            }
        ),
        group="transmission",
    ),
    EffectInfo(
        "kbit_s",
        "Bit rate",
        "How much room the compressed sound may take each second: the less, the more is lost.",
        default=None,
        unit="kbit/s",
        least=4.0,
        most=320.0,
        step=1.0,
        needs="codec",
        group="transmission",
    ),
)

_CLEAN_UPS = (
    EffectInfo(
        "noise_reduction",
        "Reduce noise",
        "Takes a steady background away, at most by this much: too strong a setting makes the voice hollow, and "
        "against other voices it hardly helps.",
        unit="dB",
        least=0.0,
        most=40.0,
        step=1.0,
        group="clean-up",
    ),
    EffectInfo(
        "high_pass_hz",
        "Cut rumble and hum below",
        "Removes what lies below the voice: wind, footsteps, mains hum.",
        unit="Hz",
        least=0.0,
        most=300.0,
        step=10.0,
        group="clean-up",
    ),
    EffectInfo(
        "trim",
        "Trim silence",
        "Cuts off what comes before the first and after the last word.",
        kind="switch",
        default=False,
        group="clean-up",
    ),
    EffectInfo(
        "margin_s",
        "Margin",
        "How much is left before the first and after the last word.",
        default=0.1,
        unit="s",
        least=0.0,
        most=2.0,
        step=0.05,
        needs="trim",
        group="clean-up",
    ),
    EffectInfo(
        "normalise",
        "Normalise the level",
        "Brings the spoken parts to one level, so that recordings made near and far can be compared.",
        kind="switch",
        default=False,
        group="clean-up",
    ),
    EffectInfo(
        "target_dbfs",
        "Target level",
        "The level of the spoken parts afterwards, below full scale; -26 dB is what telephone engineers use.",
        default=-26.0,
        unit="dB",
        least=-60.0,
        most=-6.0,
        step=1.0,
        needs="normalise",
        group="clean-up",
    ),
)

#: {field of VoiceChange: what it is}, in the order in which :func:`apply` does them.
EFFECTS: Mapping[str, EffectInfo] = MappingProxyType({info.name: info for info in _CHANGES})
#: {field of CleanUp: what it is}, in the order in which :func:`clean_up` does them.
CLEAN_UPS: Mapping[str, EffectInfo] = MappingProxyType({info.name: info for info in _CLEAN_UPS})


def check(name: str, value: object) -> None:
    """Raise :class:`AudioError` unless *value* is one that the setting *name* may have."""
    info = EFFECTS.get(name) or CLEAN_UPS[name]
    if info.kind == "choice":
        if value not in info.choices:
            known = ", ".join(str(choice) for choice in info.choices if choice)
            raise AudioError(f"{info.title} '{value}' is not known: choose one of {known}.")
    elif info.kind == "switch":
        if not isinstance(value, bool):
            raise AudioError(f"{info.title} is on or off, not '{value}': give True or False.")
    elif value is not None or info.default is not None:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
        if not info.least <= number <= info.most:
            raise AudioError(
                f"{info.title} must lie between {info.least:g} and {info.most:g} {info.unit}, "
                f"not {value}: choose a value in that range."
            )
