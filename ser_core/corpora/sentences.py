"""What is said in the clips, as the publishers give it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ser_core.emotions import EMOTIONS

#: Texts by corpus and the code that stands in the file's name.
SENTENCES: Mapping[str, Mapping[str, str]] = {
    "cremad": {
        "DFA": "Don't forget a jacket.",
        "IEO": "It's eleven o'clock.",
        "IOM": "I'm on my way to the meeting.",
        "ITH": "I think I have a doctor's appointment.",
        "ITS": "I think I've seen this before.",
        "IWL": "I would like a new alarm clock.",
        "IWW": "I wonder what this is about.",
        "MTI": "Maybe tomorrow it will be cold.",
        "TAI": "The airplane is almost full.",
        "TIE": "That is exactly what happened.",
        "TSI": "The surface is slick.",
        "WSI": "We'll stop in a couple of minutes.",
    },
    "ravdess": {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."},
}


def sentence_text(corpus: str, sentence: str) -> str:
    """Return what is said; the code itself where the text is not published.

    >>> sentence_text("tess", "back")
    'Say the word back.'
    """
    if corpus == "tess":
        return f"Say the word {sentence}."
    return SENTENCES.get(corpus, {}).get(sentence, sentence)


def same_sentence(table: pd.DataFrame, clip: pd.Series) -> pd.DataFrame:
    """Return what the speaker of *clip* made of its sentence: one row of *table* an emotion, in the vocabulary's order.

    Of several takes the one with the clip's own intensity and number is chosen; *clip* itself stands for its emotion.
    SAVEE numbers its sentences anew for each emotion, so there the number decides: 1 to 3 are common to all.
    """
    number = _number(clip["corpus"], str(clip["sentence"]))
    near = table[(table["corpus"] == clip["corpus"]) & (table["speaker"] == clip["speaker"]).fillna(False)]
    near = near[[_number(clip["corpus"], str(code)) == number for code in near["sentence"]]]
    other = near["intensity"].fillna("") != ("" if pd.isna(clip["intensity"]) else clip["intensity"])
    ranked = near.assign(
        _self=near["clip"] != clip["clip"],
        _other=other,
        _take=(near["take"] - clip["take"]).abs(),
        _place=[EMOTIONS.index(emotion) for emotion in near["emotion"]],
    ).sort_values(["_place", "_self", "_other", "_take", "clip"])
    return ranked.drop_duplicates("emotion")[list(table.columns)].reset_index(drop=True)


def _number(corpus: str, sentence: str) -> str:
    return sentence.lstrip("abcdefghijklmnopqrstuvwxyz") if corpus == "savee" else sentence
