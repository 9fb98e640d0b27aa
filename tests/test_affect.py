"""Valence and arousal derived from the classes."""

from __future__ import annotations

import numpy as np
import pytest

from ser_core.affect import NEGATIVE_HIGH_AROUSAL, POSITIONS, affect, affect_curves, intensity_agreement
from ser_core.emotions import EMOTIONS


def certainly(emotion: str) -> dict[str, float]:
    return {name: float(name == emotion) for name in EMOTIONS}


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_certain_answer_lies_where_its_class_does(emotion: str) -> None:
    reading = affect(certainly(emotion))
    assert (reading.valence, reading.arousal) == pytest.approx(POSITIONS[emotion])
    assert -1 <= reading.valence <= 1
    assert -1 <= reading.arousal <= 1


def test_classes_lie_in_the_quarters_that_their_names_say() -> None:
    signs = {emotion: (np.sign(v), np.sign(a)) for emotion, (v, a) in POSITIONS.items()}
    assert signs == {
        "neutral": (0, 0), "calm": (1, -1), "happy": (1, 1), "sad": (-1, -1),
        "angry": (-1, 1), "fearful": (-1, 1), "disgust": (-1, 1), "surprised": (1, 1),
    }  # fmt: skip


def test_only_unpleasant_and_aroused_classes_count_as_such() -> None:
    found = {emotion: affect(certainly(emotion)).negative_high_arousal for emotion in EMOTIONS}
    assert found == pytest.approx(NEGATIVE_HIGH_AROUSAL)
    assert found["fearful"] == 1
    assert found["angry"] == pytest.approx(0.85)
    assert found["disgust"] == pytest.approx(0.35 / 0.6)
    assert sum(value > 0 for value in found.values()) == 3


def test_doubt_between_two_classes_lies_half_way() -> None:
    reading = affect({"happy": 0.5, "sad": 0.5})
    assert reading.valence == pytest.approx((0.81 - 0.63) / 2)
    assert reading.arousal == pytest.approx((0.51 - 0.27) / 2)
    assert reading.negative_high_arousal == 0


def test_curves_are_the_readings_of_their_rows_and_do_not_mind_the_sum() -> None:
    rows = np.random.default_rng(0).dirichlet(np.ones(8), size=5)
    curves = affect_curves(3 * rows, EMOTIONS)
    assert curves.shape == (5, 3)
    one = affect(dict(zip(EMOTIONS, rows[4], strict=True)))
    assert curves[4] == pytest.approx([one.valence, one.arousal, one.negative_high_arousal])
    assert affect_curves(np.empty((0, 8)), EMOTIONS).shape == (0, 3)


@pytest.mark.parametrize("bad", [{"bored": 1.0}, {"happy": 0.0, "sad": 0.0}, {"happy": 1.5, "sad": -0.5}])
def test_what_is_no_answer_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="position|negative"):
        affect(bad)


def test_agreement_with_the_acted_intensity_is_measured_within_emotions() -> None:
    levels = ["low", "medium", "high"] * 4
    emotions = ["angry"] * 6 + ["sad"] * 6
    rising = np.tile([0.1, 0.2, 0.3], 2)
    table = intensity_agreement(np.concatenate([rising + 0.5, -rising]), levels, emotions).set_index("emotion")
    assert table["spearman"].to_dict() == pytest.approx({"angry": 1, "sad": -1, "all": 0})
    assert table["clips"].to_dict() == {"angry": 6, "sad": 6, "all": 12}


def test_agreement_leaves_out_what_has_no_intensity() -> None:
    table = intensity_agreement(np.zeros(3), ["normal", "low", "high"], ["angry"] * 3).set_index("emotion")
    assert table.loc["angry", "clips"] == 2
    assert table["spearman"].isna().all()
    assert len(intensity_agreement(np.zeros(1), ["normal"], ["angry"])) == 1
