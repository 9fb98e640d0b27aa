"""A real Dask scheduler and two real workers: batch, features and folds as on one machine, also when one is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ser_core import parallel
from ser_core.calls import BatchModel, Journal, list_sources, score_batch, uploaded_sources
from ser_core.calls import batch as batch_module
from ser_core.errors import ClusterError, TrainingError
from ser_core.features.logmel import LogMelConfig, log_mel_frames
from ser_core.features.store import extract_table
from ser_core.parallel import on_cluster, unordered
from ser_core.training.features import load_features
from ser_core.training.job import train_elsewhere, train_in_processes
from ser_core.training.recipe import ClassicalRecipe
from ser_core.training.runs import RunFolder
from tests.calls.made import call_bytes, write_calls, zipped

PROJECT = Path(__file__).resolve().parent.parent
#: A machine may be busy without being gone: workers import half of this program on their first call.
PATIENCE = {"tcp": "500s", "connect": "500s"}
pytestmark = pytest.mark.timeout(900)
dask = pytest.importorskip("dask", reason="Dask is not installed: pip install -r requirements-cluster.txt")
distributed = pytest.importorskip(
    "distributed", reason="Dask is not installed: pip install -r requirements-cluster.txt"
)


class Cluster:
    """A scheduler with its workers, each a process of its own without anybody who would start it again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._scheduler = self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(folder / "at.json"))
        self.address = self._address()
        self.workers: list[subprocess.Popen[bytes]] = []

    def _start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", "--no-dashboard", *options]
        patient = {f"DASK_DISTRIBUTED__COMM__TIMEOUTS__{name.upper()}": value for name, value in PATIENCE.items()}
        with (self.folder / f"{module}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=PROJECT, env=os.environ | patient)

    def _address(self) -> str:
        while self._scheduler.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                return str(json.loads((self.folder / "at.json").read_text())["address"])
            time.sleep(0.05)
        pytest.fail((self.folder / "dask_scheduler.log").read_text())

    def have(self, count: int, *, fresh: bool = False) -> str:
        """Start workers until there are *count*, or that many new ones; return the scheduler's address."""
        for worker in self.workers if fresh else []:
            worker.kill()
            worker.wait()
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
        self.workers += [self._start("dask_worker", self.address, *options) for _ in range(count - len(self.workers))]
        with parallel._client(self.address) as client:
            client.wait_for_workers(count, timeout=300)
        return self.address

    def stop(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    with dask.config.set({"distributed.comm.timeouts": PATIENCE}), pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "_ANSWER_S", 200)
        patch.setattr(parallel, "_WORKER_S", 200)
        yield started
    started.stop()


def heard(calls: list[Any]) -> list[tuple[Any, ...]]:
    return [(call.name, call.error, call.heard and call.heard.to_dict()) for call in calls]


def kill_when(process: subprocess.Popen[bytes], folder: Path, pattern: str) -> None:
    while not any(folder.glob(pattern)):
        time.sleep(0.01)
    process.kill()
    process.wait()


def where(number: int) -> tuple[int, int]:
    return number, os.getpid()


def test_without_a_cluster_the_cores_of_this_machine_are_used() -> None:
    with on_cluster(None):
        assert sorted(unordered(abs, [-3, 2, -1], jobs=1)) == [1, 2, 3]


def test_a_killed_workers_calls_are_done_by_the_other(cluster: Cluster, tmp_path: Path) -> None:
    address, model = cluster.have(2), BatchModel.load("lite")
    write_calls(tmp_path, 8, seconds=4.0)
    sources = list_sources([tmp_path])
    sources += uploaded_sources([("z.zip", zipped({"in_zip.wav": call_bytes(seed=99), "broken.wav": b"nothing"}))])
    victim = cluster.workers[1]
    kept_by: list[dict[str, dict[str, int]]] = []
    loaded: list[dict[str, int]] = []

    def look(done: int, total: int) -> None:
        if done >= 4 and victim.poll() is None:
            with distributed.Client(address, set_as_default=False) as client:
                kept_by.append(client.run(lambda: {key: len(data) for key, data in parallel._kept.items()}))
                loaded.append(client.run(lambda: batch_module._recogniser.cache_info().misses))
            victim.send_signal(signal.SIGKILL)
            victim.wait()

    journal = Journal(tmp_path / "journal.jsonl")
    spread = score_batch(sources, model, journal, cluster=address, progress=look)
    assert victim.poll() == -signal.SIGKILL
    assert [set(kept) for kept in kept_by[0].values()] == [{model.fingerprint}] * 2  # each worker was sent it
    assert max(loaded[0].values()) == 1  # and loaded it once at most: on a busy machine one may not have begun
    assert heard(spread) == heard(score_batch(sources, model, jobs=1))
    assert sum(call.heard is not None for call in spread) == 9
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 9
    with distributed.Client(address, set_as_default=False) as client:
        assert list(client.run(lambda: len(parallel._kept)).values()) == [0]  # the model is dropped afterwards


def test_a_file_that_a_worker_cannot_see_is_sent(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_calls(tmp_path, 2)
    sources, model = list_sources([tmp_path]), BatchModel.load("lite")
    expected = heard(score_batch(sources, model, jobs=1))
    original = batch_module._Task

    def elsewhere(digest: str, name: str, model: BatchModel, data: bytes | None, path: Path | None) -> Any:
        return original(digest, name, model, data, path and Path("/nowhere") / path.name)

    monkeypatch.setattr(batch_module, "_Task", elsewhere)
    assert heard(score_batch(sources, model, cluster=cluster.have(1))) == expected


def test_features_and_folds_are_those_of_one_machine_although_a_worker_is_killed(
    cluster: Cluster, synthetic_table: pd.DataFrame, synthetic_corpora: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    table = synthetic_table[synthetic_table["corpus"] == "savee"].reset_index(drop=True)
    recipe = ClassicalRecipe(name="svm", description="svm", corpora=("savee",))

    monkeypatch.setenv("SER_CACHE", str(tmp_path / "here"))
    here = extract_table(table, LogMelConfig(), extract=log_mel_frames)
    clips, features = load_features(recipe)
    alone = RunFolder.open(recipe, "savee-loso", "here")
    train_in_processes(alone, recipe, "savee-loso", clips, features, folds=range(4))

    monkeypatch.setenv("SER_CACHE", str(tmp_path / "there"))
    address = cluster.have(2, fresh=True)  # which have these folders
    run = RunFolder.open(recipe, "savee-loso", "there")
    victim = cluster.workers[1]
    with on_cluster(address):
        there = extract_table(table, LogMelConfig(), extract=log_mel_frames)
        load_features(recipe)
        killing = threading.Thread(target=kill_when, args=(victim, run.fold(0).parent, "fold-*/progress.jsonl"))
        killing.start()
        train_elsewhere(run, recipe, "savee-loso", clips, folds=range(4))
    killing.join()
    assert victim.poll() == -signal.SIGKILL
    np.testing.assert_array_equal(here.values, there.values)
    np.testing.assert_array_equal(here.offsets, there.offsets)
    for fold in range(4):
        pd.testing.assert_frame_equal(alone.predictions(fold), run.predictions(fold))


def test_a_worker_that_sees_other_clips_is_named(
    cluster: Cluster, synthetic_corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_DATA", str(synthetic_corpora))
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    recipe = ClassicalRecipe(name="svm", description="svm", corpora=("savee",))
    clips, _ = load_features(recipe)
    run = RunFolder.open(recipe, "savee-loso", "other")
    with on_cluster(cluster.have(1, fresh=True)), pytest.raises(TrainingError, match="A worker sees other clips"):
        train_elsewhere(run, recipe, "savee-loso", clips.iloc[1:], folds=range(2))


def test_work_is_done_over_there(cluster: Cluster) -> None:
    with on_cluster(cluster.have(2)):
        found = list(unordered(where, range(8)))
    assert sorted(number for number, _ in found) == list(range(8))
    assert {pid for _, pid in found} <= {worker.pid for worker in cluster.workers}


def test_a_thread_of_dask_that_starts_too_late_is_started_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, start, late = cluster.have(1), distributed.utils.LoopRunner.start, [True]

    def start_late(runner: Any) -> None:
        if late.pop() if late else False:
            raise AssertionError
        start(runner)

    monkeypatch.setattr(distributed.utils.LoopRunner, "start", start_late)
    with on_cluster(address):
        assert list(unordered(abs, [-1])) == [1]
    assert not late
    late.extend([True] * parallel._STARTS)
    with pytest.raises(ClusterError, match="too busy"), on_cluster(address):
        pass


def test_what_is_wrong_with_a_cluster_is_a_sentence(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(parallel, "_ANSWER_S", 2)
        for address in ("tcp://127.0.0.1:1", "nonsense://x", "no address"):
            with pytest.raises(ClusterError, match="No Dask scheduler answers"), on_cluster(address):
                pass
    address = cluster.have(1)
    with monkeypatch.context() as patch:
        patch.setattr(parallel, "_PACKAGE", PROJECT / "scripts")  # so that the code here is another
        with pytest.raises(ClusterError, match="another version"), on_cluster(address):
            pass
    for worker in cluster.workers:
        worker.kill()
        worker.wait()
    monkeypatch.setattr(parallel, "_WORKER_S", 2)
    with pytest.raises(ClusterError, match="has no worker"), on_cluster(address):
        pass
