"""A batch: broken files are rows, finished calls are never heard again, also after the process was killed."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ser_core.audio import load_audio
from ser_core.calls import BatchModel, Journal, list_sources, score_batch, uploaded_sources
from ser_core.calls import batch as batch_module
from ser_core.calls.batch import _Task
from ser_core.calls.call import hear_call
from ser_core.calls.exports import batch_dict
from ser_core.calls.measures import Limits
from ser_core.errors import BundleError, CallsError, CancelledError
from ser_core.recogniser import Recogniser
from tests.calls.made import call_bytes, stereo, write_calls, zipped
from tests.synthetic import encode

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model() -> BatchModel:
    return BatchModel.load("lite")


def dump(calls: list) -> str:
    return json.dumps(batch_dict(calls, Limits(0.3), "lite"))


def test_channels_are_heard_apart(model: BatchModel) -> None:
    heard = hear_call(Recogniser.load(model.folder), call_bytes(), "call.wav")
    assert not heard.mixed
    agent, caller = heard.tracks
    assert agent.spans[-1, 1] < 2.5 < caller.spans[0, 0]
    mono = hear_call(Recogniser.load(model.folder), encode(stereo().mean(axis=1), "wav"), "mono.wav")
    assert mono.mixed
    twice = stereo()[:, :1].repeat(2, axis=1)
    assert hear_call(Recogniser.load(model.folder), encode(twice, "wav"), "twice.wav").mixed


def test_a_real_angry_caller_is_told_from_a_calm_agent(model: BatchModel, originals: Path) -> None:
    clips = [
        load_audio(originals / f"cremad/{name}").samples for name in ("1006_TIE_NEU_XX.wav", "1053_IEO_ANG_HI.wav")
    ]
    calm, angry = (np.pad(clip, (0, 8000)) for clip in clips)
    channels = [np.concatenate(parts) for parts in ((calm, 0 * angry), (0 * calm, angry))]
    sources = uploaded_sources([("real.wav", encode(np.stack(channels, axis=1), "wav"))])
    (call,) = score_batch(sources, model, caller=1)
    assert call.heard is not None
    agent, caller = call.heard.tracks
    assert agent.unrest.max() < 0.3 < 0.6 < caller.unrest.max()


def test_a_broken_file_is_a_row_and_the_rest_goes_on(model: BatchModel) -> None:
    packed = zipped({"a.wav": call_bytes(), "broken.wav": b"no sound" * 50, "c.flac": encode(stereo(seed=5), "flac")})
    six = encode(stereo().repeat(3, axis=1), "wav")
    steps: list[tuple[int, int]] = []
    sources = uploaded_sources([("pack.zip", packed), ("six.wav", six), ("same.wav", call_bytes())])
    calls = score_batch(sources, model, progress=lambda *step: steps.append(step))
    assert [call.name for call in calls] == ["a.wav", "broken.wav", "c.flac", "six.wav", "same.wav"]
    assert "is not audio" in (calls[1].error or "")
    assert "6 channels" in (calls[3].error or "")
    assert [call.heard is not None for call in calls] == [True, False, True, False, True]
    assert calls[0].heard is calls[4].heard  # the same bytes are heard once
    assert steps[-1] == (5, 5)


def test_a_model_that_cannot_be_used_stops_the_batch(model: BatchModel) -> None:
    sources = uploaded_sources([("a.wav", call_bytes())])
    with pytest.raises(BundleError, match="replaced meanwhile"):
        score_batch(sources, BatchModel("0" * 64, model.folder))


def test_stopped_it_goes_on_and_other_names_need_no_second_listening(
    model: BatchModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "calls").mkdir()
    write_calls(tmp_path / "calls", 4)
    done: list[int] = []
    with pytest.raises(CancelledError):
        score_batch(
            list_sources([tmp_path / "calls"]), model, Journal(tmp_path / "j.jsonl"), jobs=1,
            progress=lambda number, _: done.append(number), cancelled=lambda: bool(done) and done[-1] >= 2,
        )  # fmt: skip
    assert len(Journal(tmp_path / "j.jsonl")) == 2
    heard: list[str] = []
    monkeypatch.setattr(batch_module, "hear_call", lambda *args: heard.append(args[2]) or hear_call(*args))
    journal = Journal(tmp_path / "j.jsonl")
    first = score_batch(list_sources([tmp_path / "calls"]), model, journal, jobs=1)
    assert heard == ["amal_02.wav", "amal_03.wav"]
    (tmp_path / "calls/amal_00.wav").rename(tmp_path / "calls/bo_00.wav")
    again = score_batch(
        list_sources([tmp_path / "calls"], pattern="{agent}_{call}"), model, Journal(tmp_path / "j.jsonl"), caller=1
    )
    assert len(heard) == 2
    assert [call.agent for call in again] == ["amal", "amal", "amal", "bo"]
    assert again[3].heard is not None
    assert first[0].heard is not None
    assert again[3].heard.to_dict() == first[0].heard.to_dict()
    assert again[3].side == "right"


def test_another_model_is_another_key(model: BatchModel, tmp_path: Path) -> None:
    journal, sources = Journal(tmp_path / "j.jsonl"), uploaded_sources([("a.wav", call_bytes())])
    score_batch(sources, model, journal)
    with pytest.raises(BundleError):  # so it was not taken from the journal
        score_batch(sources, BatchModel("1" * 64, model.folder), journal)


def test_a_killed_batch_goes_on_where_it_was(model: BatchModel, tmp_path: Path) -> None:
    folder, out = tmp_path / "calls", tmp_path / "out"
    folder.mkdir()
    write_calls(folder, 6, seconds=6.0)
    command = [
        sys.executable,
        str(PROJECT / "scripts/calls.py"),
        str(folder),
        "--out",
        str(out),
        "--jobs",
        "1",
        "--json",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    journal = out / "journal.jsonl"
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") >= 2):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = journal.read_bytes()
    finished = before.count(b"\n")
    assert 2 <= finished < 6
    assert not (out / "report.html").exists()
    journal.write_bytes(before + b'{"key":"half a li')  # as a kill within a write would leave it
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = journal.read_bytes().splitlines()
    assert journal.read_bytes().startswith(before)  # kept as they were
    assert len(lines) == 6 + 1  # the rest was heard once, beside the half line
    calls = score_batch(list_sources([folder]), model, jobs=1)
    expected = batch_dict(calls, Limits(), "lite")
    assert json.loads(result.stdout) == json.loads(json.dumps(expected))
    assert (out / "report.html").exists()


def test_a_journal_takes_no_rubbish_and_says_when_it_cannot_be_written(model: BatchModel, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    deep = b"[" * 100_000
    path.write_bytes(b'\xff\n{}\n[1]\n{"key":1,"labels":["x"],"tracks":[],"duration_s":1}\n' + deep + b"\n")
    assert len(Journal(path)) == 0
    heard = hear_call(Recogniser.load(model.folder), call_bytes(), "a.wav")
    Journal(path).add("k", heard)
    again = Journal(path).get("k")
    assert again is not None
    assert again.to_dict() == heard.to_dict()
    (tmp_path / "file").write_text("")
    with pytest.raises(CallsError, match="cannot be written"):
        Journal(tmp_path / "file/j.jsonl").add("k", heard)


def test_a_task_does_not_carry_the_model(model: BatchModel) -> None:
    assert len(pickle.dumps(_Task("0" * 64, "a.wav", model, None, Path("a.wav")))) < 1000
    assert len(model.pack()) > 100_000
