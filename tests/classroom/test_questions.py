"""Clips are drawn evenly, and each carries what the actor, the model and the crowd made of it."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from ser_core.bundle import SHIPPED, load_card
from ser_core.classroom.held_out import read_held_out
from ser_core.classroom.questions import (
    MOST_CLIPS,
    draw_clips,
    example_questions,
    heard_questions,
    playable,
    unheard_questions,
)
from ser_core.corpora.votes import CHOICES
from ser_core.errors import ClassroomError
from ser_core.examples import list_examples
from ser_core.recogniser import Recogniser
from tests.classroom.made import question


@pytest.fixture(scope="module")
def kept() -> pd.DataFrame:
    folder = SHIPPED / "base"
    table = read_held_out(folder, load_card(folder))
    assert table is not None
    return table


@pytest.fixture(scope="module")
def lite() -> Recogniser:
    return Recogniser.load("lite")


def of(table: pd.DataFrame, corpus: str) -> pd.DataFrame:
    return table[table["corpus"] == corpus].reset_index(drop=True)


def test_emotions_are_even_speakers_differ_and_a_seed_repeats(synthetic_table: pd.DataFrame) -> None:
    clips = of(synthetic_table, "cremad")
    drawn = draw_clips(clips, 12, 7)
    assert Counter(drawn["emotion"]) == dict.fromkeys(clips["emotion"].unique(), 2)
    assert drawn["speaker"].nunique() == 12
    assert drawn.equals(draw_clips(clips.sample(frac=1, random_state=1), 12, 7))
    assert not drawn["clip"].equals(draw_clips(clips, 12, 8)["clip"])
    assert len(draw_clips(clips, 1000, 0)) == MOST_CLIPS
    assert len(draw_clips(clips.head(3), 10, 0)) == 3


def test_sung_and_unreadable_clips_are_left_out(synthetic_table: pd.DataFrame) -> None:
    clips = of(synthetic_table, "savee").head(4)
    clips.loc[0, "song"] = True
    clips.loc[1, "duration_s"] = float("nan")
    assert set(draw_clips(clips, 10, 0)["clip"]) == set(clips["clip"].iloc[2:])


def test_unheard_clips_come_with_kept_answers_and_votes(synthetic_table: pd.DataFrame, kept: pd.DataFrame) -> None:
    clips = of(synthetic_table, "cremad")
    clips["clip"] = clips["clip"].str.replace("IEO", "DFA")  # a sentence that all spoke in one intensity
    assert playable(clips, kept) == {"cremad": len(clips)}
    votes = pd.DataFrame([{"clip": clip, **dict.fromkeys(CHOICES, 1), "sad": 5} for clip in clips["clip"][:60]])
    for one in unheard_questions(clips, kept, 10, 1, votes):
        assert one.heard == "never"
        assert one.choices == CHOICES
        row = kept[(kept["corpus"] == "cremad") & (kept["clip"] == one.clip)].iloc[0]
        assert one.intended == row["emotion"]
        assert one.model_answer == max(CHOICES, key=lambda emotion: row[emotion])
        assert sum(one.model.values()) == pytest.approx(1)
        assert one.votes is None or one.crowd_answer == "sad"
        assert (one.votes is not None) == (one.clip in set(votes["clip"]))
    with pytest.raises(ClassroomError, match="no kept answers"):
        unheard_questions(clips.assign(clip="other"), kept, 10, 1)


def test_a_model_that_heard_the_corpus_is_said_to(synthetic_table: pd.DataFrame, lite: Recogniser) -> None:
    (one,) = heard_questions(of(synthetic_table, "tess"), lite, 1, 0)
    assert one.heard == "speaker"
    assert "calm" not in one.choices
    assert set(one.model) == set(one.choices)
    (own,) = heard_questions(of(synthetic_table, "tess").assign(corpus="mine"), lite, 1, 0)
    assert own.heard == "never"
    with pytest.raises(ClassroomError, match="no clip"):
        heard_questions(synthetic_table.head(0), lite, 1, 0)


def test_built_in_voices_need_no_corpus(lite: Recogniser) -> None:
    questions = example_questions(lite, 3)
    assert {one.clip for one in questions} == {example.id for example in list_examples()}
    assert {one.heard for one in questions} == {"synthetic"}
    assert all(one.intended in one.choices for one in questions)


def test_two_answers_of_the_crowd_are_none() -> None:
    assert question(votes={"neutral": 3, "happy": 3, "sad": 1}).crowd_answer is None
    assert question(votes={"neutral": 3, "happy": 4, "sad": 1}).crowd_answer == "happy"
    assert question(votes=None).crowd_answer is None
