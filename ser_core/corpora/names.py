"""What the file names of the four corpora say about a clip.

Sources: Cao et al. 2014 (CREMA-D), Livingstone & Russo 2018 (RAVDESS), Haq & Jackson 2009 (SAVEE),
Dupuis & Pichora-Fuller 2010 (TESS); misnamings found in common copies are accepted too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class ClipName:
    """What a file name says.

    Attributes
    ----------
    clip
        The canonical name, the same for every copy of the clip.
    speaker
        The corpus's own code of the speaker.
    emotion
        A name of :data:`ser_core.emotions.EMOTIONS`.
    intensity
        ``low``, ``medium``, ``high``, ``normal``, ``strong``, or None where the corpus gives none.
    sentence
        The corpus's code of the sentence, or the word (TESS).
    take
        The repetition, from 1.
    sex
        ``female`` or ``male`` where the name or the corpus's description tells.
    song
        Whether the clip is sung.
    """

    clip: str
    speaker: str
    emotion: str
    sentence: str
    intensity: str | None = None
    take: int = 1
    sex: str | None = None
    age: int | None = None
    song: bool = False


# ASCII: otherwise \d takes any script's digits, and the long s (ſ) passes for an s.
_FLAGS = re.IGNORECASE | re.ASCII

_CREMAD = re.compile(
    r"(?P<speaker>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<level>LO|MD|HI|XX|X)", _FLAGS
)
_CREMAD_EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
_CREMAD_LEVELS = {"LO": "low", "MD": "medium", "HI": "high"}

_RAVDESS = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)", _FLAGS)
_RAVDESS_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")

_SAVEE = re.compile(r"(?:(?P<speaker>DC|JE|JK|KL)_)?(?P<emotion>sa|su|a|d|f|h|n)(?P<number>\d\d)", _FLAGS)
_SAVEE_EMOTIONS = {
    "sa": "sad",
    "su": "surprised",
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
}
_SAVEE_SPEAKERS = ("DC", "JE", "JK", "KL")

# One file of the published set says OA for OAF.
_TESS = re.compile(r"(?P<speaker>OAF?|YAF?)_(?P<word>[a-z]+)_(?P<emotion>[a-z]+)", _FLAGS)
_TESS_EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}
_TESS_AGES = {"OAF": 64, "YAF": 26}


def parse_cremad(path: PurePath) -> ClipName | None:
    """Read ``1001_DFA_ANG_XX``: actor, sentence, emotion, level."""
    match = _CREMAD.fullmatch(path.stem)
    if not match or match["emotion"].upper() not in _CREMAD_EMOTIONS or not 1001 <= int(match["speaker"]) <= 1091:
        return None
    speaker, sentence, emotion = match["speaker"], match["sentence"].upper(), match["emotion"].upper()
    level = match["level"].upper().replace("XX", "X").replace("X", "XX")
    return ClipName(
        clip=f"{speaker}_{sentence}_{emotion}_{level}",
        speaker=speaker,
        emotion=_CREMAD_EMOTIONS[emotion],
        sentence=sentence,
        intensity=_CREMAD_LEVELS.get(level),
    )


def parse_ravdess(path: PurePath) -> ClipName | None:
    """Read ``03-01-06-01-02-01-12``: modality, channel, emotion, intensity, statement, repetition, actor.

    The video with sound (modality 01) is a copy of the clip with sound alone (03); that without (02) is no clip.
    """
    match = _RAVDESS.fullmatch(path.stem)
    if not match:
        return None
    modality, channel, emotion, intensity, statement, repetition, actor = (int(part) for part in match.groups())
    in_range = (
        modality in (1, 3)
        and channel in (1, 2)
        and 1 <= emotion <= 8
        and intensity in (1, 2)
        and statement in (1, 2)
        and repetition in (1, 2)
        and 1 <= actor <= 24
    )
    if not in_range:
        return None
    return ClipName(
        clip=f"03{path.stem[2:]}",
        speaker=f"{actor:02d}",
        emotion=_RAVDESS_EMOTIONS[emotion - 1],
        sentence=f"{statement:02d}",
        intensity=("normal", "strong")[intensity - 1],
        take=repetition,
        sex="male" if actor % 2 else "female",
        song=channel == 2,
    )


def parse_savee(path: PurePath) -> ClipName | None:
    """Read ``DC_a01`` or ``DC/a01``: speaker, emotion, number of the sentence within the emotion."""
    match = _SAVEE.fullmatch(path.stem)
    if not match:
        return None
    speaker = (match["speaker"] or path.parent.name).upper()
    if speaker not in _SAVEE_SPEAKERS:
        return None
    code = match["emotion"].lower()
    sentence = f"{code}{match['number']}"
    return ClipName(
        clip=f"{speaker}_{sentence}",
        speaker=speaker,
        emotion=_SAVEE_EMOTIONS[code],
        sentence=sentence,
        sex="male",
    )


def parse_tess(path: PurePath) -> ClipName | None:
    """Read ``OAF_back_angry``: speaker, word, emotion (never from the folder, whose names vary)."""
    match = _TESS.fullmatch(path.stem)
    if not match or match["emotion"].lower() not in _TESS_EMOTIONS:
        return None
    speaker = {"O": "OAF", "Y": "YAF"}[match["speaker"][0].upper()]
    word, emotion = match["word"].lower(), match["emotion"].lower()
    return ClipName(
        clip=f"{speaker}_{word}_{emotion}",
        speaker=speaker,
        emotion=_TESS_EMOTIONS[emotion],
        sentence=word,
        sex="female",
        age=_TESS_AGES[speaker],
    )


PARSERS: Mapping[str, Callable[[PurePath], ClipName | None]] = {
    "cremad": parse_cremad,
    "ravdess": parse_ravdess,
    "savee": parse_savee,
    "tess": parse_tess,
}


def parse_name(corpus: str, path: str | PurePath) -> ClipName | None:
    """Return what the name of *path* says in *corpus*, or None when it is no name of that corpus.

    >>> parse_name("savee", "DC_su07.wav").emotion
    'surprised'
    """
    return PARSERS[corpus](PurePath(path))
