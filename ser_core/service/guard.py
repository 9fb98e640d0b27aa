"""What surrounds every request: its id, the log, the metrics, security headers, the key and the rate of callers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import logging
import math
import re
import secrets
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ser_core.service import problems
from ser_core.service.limits import RateLimiter
from ser_core.service.logs import where
from ser_core.service.metrics import Metrics
from ser_core.service.problems import ProblemError

log = logging.getLogger(__name__)

#: Answers are data: no page, no script, kept by nobody on the way.
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: Asked for by watchers of the service, without a key and as often as they like.
OPEN_PATHS = frozenset({"/health", "/ready", "/metrics", "/openapi.json"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: What a caller is still sending when the answer is known already is read and thrown away: so much, for so long. One
#: whose connection is closed in the middle of its upload would not see the answer.
_DRAIN_BYTES, _DRAIN_S = 32_000_000, 3.0
_NO_KEY = "This service needs an API key: send it in the header X-API-Key."
_RATE = "You send more requests than this service takes from one caller: go on after the seconds in Retry-After."


class Watch:
    """The outermost layer: ids, log, metrics, headers; an error that nobody foresaw becomes a problem here."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("x-request-id", "")
        request_id = told if _REQUEST_ID.fullmatch(told) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(scope, receive, send, request_id)
        begun = time.monotonic()
        try:
            await self._app(scope, answer.receive, answer.send)
        except ClientDisconnect:
            answer.status = answer.status or 499
        except Exception as error:
            log.error("unforeseen", extra={"request_id": request_id, "reason": where(error)})
            await answer.fail()
        finally:
            self._note(scope, answer, request_id, time.monotonic() - begun)

    def _note(self, scope: Scope, answer: _Answer, request_id: str, seconds: float) -> None:
        kind = scope["state"].get("problem", "")
        route = getattr(scope.get("route"), "path", "unknown")  # never the path itself, which callers write
        method = scope.get("method", "WS") if scope.get("method") in (None, "GET", "POST", "DELETE") else "other"
        status = answer.status or (101 if scope["type"] == "websocket" else 499)
        self._metrics.requests.labels(method, route, str(status)).inc()
        if scope["type"] == "http":
            self._metrics.seconds.labels(route).observe(seconds)
        if kind:
            self._metrics.refused.labels(kind).inc()
        what = {"method": method, "route": route, "status": status, "ms": round(1000 * seconds, 1)}
        log.info("request", extra={"request_id": request_id, **what, "problem": kind, "bytes_in": answer.received})


class _Answer:
    """The two ends of a request, with what passed through them."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._scope, self._receive, self._send, self._request_id = scope, receive, send, request_id
        self._complete = scope["type"] == "websocket" or not _has_body(scope)
        # A caller that waits for our word before it sends its body has nothing under way.
        self._waits = Headers(scope=scope).get("expect", "").lower() == "100-continue"
        self.status: int | None = None
        self.received = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits = False
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        elif message["type"] == "http.disconnect":
            self._complete = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            if not self._complete and not self._waits:
                await self._drain()
        await self._send(message)

    async def fail(self) -> None:
        """Tell of an error that nobody foresaw, where an answer has not begun."""
        if self.status is None and self._scope["type"] == "http":
            await reply(ProblemError("internal", problems.INTERNAL), self._scope, self.receive, self.send)
        elif self.status is None:
            with contextlib.suppress(RuntimeError):  # it was closed already
                await self._send({"type": "websocket.close", "code": 1011})
        self._scope["state"]["problem"] = "internal"

    async def _drain(self) -> None:
        most = self.received + _DRAIN_BYTES
        try:
            async with asyncio.timeout(_DRAIN_S):
                while not self._complete and self.received < most:
                    await self.receive()
        except TimeoutError:
            return


class Gate:
    """Lets in who has a key and does not ask too often."""

    def __init__(self, app: ASGIApp, keys: tuple[str, ...], limiter: RateLimiter, origins: tuple[str, ...]) -> None:
        self._app, self._limiter, self._origins = app, limiter, origins
        self._digests = tuple(_digest(key) for key in keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except ProblemError as problem:
            await reply(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if scope["type"] == "websocket":
            self._check_origin(headers)
        place = self._key_of(headers)
        # Who has no key is counted by address, so that keys cannot be tried fast.
        caller = _address(scope) if place is None else f"key {place}"
        if wait_s := self._limiter.take(caller):
            raise problems.busy(_RATE, math.ceil(wait_s), "too-many-requests")
        if self._digests and place is None:
            raise ProblemError("no-key", _NO_KEY, {"WWW-Authenticate": 'ApiKey realm="SER Studio"'})

    def _key_of(self, headers: Headers) -> int | None:
        """Return the number of the key that was sent; every key is compared, in constant time."""
        sent, found = _digest(headers.get("x-api-key", "")), None
        for number, digest in enumerate(self._digests):
            if secrets.compare_digest(sent, digest):
                found = number
        return found

    def _check_origin(self, headers: Headers) -> None:
        """Refuse pages of other origins: browsers let any page open a WebSocket to any host, also to this machine."""
        origin = headers.get("origin", "").lower()
        if origin and origin not in self._origins and urlsplit(origin).netloc != headers.get("host", "").lower():
            detail = "Pages of this origin may not call: whoever runs the service can allow it with --cors."
            raise ProblemError("foreign-origin", detail)


class Cors(CORSMiddleware):
    """Starlette's, with refusals as problems."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" and scope["method"] == "OPTIONS" else {}
        asks = "origin" in headers and "access-control-request-method" in headers
        if asks and self.preflight_response(Headers(scope=scope)).status_code != 200:
            detail = "Pages of this origin may not send this: whoever runs the service can allow it with --cors."
            await reply(ProblemError("foreign-origin", detail, {"Vary": "Origin"}), scope, receive, send)
            return
        await super().__call__(scope, receive, send)


async def reply(problem: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or the opening of a WebSocket, with a problem."""
    scope["state"]["problem"] = problem.kind
    response = problems.response(problem, scope["state"]["request_id"])
    await response(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _address(scope: Scope) -> str:
    """Return what tells callers apart: an address; of IPv6 its network, since one caller has many in it."""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address: Any = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.version == 4 or address.ipv4_mapped:
        return str(address if address.version == 4 else address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
