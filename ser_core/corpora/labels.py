"""Which emotion of the vocabulary a corpus's own label most likely means, for a person to confirm."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from ser_core.emotions import EMOTIONS

#: A label mapped to this is left out of the table.
SKIP = "skip"

#: What labels are called in common corpora and languages, without accents.
_ALIASES: Mapping[str, str] = {
    "neutral": "neutral neu normal none no_emotion neutrale neutralnost neutro neutre neutraal neytral notr 中性 "
    "leutral gleichgultig",
    "calm": "calm cal calmness ruhig ruhe calme tranquilo tranquila calmo kalm rustig relaxed relax spokoynyy 平静",
    "happy": "happy hap happiness joy joyful joyous amused amusement excited exc excitement enthusiasm freude frohlich "
    "glucklich joie heureux heureuse content alegria feliz felicidad felicidade gioia felicita blij vreugde radost "
    "mutlu mutluluk glad gladje 高兴 快乐 喜",
    "sad": "sad sadness sorrow grief unhappy traurig trauer tristesse triste tristeza tristezza verdrietig droevig "
    "pechal grust uzgun uzuntu ledsen 悲伤 难过 哀",
    "angry": "angry ang anger mad rage annoyed frustrated fru frustration arger wut wutend zorn colere fache enojo ira "
    "enfado enfadado raiva rabbia boos woede zlost gnev kizgin ofke arg 生气 愤怒 怒",
    "fearful": "fearful fear fea afraid scared anxious anxiety panic angst furcht angstlich peur effraye miedo medo "
    "paura bang strakh korku radd 害怕 恐惧 惧",
    "disgust": "disgust disgusted dis ekel angeekelt degout asco disgusto nojo schifo walging afkeer otvrashchenie "
    "igrenme avsky 厌恶",
    "surprised": "surprised surprise sur ps pleasant_surprise pleasant_surprised uberraschung uberrascht erstaunt "
    "sorpresa sorprendido surpresa surpris verrassing verrast udivlenie saskin saskinlik forvanad 惊讶 惊",
}
_LOOKUP = {alias: emotion for emotion, text in _ALIASES.items() for alias in text.split()}
#: One-letter codes, looked at only when every label is that short: Emo-DB's are German, others' are English.
_LETTERS = {
    "german": {"W": "angry", "L": SKIP, "E": "disgust", "A": "fearful", "F": "happy", "T": "sad", "N": "neutral"},
    "english": {
        "A": "angry", "D": "disgust", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad", "C": "calm",
        "U": "surprised",
    },
}  # fmt: skip


def plain(label: str) -> str:
    """Return a label in the form in which labels are compared: small letters, no accents, underscores for spaces."""
    decomposed = unicodedata.normalize("NFKD", label.strip().casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return "_".join(letters.replace("-", " ").replace("_", " ").split())


def propose_labels(labels: Iterable[str]) -> dict[str, str | None]:
    """Return for each label the emotion it most likely means, None where nothing is known of it.

    >>> propose_labels(["Happiness", "ang", "Überraschung", "boredom"])
    {'Happiness': 'happy', 'ang': 'angry', 'Überraschung': 'surprised', 'boredom': None}
    """
    names = list(labels)
    if names and all(len(name.strip()) == 1 for name in names):
        given = {name.strip().upper() for name in names}
        for letters in _LETTERS.values():
            if given <= set(letters):
                return {name: letters[name.strip().upper()] for name in names}
    return {name: _LOOKUP.get(plain(name), plain(name) if plain(name) in EMOTIONS else None) for name in names}
