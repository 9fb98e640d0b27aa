"""What is published about the four corpora: enough to teach from and to choose by without any copy on disk.

Clips, speakers, hours, design and size of the download are the publishers' own where they give them:
Cao et al. 2014 and the corpus's README (CREMA-D), Livingstone & Russo 2018 and the Zenodo record (RAVDESS),
Haq & Jackson 2009 and the corpus's web page (SAVEE), Pichora-Fuller & Dupuis 2020 and the Borealis record (TESS).
Hours are those of the complete corpora, measured once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ser_core.corpora.listeners import LISTENERS
from ser_core.emotions import CORPUS_LABELS


@dataclass(frozen=True)
class CorpusFacts:
    """Published facts of a corpus.

    Attributes
    ----------
    title
        Its name in the field.
    example
        The name of one of its files.
    clips, speakers
        How many clips of speech and speakers it has.
    licence
        What may be done with it.
    source
        Where it was published.
    hours
        Length of all clips together.
    emotions
        The emotions it has, named as in :data:`ser_core.emotions.EMOTIONS`.
    speakers_note
        Who speaks.
    material
        What is said, and how often.
    sample_rate
        Of the publisher's files, in Hz.
    language
        Language and accent.
    year
        Of the publication that describes it.
    url
        The page to read before downloading.
    licence_url
        The text of the licence, or the page that states the terms.
    obtain
        How to get it, in one sentence.
    download_bytes
        Size of what is fetched, None where nobody publishes it.
    accept_licence
        Whether the terms must be accepted before anything is fetched or taken in.
    listeners
        What people recognised, as far as published.
    """

    title: str
    example: str
    clips: int
    speakers: int
    licence: str
    source: str
    hours: float
    emotions: tuple[str, ...]
    speakers_note: str
    material: str
    sample_rate: int
    language: str
    year: int
    url: str
    licence_url: str
    obtain: str
    download_bytes: int | None = None
    accept_licence: bool = False
    listeners: str | None = None


def _heard(corpus: str, given: str = "") -> str:
    share = f"about {100 * LISTENERS[corpus].accuracy:.3g} % of the answers"
    return " ".join(filter(None, (share, given, "name the intended emotion")))


#: The corpora that can be read, by the name of their folder.
CORPORA: Mapping[str, CorpusFacts] = {
    "cremad": CorpusFacts(
        title="CREMA-D",
        example="1001_DFA_ANG_XX.wav",
        clips=7442,
        speakers=91,
        licence="ODbL 1.0 and DbCL 1.0",
        source="Cao et al. 2014, IEEE Transactions on Affective Computing 5(4); "
        "github.com/CheyneyComputerScience/CREMA-D",
        hours=5.26,
        emotions=CORPUS_LABELS["cremad"],
        speakers_note="48 male and 43 female actors from 20 to 74 years, of several ethnic backgrounds",
        material="12 sentences in 6 emotions; one of the sentences at three intensities too",
        sample_rate=16_000,
        language="English (United States)",
        year=2014,
        url="https://github.com/CheyneyComputerScience/CREMA-D",
        licence_url="https://opendatacommons.org/licenses/odbl/1-0/",
        obtain="Downloaded clip by clip from the publisher's Git-LFS store, or from its mirror.",
        download_bytes=600_000_000,  # about: 5.26 h of 16-bit samples at 16 kHz
        listeners=f"2,443 people rated the clips: {100 * LISTENERS['cremad'].accuracy:.1f} % of their answers to the "
        "voice alone name the intended emotion",
    ),
    "ravdess": CorpusFacts(
        title="RAVDESS",
        example="03-01-06-01-02-01-12.wav",
        clips=1440,
        speakers=24,
        licence="CC BY-NC-SA 4.0",
        source="Livingstone & Russo 2018, PLoS ONE 13(5); zenodo.org/records/1188976",
        hours=1.48,
        emotions=CORPUS_LABELS["ravdess"],
        speakers_note="12 male (odd numbers) and 12 female professional actors",
        material="2 sentences in 8 emotions, each twice and, except neutral, at two intensities; 60 clips an actor",
        sample_rate=48_000,
        language="English (North America)",
        year=2018,
        url="https://zenodo.org/records/1188976",
        licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
        obtain="Downloaded from Zenodo as one archive, Audio_Speech_Actors_01-24.zip.",
        download_bytes=208_468_073,
        listeners=_heard("ravdess", "to the voice alone"),
    ),
    "savee": CorpusFacts(
        title="SAVEE",
        example="DC_a01.wav",
        clips=480,
        speakers=4,
        licence="research use, after registration",
        source="Haq & Jackson 2009, AVSP; University of Surrey",
        hours=0.51,
        emotions=CORPUS_LABELS["savee"],
        speakers_note="4 male students and researchers from 27 to 31 years",
        material="15 sentences in 7 emotions, with 30 sentences spoken neutrally; 120 clips a speaker",
        sample_rate=44_100,
        language="English (United Kingdom)",
        year=2009,
        url="http://kahlan.eps.surrey.ac.uk/savee/",
        licence_url="http://kahlan.eps.surrey.ac.uk/savee/Download.html",
        obtain="Fill in the registration form on its page, download it with the password you get, "
        "then give the folder here with --from FOLDER.",
        accept_licence=True,
        listeners=_heard("savee", "to the voice alone"),
    ),
    "tess": CorpusFacts(
        title="TESS",
        example="OAF_back_angry.wav",
        clips=2800,
        speakers=2,
        licence="CC BY-NC-ND 4.0",
        source="Pichora-Fuller & Dupuis 2020, Borealis, doi.org/10.5683/SP2/E8H2MF",
        hours=1.60,
        emotions=CORPUS_LABELS["tess"],
        speakers_note="2 female actors of 26 (YAF) and 64 years (OAF)",
        material="200 words in the phrase 'Say the word …' in 7 emotions; 1,400 clips a speaker",
        sample_rate=24_414,
        language="English (Canada)",
        year=2010,
        url="https://doi.org/10.5683/SP2/E8H2MF",
        licence_url="https://creativecommons.org/licenses/by-nc-nd/4.0/",
        obtain="Downloaded from the Borealis Dataverse once its licence is accepted.",
        accept_licence=True,
        listeners=_heard("tess"),
    ),
}


def size_words(size: int | None) -> str:
    """Return a size in bytes as a person says it.

    >>> size_words(208_468_073)
    '208 MB'
    """
    if size is None:
        return "size not published"
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.{1 if size < 10 * factor else 0}f} {unit}"
    return f"{size} bytes"
