"""A voice against neutral speakers: what is said, of whom, and when nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ser_core.explanation.prosody import GROUPS, MOST, compare, heard, neutral_reference, reference
from ser_core.features.functionals import functional_names


def _means(group: str) -> dict[str, float]:
    return {name: entry["mean"] for name, entry in reference()[group].items()}


@pytest.mark.parametrize("group", list(GROUPS))
def test_nothing_is_said_of_a_neutral_voice(group: str) -> None:
    assert compare(_means(group), group) == []


def test_a_high_fast_voice_is_described_plainly() -> None:
    values = _means("female")
    values["f0_p50"] += 12 * np.log2(1.4)
    values["rhythm_syllable_rate"] *= 1.5
    values["rhythm_pause_share"] = 0.4
    found = compare(values, "female")
    assert [one.words for one in found] == [
        "Pitch 40 % higher", "Speech 50 % faster", "More pauses: 40 % of the time instead of 4 %",
    ]  # fmt: skip
    assert "Pitch" not in " ".join(one.words for one in compare(_means("male") | {"f0_p50": 0.0}, "male"))


def test_both_directions_have_words_and_no_more_than_five_are_said() -> None:
    for sign in (-3, 3):
        values = {name: entry["mean"] + sign * entry["std"] for name, entry in reference()["all"].items()}
        found = compare(values)
        assert len(found) == MOST
        assert len({one.words for one in found}) == MOST
    assert set(reference()["all"]) <= set(functional_names())


def test_every_speaker_of_the_reference_counts_alike() -> None:
    names = functional_names()
    clips = pd.DataFrame({"corpus": "a", "speaker": ["x", "x", "x", "y"], "sex": ["female"] * 3 + ["male"]})
    values = np.ones((4, len(names)), np.float32)
    values[:, names.index("f0_p50")] = [30, 30, 30, 20]
    content = neutral_reference(clips, names, values)
    assert content["heard"] == {
        "all": {"clips": 4, "speakers": 2}, "female": {"clips": 3, "speakers": 1}, "male": {"clips": 1, "speakers": 1},
    }  # fmt: skip
    assert heard("all")[0] == heard("female")[0] + heard("male")[0] == 1703
    assert content["groups"]["all"]["f0_p50"]["mean"] == pytest.approx(25)
    assert content["groups"]["male"]["f0_p50"]["mean"] == pytest.approx(20)
