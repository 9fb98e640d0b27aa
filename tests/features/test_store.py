"""The cache of features: computed once for a content, anew when it or a setting changes, gone on with when stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core.audio import Waveform, load_audio
from ser_core.errors import CancelledError, CorpusError
from ser_core.features import store as module
from ser_core.features.logmel import LogMelConfig, log_mel, log_mel_frames
from ser_core.features.store import FeatureStore, extract_table, is_cached
from tests.synthetic import clip_bytes

PROJECT = Path(__file__).resolve().parents[2]
#: Samples of each clip of :func:`_write`, twice.
WANTED = np.repeat([round(16_000 * (0.6 + 0.2 * number)) for number in range(30)], 2)[:, None].astype(np.float32)
#: What :func:`counted` was asked for, by the number of samples.
CALLS: list[int] = []


def counted(waveform: Waveform, config: LogMelConfig) -> np.ndarray:
    """Say how long a clip is, three frames of it, and keep count."""
    CALLS.append(len(waveform.samples))
    return np.full((3, 2), len(waveform.samples), np.float32)


@pytest.fixture(autouse=True)
def _none_counted() -> None:
    CALLS.clear()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Three clips of 0.6, 0.8 and 1 s, and an empty cache."""
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    return _write(tmp_path, 3)


def _write(folder: Path, count: int) -> pd.DataFrame:
    paths = []
    for number in range(count):
        path = folder / f"{number}.wav"
        path.write_bytes(clip_bytes(("happy", "sad", "angry")[number % 3], 0.6 + 0.2 * number))
        paths.append(str(path))
    return pd.DataFrame({"path": paths})


def _count(table: pd.DataFrame, config: LogMelConfig | None = None, **options: object) -> FeatureStore:
    arguments = {"dtype": np.float32, "jobs": 1} | options
    return extract_table(table, config or LogMelConfig(), extract=counted, **arguments)  # type: ignore[arg-type]


def _lengths(store: FeatureStore) -> list[int]:
    assert (np.diff(store.offsets) == 3).all()
    return [int(store[row][0, 0]) for row in range(len(store))]


def test_values_are_those_of_each_clip(table: pd.DataFrame) -> None:
    store = extract_table(table, LogMelConfig(), extract=log_mel_frames, dtype=np.float32, jobs=1)
    assert len(store) == 3
    for row, path in enumerate(table["path"]):
        np.testing.assert_array_equal(store[row], log_mel(load_audio(path)).T)
    assert store.values.dtype == np.float32
    np.testing.assert_array_equal(store[-1], store[2])
    with pytest.raises(IndexError):
        store[3]


def test_worker_processes_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORKER_BYTES", 1)
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    table = pd.concat([_write(tmp_path, 20)] * 2, ignore_index=True)
    several = extract_table(table, LogMelConfig(trim=False), extract=log_mel_frames, jobs=2)
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "other"))
    single = extract_table(table, LogMelConfig(trim=False), extract=log_mel_frames, jobs=1)
    np.testing.assert_array_equal(several.values, single.values)
    np.testing.assert_array_equal(several.offsets, single.offsets)
    assert several.values.dtype == np.float16


def test_second_call_reads_the_cache(table: pd.DataFrame) -> None:
    assert not is_cached(table, LogMelConfig(), extract=counted, dtype=np.float32)
    first = _count(table)
    assert _lengths(first) == [9600, 12800, 16000]
    assert CALLS == [9600, 12800, 16000]
    assert is_cached(table, LogMelConfig(), extract=counted, dtype=np.float32)
    np.testing.assert_array_equal(_count(table).values, first.values)
    assert len(CALLS) == 3


def test_parts_copies_and_new_names_reuse_what_is_there(table: pd.DataFrame, tmp_path: Path) -> None:
    _count(table)
    (tmp_path / "copy").mkdir()
    shutil.copy(table["path"][2], tmp_path / "copy/other name.flac")
    Path(table["path"][0]).rename(tmp_path / "renamed.wav")
    paths = [str(tmp_path / "copy/other name.flac"), table["path"][1], str(tmp_path / "renamed.wav")]
    store = _count(pd.DataFrame({"path": [*paths, paths[0]]}, index=[7, 7, 8, 9]))
    assert _lengths(store) == [16000, 12800, 9600, 16000]
    assert len(CALLS) == 3


def test_the_same_content_is_computed_once(table: pd.DataFrame, tmp_path: Path) -> None:
    shutil.copy(table["path"][0], tmp_path / "twin.wav")
    seen: list[tuple[int, int]] = []
    paths = [*table["path"], str(tmp_path / "twin.wav")]
    store = _count(pd.DataFrame({"path": paths}), progress=lambda *pair: seen.append(pair))
    assert _lengths(store) == [9600, 12800, 16000, 9600]
    assert len(CALLS) == 3
    assert (seen[0], seen[-1]) == ((1, 4), (4, 4))


@pytest.mark.parametrize("change", ["file", "setting", "dtype", "code"])
def test_a_change_computes_anew(table: pd.DataFrame, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _count(table)
    if change == "file":
        Path(table["path"][0]).write_bytes(clip_bytes("fearful", 1.5))
    if change == "code":
        monkeypatch.setattr("ser_core.features.fingerprints._code_key", lambda _: "other")
    config = LogMelConfig(range_db=60) if change == "setting" else LogMelConfig()
    store = _count(table, config, dtype=np.float64 if change == "dtype" else np.float32)
    assert _lengths(store) == [24000 if change == "file" else 9600, 12800, 16000]
    assert len(CALLS) == (4 if change == "file" else 6)


def test_a_broken_clip_is_named_and_the_others_are_kept(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 1)
    Path(table["path"][2]).write_bytes(b"not a sound")
    with pytest.raises(CorpusError, match=r"2\.wav"):
        _count(table)
    assert _lengths(_count(table.iloc[:2])) == [9600, 12800]
    assert len(CALLS) == 2


def test_an_unreadable_clip_has_no_frames_and_is_remembered(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(table["path"][1]).write_bytes(b"not a sound")
    options = {"dtype": np.float32, "skip_unreadable": True}
    for _ in range(2):
        store = _count(table, skip_unreadable=True)
        assert np.diff(store.offsets).tolist() == [3, 0, 3]
        assert store[2][0, 0] == 16000
    assert len(CALLS) == 2
    assert is_cached(table, LogMelConfig(), extract=counted, **options)  # type: ignore[arg-type]
    assert not is_cached(table, LogMelConfig(), extract=counted, dtype=np.float32)
    with pytest.raises(CorpusError, match=r"1\.wav"):
        _count(table)
    with pytest.raises(CorpusError, match="None of the 1 clips can be read"):
        _count(table.iloc[1:2], skip_unreadable=True)


def test_a_clip_over_the_limit_counts_once_the_limit_is_raised(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_MAX_SECONDS", "0.9")
    assert np.diff(_count(table, skip_unreadable=True).offsets).tolist() == [3, 3, 0]
    monkeypatch.setenv("SER_MAX_SECONDS", "2")
    assert _lengths(_count(table, skip_unreadable=True)) == [9600, 12800, 16000]
    assert len(CALLS) == 3


def test_a_clip_that_is_gone(table: pd.DataFrame) -> None:
    _count(table)
    Path(table["path"][1]).unlink()
    with pytest.raises(CorpusError, match=r"1\.wav is no longer there"):
        _count(table, skip_unreadable=True)
    assert not is_cached(table, LogMelConfig(), extract=counted, dtype=np.float32)


def test_no_clips_at_all(table: pd.DataFrame) -> None:
    assert len(_count(table.iloc[:0])) == 0
    assert is_cached(table.iloc[:0], LogMelConfig(), extract=counted)


def test_progress_tells_what_the_cache_had_and_ends_at_all(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 1)
    _count(table.iloc[:1])
    seen: list[tuple[int, int]] = []
    _count(table, progress=lambda *pair: seen.append(pair))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_cancelling_keeps_what_is_finished(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 1)
    with pytest.raises(CancelledError, match="stopped"):
        _count(table, cancelled=lambda: len(CALLS) >= 2)
    finished = len(CALLS)
    assert finished == 2
    assert _lengths(_count(table)) == [9600, 12800, 16000]
    assert len(CALLS) == 3


def deadly(waveform: Waveform, config: LogMelConfig) -> np.ndarray:
    """End the worker process at the longest clip, as the system does when the memory is full."""
    if len(waveform.samples) > 60_000:
        os._exit(1)
    return counted(waveform, config)


def test_workers_that_are_stopped_or_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "_BATCH", 2)
    monkeypatch.setattr(module, "_WORKER_BYTES", 1)
    table, options = _write(tmp_path, 18), {"dtype": np.float32, "jobs": 2}
    with pytest.raises(CorpusError, match="A worker process was killed"):
        extract_table(table, LogMelConfig(), extract=deadly, **options)  # type: ignore[arg-type]
    seen: list[tuple[int, int]] = []
    with pytest.raises(CancelledError):
        _count(table, jobs=2, progress=lambda *pair: seen.append(pair), cancelled=lambda: len(seen) > 2)
    again: list[tuple[int, int]] = []
    store = _count(table, jobs=2, progress=lambda *pair: again.append(pair))
    assert again[0] == seen[-1]
    assert 0 < again[0][0] < 18
    assert _lengths(store) == WANTED[:36:2, 0].astype(int).tolist()


def test_little_sound_starts_no_workers(table: pd.DataFrame) -> None:
    _count(table, jobs=2)
    assert len(CALLS) == 3  # counted here, and so done here


def test_shards_are_written_as_they_fill_up(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 1)
    monkeypatch.setattr(module, "_SHARD_CLIPS", 2)
    there: list[int] = []
    _count(table, progress=lambda *_: there.append(len(list((tmp_path / "cache").rglob("*.npz")))))
    assert there == [0, 0, 1, 1]
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 2


def test_slow_clips_fill_a_shard_by_time(table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 1)
    monkeypatch.setattr(module, "_SHARD_SECONDS", -1.0)
    _count(table)
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 3


def test_damaged_shards_are_computed_again(table: pd.DataFrame, tmp_path: Path) -> None:
    _count(table)
    (path,) = (tmp_path / "cache").rglob("*.npz")
    whole = bytearray(path.read_bytes())
    place = whole.index(np.full(6, 12800, np.float32).tobytes())
    whole[place] ^= 1
    for damaged in (bytes(whole), bytes(whole[:100]), b""):
        path.write_bytes(damaged)
        CALLS.clear()
        assert _lengths(_count(table)) == [9600, 12800, 16000]
        assert len(CALLS) == 3


def test_a_cache_that_cannot_be_written_is_said_before_the_work(
    table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "file"))
    with pytest.raises(CorpusError, match="SER_CACHE"):
        _count(table)
    assert CALLS == []


def test_a_read_only_cache_that_has_everything_is_enough(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    _count(table)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ser_core.features.shards.write_atomically", refuse)
    monkeypatch.setattr("ser_core.features.fingerprints.write_text", refuse)
    assert _lengths(_count(table)) == [9600, 12800, 16000]


_EXTRACT = """
import sys
import numpy as np, pandas as pd
sys.path[:0] = [{project!r}, {folder!r}]
from slow_formula import slow
from ser_core.features import store
from ser_core.features.logmel import LogMelConfig
store._BATCH, store._SHARD_CLIPS = 1, 4
table = pd.read_csv({table!r})
show = lambda done, total: print(done, flush=True)
result = store.extract_table(table, LogMelConfig(), extract=slow, dtype=np.float32, jobs=1, progress=show)
np.save(sys.argv[1], result.values)
"""
_SLOW = """
import time
import numpy as np
def slow(waveform, config):
    time.sleep(0.02)
    return np.full((2, 1), len(waveform.samples), np.float32)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A program that extracts 30 clips, 20 ms each, in shards of four, printing how far it is."""
    table = _write(tmp_path, 30)
    table.to_csv(tmp_path / "table.csv")
    (tmp_path / "slow_formula.py").write_text(_SLOW)
    path = tmp_path / "extract.py"
    path.write_text(_EXTRACT.format(project=str(PROJECT), folder=str(tmp_path), table=str(tmp_path / "table.csv")))
    return path


def _start(script: Path, result: str) -> subprocess.Popen[str]:
    environment = os.environ | {"SER_CACHE": str(script.parent / "cache")}
    command = [sys.executable, str(script), str(script.parent / result)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_killed_extraction_goes_on(script: Path) -> None:
    with _start(script, "killed.npy") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 11:
                process.send_signal(signal.SIGKILL)
                break
    assert not (script.parent / "killed.npy").exists()
    with _start(script, "result.npy") as process:
        assert process.stdout is not None
        steps = [int(line) for line in process.stdout]
    assert 8 <= steps[0] < 30
    assert steps[-1] == 30
    np.testing.assert_array_equal(np.load(script.parent / "result.npy"), WANTED)


def test_two_processes_at_once_do_no_damage(script: Path) -> None:
    processes = [_start(script, f"{number}.npy") for number in range(2)]
    for number, process in enumerate(processes):
        process.communicate(timeout=200)
        assert process.returncode == 0
        np.testing.assert_array_equal(np.load(script.parent / f"{number}.npy"), WANTED)
    assert not list(script.parent.rglob("*.tmp"))


def test_real_clips_from_compressed_files(
    real_table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    clips = real_table.groupby("corpus").head(2).reset_index(drop=True)
    store = extract_table(clips, LogMelConfig(), extract=log_mel_frames, jobs=1)
    for row, path in enumerate(clips["path"]):
        np.testing.assert_array_equal(store[row], log_mel(load_audio(path)).T.astype(np.float16))
