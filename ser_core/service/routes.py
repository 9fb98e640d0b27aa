"""The addresses of the service. Each is a few lines over what the package can do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Request, Response, WebSocket
from starlette.responses import StreamingResponse

from ser_core.recogniser import Prediction
from ser_core.service.limits import HeldBytes, WorkQueue
from ser_core.service.metrics import Metrics
from ser_core.service.options import ServiceOptions
from ser_core.service.problems import ProblemError, busy, documented
from ser_core.service.schemas import (
    UPLOAD_BODY,
    HealthAnswer,
    JobAnswer,
    ModelsAnswer,
    PredictionAnswer,
    ReadyAnswer,
)
from ser_core.service.shelf import Shelf, describe
from ser_core.service.sound import NAME, predict_bytes
from ser_core.service.streams import Stream
from ser_core.service.timelines import ENDED, TimelineJob, TimelineJobs
from ser_core.service.uploads import Upload, receive_upload
from ser_core.untrusted import open_untrusted

router = APIRouter()

_POLL_S = 0.25
#: A line that means nothing keeps proxies from closing a quiet connection, in seconds.
_SIGN_OF_LIFE_S = 15.0
_MOST_WATCHERS = 64
_UPLOAD = documented(400, 408, 413, 415, 422)
_COMMON = documented(401, 429, 500)
_BAD_MODEL = documented(503)
JobId = Annotated[str, Path(max_length=64, description="the id of a timeline", examples=["q4ZQ1mJ0T2mQz6m3Vd8aHA"])]


@dataclass
class Service:
    """What the routes share: one of each in a process."""

    options: ServiceOptions
    shelf: Shelf
    metrics: Metrics
    held: HeldBytes
    predictions: WorkQueue
    readings: WorkQueue
    timelines: WorkQueue
    jobs: TimelineJobs
    streams: int = 0
    watchers: int = 0

    def close(self) -> None:
        """End all work."""
        self.jobs.close()
        for queue in (self.predictions, self.readings, self.timelines):
            queue.close()

    async def receive(self, request: Request) -> Upload:
        """Return the file of a request; raises as :func:`receive_upload`."""
        return await receive_upload(request, self.held, self.options.receive_s)

    def predict(self, data: bytes, model: str | None) -> Prediction:
        """Return a prediction; called in a worker's thread."""
        prediction = predict_bytes(self.shelf.get(model), data, self.options.longest_s)
        self.metrics.predictions.labels(prediction.model).inc()
        self.metrics.heard_s.inc(prediction.duration_s)
        return prediction


def _service(request: Request | WebSocket) -> Service:
    service: Service = request.app.state.service
    return service


@router.post(
    "/v1/predict",
    summary="The emotion of a recording",
    tags=["recordings"],
    response_model=PredictionAnswer,
    responses=_COMMON | _UPLOAD | _BAD_MODEL,
    openapi_extra=UPLOAD_BODY,
)
async def predict(request: Request) -> dict[str, object]:
    """Answer with the emotion that a voice carries: one call per utterance.

    Where the recording cannot carry an answer (silence, noise, too short), `emotion` is null and `warnings` say why.
    """
    service = _service(request)
    upload = await service.receive(request)
    try:
        model = upload.fields.get("model") or None
        prediction = await service.predictions.run(service.predict, upload.data, model)
    finally:
        upload.lease.release()
    return {"path": upload.name} | prediction.to_dict()


@router.post(
    "/v1/timelines",
    summary="Begin the timeline of a longer recording",
    tags=["timelines"],
    status_code=202,
    responses=_COMMON | _UPLOAD | {202: {"model": JobAnswer, "description": "it is on its way; Location says where"}},
    openapi_extra=UPLOAD_BODY,
)
async def begin_timeline(request: Request) -> Response:
    """Hand in a recording of minutes or hours; its timeline is made in the background.

    The recording stays in memory until the job ends, the result for 15 minutes.
    """
    service = _service(request)
    upload = await service.receive(request)
    try:
        model = upload.fields.get("model") or None
        service.shelf.check(model)
        # What its first bytes show to be no recording is refused now, not in the background.
        await to_thread.run_sync(open_untrusted, upload.data, NAME)
        job = service.jobs.start(upload, lambda: service.shelf.get(model), request.state.request_id)
    except BaseException:
        upload.lease.release()
        raise
    return _job_answer(job, 202)


@router.get(
    "/v1/timelines/{job_id}",
    summary="State, progress and result of a timeline",
    tags=["timelines"],
    responses=_COMMON | documented(404, 422) | {200: {"model": JobAnswer}},
)
async def see_timeline(request: Request, job_id: JobId) -> Response:
    """Answer with the job; `result` is there once `state` is `done`, `problem` where it is `failed`."""
    return _job_answer(_service(request).jobs.get(job_id), 200)


@router.delete(
    "/v1/timelines/{job_id}",
    summary="Cancel a timeline and forget it",
    tags=["timelines"],
    status_code=204,
    response_class=Response,
    responses=_COMMON | documented(404, 422),
)
async def delete_timeline(request: Request, job_id: JobId) -> None:
    """End the job if it still runs, and forget recording and result at once."""
    _service(request).jobs.delete(job_id)


@router.get(
    "/v1/timelines/{job_id}/events",
    summary="Progress and result as they come",
    tags=["timelines"],
    response_class=StreamingResponse,
    responses=_COMMON
    | documented(404, 422)
    | {
        200: {
            "description": "server-sent events: `progress` with the job; last `done`, `failed` or `cancelled`",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def watch_timeline(request: Request, job_id: JobId) -> StreamingResponse:
    """Send an event whenever the job has moved, and its result as the last one."""
    service = _service(request)
    job = service.jobs.get(job_id)
    if service.watchers >= _MOST_WATCHERS:
        raise busy("Too many callers watch timelines: ask for the state instead, or try again later.", 5)
    return StreamingResponse(_events(service, job), media_type="text/event-stream")


async def _events(service: Service, job: TimelineJob) -> AsyncIterator[bytes]:
    service.watchers += 1
    try:
        told: tuple[str, int] | None = None
        quiet_s = 0.0
        while job.state not in ENDED:
            if told != (job.state, job.done_s):
                told, quiet_s = (job.state, job.done_s), 0.0
                yield b"event: progress\ndata: " + job.to_json() + b"\n\n"
            elif quiet_s > _SIGN_OF_LIFE_S:
                quiet_s = 0.0
                yield b": still there\n\n"
            await asyncio.sleep(_POLL_S)
            quiet_s += _POLL_S
        yield b"event: " + job.state.encode() + b"\ndata: " + job.to_json() + b"\n\n"
    finally:
        service.watchers -= 1


@router.get("/v1/models", summary="The models that can be named", tags=["models"], responses=_COMMON)
def models(request: Request) -> ModelsAnswer:
    """Answer with every model of this machine, the default one first."""
    shelf = _service(request).shelf
    loaded = shelf.loaded()
    told = [describe(card, shelf.default, loaded) for card in shelf.cards()]
    return ModelsAnswer.model_validate({"models": told})


@router.get("/health", summary="Is the process alive?", tags=["operation"], responses=documented(500))
async def health() -> HealthAnswer:
    """Answer as soon as the process runs; needs no key."""
    return HealthAnswer()


@router.get("/ready", summary="Is the default model loaded?", tags=["operation"], responses=documented(500, 503))
async def ready(request: Request) -> ReadyAnswer:
    """Answer 200 once requests are answered without waiting for the model; needs no key."""
    shelf = _service(request).shelf
    if shelf.failed:
        raise ProblemError("model-unavailable", "The default model cannot be loaded: the service's log says why.")
    if not shelf.ready:
        raise ProblemError(
            "not-ready", "The default model is being loaded: ask again in a second.", {"Retry-After": "1"}
        )
    return ReadyAnswer(model=shelf.default)


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    tags=["operation"],
    response_class=Response,
    responses=documented(500) | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Answer with counts, times and loads in Prometheus' text format; nothing in it is of any recording."""
    return Response(_service(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.websocket("/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """Read a voice while it is speaking; see :mod:`ser_core.service.streams`."""
    service = _service(websocket)
    if service.streams >= service.options.streams:
        raise busy("As many streams are open as this service takes: try again later.", 10)
    service.streams += 1
    service.metrics.streams.inc()
    opened = Stream(websocket, service.readings, service.shelf.get, websocket.state.request_id)
    try:
        await websocket.accept()
        await opened.run()
    finally:
        service.streams -= 1
        service.metrics.streams.dec()
        service.metrics.readings.inc(opened.readings)


@router.websocket("/{path:path}")
async def no_stream(websocket: WebSocket, path: str) -> None:
    """Refuse a WebSocket anywhere else with a problem, as any request is."""
    raise ProblemError("not-found", "There is no stream at this path: open the WebSocket at /v1/stream.")


def _job_answer(job: TimelineJob, status: int) -> Response:
    headers = {"Location": f"/v1/timelines/{job.id}"} if status == 202 else None
    return Response(job.to_json(), status, headers, media_type="application/json")
