"""What is published about the four corpora: titles, licences, sources, sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
    """

    title: str
    example: str
    clips: int
    speakers: int
    licence: str
    source: str


#: The corpora that can be read, by the name of their folder.
CORPORA: Mapping[str, CorpusFacts] = {
    "cremad": CorpusFacts(
        "CREMA-D", "1001_DFA_ANG_XX.wav", 7442, 91, "ODbL 1.0 and DbCL 1.0",
        "Cao et al. 2014, IEEE Transactions on Affective Computing 5(4); github.com/CheyneyComputerScience/CREMA-D",
    ),
    "ravdess": CorpusFacts(
        "RAVDESS", "03-01-06-01-02-01-12.wav", 1440, 24, "CC BY-NC-SA 4.0",
        "Livingstone & Russo 2018, PLoS ONE 13(5); zenodo.org/records/1188976",
    ),
    "savee": CorpusFacts(
        "SAVEE", "DC_a01.wav", 480, 4, "research use, after registration",
        "Haq & Jackson 2009, AVSP; University of Surrey",
    ),
    "tess": CorpusFacts(
        "TESS", "OAF_back_angry.wav", 2800, 2, "CC BY-NC-ND 4.0",
        "Pichora-Fuller & Dupuis 2020, Borealis, doi.org/10.5683/SP2/E8H2MF",
    ),
}  # fmt: skip
