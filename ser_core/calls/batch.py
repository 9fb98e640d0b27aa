"""Many calls listened to, on all cores or on a cluster; one that cannot be read stops nothing, and none is lost.

calls = score_batch(sources, BatchModel.load("lite"), Journal(path), progress=print)      # stopped: goes on

A finished call is known again by the SHA-256 of its bytes and the model; its name, agent, channel and all thresholds
may change without listening again.

On a cluster a worker reads a file itself where it finds the same bytes under the same path, such as on a shared disk;
otherwise this machine sends them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ser_core.bundle import ModelCard, checked_onnx, checked_weights, find_bundle, load_card
from ser_core.calls.archive import Source
from ser_core.calls.call import SCORING_VERSION, Call, HeardCall, content_digest, hear_call
from ser_core.calls.journal import Journal
from ser_core.errors import AudioError, BundleError, CancelledError, SERError
from ser_core.parallel import kept, on_cluster, unordered
from ser_core.recogniser import Recogniser
from ser_core.scorers import load_scorer

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]

#: What of a card decides its answers.
_DECIDING = {"labels", "front_end", "model", "temperature", "bias", "temperature_slope"}
#: Less sound than this is listened to before another process has started.
_WORKER_BYTES = 3_000_000


@dataclass(frozen=True)
class BatchModel:
    """A model as workers get it: by folder on this machine, as bytes on a cluster, and always by what it computes.

    Attributes
    ----------
    fingerprint
        The same for models that give the same answers.
    folder
        Where the bundle lies on this machine.
    """

    fingerprint: str
    folder: Path

    @classmethod
    def load(cls, name_or_folder: str | os.PathLike[str]) -> BatchModel:
        """Find a bundle and check its files.

        Raises
        ------
        BundleError
            If there is none or it is damaged.
        """
        folder = find_bundle(name_or_folder).absolute()
        return cls(_fingerprint(*_files(folder)), folder)

    def pack(self) -> bytes:
        """Return card, weights and graph in one piece, for :func:`_unpacked`."""
        card, weights, graph = _files(self.folder)
        parts = [card.model_dump_json().encode(), weights, graph or b""]
        return json.dumps([len(part) for part in parts]).encode() + b"\n" + b"".join(parts)


def _files(folder: Path) -> tuple[ModelCard, bytes, bytes | None]:
    card = load_card(folder)
    return card, checked_weights(folder, card), checked_onnx(folder, card)


def _unpacked(data: bytes) -> tuple[ModelCard, bytes, bytes | None]:
    head, _, rest = data.partition(b"\n")
    first, second, third = json.loads(head)
    end = first + second
    return ModelCard.model_validate_json(rest[:first]), rest[first:end], rest[end : end + third] or None


def _fingerprint(card: ModelCard, weights: bytes, graph: bytes | None) -> str:
    settings = card.model_dump(mode="json", include=_DECIDING | ({"partner"} if card.partner else set()))
    deciding = json.dumps([SCORING_VERSION, settings], sort_keys=True)
    digest = hashlib.sha256(deciding.encode())
    for part in (weights, graph or b""):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


@functools.lru_cache(maxsize=2)
def _recogniser(model: BatchModel) -> Recogniser:
    """Return the model, loaded once a process; from what the cluster sent, else from its folder."""
    sent = kept(model.fingerprint)
    files = _unpacked(sent) if sent is not None else _files(model.folder)
    if _fingerprint(*files) != model.fingerprint:
        raise BundleError(f"The model in {model.folder} was replaced meanwhile: start the batch again.")
    return Recogniser(files[0], load_scorer(*files))


class _Task(NamedTuple):
    """What a worker is given: the bytes, or a path under which it may find them."""

    digest: str
    name: str
    model: BatchModel
    data: bytes | None
    path: Path | None


class _Answer(NamedTuple):
    """What comes back; neither a call nor an error: the file is not there."""

    digest: str
    call: HeardCall | None = None
    error: str | None = None


def _work(task: _Task, cancelled: Cancelled | None = None) -> _Answer:
    source = task.data if task.data is not None else task.path
    try:
        if source is None or (source is task.path and content_digest(source) != task.digest):
            return _Answer(task.digest)
        return _Answer(task.digest, hear_call(_recogniser(task.model), source, task.name, cancelled))
    except OSError:
        return _Answer(task.digest)
    except AudioError as error:
        return _Answer(task.digest, error=str(error))
    except (SERError, KeyboardInterrupt):
        raise  # the model's, so every call's
    except Exception as error:  # a codec's surprise is this file's, and the rest goes on
        return _Answer(task.digest, error=f"{task.name} could not be judged ({type(error).__name__}): export it anew.")


def score_batch(
    sources: Sequence[Source],
    model: BatchModel,
    journal: Journal | None = None,
    *,
    caller: int = 0,
    jobs: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> list[Call]:
    """Listen to calls and return them in the order of *sources*, those that cannot be read with the reason.

    Parameters
    ----------
    journal
        Finished calls are taken from it and written to it. Calls that could not be read are tried anew.
    caller
        The caller's channel where a call's manifest says nothing: 0 for left, 1 for right.
    jobs
        Processes on this machine; by default one a core, fewer for little sound.
    cluster
        Address of a Dask scheduler to use instead.
    progress
        Called with (calls finished, calls in all).
    cancelled
        Asked after every call; once it says yes, the work stops. What was finished is in the journal.

    Raises
    ------
    CancelledError
        When it was stopped.
    BundleError, EncoderError
        If the model cannot be used.
    ClusterError
        If the cluster cannot be used or a worker process was killed.
    CallsError
        If the journal cannot be written.
    """
    batch = _Batch(sources, model, journal if journal is not None else Journal(), progress, cancelled)
    if batch.waiting:
        on_all = {model.fingerprint: model.pack()} if cluster else None
        with on_cluster(cluster, keep=on_all):
            batch.run(jobs, by_path=True, cluster=bool(cluster))
            if batch.waiting:
                batch.run(jobs, by_path=False, cluster=bool(cluster))
    return batch.calls(caller)


def relabelled(calls: Sequence[Call], sources: Sequence[Source], caller: int) -> list[Call]:
    """Return the calls that :func:`score_batch` gave for *sources* with what is known of these now, heard only once."""
    return [
        replace(
            call,
            call_id=source.about.call_id,
            agent=source.about.agent,
            caller=caller if source.about.caller is None else source.about.caller,
        )
        for call, source in zip(calls, sources, strict=True)
    ]


class _Batch:
    """A batch on its way: which files wait, and what became of the others."""

    def __init__(
        self,
        sources: Sequence[Source],
        model: BatchModel,
        journal: Journal,
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> None:
        self._sources, self._model, self._journal = sources, model, journal
        self._progress, self._cancelled = progress, cancelled
        self._digests: list[str] = []
        self._errors: dict[str, str] = {}
        self.waiting: dict[str, Source] = {}
        self._bytes = 0
        if progress:
            progress(0, len(sources))
        for number, source in enumerate(sources):
            self._look(number, source)
        self._tell()

    def _look(self, number: int, source: Source) -> None:
        """Find out whether a file was finished before."""
        try:
            if source.path is not None:
                digest, size = content_digest(source.path), source.path.stat().st_size
            else:
                data = source.read()
                digest, size = content_digest(data), len(data)
        except AudioError as error:
            digest, size = f"unreadable {number}", 0
            self._errors[digest] = str(error)
        except OSError as error:
            digest, size = f"unreadable {number}", 0
            self._errors[digest] = f"{source.name} cannot be opened ({error.strerror}): check the file."
        self._digests.append(digest)
        if digest not in self._errors and digest not in self.waiting and self._journal.get(self._key(digest)) is None:
            self.waiting[digest] = source
            self._bytes += size
        if self._cancelled and self._cancelled():
            raise CancelledError("The batch was stopped; what was finished is kept.")

    def _key(self, digest: str) -> str:
        return f"{digest}-{self._model.fingerprint}"

    def _tell(self) -> None:
        if self._progress:
            left = sum(digest in self.waiting for digest in self._digests)
            self._progress(len(self._digests) - left, len(self._digests))
        if self.waiting and self._cancelled and self._cancelled():
            raise CancelledError("The batch was stopped; what was finished is kept.")

    def run(self, jobs: int | None, *, by_path: bool, cluster: bool) -> None:
        """Listen to what is waiting; what a worker does not find under its path goes on waiting."""
        cores = max(1, min(jobs or os.cpu_count() or 1, len(self.waiting), self._bytes // _WORKER_BYTES))
        here = cores == 1 and not cluster  # so that it can be stopped within a call
        work = functools.partial(_work, cancelled=self._cancelled) if here else _work
        with closing(unordered(work, self._tasks(dict(self.waiting), by_path), jobs=cores)) as answers:
            for answer in answers:
                if answer.call is not None:
                    self._journal.add(self._key(answer.digest), answer.call)
                elif answer.error is not None:
                    self._errors[answer.digest] = answer.error
                elif by_path:
                    continue
                else:
                    self._errors[answer.digest] = f"{self.waiting[answer.digest].name} has changed meanwhile."
                del self.waiting[answer.digest]
                self._tell()

    def _tasks(self, sources: dict[str, Source], by_path: bool) -> Iterator[_Task]:
        """Yield tasks as they are asked for, so that few files are in memory at once."""
        for digest, source in sources.items():
            if by_path and source.path is not None:
                yield _Task(digest, source.name, self._model, None, source.path.absolute())
                continue
            try:
                yield _Task(digest, source.name, self._model, source.read(), None)
            except AudioError as error:  # such as one that has gone since
                self._errors[digest] = str(error)
                self.waiting.pop(digest, None)

    def calls(self, caller: int) -> list[Call]:
        """Return what became of each source."""
        found = []
        for source, digest in zip(self._sources, self._digests, strict=True):
            about, error = source.about, self._errors.get(digest)
            channel = caller if about.caller is None else about.caller
            heard = None if error else self._journal.get(self._key(digest))
            found.append(Call(source.name, about.call_id, about.agent, channel, heard, error))
        return found
