"""The service as one ASGI application: routes, what surrounds them, and what they share."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ser_core.service import problems
from ser_core.service.guard import Cors, Gate, Watch
from ser_core.service.limits import HeldBytes, RateLimiter, WorkQueue
from ser_core.service.metrics import Metrics
from ser_core.service.options import ServiceOptions
from ser_core.service.problems import Problem
from ser_core.service.routes import Service, router
from ser_core.service.shelf import Shelf
from ser_core.service.timelines import TimelineJobs

_DESCRIPTION = """\
Which emotion does a voice carry, how sure is the model, and where in a longer recording?

The models learned from acted speech in English. They hear how an emotion is portrayed, not what somebody feels: do not
decide about a person with an answer. Recordings stay in memory, are never written to a disk or to the log, and are
forgotten with the answer.

Every error is a problem in JSON (RFC 9457) with one sentence in `detail` that says what to do.

**Streams**: open a WebSocket at `/v1/stream`, send `{"rate": 16000, "format": "int16"}` as text (also `float32`,
`channels`, `model`, `alarms`), then the samples as bytes while they come; readings arrive as JSON several times a
second: `{"event": "reading", "time_s": 2.4, "emotion": "angry", "confidence": 0.71, ...}`. End with `{"event": "end"}`.
"""
_TAGS = [
    {"name": "recordings", "description": "a file, answered at once"},
    {"name": "timelines", "description": "longer recordings as jobs, with progress"},
    {"name": "models", "description": "what can answer"},
    {"name": "operation", "description": "for those who run the service"},
]


def create_app(options: ServiceOptions | None = None, shelf: Shelf | None = None) -> FastAPI:
    """Return the service as an ASGI application; the default model is loaded in the background once it starts.

    Parameters
    ----------
    options
        What whoever runs it decides.
    shelf
        The models; by default those of this machine.

    Raises
    ------
    BundleError
        If there is no such default model.
    """
    options = options or ServiceOptions()
    service = _service(options, shelf or Shelf(options.model, options.models))
    # No pages of documentation: they would fetch scripts from the web. Any tool reads /openapi.json.
    app = FastAPI(
        title="SER Studio",
        version="1",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.service = service
    app.include_router(router)
    problems.install(app, router.routes)
    _describe(app, bool(options.api_keys))
    # The last one added is the outermost.
    limiter = RateLimiter(options.rate, options.burst)
    app.add_middleware(Gate, keys=options.api_keys, limiter=limiter, origins=options.cors)
    if options.cors:
        app.add_middleware(
            Cors,
            allow_origins=options.cors,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["X-API-Key", "X-Request-Id", "Content-Type"],
            expose_headers=["X-Request-Id", "Retry-After", "Location"],
        )
    app.add_middleware(Watch, metrics=service.metrics)
    return app


def _service(options: ServiceOptions, shelf: Shelf) -> Service:
    metrics = Metrics()
    predictions = WorkQueue(options.workers, options.queue, "predict")
    # Each stream asks for its next reading when the last one is there, so that a place for each is enough.
    readings = WorkQueue(options.workers, options.streams, "stream")
    timelines = WorkQueue(max(1, options.workers // 2), options.timelines, "timeline")
    held = HeldBytes(round(options.held_megabytes * 1e6))
    jobs = TimelineJobs(timelines, metrics)
    metrics.watch("ser_predictions_inside", "Predictions that run or wait", lambda: predictions.inside)
    metrics.watch("ser_timelines_inside", "Timelines that run or wait", lambda: timelines.inside)
    metrics.watch("ser_upload_bytes", "Bytes of uploads in memory", lambda: held.held)
    metrics.watch("ser_ready", "Whether the default model is loaded", lambda: float(shelf.ready))
    service = Service(options, shelf, metrics, held, predictions, readings, timelines, jobs)
    metrics.watch("ser_timeline_watchers", "Callers that follow a timeline's events", lambda: service.watchers)
    return service


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    threading.Thread(target=service.shelf.prepare, daemon=True, name="load-model").start()
    yield
    service.close()


def _describe(app: FastAPI, keyed: bool) -> None:
    """Add to OpenAPI what FastAPI cannot know: problems, the key, and that it applies to all but the open addresses."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes, tags=_TAGS
            )
            parts = schema.setdefault("components", {})
            parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
            if keyed:
                parts["securitySchemes"] = {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
                for path, operations in schema["paths"].items():
                    for operation in operations.values():
                        operation["security"] = [{"ApiKey": []}] if path.startswith("/v1/") else []
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation says
