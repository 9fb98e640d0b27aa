"""Everything that reads what a stranger hands in, called as the program calls it.

A door returns a word on its answer, or raises one of this package's errors; what else it raises is a fault.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bad.case import Case
from bad.encoded import spoken
from ser_core.audio import Waveform, load_audio
from ser_core.bundle import CARD_NAME
from ser_core.calls import uploaded_sources
from ser_core.calls.archive import Source, described
from ser_core.calls.call import hear_call
from ser_core.calls.manifest import read_manifest
from ser_core.corpora import read_corpus
from ser_core.errors import AudioError, SERError
from ser_core.examples import list_examples
from ser_core.exports import import_bundle
from ser_core.leakage.audit import audit, read_list
from ser_core.recogniser import Recogniser
from ser_core.recordings import open_recording
from ser_core.training.recipe import load_recipe
from ser_core.untrusted import load_untrusted

#: Of a stream so much is read: longer ones are read to their end in the background, with progress and a button to stop.
_FIRST_S = 10.0
#: When the person stops a call that is still being heard, in seconds of processor time.
_STOPPED_S = 1.0
#: Calls of a hostile archive that are looked at.
_MOST_CALLS = 3

Door = Callable[[Case, dict[str, bytes], Path], str]


@functools.cache
def lite() -> Recogniser:
    """Return the model that ships, loaded once: children of this process have it already."""
    model = Recogniser.load("lite")
    model.predict(load_audio(list_examples()[0].path))
    return model


@functools.cache
def client() -> Any:
    """Return a client of the service."""
    from starlette.testclient import TestClient

    from ser_core.service import ServiceOptions, create_app
    from ser_core.service.shelf import Shelf

    app = create_app(ServiceOptions(rate=0), Shelf("lite", load=lambda place: lite()))
    return TestClient(app, raise_server_exceptions=False)


@contextlib.contextmanager
def _here() -> Iterator[None]:
    """Let calls, service and pages decode in this process, which is measured, not in a child of their own."""
    from unittest.mock import patch

    whole = ("ser_core.service.sound", "pages.parts.inputs")
    streamed = (
        "ser_core.calls.call",
        "ser_core.service.sound",
        "ser_core.service.routes",
        "pages.parts.recordings.source",
    )
    with contextlib.ExitStack() as here:
        for module in whole:
            here.enter_context(patch(f"{module}.load_untrusted", load_audio))
        for module in streamed:
            here.enter_context(patch(f"{module}.open_untrusted", open_recording))
        yield


def _child(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    return _sound(load_untrusted(data, name=case.called))


def _load(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    return _sound(load_audio(data, name=case.called))


def _path(case: Case, files: dict[str, bytes], place: Path) -> str:
    return _sound(load_audio(_written(place, files)))


def _stream(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    recording = open_recording(data, name=case.called)
    total = 0.0
    for block in recording.blocks(seconds=5.0):
        _finite(block)
        total += len(block) / 16_000
        if total >= _FIRST_S:
            break
    return f"{total:.1f} s"


def _call(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    begun = time.process_time()
    # A call of hours is heard in the background: the person stops it.
    with _here():
        heard = hear_call(lite(), data, case.called, cancelled=lambda: time.process_time() > begun + _STOPPED_S)
    return f"{len(heard.tracks)} tracks"


def _service(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    name = case.called.encode("utf-8", "replace").decode()
    with _here():
        return _problem(client().post("/v1/predict", files={"file": (name, data)}))


def _upload(case: Case, files: dict[str, bytes], place: Path) -> str:
    facts = case.facts
    headers = {"content-type": facts["content-type"]} if facts["content-type"] else {}
    if "encoding" in facts:
        headers["content-encoding"] = facts["encoding"]
    (body,) = files.values()
    address = facts.get("path", "/v1/predict")
    with _here():
        return _problem(client().request(facts.get("method", "POST"), address, content=body, headers=headers))


def _page(case: Case, files: dict[str, bytes], place: Path) -> str:
    from streamlit.testing.v1 import AppTest

    (data,) = files.values()
    app = AppTest.from_file(str(Path(__file__).resolve().parents[2] / "app.py"), default_timeout=60).run()
    name = case.called.encode("utf-8", "replace").decode()
    with _here():
        app.file_uploader(key="upload").set_value((name, data, "application/octet-stream")).run()
    if app.exception:
        raise AssertionError(f"the page shows {app.exception[0].value}")
    for element in app.markdown:
        if "<script" in element.value and element.allow_html:
            raise AssertionError("the page shows a stranger's script")
    if app.error:
        raise AudioError(app.error[0].value)
    return app.header[0].value if app.header else "no answer"


def _corpus(case: Case, files: dict[str, bytes], place: Path) -> str:
    folder = place / "mine"
    _written(folder, files)
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(spoken("wav", 0.3))
    return f"{len(read_corpus('mine', folder))} clips"


def _people(case: Case, files: dict[str, bytes], place: Path) -> str:
    folder = place / "cremad"
    _written(folder, files)
    (folder / "1001_DFA_ANG_XX.wav").write_bytes(spoken("wav", 0.3))
    return f"{len(read_corpus('cremad', folder))} clips"


def _named(case: Case, files: dict[str, bytes], place: Path) -> str:
    folder = place / "cremad"
    folder.mkdir(parents=True)
    for name in (case.called, "1001_DFA_ANG_XX.wav"):
        (folder / name).write_bytes(spoken("wav", 0.3))
    (place / "mine" / "happy").mkdir(parents=True)
    (place / "mine" / "corpus.toml").write_text('title = "Mine"\n', encoding="utf-8")
    for name in (case.called, "other.wav"):
        (place / "mine" / "happy" / name).write_bytes(spoken("wav", 0.3))
    return f"{len(read_corpus('cremad', folder))} and {len(read_corpus('mine', place / 'mine'))} clips"


def _calls(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    pattern = case.facts.get("pattern")
    found = described([Source("a_b.wav")], read_manifest(data, "manifest.csv"), pattern)
    for source in found:
        if not (source.name + source.about.agent + source.about.call_id).isprintable():
            raise AssertionError("a name that cannot be printed")
    return f"{len(found)} calls"


def _list(case: Case, files: dict[str, bytes], place: Path) -> str:
    table = read_list(_written(place, files))
    return audit(table, table, listen=False).words


def _recipe(case: Case, files: dict[str, bytes], place: Path) -> str:
    return load_recipe(str(_written(place, files))).name


def _bundle(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    kept = place / "bundles" / "imported"
    card = import_bundle(data, kept)
    answer = Recogniser.load(kept).predict(load_audio(list_examples()[0].path))
    if not math.isclose(sum(answer.probabilities.values()), 1.0, rel_tol=1e-6):
        raise AssertionError(f"probabilities come to {sum(answer.probabilities.values())}")
    json.dumps(answer.to_dict(), allow_nan=False)
    return card.name


def _named_bundle(case: Case, files: dict[str, bytes], place: Path) -> str:
    """Import under the name that the card gives."""
    (data,) = files.values()
    return import_bundle(data).name


def _unpacked_bundle(case: Case, files: dict[str, bytes], place: Path) -> str:
    """Load what somebody unpacked by hand, as from a friend's folder."""
    import io
    import zipfile

    (data,) = files.values()
    folder = place / "friend"
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            for name in (CARD_NAME, "weights.safetensors", "weights.skops"):
                if name in file.namelist() and file.getinfo(name).file_size < 50_000_000:
                    with file.open(name) as stream:
                        (folder / name).write_bytes(stream.read(file.getinfo(name).file_size + 1))
    except Exception as error:  # whoever unpacks it by hand sees it there
        raise SERError("The archive cannot be unpacked.") from error
    answer = Recogniser.load(folder).predict(load_audio(list_examples()[0].path))
    json.dumps(answer.to_dict(), allow_nan=False)
    return str(answer.emotion)


def _archive(case: Case, files: dict[str, bytes], place: Path) -> str:
    (data,) = files.values()
    sources = uploaded_sources([("calls.zip", data)])
    heard = 0
    problems = []
    for source in sources[:_MOST_CALLS]:
        if not source.name.isprintable():
            raise AssertionError("a name that cannot be printed")
        try:
            recording = open_recording(source.read(), name=source.name)
            next(iter(recording.blocks(seconds=1.0)), None)
            heard += 1
        except SERError as error:
            one_sentence(str(error))
            problems.append(error)
    if not heard and problems:
        raise problems[0]
    return f"{heard} of {len(sources)} heard"


#: Group -> the doors that its cases go through. The first is the one that every case of the group must pass.
DOORS: dict[str, dict[str, Door]] = {
    "sound": {"load": _load, "stream": _stream, "call": _call, "service": _service},
    "corpus": {"corpus": _corpus},
    "people": {"corpus": _people},
    "named": {"corpus": _named},
    "calls": {"calls": _calls},
    "list": {"list": _list},
    "recipe": {"recipe": _recipe},
    "bundle": {"import": _bundle, "load": _unpacked_bundle},
    "bundle's name": {"import": _named_bundle},
    "archive": {"archive": _archive},
    "upload": {"service": _upload},
}
#: What a sample of the sounds goes through besides: the page takes seconds.
PAGE: Door = _page
#: What the service and the page really do, for the same sample: a crash there is a sentence here.
CHILD: Door = _child


def one_sentence(text: str) -> None:
    """Raise :class:`AssertionError` where a message is anything but one plain sentence or two."""
    if not re.fullmatch(r"[^\n\r]{10,1500}\.", text) or "Traceback" in text or not text.isprintable():
        raise AssertionError(f"not one sentence: {text[:200]!r}")


def _problem(answer: Any) -> str:
    """Return what the service answers, or raise the sentence of its problem."""
    if answer.status_code >= 500 or "Traceback" in answer.text:
        raise AssertionError(f"the service answers {answer.status_code}: {answer.text[:200]}")
    if answer.status_code >= 400:
        if answer.headers["content-type"] != "application/problem+json":
            raise AssertionError(f"no problem: {answer.text[:200]}")
        raise SERError(answer.json()["detail"])
    json.loads(answer.text, parse_constant=_no_number)
    return str(answer.json().get("emotion"))


def _no_number(text: str) -> None:
    raise AssertionError(f"the answer holds {text}")


def _sound(waveform: Waveform) -> str:
    _finite(waveform.samples)
    if not len(waveform.samples):
        raise AssertionError("no samples")
    return f"{waveform.duration_s:.3f} s"


def _finite(samples: np.ndarray) -> None:
    if samples.dtype != np.float32 or samples.ndim != 1 or not np.isfinite(samples).all():
        raise AssertionError("samples that are no numbers")


def _written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder / next(iter(files))
