"""Errors as callers get them: a problem in JSON (RFC 9457) with one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match

from ser_core.errors import AudioError, BundleError, EncoderError, SERError

MEDIA_TYPE = "application/problem+json"
#: Kind of problem -> (HTTP status, title). The kind is the end of the problem's `type` and never changes.
KINDS: Mapping[str, tuple[int, str]] = {
    "bad-request": (400, "The request cannot be understood"),
    "no-key": (401, "A valid API key is needed"),
    "foreign-origin": (403, "Pages of this origin may not call"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "This address does not know this method"),
    "too-slow": (408, "The upload took too long"),
    "too-large": (413, "The recording is larger or longer than allowed"),
    "not-multipart": (415, "The body has another format than expected"),
    "invalid": (422, "Something in the request is missing or wrong"),
    "unknown-model": (422, "There is no such model"),
    "unreadable-audio": (422, "The recording cannot be read"),
    "too-many-requests": (429, "Too many requests from one caller"),
    "busy": (429, "The service has as much work as it can take"),
    "internal": (500, "Something went wrong in the service"),
    "not-ready": (503, "The model is not loaded yet"),
    "model-unavailable": (503, "The model cannot be loaded"),
}
_TYPE = "urn:ser-studio:problem:"
_BY_STATUS = {404: "not-found", 405: "method-not-allowed"}
_SENTENCES = {
    404: "There is nothing at this address: see /openapi.json for what there is.",
    405: "This address does not know this method: see the header Allow for those it knows.",
}
INTERNAL = "Something went wrong in the service: try again, and if it stays, tell who runs it the request_id."


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = Field(description="what kind of problem it is, for programs; a kind never changes its meaning")
    title: str = Field(description="the kind in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="one sentence that says what to do")
    request_id: str = Field(description="also in the header X-Request-Id and in the service's log")


class ProblemError(Exception):
    """A request that cannot be answered, and why.

    Parameters
    ----------
    kind
        A key of :data:`KINDS`.
    detail
        One sentence.
    headers
        Sent with the answer.
    """

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers = kind, detail, dict(headers or {})


def busy(detail: str, retry_s: int, kind: str = "busy") -> ProblemError:
    """Return the problem of a caller who should come back in some seconds."""
    return ProblemError(kind, detail, {"Retry-After": str(max(1, retry_s))})


def of_error(error: SERError) -> ProblemError:
    """Return the problem that stands for one of this package's errors."""
    if isinstance(error, AudioError):
        return ProblemError("unreadable-audio", str(error))
    if isinstance(error, BundleError | EncoderError):
        # Its sentence may name folders of this machine, which are nobody else's business.
        detail = "The model cannot be loaded on the service's machine: choose another of GET /v1/models."
        return ProblemError("model-unavailable", detail)
    return ProblemError("internal", INTERNAL)


def content(kind: str, detail: str, request_id: str) -> dict[str, Any]:
    """Return a problem as JSON carries it."""
    status, title = KINDS[kind]
    return Problem(type=_TYPE + kind, title=title, status=status, detail=detail, request_id=request_id).model_dump()


def response(problem: ProblemError, request_id: str) -> JSONResponse:
    """Return the answer that tells a caller of a problem."""
    status, _ = KINDS[problem.kind]
    body = content(problem.kind, problem.detail, request_id)
    return JSONResponse(body, status, problem.headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of these error statuses."""
    schema = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        titles = [title for number, title in KINDS.values() if number == status]
        found[status] = {"description": ", or: ".join(titles), "content": schema}
        if status in (429, 503):
            seconds = {"description": "seconds after which to try again", "schema": {"type": "integer"}}
            found[status]["headers"] = {"Retry-After": seconds}
    return found


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Make an application with these addresses answer every error with a problem."""
    app.state.routes = tuple(routes)
    app.add_exception_handler(ProblemError, _answer)
    app.add_exception_handler(SERError, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    problem = _problem_of(error)
    if problem.kind == "method-not-allowed" and (methods := _methods(request)):
        problem.headers["Allow"] = methods
    request.state.problem = problem.kind
    return response(problem, request.state.request_id)


def _methods(request: Request) -> str:
    """Return all methods of an address; the framework names those of its first route only."""
    found: set[str] = set()
    for route in request.app.state.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(found))


def _problem_of(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case SERError():
            return of_error(error)
        case RequestValidationError():
            first = error.errors()[0]
            place = " ".join(str(part) for part in first["loc"])
            return ProblemError("invalid", f"Wrong at {place}: {first['msg']}.")
        case HTTPException():
            kind = _BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "internal")
            detail = _SENTENCES.get(error.status_code) or f"{HTTPStatus(error.status_code).phrase}: see /openapi.json."
            return ProblemError(kind, detail, error.headers)
    return ProblemError("internal", INTERNAL)
