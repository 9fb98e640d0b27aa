"""The benchmark: the shape of its answer, and that it measures what it says. How fast the machine is, is no test."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parents[2]


def _call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "scripts/benchmark.py"), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=280,
        check=False,
    )


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PROJECT / "scripts"))
    return importlib.import_module("benchmark")


@pytest.mark.long
def test_features_panels_and_extraction(synthetic_corpora: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    parts = ["features", "panels", "extraction"]
    call = ["--quick", "--json", "--only", *parts, "--corpora", "savee", "--jobs", "1"]
    result = _call(*call, SER_DATA=str(synthetic_corpora), SER_CACHE=str(cache))
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert list(answer) == ["machine", *parts]
    assert answer["machine"]["cores"] == os.cpu_count()
    assert set(answer["features"]) >= {"log-mel", "mfcc", "pitch (yin)", "pitch (pyin)", "formants", "functionals"}
    assert all(list(value) == ["ms_per_clip"] for value in answer["features"].values())
    assert all(value["ms_per_clip"] > 0 for value in answer["features"].values())
    assert set(answer["panels"]) >= {"waveform", "spectrogram", "pitch"}
    for sizes in answer["panels"].values():
        assert list(sizes) == ["ms", "kilobytes", "ms_10_min", "kilobytes_10_min"]
        assert 1 < sizes["kilobytes"] <= 200
        assert 1 < sizes["kilobytes_10_min"] <= 200
    extraction = answer["extraction"]
    assert (extraction["clips"], extraction["jobs"]) == (28, 1)
    for name in ("log-mel", "functionals"):
        assert set(extraction[name]) == {"s", "cpu_s", "again_s", "megabytes"}
        assert extraction[name]["cpu_s"] > 0
    assert not (cache / "features").exists()  # what is there already would make the extraction look fast


def test_answers_beside_a_peer(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = ["peer", "predict", "timeline", "start"]
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "--quick", "--json", "--only", *parts, "--bundles", "lite"])
    assert benchmark.main() == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["machine", *parts]
    assert set(answer["peer"]) == {"p50_ms", "p95_ms", "clips_per_s"}
    assert set(answer["predict"]["lite"]) == {"p50_ms", "p95_ms", "ratio_to_peer", "peak_mb", "clips_per_s"}
    assert answer["predict"]["lite"]["peak_mb"] > 50  # Python with torch needs more than that
    assert answer["timeline"]["lite"]["s_per_hour"] > 0
    assert answer["timeline"]["lite"]["cpu_s_per_hour"] > 0
    first = answer["start"]
    steps = sum(first[f"{name}_s"] for name in ("import", "load", "predict"))
    assert first["first_prediction_s"] == pytest.approx(steps, abs=0.03)


@pytest.mark.long
def test_memory_of_long_recordings(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "--json", "--only", "long", "--hours", "0.02"])
    assert benchmark.main() == 0
    figures = json.loads(capsys.readouterr().out)["long"]["0.02 h"]
    assert figures["peak_mb"] >= figures["before_mb"] > 50
    assert figures["segments"] > 20


@pytest.mark.long
def test_growth_and_epoch(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = ["growth", "epoch"]
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "--quick", "--json", "--jobs", "1", "--only", *parts])
    assert benchmark.main() == 0
    answer = json.loads(capsys.readouterr().out)
    growth = answer["growth"]
    assert growth["0.2 min"]["cpu_s"] > 0
    per_hour = growth["slope"]["cpu_s_per_hour"]
    assert growth["slope"]["core_hours_for_a_million_hours"] == pytest.approx(per_hour * 1e6 / 3600, rel=0.02)
    assert growth["1 recordings"]["hours_per_hour"] > 0
    assert answer["epoch"]["ms_per_clip"] > 0


def test_peer_and_models_take_turns(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, calls = benchmark.answers, []

    def runner(name: str, time_s: float) -> Callable[[bytes], float]:
        return lambda data: (calls.append(name), time_s)[1]

    monkeypatch.setattr(answers, "Peer", lambda: runner("peer", 0.1))
    monkeypatch.setattr(answers, "_recognisers", lambda options: {"quick": object(), "gone": "It is not here."})
    monkeypatch.setattr(answers, "_answering", lambda recogniser: runner("quick", 0.02))
    monkeypatch.setattr(answers, "seconds", lambda function: function())
    monkeypatch.setattr(answers, "_fresh", lambda name, options: {"peak_mb": 7.0})
    monkeypatch.setattr(answers, "_throughput", lambda answer, options: 3.0)
    answer = answers.predict(argparse.Namespace(quick=False, bundles=None, jobs=1))
    expected = {"p50_ms": 20.0, "p95_ms": 20.0, "ratio_to_peer": 0.2, "peak_mb": 7.0, "clips_per_s": 3.0}
    assert answer == {"quick": expected, "gone": {"left_out": "It is not here."}}
    rounds = [set(calls[start : start + 2]) for start in range(0, len(calls), 2)]
    assert len(rounds) > 20
    assert all(names == {"peer", "quick"} for names in rounds)


def test_the_peer_answers_from_the_bytes_of_a_file(benchmark: ModuleType) -> None:
    probabilities = benchmark.answers.Peer()(benchmark.recording(3.0).to_wav())
    assert probabilities.shape == (8,)
    assert probabilities.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [(["--only", "extraction"], "needs --corpora"), (["--only", "weather"], "choice"), (["--jobs", "0"], "--jobs")],
)
def test_wrong_usage_is_one_sentence(
    benchmark: ModuleType,
    arguments: list[str],
    part: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark.py", *arguments])
    with pytest.raises(SystemExit) as left:
        benchmark.main()
    assert left.value.code == 2
    message = capsys.readouterr().err
    assert part in message
    assert message.count("\n") == 1


def test_the_time_is_the_median_without_the_first_call(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    now, durations = [0.0], iter([9.0, 0.001, 0.5, 0.002])

    def call() -> None:
        now[0] += next(durations)

    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    assert benchmark.median_ms(call, 3) == 2.0


def test_the_recording_is_speech_of_the_length_asked_for(benchmark: ModuleType) -> None:
    waveform = benchmark.recording(20.0)
    assert waveform.duration_s == 20.0
    assert np.sqrt(np.mean(waveform.samples**2)) > 0.01
    np.testing.assert_array_equal(benchmark.recording(4.0).samples, waveform.samples[:64_000])


def test_parts_come_from_one_table(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A later part, such as a comparison with a peer, is one function and one line."""
    parts = {"peer": lambda options: {"x": {"ms": options.repeats}}}
    monkeypatch.setattr(benchmark, "SECTIONS", parts)
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "--json"])
    assert benchmark.main() == 0
    assert json.loads(capsys.readouterr().out)["peer"] == {"x": {"ms": 9}}
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "--quick", "--only", "peer"])
    assert benchmark.main() == 0
    words = capsys.readouterr().out
    assert words.startswith("processor ")
    assert words.split()[-4:] == ["peer", "x", "ms", "1"]
