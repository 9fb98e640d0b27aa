"""The clips of a game, and what the actor, the model and the crowd made of each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ser_core.audio import load_audio
from ser_core.corpora.votes import CHOICES
from ser_core.emotions import EMOTIONS, labels_by_corpus
from ser_core.errors import ClassroomError
from ser_core.examples import list_examples
from ser_core.recogniser import Recogniser

#: What the model knew of a voice before: nothing; the speaker, from training; nothing, and it is no person's voice.
Heard = Literal["never", "speaker", "synthetic"]
#: Clips of a game.
MOST_CLIPS = 30


@dataclass(frozen=True)
class Question:
    """One clip to listen to.

    Attributes
    ----------
    corpus, clip, path
        Which it is, and where its sound lies; none of them is shown before the guess, since names tell the emotion.
    intended
        The emotion that the actor meant to portray, or whose style the synthetic voice imitates.
    choices
        The emotions to choose among, in the vocabulary's order.
    model
        The model's probability of each of them.
    heard
        What the model knew of the voice before.
    votes
        How many listeners chose each emotion; None where nobody was asked.
    """

    corpus: str
    clip: str
    path: str
    intended: str
    choices: tuple[str, ...]
    model: Mapping[str, float]
    heard: Heard
    votes: Mapping[str, int] | None = None

    @property
    def model_answer(self) -> str:
        """The model's likeliest emotion."""
        return max(self.choices, key=lambda emotion: self.model[emotion])

    @property
    def crowd_answer(self) -> str | None:
        """The listeners' commonest answer; None without votes or where two tie."""
        if not self.votes:
            return None
        (first, most), *rest = Counter(self.votes).most_common(2)
        return None if rest and rest[0][1] == most else first


def draw_clips(clips: pd.DataFrame, number: int, seed: int) -> pd.DataFrame:
    """Return *number* rows in random order: emotions as even as can be, and as many speakers as can be.

    Parameters
    ----------
    clips
        Rows of a table of clips of one corpus; sung and unreadable ones are left out.
    number
        At most :data:`MOST_CLIPS`; fewer come back where there are fewer.
    seed
        The same seed and clips give the same rows.
    """
    spoken = ~clips["song"].to_numpy(bool) & clips["duration_s"].notna().to_numpy(bool)
    rows = clips[spoken].sort_values("clip").reset_index(drop=True)
    draw = random.Random(seed)
    emotions, speakers = rows["emotion"].tolist(), rows["speaker"].fillna("").tolist()
    left = list(range(len(rows)))
    draw.shuffle(left)
    used: Counter[tuple[str, str]] = Counter()
    chosen: list[int] = []
    while left and len(chosen) < min(number, MOST_CLIPS):
        best = min(left, key=lambda row: (used["emotion", emotions[row]], used["speaker", speakers[row]]))
        left.remove(best)
        chosen.append(best)
        used.update([("emotion", emotions[best]), ("speaker", speakers[best])])
    draw.shuffle(chosen)
    return rows.iloc[chosen].reset_index(drop=True)


def unheard_questions(
    clips: pd.DataFrame, held_out: pd.DataFrame, number: int, seed: int, votes: pd.DataFrame | None = None
) -> list[Question]:
    """Return questions about clips whose speakers the answering model had not heard in training.

    Parameters
    ----------
    clips
        The clips of one corpus that are on this machine.
    held_out
        A table as :func:`ser_core.classroom.held_out.read_held_out` gives it.
    number, seed
        As for :func:`draw_clips`.
    votes
        CREMA-D's, as :func:`ser_core.corpora.votes.read_votes` gives them; for another corpus None.

    Raises
    ------
    ClassroomError
        If none of the clips has an answer.
    """
    known = clips.merge(held_out[["corpus", "clip"]].drop_duplicates(), on=["corpus", "clip"])
    drawn = draw_clips(known, number, seed)
    if drawn.empty:
        raise ClassroomError("The model has no kept answers about these clips: choose another model or corpus.")
    rows = held_out[held_out["corpus"] == drawn["corpus"].iloc[0]].set_index("clip")
    given = []
    for clip in drawn["clip"]:
        parts = rows.loc[clip, list(EMOTIONS)].to_numpy(float)
        given.append(dict(zip(EMOTIONS, (parts / parts.sum()).tolist(), strict=True)))
    return _questions(drawn, clips, given, ["never"] * len(drawn), votes)


def heard_questions(
    clips: pd.DataFrame, recogniser: Recogniser, number: int, seed: int, votes: pd.DataFrame | None = None
) -> list[Question]:
    """Return questions that the model answers now; of a corpus it was trained on it has heard the speakers.

    Parameters as for :func:`unheard_questions`.

    Raises
    ------
    AudioError
        If a clip cannot be read.
    ClassroomError
        If there is no clip, or the model knows none of the corpus's emotions.
    """
    drawn = draw_clips(clips[clips["emotion"].isin(recogniser.card.labels)], number, seed)
    if drawn.empty:
        raise ClassroomError("There is no clip here to play with: choose another corpus or model.")
    trained = {part.corpus for part in recogniser.card.training_data}
    heard: list[Heard] = ["speaker" if corpus in trained else "never" for corpus in drawn["corpus"]]
    given = [recogniser.predict(load_audio(path)).probabilities for path in drawn["path"]]
    return _questions(drawn, clips, given, heard, votes)


def example_questions(recogniser: Recogniser, seed: int) -> list[Question]:
    """Return questions about the built-in voices, which a synthesiser made and no model was trained on."""
    examples = [example for example in list_examples() if example.style in recogniser.card.labels]
    random.Random(seed).shuffle(examples)
    choices = tuple(emotion for emotion in EMOTIONS if emotion in {example.style for example in examples})
    return [
        Question(
            corpus="examples",
            clip=example.id,
            path=str(example.path),
            intended=example.style,
            choices=choices,
            model=_among(choices, recogniser.predict(load_audio(example.path)).probabilities),
            heard="synthetic",
        )
        for example in examples
    ]


def _questions(
    drawn: pd.DataFrame,
    clips: pd.DataFrame,
    given: Sequence[Mapping[str, float]],
    heard: Sequence[Heard],
    votes: pd.DataFrame | None,
) -> list[Question]:
    corpus = str(drawn["corpus"].iloc[0])
    known = set().union(*given)
    labels = labels_by_corpus(clips["corpus"].tolist(), clips["emotion"].tolist())[corpus]
    choices = tuple(emotion for emotion in labels if emotion in known)
    rated: dict[str, dict[str, int]] = {}
    if votes is not None and corpus == "cremad":
        asked = votes[votes["clip"].isin(drawn["clip"])]
        numbers = asked[list(CHOICES)].to_numpy(int).tolist()
        rated = {
            str(clip): dict(zip(CHOICES, row, strict=True)) for clip, row in zip(asked["clip"], numbers, strict=True)
        }
    questions = []
    for row, shares, before in zip(drawn.to_dict("records"), given, heard, strict=True):
        clip, intended = str(row["clip"]), str(row["emotion"])
        model = _among(choices, shares)
        questions.append(Question(corpus, clip, str(row["path"]), intended, choices, model, before, rated.get(clip)))
    return questions


def _among(choices: Sequence[str], shares: Mapping[str, float]) -> dict[str, float]:
    """Return the probabilities among *choices* alone."""
    total = sum(shares.get(emotion, 0.0) for emotion in choices)
    return {emotion: shares.get(emotion, 0.0) / total if total > 0 else 1 / len(choices) for emotion in choices}


def playable(clips: pd.DataFrame, held_out: pd.DataFrame) -> dict[str, int]:
    """Return how many clips of each corpus have a held-out answer."""
    both = clips[["corpus", "clip"]].merge(held_out[["corpus", "clip"]], on=["corpus", "clip"])
    return {str(corpus): int(number) for corpus, number in both["corpus"].value_counts().items()}
