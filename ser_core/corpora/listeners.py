"""How often people who only hear a clip name the emotion that the actor meant: the human line beside a model's score.

Listeners were not told the intention, so a model above this line "reads the intent"; it is not superhuman.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Listeners:
    """What people recognised by voice alone.

    Attributes
    ----------
    accuracy
        Share of their answers that name the intended emotion.
    source
        Who measured it, and how.
    verified
        Whether the figure was compared with the publication itself; others are only repeated from the literature.
    """

    accuracy: float
    source: str
    verified: bool = False


#: By corpus. For CREMA-D the publication says 40.9 %; counting every vote in its published table (see
#: :mod:`ser_core.corpora.votes`) gives 40.0 %, and which votes the publication left out is not known. The published
#: figure is the human line everywhere; the counted one stands only where the votes themselves are shown.
LISTENERS: Mapping[str, Listeners] = {
    "cremad": Listeners(
        0.409, "Cao et al. 2014, IEEE Transactions on Affective Computing 5(4): 2,443 raters, voice alone", True
    ),
    "ravdess": Listeners(0.60, "Livingstone & Russo 2018, PLoS ONE 13(5): 247 raters, voice alone; rounded"),
    "savee": Listeners(0.665, "Haq & Jackson 2009, AVSP: 10 raters, voice alone"),
    "tess": Listeners(0.82, "Pichora-Fuller & Dupuis 2020, Borealis: 56 raters"),
}
