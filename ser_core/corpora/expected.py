"""What each complete corpus holds, clip by clip, and the defects that are in the publishers' own files.

The corpora are full factorial designs, so a rule says nearly everything: speakers x sentences x emotions x takes.
Exceptions were taken from the complete corpora, whose files matched the publishers' checksums.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

_CREMAD_SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
_CREMAD_EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
#: Recordings that were never published: whole sentences of an actor, and single clips.
_CREMAD_ABSENT = ("1008_WSI", "1009_MTI", "1019_ITH", "1002_TIE_NEU", "1076_ITS_NEU")

_SAVEE_COUNTS = {"a": 15, "d": 15, "f": 15, "h": 15, "n": 30, "sa": 15, "su": 15}

_TESS_EMOTIONS = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
#: The words of Northwestern University Auditory Test No. 6 (Tillman & Carhart 1966).
_TESS_WORDS = """
back bar base bath bean beg bite boat bone book bought burn cab calm came cause chain chair chalk chat check cheek
chief choice cool dab date dead death deep dime dip ditch dodge dog doll door fail fall far fat fit five food gap gas
gaze germ get gin goal good goose gun half hall hash hate have haze hire hit hole home hurl hush jail jar join judge
jug juice keen keep keg kick kill king kite knock late laud lean learn lease lid life limb live loaf long lore lose lot
love luck make match merge mess met mill mob mode mood moon mop mouse nag name near neat nice note numb pad page pain
pass pearl peg perch phone pick pike pole pool puff rag raid rain raise rat reach read red ring ripe road room rose rot
rough rush said sail search seize sell shack shall shawl sheep shirt should shout size soap soup sour south sub such
sure take talk tape team tell thin third thought thumb time tip tire ton tool tough turn vine voice void vote wag walk
wash week wheat when which whip white wife wire witch yearn yes young youth
"""


@dataclass(frozen=True)
class KnownDefects:
    """Names of clips with a defect in the publisher's own files."""

    silent: frozenset[str] = frozenset()
    duplicates: tuple[frozenset[str], ...] = ()
    misnamed: frozenset[str] = frozenset()
    wrong_rate: frozenset[str] = frozenset()


#: By corpus; a copy with these and no others is as good as it gets.
KNOWN_DEFECTS: Mapping[str, KnownDefects] = {
    "cremad": KnownDefects(
        silent=frozenset({"1076_MTI_SAD_XX"}),
        duplicates=(
            frozenset({"1006_TIE_HAP_XX", "1006_TIE_NEU_XX"}),
            frozenset({"1013_WSI_DIS_XX", "1013_WSI_SAD_XX"}),
            frozenset({"1017_IWW_ANG_XX", "1017_IWW_FEA_XX"}),
        ),
        misnamed=frozenset({"1040_ITH_SAD_X"}),
    ),
    "ravdess": KnownDefects(duplicates=(frozenset({"03-01-03-01-02-01-07", "03-01-03-01-02-02-07"}),)),
    "savee": KnownDefects(),
    "tess": KnownDefects(
        misnamed=frozenset({"OA_bite_neutral", "YAF_germ_angry", "YAF_neat_fear"}),
        wrong_rate=frozenset({"OAF_food_fear"}),
    ),
}


@cache
def expected_clips(corpus: str) -> frozenset[str]:
    """Return the canonical names of all clips of speech that a corpus has.

    >>> len(expected_clips("cremad"))
    7442
    """
    return frozenset(_DESIGNS[corpus]())


def _cremad() -> Iterator[str]:
    for actor, sentence, emotion in itertools.product(range(1001, 1092), _CREMAD_SENTENCES, _CREMAD_EMOTIONS):
        clip = f"{actor}_{sentence}_{emotion}"
        if not clip.startswith(_CREMAD_ABSENT):
            graded = sentence == "IEO" and emotion != "NEU"
            yield from (f"{clip}_{level}" for level in (("LO", "MD", "HI") if graded else ("XX",)))


def _ravdess() -> Iterator[str]:
    for emotion, intensity, statement, take, actor in itertools.product(
        range(1, 9), (1, 2), (1, 2), (1, 2), range(1, 25)
    ):
        if (emotion, intensity) != (1, 2):  # nobody is strongly neutral
            yield f"03-01-{emotion:02d}-{intensity:02d}-{statement:02d}-{take:02d}-{actor:02d}"


def _savee() -> Iterator[str]:
    for speaker, (emotion, count) in itertools.product(("DC", "JE", "JK", "KL"), _SAVEE_COUNTS.items()):
        yield from (f"{speaker}_{emotion}{number:02d}" for number in range(1, count + 1))


def _tess() -> Iterator[str]:
    yield from map("_".join, itertools.product(("OAF", "YAF"), _TESS_WORDS.split(), _TESS_EMOTIONS))


_DESIGNS = {"cremad": _cremad, "ravdess": _ravdess, "savee": _savee, "tess": _tess}
