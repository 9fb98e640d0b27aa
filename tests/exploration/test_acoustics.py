"""Measures of clips, against the sounds they were made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfilt

from ser_core.audio import Waveform
from ser_core.corpora.statistics import filter_clips
from ser_core.errors import CancelledError, CorpusError
from ser_core.exploration.acoustics import (
    CUES,
    MEASURES,
    RecordingConfig,
    box_summary,
    functional_matrix,
    is_measured,
    measure_clips,
    recording_vector,
    relative_to_speaker,
    violin_summary,
)
from tests.exploration.conftest import FACTOR, PITCH
from tests.synthetic import voice


@pytest.fixture(scope="module")
def measures(known: pd.DataFrame, cache: Path) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_CACHE", str(cache))
        return measure_clips(known, jobs=1)


def _cues(samples: np.ndarray) -> dict[str, float]:
    vector = recording_vector(Waveform(samples.astype(np.float32)), RecordingConfig())
    assert vector.shape == (1, len(CUES))
    return dict(zip(CUES, vector[0].tolist(), strict=True))


def test_pitch_level_silence_and_length(measures: pd.DataFrame) -> None:
    for row in measures.to_dict("records"):
        # The synthetic voice falls by 5 % a second, so its median lies 3 % below where it begins.
        assert row["f0_median_hz"] == pytest.approx(0.97 * PITCH[row["emotion"]] * FACTOR[row["speaker"]], rel=0.05)
        assert row["peak_dbfs"] == pytest.approx(20 * np.log10(0.5 if row["corpus"] == "loud" else 0.05), abs=0.1)
        assert row["length_s"] == pytest.approx(row["duration_s"], abs=1e-4)
        assert row["leading_silence_s"] == pytest.approx(0.7 if row["corpus"] == "quiet" else 0.0, abs=0.15)
    assert measures[list(MEASURES)].notna().all(axis=None)
    assert measures.drop(columns=list(MEASURES)).columns.tolist()[0] == "corpus"


def test_level_noise_and_bandwidth_of_made_sounds() -> None:
    time = np.arange(16_000) / 16_000
    tone = 0.1 * np.sin(2 * np.pi * 1000 * time)
    assert _cues(tone)["level_dbfs"] == pytest.approx(20 * np.log10(0.1 / np.sqrt(2)), abs=0.05)
    noise = np.random.default_rng(0).normal(0, 0.05, 32_000)
    assert _cues(noise)["bandwidth_hz"] > 7900
    narrow = sosfilt(butter(12, 3400, fs=16_000, output="sos"), noise)
    assert 3400 < _cues(narrow)["bandwidth_hz"] < 5600
    half = np.concatenate([np.random.default_rng(0).normal(0, 0.001, 16_000), noise])
    assert _cues(half)["noise_dbfs"] == pytest.approx(-60, abs=1)


def test_silence_and_very_short_sounds_give_finite_numbers() -> None:
    silent = _cues(np.zeros(16_000))
    assert (silent["level_dbfs"], silent["peak_dbfs"], silent["bandwidth_hz"]) == (-120, -120, 0)
    assert (silent["leading_silence_s"], silent["trailing_silence_s"]) == (1, 0)
    assert all(np.isfinite(value) for value in _cues(np.full(10, 0.1)).values())


def test_silence_after_speech_is_counted() -> None:
    cues = _cues(np.pad(voice(1.2), (8_000, 16_000)))
    assert cues["leading_silence_s"] == pytest.approx(0.5, abs=0.15)
    assert cues["trailing_silence_s"] == pytest.approx(1.0, abs=0.25)


def test_the_second_time_nothing_is_computed(
    known: pd.DataFrame, measures: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_measured(known)
    monkeypatch.setattr("ser_core.features.store._compute", None)
    pd.testing.assert_frame_equal(measure_clips(known), measures)
    loud = known[known["corpus"] == "loud"].reset_index(drop=True)
    pd.testing.assert_frame_equal(measure_clips(loud), measures[measures["corpus"] == "loud"].reset_index(drop=True))
    assert functional_matrix(known).shape[0] == len(known)
    assert is_measured(known.iloc[:5])


def test_a_part_that_was_measured_says_nothing_of_the_rest(few: pd.DataFrame) -> None:
    measure_clips(few.head(2), jobs=1)
    assert is_measured(few.head(2))
    assert not is_measured(few)


def test_an_empty_table_has_the_columns_too(few: pd.DataFrame) -> None:
    assert set(MEASURES) <= set(measure_clips(few.head(0)).columns)


def test_what_is_measured_can_be_filtered(measures: pd.DataFrame) -> None:
    chosen = filter_clips(measures, corpora=["quiet"], emotions=["sad"])
    assert len(chosen) == 4
    assert chosen["f0_median_hz"].notna().all()


def test_boxes_and_violins(measures: pd.DataFrame) -> None:
    boxes = box_summary(measures, "f0_median_hz").set_index("group")
    assert boxes.index.tolist() == ["neutral", "happy", "sad"]
    happy = measures.loc[measures["emotion"] == "happy", "f0_median_hz"]
    assert boxes.loc["happy", "median"] == pytest.approx(happy.median())
    assert boxes.loc["happy", "q25"] == pytest.approx(np.quantile(happy, 0.25))
    inner = box_summary(measures, "f0_median_hz", within="speaker")
    assert set(inner["within"]) == {"loud/anna", "loud/ben", "quiet/anna", "quiet/ben"}
    assert len(inner) == 12
    violins = violin_summary(measures.assign(centroid_hz=np.arange(24.0)), "centroid_hz")
    for _, part in violins.groupby("group"):
        assert len(part) == 64
        assert np.trapezoid(part["density"], part["value"]) == pytest.approx(1, abs=0.35)
    assert violin_summary(measures.assign(centroid_hz=1.0), "centroid_hz").empty


def test_relative_to_the_speaker_two_voices_agree(measures: pd.DataFrame) -> None:
    relative = relative_to_speaker(measures, "f0_median_hz")
    means = relative.groupby(["speaker", "emotion"])["f0_median_hz"].mean()
    assert means["anna", "happy"] == pytest.approx(12 * np.log2(PITCH["happy"] / PITCH["neutral"]), abs=0.6)
    assert means["anna", "happy"] == pytest.approx(means["ben", "happy"], abs=0.5)
    nobody = relative_to_speaker(measures.assign(speaker=pd.NA), "pause_share")
    assert nobody["pause_share"].isna().all()


@pytest.fixture
def few(known: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Three clips and an empty cache."""
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    return known.iloc[:3].reset_index(drop=True)


def test_unreadable_clips_have_no_numbers_and_the_others_keep_theirs(
    few: pd.DataFrame, measures: pd.DataFrame, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF no sound")
    few.loc[1, "path"] = str(broken)
    found = measure_clips(few, jobs=1)
    assert found.loc[1, list(MEASURES)].isna().all()
    pd.testing.assert_frame_equal(found.iloc[[0, 2]], measures.iloc[[0, 2]].assign(path=found["path"]))
    few["path"] = str(broken)
    with pytest.raises(CorpusError, match="None of the 3 clips can be read"):
        measure_clips(few, jobs=1)


def test_progress_reaches_the_end_and_cancelling_keeps_what_is_done(few: pd.DataFrame) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.raises(CancelledError, match="stopped"):
        measure_clips(few, jobs=1, progress=lambda *step: seen.append(step), cancelled=lambda: len(seen) > 2)
    assert seen
    assert max(done for done, _ in seen) < 6
    measure_clips(few, jobs=1, progress=lambda *step: seen.append(step))
    assert seen[-1] == (6, 6)
    assert [total for _, total in seen] == [6] * len(seen)


def test_a_cache_that_cannot_be_written_and_a_clip_that_is_gone(
    few: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "file"))
    with pytest.raises(CorpusError, match="SER_CACHE"):
        measure_clips(few.head(1), jobs=1)
    few.loc[0, "path"] = str(tmp_path / "gone.wav")
    with pytest.raises(CorpusError, match="no longer there"):
        measure_clips(few, jobs=1)
