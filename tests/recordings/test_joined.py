"""Recordings joined of clips with known labels, and the scores of a timeline on them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import load_audio
from ser_core.recogniser import Segment
from ser_core.recordings import open_recording
from ser_core.recordings.joined import Truth, join_clips, timeline_scores


def _clip(start: float, end: float, emotion: str) -> Truth:
    return Truth(start, end, emotion, "ravdess", "01", "a.wav")


def _segment(start: float, end: float, emotion: str) -> Segment:
    return Segment(start, end, emotion, 1.0, {emotion: 1.0})


TRUTH = [_clip(1, 4, "sad"), _clip(4.5, 6, "sad"), _clip(7, 9, "angry"), _clip(9.2, 10.2, "happy")]


def test_a_perfect_timeline_scores_one() -> None:
    found = [_segment(one.start_s, one.end_s, one.emotion) for one in TRUTH]
    scores = timeline_scores(found, TRUTH)
    assert (scores["right"], scores["found"]) == (1.0, 1.0)
    assert scores["speech_s"] == 7.5
    assert scores["boundaries"] == {"real": 2, "claimed": 2, "precision": 1.0, "recall": 1.0}


def test_time_and_boundaries_are_counted_apart() -> None:
    found = [_segment(1, 4, "sad"), _segment(4, 6, "happy"), _segment(6.9, 9.3, "angry")]
    scores = timeline_scores(found, TRUTH)
    assert scores["right"] == pytest.approx((3 + 2) / 7.5, abs=0.005)
    assert scores["found"] == pytest.approx((3 + 1.5 + 2 + 0.1) / 7.5, abs=0.005)
    assert scores["boundaries"] == {"real": 2, "claimed": 2, "precision": 0.5, "recall": 0.5}


@pytest.mark.parametrize(("late", "found"), [(0.4, True), (0.6, False)])
def test_a_boundary_counts_within_half_a_second(late: float, found: bool) -> None:
    truth = [_clip(0, 3, "sad"), _clip(3, 6, "angry")]
    scores = timeline_scores([_segment(0, 3 + late, "sad"), _segment(3 + late, 6, "angry")], truth)
    assert scores["boundaries"]["recall"] == found


def test_no_segments_score_zero() -> None:
    scores = timeline_scores([], TRUTH)
    assert (scores["right"], scores["found"], scores["boundaries"]["recall"]) == (0, 0, 0)


def test_clips_lie_where_the_truth_says(synthetic_table: pd.DataFrame, tmp_path: Path) -> None:
    truth = join_clips(synthetic_table, tmp_path / "joined.flac", 20.0, seed=1)
    samples = np.concatenate(list(open_recording(tmp_path / "joined.flac").blocks()))
    assert len(samples) / 16_000 == pytest.approx(truth[-1].end_s)
    assert truth[-1].end_s >= 20
    by_path = synthetic_table.set_index(synthetic_table["path"].astype(str))
    for one in truth:
        assert by_path.at[one.path, "emotion"] == one.emotion
        part = samples[round(one.start_s * 16_000) : round(one.end_s * 16_000)]
        whole = load_audio(one.path).samples
        place = np.correlate(whole, part / np.linalg.norm(part), "valid").max()
        assert place > 0.7 * np.linalg.norm(whole)  # the clip itself, not a pause
    pauses = [other.start_s - one.end_s for one, other in pairwise(truth)]
    assert min(pauses) >= 0.2
    assert max(pauses) <= 1.5
    again = join_clips(synthetic_table, tmp_path / "again.flac", 20.0, seed=1)
    assert again == truth
