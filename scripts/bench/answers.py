"""How fast answers come, from the bytes of a WAV file to calibrated probabilities, with a classic peer beside them.

The peer and all models take turns, in an order drawn anew for each round, so that whatever else the machine does
disturbs all alike; a ratio of medians therefore holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bench.common import recording, seconds
from bench.peer import Peer
from ser_core.audio import load_audio
from ser_core.bundle import SHIPPED, list_bundles
from ser_core.errors import SERError
from ser_core.recogniser import Recogniser
from ser_core.recordings import open_recording, read_timeline

CLIP_S = 3.0
_ROUNDS = 41
_BATCH = 64
_FRESH = 3
_PEER = "peer"
_DEFAULT = "lite"


def peer(options: argparse.Namespace) -> dict[str, Any]:
    """Return the peer's times and throughput."""
    return _race(options)[_PEER] | {"clips_per_s": _throughput(Peer(), options)}


def predict(options: argparse.Namespace) -> dict[str, Any]:
    """Return the times, throughput and memory of each bundle; one that cannot be loaded here says why."""
    times, recognisers = _race(options), _recognisers(options)
    answer: dict[str, Any] = {}
    for name, loaded in recognisers.items():
        if isinstance(loaded, str):
            answer[name] = {"left_out": loaded}
            continue
        answer[name] = times[name] | {
            "ratio_to_peer": round(times[name]["p50_ms"] / times[_PEER]["p50_ms"], 3),
            "peak_mb": _fresh(name, options)["peak_mb"],
            "clips_per_s": _throughput(_answering(loaded), options),
        }
    return answer


def timeline(options: argparse.Namespace) -> dict[str, Any]:
    """Return how long an hour of speech takes, judged every 1.5 s, from the time of two minutes of it.

    Beside the time on the clock stands that of the processors, which does not depend on what else the machine does.
    """
    sound = open_recording(recording(6.0 if options.quick else 120.0).to_wav())
    answer = {}
    for name, loaded in _recognisers(options).items():
        if isinstance(loaded, str):
            continue
        read_timeline(loaded, open_recording(recording(6.0).to_wav()))
        used = time.process_time()
        passed = seconds(lambda: read_timeline(loaded, sound))  # noqa: B023  called at once
        scale = 3600 / sound.duration_s
        used = time.process_time() - used
        answer[name] = {"s_per_hour": round(scale * passed, 1), "cpu_s_per_hour": round(scale * used, 1)}
    return answer


def start(options: argparse.Namespace) -> dict[str, Any]:
    """Return how long a new process takes to its first answer: imports, loading, prediction; of the first bundle."""
    loaded = [name for name, found in _recognisers(options).items() if not isinstance(found, str)]
    name = _DEFAULT if _DEFAULT in loaded else loaded[0]
    return {"bundle": name} | {part: time_s for part, time_s in _fresh(name, options).items() if part != "peak_mb"}


def _once(measure: Callable[[argparse.Namespace], dict[str, Any]]) -> Callable[[argparse.Namespace], dict[str, Any]]:
    """Keep the answer for the other sections of the same call of the benchmark."""
    known: dict[int, tuple[argparse.Namespace, dict[str, Any]]] = {}

    @functools.wraps(measure)
    def remembered(options: argparse.Namespace) -> dict[str, Any]:
        if id(options) not in known:
            known[id(options)] = (options, measure(options))
        return known[id(options)][1]

    return remembered


@_once
def _recognisers(options: argparse.Namespace) -> dict[str, Recogniser | str]:
    """Return each bundle by name, or the sentence that says why it cannot be used here."""
    shipped = [name for name, folder in list_bundles().items() if folder.parent == SHIPPED]
    found: dict[str, Recogniser | str] = {}
    for name in options.bundles or shipped:
        try:
            found[name] = Recogniser.load(name)
        except SERError as error:
            found[name] = str(error)
    if all(isinstance(loaded, str) for loaded in found.values()):
        raise SERError(f"No model could be loaded. {' '.join(map(str, found.values()))}")
    return found


@_once
def _race(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Return the median and the 95th percentile of the time of an answer, of the peer and of each bundle."""
    data = recording(CLIP_S).to_wav()
    runners: dict[str, Callable[[bytes], object]] = {_PEER: Peer()}
    runners |= {name: _answering(found) for name, found in _recognisers(options).items() if not isinstance(found, str)}
    times: Mapping[str, list[float]] = {name: [] for name in runners}
    for runner in runners.values():
        runner(data)
    order, shuffle = list(runners), random.Random(0).shuffle
    for _ in range(1 if options.quick else _ROUNDS):
        shuffle(order)
        for name in order:
            times[name].append(1000 * seconds(lambda: runners[name](data)))  # noqa: B023  called at once
    return {
        name: {"p50_ms": round(statistics.median(found), 2), "p95_ms": round(float(np.percentile(found, 95)), 2)}
        for name, found in times.items()
    }


def _answering(recogniser: Recogniser) -> Callable[[bytes], object]:
    return lambda data: recogniser.predict(load_audio(data)).probabilities


def _throughput(answer: Callable[[bytes], object], options: argparse.Namespace) -> float:
    """Return how many different clips are answered in a second, with a thread for each of `--jobs`."""
    count = 4 if options.quick else _BATCH
    whole = recording(CLIP_S + count / 4)
    clips = [whole.cut(number / 4, number / 4 + CLIP_S).to_wav() for number in range(count)]
    with ThreadPoolExecutor(options.jobs) as pool:
        return round(count / seconds(lambda: list(pool.map(answer, clips))), 2)


def _fresh(name: str, options: argparse.Namespace) -> dict[str, float | None]:
    """Return the medians over new processes of what `first.py` measures."""
    return _fresh_medians(name, 1 if options.quick else _FRESH)


@functools.cache
def _fresh_medians(name: str, repeats: int) -> dict[str, float | None]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "clip.wav"
        path.write_bytes(recording(CLIP_S).to_wav())
        answers = []
        for _ in range(repeats):
            command = [sys.executable, "-m", "bench.first", name, str(path), str(time.time())]
            result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            answers.append(json.loads(result.stdout))
    return {
        part: None if answers[0][part] is None else round(statistics.median(one[part] for one in answers), 2)
        for part in answers[0]
    }
