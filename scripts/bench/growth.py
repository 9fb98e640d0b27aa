"""How cost grows: with the length of a recording, the number of recordings and the number of workers; a training epoch;
the app from its start to its first answer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import torch

from bench.common import recording, seconds
from bench.visitor import Visitor
from ser_core.emotions import EMOTIONS
from ser_core.errors import RecipeError
from ser_core.features.store import FeatureStore
from ser_core.parallel import unordered
from ser_core.recogniser import Recogniser
from ser_core.recordings import open_recording, read_timeline
from ser_core.training.data import ClipData
from ser_core.training.network import train_network
from ser_core.training.recipe import NetworkRecipe, load_recipe

_PROJECT = Path(__file__).resolve().parents[2]
_MINUTES, _QUICK_MINUTES = (1.0, 4.0, 16.0, 64.0), (0.2, 0.4)
_MILLION_HOURS = 1e6
_EPOCH_CLIPS, _FRAMES = 512, 300
_START_S = 300.0


def growth(options: argparse.Namespace) -> dict[str, Any]:
    """Return times of timelines by length, number and workers, their slope, and what a million hours would take."""
    bundle = (options.bundles or ["lite"])[0]
    minutes = _QUICK_MINUTES if options.quick else _MINUTES
    model = Recogniser.load(bundle)
    read_timeline(model, open_recording(recording(10.0).to_wav()))
    answer: dict[str, Any] = {}
    used = []
    for length in minutes:
        data = recording(60 * length).to_wav()
        start = time.process_time()
        took = seconds(lambda data=data: read_timeline(model, open_recording(data)))
        used.append(time.process_time() - start)
        answer[f"{length:g} min"] = {"s": round(took, 2), "cpu_s": round(used[-1], 2)}
    slope = float(np.polyfit(minutes, used, 1)[0])
    answer["slope"] = {
        "cpu_s_per_hour": round(60 * slope, 2),
        "core_hours_for_a_million_hours": round(60 * slope * _MILLION_HOURS / 3600),
    }
    for number in [1] if options.quick else [1, 2, 4, 8]:
        answer[f"{number} recordings"] = _many(bundle, number, minutes[1], options.jobs)
    for jobs in [] if options.quick else sorted({1, options.jobs}):
        answer[f"{jobs} workers"] = _many(bundle, 8, minutes[1], jobs)
    return answer


def _many(bundle: str, number: int, minutes: float, jobs: int) -> dict[str, Any]:
    items = [(bundle, minutes)] * number
    list(unordered(_judge, [(bundle, 0.2)] * jobs, jobs=jobs))  # workers have loaded what they need
    took = seconds(lambda: list(unordered(_judge, items, jobs=jobs)))
    return {"s": round(took, 2), "hours_per_hour": round(number * minutes * 60 / took, 1), "jobs": jobs}


_loaded: dict[str, Recogniser] = {}


def _judge(item: tuple[str, float]) -> int:
    bundle, minutes = item
    torch.set_num_threads(1)
    if bundle not in _loaded:
        _loaded[bundle] = Recogniser.load(bundle)
    return len(read_timeline(_loaded[bundle], open_recording(recording(60 * minutes).to_wav())).segments)


def epoch(options: argparse.Namespace) -> dict[str, Any]:
    """Return how long an epoch of Lite takes: so many clips of 3 s of noise in place of spectrograms."""
    clips = 64 if options.quick else _EPOCH_CLIPS
    recipe = load_recipe("lite")
    if not isinstance(recipe, NetworkRecipe):
        raise RecipeError("The recipe 'lite' is no network any more: measure another.")
    recipe = recipe.model_copy(update={"optimiser": recipe.optimiser.model_copy(update={"epochs": 1})})
    rng = np.random.default_rng(0)
    values = rng.standard_normal((clips * _FRAMES, recipe.network.rows), dtype=np.float32).astype(np.float16)
    store = FeatureStore(values, np.arange(clips + 1) * _FRAMES)
    emotions = [EMOTIONS[number % len(EMOTIONS)] for number in range(clips)]
    data = ClipData.from_table(pd.DataFrame({"corpus": "ravdess", "emotion": emotions}), store, {}, recipe.labels)
    told: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        rows = np.arange(clips)
        train_network(recipe, data, rows, rows[:0], Path(folder), told.append, seed=0)
    took = told[-1]["seconds"]
    return {"clips": clips, "s": round(took, 2), "ms_per_clip": round(1000 * took / clips, 2)}


def app(options: argparse.Namespace) -> dict[str, Any]:
    """Return seconds from the start of the app to its page, and to the first answer in a visitor's session."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", port]
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=_PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
    )
    try:
        page, first, again = asyncio.run(_first_answers(f"http://localhost:{port}", start))
    finally:
        process.terminate()
        process.wait(60)
    return {"page_s": round(page, 2), "first_answer_s": round(first, 2), "next_answer_s": round(again, 3)}


async def _first_answers(url: str, start: float) -> tuple[float, float, float]:
    while True:
        try:
            visitor = await Visitor(url).__aenter__()
            break
        except (OSError, httpx2.HTTPError):
            if time.monotonic() - start > _START_S:
                raise
            await asyncio.sleep(0.1)
    page = time.monotonic() - start
    await visitor.upload("upload", "first.wav", recording(3.0).to_wav())
    first = time.monotonic() - start
    before = time.monotonic()
    await visitor.upload("upload", "next.wav", recording(3.5).to_wav())
    again = time.monotonic() - before
    await visitor.__aexit__(None, None, None)
    return page, first, again
