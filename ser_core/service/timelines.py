"""Timelines as jobs: a recording is handed in, read in a thread, watched, fetched, forgotten."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ser_core.errors import CancelledError, SERError
from ser_core.recogniser import Recogniser
from ser_core.recordings import read_timeline, summarise
from ser_core.service import problems
from ser_core.service.limits import WorkQueue
from ser_core.service.logs import where
from ser_core.service.metrics import Metrics
from ser_core.service.problems import ProblemError
from ser_core.service.sound import NAME
from ser_core.service.uploads import Upload
from ser_core.untrusted import open_untrusted

log = logging.getLogger(__name__)

#: How long a result can be fetched, and how much of them is kept; the oldest go first.
KEPT_S = 900.0
_MOST_KEPT, _MOST_BYTES = 64, 64_000_000
#: States in which a job no longer changes.
ENDED = frozenset({"done", "failed", "cancelled"})

Model = Callable[[], Recogniser]


class TimelineJob:
    """One recording on its way to a timeline. A worker changes it, any thread may look.

    Attributes
    ----------
    id
        Nobody can guess it: who knows it may see and end the job.
    state
        `waiting`, `running`, `done`, `failed` or `cancelled`.
    done_s, duration_s
        Seconds that were read, and seconds in all as far as known.
    """

    def __init__(self, upload: Upload, model: Model, request_id: str) -> None:
        self.id = secrets.token_urlsafe(16)
        self.state = "waiting"
        self.done_s, self.duration_s = 0, 0
        self.ended_at: float | None = None
        self.stop = threading.Event()
        self.turn: Future[None] | None = None
        self._upload: Upload | None = upload
        self._model, self._request_id = model, request_id
        self._problem: dict[str, Any] | None = None
        self._result = b""

    @property
    def size(self) -> int:
        """Bytes of its result."""
        return len(self._result)

    def to_json(self) -> bytes:
        """Return what callers are told of the job; the result is kept as JSON, since it may be megabytes."""
        share = self.done_s / self.duration_s if self.duration_s else 0.0
        if self.state == "done":
            share = 1.0
        told = {
            "id": self.id,
            "state": self.state,
            "progress": min(1.0, share),
            "done_s": self.done_s,
            "duration_s": self.duration_s,
            "problem": self._problem,
        }
        return json.dumps(told).encode()[:-1] + b', "result": ' + (self._result or b"null") + b"}"

    def work(self) -> None:
        """Read the recording; called once, in a worker's thread."""
        upload = self._upload
        try:
            if upload is None or self.stop.is_set():
                raise CancelledError("Stopped before it began.")
            self.state = "running"
            self._result = self._read(self._model(), upload)
            self.state = "done"
        except CancelledError:
            self.state = "cancelled"
        except (SERError, ProblemError) as error:
            self._fail(error if isinstance(error, ProblemError) else problems.of_error(error))
        except Exception as error:
            log.error("timeline_failed", extra={"request_id": self._request_id, "reason": where(error)})
            self._fail(ProblemError("internal", problems.INTERNAL))
        finally:
            self.drop_sound()
            self.ended_at = time.monotonic()

    def drop_sound(self) -> None:
        """Forget the recording."""
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.lease.release()

    def _read(self, recogniser: Recogniser, upload: Upload) -> bytes:
        recording = open_untrusted(upload.data, NAME)
        timeline = read_timeline(recogniser, recording, progress=self._show, cancelled=self.stop.is_set)
        answer = timeline.to_dict() | {"name": upload.name, "summary": summarise(timeline).to_dict()}
        return json.dumps(answer).encode()

    def _show(self, done_s: int, duration_s: int) -> None:
        self.done_s, self.duration_s = done_s, duration_s

    def _fail(self, problem: ProblemError) -> None:
        self._problem = problems.content(problem.kind, problem.detail, self._request_id)
        self.state = "failed"


class TimelineJobs:
    """All jobs of the process. Any thread may ask."""

    def __init__(self, queue: WorkQueue, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue, self._metrics, self._clock = queue, metrics, clock
        self._lock = threading.Lock()
        self._jobs: dict[str, TimelineJob] = {}

    def start(self, upload: Upload, model: Model, request_id: str) -> TimelineJob:
        """Hand in a recording, whose lease the job gives back.

        Raises
        ------
        ProblemError
            If as many wait as may.
        """
        job = TimelineJob(upload, model, request_id)
        job.turn = self._queue.submit(job.work)
        job.turn.add_done_callback(lambda _: self._ended(job))
        with self._lock:
            self._forget_old()
            self._jobs[job.id] = job
        return job

    def get(self, job_id: str) -> TimelineJob:
        """Return a job.

        Raises
        ------
        ProblemError
            If it is not, or no longer, known.
        """
        with self._lock:
            self._forget_old()
            job = self._jobs.get(job_id)
        if job is None:
            detail = f"There is no such timeline: it was deleted, or ended more than {KEPT_S / 60:.0f} minutes ago."
            raise ProblemError("not-found", detail)
        return job

    def delete(self, job_id: str) -> None:
        """End a job and forget it, its recording and its result; raises as :meth:`get`."""
        job = self.get(job_id)
        job.stop.set()
        with self._lock:
            self._jobs.pop(job_id, None)
        if job.state == "waiting":  # its turn may be far away, and its recording should not stay until then
            job.state = "cancelled"
            job.drop_sound()
            if job.turn is not None:
                job.turn.cancel()  # its place in the queue is another's

    def close(self) -> None:
        """End everything."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()
            self._jobs.clear()

    def _ended(self, job: TimelineJob) -> None:
        job.drop_sound()  # also of one that never had its turn
        self._metrics.timelines.labels(job.state).inc()
        log.info("timeline_ended", extra={"state": job.state, "audio_s": job.done_s, "request_id": job._request_id})

    def _forget_old(self) -> None:
        now = self._clock()
        ended = [job for job in self._jobs.values() if job.ended_at is not None]
        ended.sort(key=lambda job: -(job.ended_at or 0.0))
        size = 0
        for number, job in enumerate(ended):
            size += job.size
            old = now - (job.ended_at or 0.0) > KEPT_S
            if old or number >= _MOST_KEPT or (number and size > _MOST_BYTES):
                self._jobs.pop(job.id, None)
