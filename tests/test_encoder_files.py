"""Fetching encoders: from a small hub on this machine, and every way in which it fails."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ser_core import encoder_files
from ser_core.bundle import list_bundles, load_card
from ser_core.encoder_files import ENCODERS, encoder_folder, encoders_of, fetch_encoder
from ser_core.errors import CancelledError, DownloadError, EncoderError, SERError

hub = pytest.importorskip("huggingface_hub")
constants = pytest.importorskip("huggingface_hub.constants")
errors = pytest.importorskip("huggingface_hub.errors")
NAME = "openai/whisper-tiny.en"
REVISION = ENCODERS[NAME].revision
FILES = {
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 8192,  # 2 MB: two blocks
    "pytorch_model.bin": b"a pickle",
    "run_me.py": b"print('no')",
}


class _Hub(BaseHTTPRequestHandler):
    """The four answers of the hub that a download needs."""

    asked: list[str]

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(path)
        if path == f"/api/models/{NAME}/tree/{REVISION}":
            rows = [
                {"type": "file", "path": p, "size": len(d), "oid": f"{n:040x}"}
                for n, (p, d) in enumerate(FILES.items())
            ]
            self._send(200, json.dumps(rows).encode(), body)
        elif path.startswith(f"/{NAME}/resolve/{REVISION}/"):
            name = path.rpartition("/")[2]
            self._send(200, FILES[name], body, {"ETag": f'"{name}"', "X-Repo-Commit": REVISION})
        else:
            self._send(404, b"{}", body, {"X-Error-Code": "RepoNotFound"})

    def _send(self, status: int, data: bytes, body: bool, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no other place where encoders lie."""
    monkeypatch.delenv("SER_ENCODERS", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for name in ("HF_HUB_DISABLE_XET", "DOWNLOAD_CHUNK_SIZE"):
        monkeypatch.setattr(constants, name, getattr(constants, name))
    return tmp_path


@pytest.fixture
def asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A hub on this machine; what it was asked for."""
    found: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Hub,), {"asked": found}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", place)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", place + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield found
    server.shutdown()
    server.server_close()


def test_an_encoder_is_fetched_once_and_then_found(asked: list[str]) -> None:
    steps: list[tuple[int, int]] = []
    folder = fetch_encoder(NAME, progress=lambda done, total: steps.append((done, total)))
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert max(done for done, _ in steps) == sum(len(FILES[name]) for name in ("config.json", "model.safetensors"))
    assert {total for _, total in steps} == {ENCODERS[NAME].size}
    assert encoder_folder(NAME) == folder
    before = len(asked)
    assert fetch_encoder(NAME) == folder
    assert len(asked) == before, "what is here is not asked for again"


def test_stopping_keeps_nothing_half_and_the_next_try_works(asked: list[str]) -> None:
    reached: list[int] = []
    with pytest.raises(CancelledError, match="stopped"):
        fetch_encoder(
            NAME, progress=lambda done, _: reached.append(done), cancelled=lambda: max(reached, default=0) > 10**6
        )
    assert 10**6 < max(reached) < len(FILES["model.safetensors"])
    assert encoder_folder(NAME) is None
    assert fetch_encoder(NAME).is_dir()


def test_a_name_that_the_hub_does_not_know_is_a_sentence(asked: list[str]) -> None:
    with pytest.raises(DownloadError, match="no public encoder named 'nobody/nothing'"):
        fetch_encoder("nobody/nothing")
    with pytest.raises(DownloadError, match="check its name"):
        fetch_encoder("no name//at all")


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (OSError(errno.ENOSPC, "no room"), "disk is full"),
        (PermissionError(errno.EACCES, "no"), "cannot be written"),
        (ConnectionError("no route"), "cannot be reached"),
        (errors.LocalEntryNotFoundError("offline"), "cannot be reached"),
    ],
)
def test_every_failure_is_one_sentence(
    cache: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, says: str
) -> None:
    def fail(*_: Any, local_files_only: bool = False, **__: Any) -> str:
        raise errors.LocalEntryNotFoundError("not here") if local_files_only else failure

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(DownloadError, match=says) as caught:
        fetch_encoder(NAME)
    assert "\n" not in str(caught.value)


def test_weights_that_are_no_safetensors_are_refused(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FILES, "model.safetensors")
    with pytest.raises(DownloadError, match="safetensors"):
        fetch_encoder(NAME)


def test_missing_libraries_are_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_files, "libraries_here", lambda: False)
    with pytest.raises(EncoderError, match=r"requirements-encoders\.txt"):
        fetch_encoder(NAME)


def test_a_folder_of_ones_own_is_used_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = cache / "mine" / "whisper-tiny.en"
    own.mkdir(parents=True)
    (own / "config.json").write_text("{}")
    monkeypatch.setenv("SER_ENCODERS", str(own.parent))
    assert fetch_encoder(NAME) == own


def test_a_card_says_which_encoder_it_needs() -> None:
    assert encoders_of(load_card(list_bundles()["lite"])) == ()
    one = SimpleNamespace(front_end=SimpleNamespace(kind="encoder", encoder=NAME), partner=None)
    other = SimpleNamespace(front_end=SimpleNamespace(kind="encoder", encoder="other"), partner=one)
    assert encoders_of(one) == (NAME,)  # type: ignore[arg-type]
    assert encoders_of(other) == ("other", NAME)  # type: ignore[arg-type]


def test_known_encoders_have_what_a_person_must_be_told() -> None:
    for name, facts in ENCODERS.items():
        assert name == facts.name
        assert facts.size_words.endswith("MB")
        assert facts.licence == "MIT"
        assert len(facts.revision) == 40
    assert issubclass(DownloadError, SERError)
