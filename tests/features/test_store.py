"""The cache of features: computed once, anew when a file or a setting changes, never half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import Waveform
from ser_core.errors import CorpusError
from ser_core.features.logmel import LogMelConfig, log_mel, log_mel_frames
from ser_core.features.store import extract_table
from tests.synthetic import clip_bytes


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    paths = []
    for number, emotion in enumerate(("happy", "sad", "angry")):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(clip_bytes(emotion, 0.6 + 0.2 * number))
        paths.append(str(path))
    return pd.DataFrame({"path": paths})


def _refuse(waveform: Waveform, config: LogMelConfig) -> np.ndarray:
    raise AssertionError("computed again")


def test_values_are_those_of_each_clip(table: pd.DataFrame) -> None:
    from ser_core.audio import load_audio

    store = extract_table(table, LogMelConfig(), extract=log_mel_frames, dtype=np.float32, jobs=1)
    assert len(store) == 3
    for row, path in enumerate(table["path"]):
        np.testing.assert_array_equal(store[row], log_mel(load_audio(path)).T)


def test_second_call_reads_the_cache(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    first = extract_table(table, LogMelConfig(), extract=log_mel_frames, jobs=1)
    monkeypatch.setattr("ser_core.features.store._compute", _refuse)
    second = extract_table(table, LogMelConfig(), extract=log_mel_frames, jobs=1)
    np.testing.assert_array_equal(first.values, second.values)


@pytest.mark.parametrize("change", ["file", "setting"])
def test_a_change_computes_anew(table: pd.DataFrame, change: str) -> None:
    before = extract_table(table, LogMelConfig(), extract=log_mel_frames, jobs=1)
    if change == "file":
        Path(table["path"][0]).write_bytes(clip_bytes("fearful", 1.5))
    config = LogMelConfig(range_db=60) if change == "setting" else LogMelConfig()
    after = extract_table(table, config, extract=log_mel_frames, jobs=1)
    assert before.values.shape != after.values.shape or before.values.min() != after.values.min()


def test_a_broken_clip_is_named(table: pd.DataFrame) -> None:
    Path(table["path"][1]).write_bytes(b"not a sound")
    with pytest.raises(CorpusError, match=r"1\.wav"):
        extract_table(table, LogMelConfig(), extract=log_mel_frames, jobs=1)


def test_nothing_half_written_is_read(table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(path: Path, array: np.ndarray) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ser_core.features.store._write", stop)
        with pytest.raises(KeyboardInterrupt):
            extract_table(table, LogMelConfig(), extract=log_mel_frames, jobs=1)
    assert len(extract_table(table, LogMelConfig(), extract=log_mel_frames, jobs=1)) == 3


def test_progress_ends_at_all(table: pd.DataFrame) -> None:
    seen: list[tuple[int, int]] = []
    extract_table(table, LogMelConfig(), extract=log_mel_frames, jobs=1, progress=lambda *pair: seen.append(pair))
    assert seen[-1] == (3, 3)
