"""Downloads against a server on this machine: what is tested is the real code, only the addresses are others."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import stat
import sys
import threading
import types
import zipfile
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ser_core.corpora import download as module
from ser_core.corpora import read_corpus, transfer
from ser_core.corpora.cremad import STARTER_CLIPS, parse_stub
from ser_core.corpora.download import download, download_starter_pack, take_folder, take_from_kaggle
from ser_core.corpora.expected import expected_clips
from ser_core.corpora.names import parse_name
from ser_core.corpora.sources import Sources, missing_clips, require_room
from ser_core.corpora.transfer import Remote, fetch
from ser_core.corpora.unpack import unzip
from ser_core.errors import CancelledError, CorpusError, DownloadError
from tests.synthetic import clip_bytes

DATA = bytes(range(256)) * 4096  # 1 MiB


class Server(ThreadingHTTPServer):
    """Serves `files`, and misbehaves on request.

    Attributes: files {path: bytes}; redirects {path: address}; status {path: code}; breaks {path: bytes after which the
    connection is cut, once each}; ranges: whether Range is understood; seen: (method, path, Range) of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.status: dict[str, list[int]] = {}
        self.breaks: dict[str, list[int]] = {}
        self.etag: dict[str, str] = {}
        self.answers: dict[str, object] = {}
        self.ranges = True
        self.lengths = True
        self.seen: list[tuple[str, str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(("POST", self.path, None))
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.send_error(403)
            return
        data = json.dumps(answer(body)).encode()  # type: ignore[operator]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        server, path = self.server, self.path.partition("?")[0]
        wanted = self.headers.get("Range")
        server.seen.append(("GET", path, wanted))
        if server.status.get(path):
            self.send_error(server.status[path].pop(0))
            return
        if path in server.redirects:
            self.send_response(302)
            self.send_header("Location", server.redirects[path])
            self.end_headers()
            return
        if path not in server.files:
            self.send_error(404)
            return
        data, start = server.files[path], 0
        tag = server.etag.get(path, '"one"')
        if wanted and server.ranges and self.headers.get("If-Range", tag) == tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        if server.lengths:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if server.breaks.get(path):
            self.wfile.write(data[start : start + server.breaks[path].pop(0)])
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(data[start:])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Server()
    running.files["/file"] = DATA
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))


def _get(server: Server, target: Path, path: str = "/file", checksum: str | None = "right", **options) -> Path:
    if checksum == "right":
        checksum = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    remote = Remote(f"{server.url}{path}", options.pop("size", len(DATA)), checksum)
    return fetch(remote, target, wait_s=0, **options)


def _refused(error_type: type[Exception], call) -> str:
    with pytest.raises(error_type) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert "Traceback" not in message
    return message


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "cache")


def test_a_file_comes_whole_with_progress(server: Server, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = _get(server, tmp_path / "deep/down/file", progress=lambda *step: steps.append(step))
    assert path.read_bytes() == DATA
    assert steps[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert _left(path.parent) == ["file"]


def test_a_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    _get(server, tmp_path / "file")
    _get(server, tmp_path / "file")
    assert len(server.seen) == 1


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.breaks["/file"] = [300_000, 200_000]
    assert _get(server, tmp_path / "file").read_bytes() == DATA
    assert [wanted for _, _, wanted in server.seen] == [None, "bytes=300000-", "bytes=500000-"]


def test_a_download_goes_on_another_day(server: Server, tmp_path: Path) -> None:
    server.breaks["/file"] = [300_000, 0, 0]
    message = _refused(DownloadError, lambda: _get(server, tmp_path / "file", tries=2))
    assert "What was fetched is kept" in message
    assert (tmp_path / "file.part").stat().st_size == 300_000
    server.breaks.clear()
    server.seen.clear()
    assert _get(server, tmp_path / "file").read_bytes() == DATA
    assert server.seen == [("GET", "/file", "bytes=300000-")]
    assert _left(tmp_path) == ["file"]


def test_a_server_without_ranges_sends_it_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    server.breaks["/file"] = [300_000]
    assert _get(server, tmp_path / "file").read_bytes() == DATA


def test_a_file_that_changed_in_between_is_not_glued_together(server: Server, tmp_path: Path) -> None:
    server.breaks["/file"] = [300_000, 0]
    with pytest.raises(DownloadError):
        _get(server, tmp_path / "file", checksum=None, tries=1)
    server.breaks.clear()
    server.files["/file"], server.etag["/file"] = DATA[::-1], '"two"'
    assert _get(server, tmp_path / "file", checksum=None).read_bytes() == DATA[::-1]


def test_a_part_that_is_complete_or_too_long(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(DATA)
    assert _get(server, tmp_path / "file").read_bytes() == DATA
    assert server.seen == []
    (tmp_path / "other.part").write_bytes(DATA + b"more")
    assert _get(server, tmp_path / "other").read_bytes() == DATA
    (tmp_path / "third.part").write_bytes(DATA + b"more")
    assert _get(server, tmp_path / "third", size=None).read_bytes() == DATA


def test_without_length_or_checksum_the_end_is_the_end(server: Server, tmp_path: Path) -> None:
    server.lengths = False
    steps: list[tuple[int, int]] = []
    _get(server, tmp_path / "file", checksum=None, size=None, progress=lambda *step: steps.append(step))
    assert (tmp_path / "file").read_bytes() == DATA
    assert steps[-1] == (len(DATA), 0)


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_wrong_checksum_is_said_and_the_file_removed(kind: str, server: Server, tmp_path: Path) -> None:
    message = _refused(DownloadError, lambda: _get(server, tmp_path / "file", checksum=f"{kind}:{'0' * 32}"))
    assert f"its {kind.upper()} checksum is not the published one" in message
    assert _left(tmp_path) == []


def test_a_file_of_another_size_is_another_file(server: Server, tmp_path: Path) -> None:
    message = _refused(DownloadError, lambda: _get(server, tmp_path / "file", size=999_999_999))
    assert "999,999,999 were published" in message


def test_redirects_are_followed_but_not_out_of_https(server: Server, tmp_path: Path) -> None:
    server.redirects["/old"] = f"{server.url}/file"
    assert _get(server, tmp_path / "file", "/old").read_bytes() == DATA
    request = transfer.urllib.request.Request("https://example.org/a")
    with pytest.raises(DownloadError, match="without https"):
        transfer._SafeRedirects().redirect_request(
            request, io.BytesIO(), 302, "", transfer.http.client.HTTPMessage(), "http://example.org/a"
        )


def test_a_redirect_in_circles_is_an_error(server: Server, tmp_path: Path) -> None:
    server.redirects["/round"] = f"{server.url}/round"
    _refused(DownloadError, lambda: _get(server, tmp_path / "file", "/round"))


@pytest.mark.parametrize(("code", "part"), [(404, "not there any more"), (403, "refuses"), (418, "status 418")])
def test_a_lasting_refusal_is_said_at_once(code: int, part: str, server: Server, tmp_path: Path) -> None:
    server.status["/file"] = [code] * 9
    assert part in _refused(DownloadError, lambda: _get(server, tmp_path / "file"))
    assert len(server.seen) == 1


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.status["/file"] = [503, 429]
    assert _get(server, tmp_path / "file").read_bytes() == DATA
    server.status["/file"] = [503] * 9
    assert "503" in _refused(DownloadError, lambda: _get(server, tmp_path / "other", tries=3))


def test_without_network_a_sentence(tmp_path: Path, server: Server) -> None:
    server.shutdown()
    server.server_close()
    message = _refused(DownloadError, lambda: _get(server, tmp_path / "file", tries=2))
    assert "check the connection" in message
    assert "kept" not in message


def test_a_full_disk_is_said_and_what_came_is_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = transfer.write_block

    def full(file, block: bytes) -> None:
        if file.tell() > 400_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, block)

    monkeypatch.setattr(transfer, "write_block", full)
    assert "The disk is full" in _refused(DownloadError, lambda: _get(server, tmp_path / "file"))
    kept = (tmp_path / "file.part").stat().st_size
    assert kept > 400_000
    monkeypatch.setattr(transfer, "write_block", write)
    assert _get(server, tmp_path / "file").read_bytes() == DATA
    assert server.seen[-1][2] == f"bytes={kept}-"
    with pytest.raises(DownloadError, match="MB are needed"):
        require_room(tmp_path, 10**18)


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert "cannot be written" in _refused(DownloadError, lambda: _get(server, tmp_path / "data/file"))


def test_a_stop_is_taken_up_later(server: Server, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    stop = {"progress": lambda *step: steps.append(step), "cancelled": lambda: bool(steps)}
    _refused(CancelledError, lambda: _get(server, tmp_path / "file", **stop))
    assert (tmp_path / "file.part").stat().st_size == steps[-1][0] < len(DATA)
    assert _get(server, tmp_path / "file").read_bytes() == DATA


def test_two_at_once_do_not_mix_and_the_second_is_told(server: Server, tmp_path: Path) -> None:
    said: list[str] = []

    def meanwhile(*_: int) -> None:
        if not said:
            said.append(_refused(DownloadError, lambda: _get(server, tmp_path / "file")))

    assert _get(server, tmp_path / "file", progress=meanwhile).read_bytes() == DATA
    assert "Another process is fetching file" in said[0]
    assert _left(tmp_path) == ["file"]


# Archives


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["../out.wav", "/out.wav", "a/../../out.wav", "..\\out.wav", "C:\\out.wav"])
def test_an_archive_writes_nothing_outside(name: str, tmp_path: Path) -> None:
    path = tmp_path / "in" / "bad.zip"
    path.parent.mkdir()
    path.write_bytes(_archive({name: b"x"}))
    message = _refused(DownloadError, lambda: unzip(path, tmp_path / "in/folder", max_bytes=100))
    assert "outside" in message
    assert _left(tmp_path) == ["in"]


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("link.wav")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert "outside" in _refused(DownloadError, lambda: unzip(tmp_path / "bad.zip", tmp_path / "x", max_bytes=100))


def test_an_archive_that_unpacks_to_too_much(tmp_path: Path) -> None:
    (tmp_path / "bomb.zip").write_bytes(_archive({"a.wav": bytes(10**6)}))
    assert "more than" in _refused(DownloadError, lambda: unzip(tmp_path / "bomb.zip", tmp_path / "x", max_bytes=10**5))
    content = _archive({"a.wav": bytes(10**6)})
    lying = content.replace((10**6).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != content
    (tmp_path / "lying.zip").write_bytes(lying)
    _refused(DownloadError, lambda: unzip(tmp_path / "lying.zip", tmp_path / "x", max_bytes=10**5))


@pytest.mark.parametrize(
    "content", [b"", b"no archive", _archive({"a.wav": bytes(10**5)})[:-200]], ids=["empty", "no archive", "cut"]
)
def test_a_damaged_archive(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(content)
    message = _refused(DownloadError, lambda: unzip(tmp_path / "bad.zip", tmp_path / "x", max_bytes=10**6))
    assert "no usable ZIP" in message


# Corpora


def _sources(server: Server, ravdess: bytes = b"") -> Sources:
    remote = Remote(f"{server.url}/ravdess.zip", len(ravdess), f"md5:{hashlib.md5(ravdess).hexdigest()}")
    return Sources(
        remote, f"{server.url}/cremad.zip", f"{server.url}/text", f"{server.url}/lfs", f"{server.url}/media",
        f"{server.url}/mirror", server.url, tries=2, wait_s=0,
    )  # fmt: skip


SOUND = clip_bytes("sad", 0.3)


def _sound(number: int) -> bytes:
    return SOUND + number.to_bytes(4, "little")  # bytes behind the data are allowed in a WAVE file


def _stub(content: bytes) -> bytes:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n".encode()


def test_ravdess_comes_as_an_archive(server: Server, tmp_path: Path) -> None:
    clips = sorted(expected_clips("ravdess"))[:40]
    files = {f"Actor_{clip[-2:]}/{clip}.wav": SOUND for clip in clips}
    content = _archive(files | {"__MACOSX/Actor_01/x.wav": b"", "setup.exe": b"no"})
    server.files["/ravdess.zip"] = content
    server.breaks["/ravdess.zip"] = [2000]
    steps: list[tuple[int, int]] = []
    folder = download("ravdess", tmp_path, sources=_sources(server, content), progress=lambda *s: steps.append(s))
    assert len(read_corpus("ravdess", folder)) == 40
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".wav"}
    assert steps[-1] == (len(content), len(content))
    assert _left(tmp_path) == ["ravdess"]


def test_ravdess_damaged_on_the_way_leaves_nothing(server: Server, tmp_path: Path) -> None:
    content = _archive({"Actor_01/03-01-01-01-01-01-01.wav": SOUND})
    server.files["/ravdess.zip"] = content[:-1] + b"!"
    message = _refused(DownloadError, lambda: download("ravdess", tmp_path, sources=_sources(server, content)))
    assert "MD5" in message
    assert _left(tmp_path) == []


def _serve_cremad(server: Server, clips: tuple[str, ...] | list[str]) -> dict[str, bytes]:
    """Put CREMA-D with these clips on the server and return {SHA-256: sound}."""
    sounds = {clip: _sound(number) for number, clip in enumerate(clips)}
    tables = {"VideoDemographics.csv": b'"ActorID","Age","Sex"\n1001,51,"Male"\n'}
    tables |= {f"processedResults/{name}.csv": b"x\n" for name in ("summaryTable", "tabulatedVotes")}
    stubs = {f"AudioWAV/{clip}.wav": _stub(sound) for clip, sound in sounds.items()}
    for name, content in (tables | stubs).items():
        server.files[f"/text/{name}"] = content
    for clip, sound in sounds.items():
        server.files[f"/media/AudioWAV/{clip}.wav"] = server.files[f"/mirror/AudioWAV/{clip}.wav"] = sound
    inside = {f"CREMA-D-master/{name}": content for name, content in (tables | stubs | {"run.R": b"no"}).items()}
    server.files["/cremad.zip"] = _archive(inside)
    return {hashlib.sha256(sound).hexdigest(): sound for sound in sounds.values()}


def test_the_starter_pack(server: Server, tmp_path: Path) -> None:
    _serve_cremad(server, STARTER_CLIPS)
    steps: list[tuple[int, int]] = []
    folder = download_starter_pack(tmp_path, sources=_sources(server), progress=lambda *step: steps.append(step))
    table = read_corpus("cremad", folder)
    assert len(table) == 30
    assert set(table.groupby("speaker")["emotion"].nunique()) == {6}
    assert table.loc[table["speaker"] == "1001", "age"].tolist() == [51] * 6
    assert steps[-1] == (33, 33)
    assert not [path for path in folder.rglob("*") if path.suffix not in (".wav", ".csv") and path.is_file()]
    server.seen.clear()
    download_starter_pack(tmp_path, sources=_sources(server))
    assert server.seen == []


def test_the_starter_clips_are_clips_of_the_corpus() -> None:
    assert len(STARTER_CLIPS) == 30
    assert set(STARTER_CLIPS) <= expected_clips("cremad")


def test_the_starter_pack_takes_the_mirror_when_the_store_refuses(server: Server, tmp_path: Path) -> None:
    _serve_cremad(server, STARTER_CLIPS)
    for clip in STARTER_CLIPS:
        server.status[f"/media/AudioWAV/{clip}.wav"] = [403] * 5
    assert len(read_corpus("cremad", download_starter_pack(tmp_path, sources=_sources(server)))) == 30


def test_a_mirror_with_other_sound_is_not_believed(server: Server, tmp_path: Path) -> None:
    _serve_cremad(server, STARTER_CLIPS)
    server.files[f"/media/AudioWAV/{STARTER_CLIPS[0]}.wav"] = b"x" * len(_sound(0))
    del server.files[f"/mirror/AudioWAV/{STARTER_CLIPS[0]}.wav"]
    _refused(DownloadError, lambda: download_starter_pack(tmp_path, sources=_sources(server)))
    assert not (tmp_path / f"cremad/AudioWAV/{STARTER_CLIPS[0]}.wav").exists()


def _answer_batches(server: Server, objects: dict[str, bytes]) -> None:
    def answer(body: dict) -> dict:
        assert body["operation"] == "download"
        assert len(body["objects"]) <= 100
        entries = []
        for wanted in body["objects"]:
            place = f"/store/{wanted['oid']}"
            server.files[place] = objects[wanted["oid"]]
            entries.append(wanted | {"actions": {"download": {"href": server.url + place, "header": {"X-Key": "1"}}}})
        return {"transfer": "basic", "objects": entries}

    server.answers["/lfs/objects/batch"] = answer


def test_cremad_comes_from_the_lfs_store(server: Server, tmp_path: Path) -> None:
    clips = sorted(expected_clips("cremad"))[:130]
    _answer_batches(server, _serve_cremad(server, clips))
    (tmp_path / "cremad/AudioWAV").mkdir(parents=True)
    (tmp_path / f"cremad/AudioWAV/{clips[0]}.wav").write_bytes(_sound(0))
    (tmp_path / f"cremad/AudioWAV/{clips[1]}.wav").write_bytes(_stub(_sound(1)))
    steps: list[tuple[int, int]] = []
    folder = download("cremad", tmp_path, sources=_sources(server), progress=lambda *step: steps.append(step))
    table = read_corpus("cremad", folder)
    assert table["clip"].tolist() == clips
    assert table["duration_s"].notna().all(), "the stub was replaced"
    assert table["age"].notna().any()
    assert steps[-1] == (129, 129)
    paths = Counter(path.split("/")[1] for _, path, _ in server.seen)
    assert paths == {"cremad.zip": 1, "lfs": 2, "store": 129}
    assert _left(tmp_path) == ["cremad"]


def test_cremad_comes_from_the_mirror_when_the_store_is_over_its_budget(server: Server, tmp_path: Path) -> None:
    clips = sorted(expected_clips("cremad"))[:20]
    _serve_cremad(server, clips)
    assert len(read_corpus("cremad", download("cremad", tmp_path, sources=_sources(server)))) == 20
    assert sum(path.startswith("/mirror/") for _, path, _ in server.seen) == 20


def test_cremad_stopped_and_taken_up(server: Server, tmp_path: Path) -> None:
    clips = sorted(expected_clips("cremad"))[:40]
    _serve_cremad(server, clips)
    steps: list[tuple[int, int]] = []
    stop = {"progress": lambda *step: steps.append(step), "cancelled": lambda: len(steps) > 5}
    _refused(CancelledError, lambda: download("cremad", tmp_path, sources=_sources(server), **stop))
    there = len(list((tmp_path / "cremad/AudioWAV").glob("*.wav")))
    assert 5 < there < 40
    server.seen.clear()
    assert len(read_corpus("cremad", download("cremad", tmp_path, sources=_sources(server)))) == 40
    # Fewer by those whose last byte had come when it was stopped.
    assert 0 < sum(path.startswith("/mirror/") for _, path, _ in server.seen) <= 40 - there


def test_what_is_no_stub() -> None:
    assert parse_stub(_stub(b"abc").decode()) == (hashlib.sha256(b"abc").hexdigest(), 3)
    with pytest.raises(DownloadError, match="changed its form"):
        parse_stub("<html>")


def _serve_tess(server: Server) -> None:
    loose = ["OAF_back_angry", "OA_bite_neutral", "YAF_back_ps"]
    entries = []
    for number, stem in enumerate(loose):
        content = _sound(number)
        server.files[f"/api/access/datafile/{number}"] = content
        digest = {"type": "MD5", "value": hashlib.md5(content).hexdigest()}
        file = {"id": number, "filesize": len(content), "checksum": digest}
        entries.append({"label": f"{stem}.wav", "directoryLabel": "../..", "dataFile": file})
    packed = _archive({f"YAF_sad/YAF_{word}_sad.wav": SOUND for word in ("bar", "base")})
    server.files["/api/access/datafile/7"] = packed
    entries.append({"label": "../../YAF_sad.zip", "dataFile": {"id": 7, "md5": hashlib.md5(packed).hexdigest()}})
    entries.append({"label": "readme.pdf", "dataFile": {"id": 8}})
    listing = json.dumps({"status": "OK", "data": entries}).encode()
    server.files["/api/datasets/:persistentId/versions/:latest-published/files"] = listing


def test_tess_comes_once_its_licence_is_accepted(server: Server, tmp_path: Path) -> None:
    _serve_tess(server)
    message = _refused(DownloadError, lambda: download("tess", tmp_path, sources=_sources(server)))
    assert "CC BY-NC-ND 4.0" in message
    assert "--accept-licence" in message
    assert server.seen == []
    folder = download("tess", tmp_path, sources=_sources(server), accept_licence=True)
    table = read_corpus("tess", folder)
    assert table["clip"].tolist() == [
        "OAF_back_angry", "OAF_bite_neutral", "YAF_back_ps", "YAF_bar_sad", "YAF_base_sad",
    ]  # fmt: skip
    assert _left(tmp_path) == ["tess"]


def test_tess_without_clips_in_the_listing(server: Server, tmp_path: Path) -> None:
    server.files["/api/datasets/:persistentId/versions/:latest-published/files"] = b'{"status": "OK", "data": []}'
    call = lambda: download("tess", tmp_path, sources=_sources(server), accept_licence=True)  # noqa: E731
    assert "no clip" in _refused(DownloadError, call)
    server.files["/api/datasets/:persistentId/versions/:latest-published/files"] = b"<html>"
    assert "cannot be read" in _refused(DownloadError, call)


def test_savee_explains_its_form(tmp_path: Path) -> None:
    assert "--accept-licence" in _refused(DownloadError, lambda: download("savee", tmp_path))
    message = _refused(DownloadError, lambda: download("savee", tmp_path, accept_licence=True))
    assert "registration form" in message
    assert "--from FOLDER" in message


def test_a_link_that_leads_nowhere_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "DC_a01.wav").symlink_to(tmp_path / "nowhere.wav")
    (tmp_path / "DC_a02.wav").write_bytes(SOUND)
    missing = missing_clips("savee", tmp_path)
    assert len(missing) == 479
    assert "DC_a01" in missing


def test_an_unknown_corpus(tmp_path: Path) -> None:
    assert "choose one of cremad" in _refused(DownloadError, lambda: download("emodb", tmp_path))


# Folders that a person has


@pytest.mark.parametrize("link", [False, True])
def test_a_folder_is_taken_in(link: bool, synthetic_corpora: Path, tmp_path: Path) -> None:
    folder = take_folder("savee", synthetic_corpora / "savee", tmp_path, accept_licence=True, link=link)
    table = read_corpus("savee", folder)
    assert len(table) == 28
    assert all(Path(path).is_symlink() == link for path in table["path"])
    assert take_folder("savee", folder, tmp_path, accept_licence=True) == folder
    people = take_folder("cremad", synthetic_corpora / "cremad", tmp_path)
    assert read_corpus("cremad", people)["age"].notna().all(), "the table of actors comes along"


def test_a_folder_with_another_corpus_is_not_taken_in(synthetic_corpora: Path, tmp_path: Path) -> None:
    call = lambda: take_folder("savee", synthetic_corpora / "tess", tmp_path, accept_licence=True)  # noqa: E731
    assert "look like TESS" in _refused(CorpusError, call)
    assert _left(tmp_path) == []
    assert "--accept" in _refused(DownloadError, lambda: take_folder("savee", synthetic_corpora / "savee", tmp_path))


def test_a_full_disk_while_copying(synthetic_corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfile", full)
    call = lambda: take_folder("savee", synthetic_corpora / "savee", tmp_path, accept_licence=True)  # noqa: E731
    assert "The disk is full" in _refused(DownloadError, call)


def test_kaggles_copies(synthetic_corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert "pip install kagglehub" in _refused(DownloadError, lambda: take_from_kaggle("ravdess", tmp_path))
    hub = types.ModuleType("kagglehub")
    hub.dataset_download = lambda handle: str(synthetic_corpora / "ravdess")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", hub)
    assert len(read_corpus("ravdess", take_from_kaggle("ravdess", tmp_path))) == 192

    def fails(handle: str) -> str:
        raise ValueError("403 Client Error.\nmore")

    hub.dataset_download = fails  # type: ignore[attr-defined]
    assert "(403 Client Error)" in _refused(DownloadError, lambda: take_from_kaggle("ravdess", tmp_path))
    assert "no copy of savee" in _refused(
        DownloadError, lambda: take_from_kaggle("savee", tmp_path, accept_licence=True)
    )


def test_every_starter_name_is_read_by_the_reader() -> None:
    assert {parse_name("cremad", f"{clip}.wav").sentence for clip in STARTER_CLIPS} == {"DFA"}  # type: ignore[union-attr]
