"""A stream of sound over a WebSocket: pieces of PCM come, readings go, several a second.

client: {"rate": 16000, "format": "int16"}              the first message, as text
client: <bytes>                                         samples, little-endian, as they come from the microphone
server: {"event": "reading", "emotion": "angry", ...}
client: {"event": "end"}                                or it closes the connection
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any, Literal

import numpy as np
from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from ser_core.errors import AlarmError, SERError
from ser_core.live import Alarm, AlarmEvent, Listener, Reading, SoundBuffer
from ser_core.recogniser import AFFECT_FIELDS, Recogniser
from ser_core.service import problems
from ser_core.service.limits import WorkQueue
from ser_core.service.logs import where
from ser_core.service.problems import ProblemError
from ser_core.settings import settings

log = logging.getLogger(__name__)

#: Seconds between readings; a machine that takes longer reads less often and stays at the present.
STEP_S = 0.3
#: A stream on which nothing comes for so long is ended.
IDLE_S = 30.0
#: Sound may be ahead of the clock by this much before it is held back: streams are for what is being said.
_AHEAD_S = 10.0
_LONGEST_PIECE_S = 10.0
_MOST_MESSAGE = 1_000_000
_FULL_SCALE = 100.0
_DTYPES = {"int16": "<i2", "float32": "<f4"}
# Close codes of RFC 6455: done, not what was agreed, come back later, our fault.
_DONE, _POLICY, _LATER, _FAULT = 1000, 1008, 1013, 1011


class AlarmRule(BaseModel):
    """An alarm that a caller defines; see :class:`ser_core.live.Alarm`."""

    model_config = ConfigDict(extra="forbid")
    name: str
    measure: str
    threshold: float
    seconds: float
    hold_off_s: float = 30.0


class Hello(BaseModel):
    """The first message of a stream."""

    model_config = ConfigDict(extra="forbid")
    rate: int = Field(ge=4_000, le=400_000)
    format: Literal["int16", "float32"] = "int16"
    channels: int = Field(1, ge=1, le=8)
    model: str | None = Field(None, max_length=200)
    alarms: list[AlarmRule] = Field(default=[], max_length=8)


class Stream:
    """One connection, from the first message to the end.

    Parameters
    ----------
    websocket
        Accepted already.
    queue
        Threads that take readings.
    model
        Gives a loaded model by name; it may take seconds.
    """

    def __init__(self, websocket: WebSocket, queue: WorkQueue, model: Any, request_id: str) -> None:
        self._websocket, self._queue, self._model, self._request_id = websocket, queue, model, request_id
        self._rest = b""
        self._told = 0
        self.readings = 0

    async def run(self) -> None:
        """Listen until the caller ends, goes away, or does something wrong."""
        try:
            hello, listener = await self._begin()
            reading = asyncio.create_task(self._read(listener))
            try:
                await self._receive(hello, listener, reading)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            await self._finish(listener)
        except WebSocketDisconnect:
            log.info("stream_left", extra={"request_id": self._request_id})
        except ProblemError as problem:
            await self._refuse(problem)
        except SERError as error:
            await self._refuse(problems.of_error(error))
        except Exception as error:  # the caller gets a sentence, the log the place
            log.error("unforeseen", extra={"request_id": self._request_id, "reason": where(error)})
            await self._refuse(ProblemError("internal", problems.INTERNAL))

    async def _begin(self) -> tuple[Hello, Listener]:
        message = await self._next()
        try:
            hello = Hello.model_validate_json(_text(message))
            alarms = [Alarm(**rule.model_dump()) for rule in hello.alarms]
        except ValidationError as error:
            first = error.errors()[0]
            place = " ".join(str(part) for part in first["loc"]) or "the message"
            detail = f'Begin with {{"rate": 16000, "format": "int16"}} as text; wrong is {place}: {first["msg"]}.'
            raise ProblemError("invalid", detail) from error
        except AlarmError as error:
            raise ProblemError("invalid", str(error)) from error
        recogniser: Recogniser = await to_thread.run_sync(self._model, hello.model)
        listener = Listener(recogniser, alarms)
        listener.sound = SoundBuffer(kept_s=_AHEAD_S)  # the last seconds are enough: nothing is recorded
        await self._send({"event": "ready", "model": recogniser.card.name, "step_s": STEP_S})
        return hello, listener

    async def _next(self) -> Any:
        """Wait for a message, but not for ever."""
        try:
            async with asyncio.timeout(IDLE_S):
                message = await self._websocket.receive()
        except TimeoutError as error:
            detail = f"Nothing came for {IDLE_S:g} s: connect again when there is sound."
            raise ProblemError("too-slow", detail) from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        return message

    async def _receive(self, hello: Hello, listener: Listener, reading: asyncio.Task[None]) -> None:
        begun, most = time.monotonic(), settings().max_seconds
        while True:
            message = await self._next()
            if reading.done():
                reading.result()  # raises what ended it
            if message.get("text") is not None:
                if _event(message["text"]) == "end":
                    return
                raise ProblemError("bad-request", 'After the first message send bytes, or {"event": "end"}.')
            samples = self._samples(message.get("bytes") or b"", hello)
            await to_thread.run_sync(listener.feed, samples, hello.rate)
            if listener.sound.duration_s > most:
                raise ProblemError("too-large", f"A stream lasts {most:g} s at most: begin a new one.")
            ahead = listener.sound.duration_s - (time.monotonic() - begun) - _AHEAD_S
            if ahead > 0:
                await asyncio.sleep(ahead)

    def _samples(self, data: bytes, hello: Hello) -> np.ndarray:
        """Return whole samples [shape=(n, channels)]; what is left of one waits for the next message."""
        if len(data) > _MOST_MESSAGE:
            raise ProblemError("too-large", "A piece of sound is larger than 1 MB: send smaller ones, such as 100 ms.")
        data = self._rest + data
        width = np.dtype(_DTYPES[hello.format]).itemsize * hello.channels
        whole = len(data) // width * width
        self._rest = data[whole:]
        samples = np.frombuffer(data[:whole], _DTYPES[hello.format]).reshape(-1, hello.channels)
        if len(samples) > _LONGEST_PIECE_S * hello.rate:
            detail = f"A piece of sound is longer than {_LONGEST_PIECE_S:g} s: send smaller ones, such as 100 ms."
            raise ProblemError("too-large", detail)
        if hello.format == "float32" and samples.size:
            peak = float(np.abs(samples).max())
            if not peak <= _FULL_SCALE:
                raise ProblemError("invalid", "Samples as float32 have full scale 1: send numbers from -1 to 1.")
        return samples

    async def _read(self, listener: Listener) -> None:
        while True:
            begun = time.monotonic()
            await self._step(listener)
            await asyncio.sleep(max(0.02, STEP_S - (time.monotonic() - begun)))

    async def _step(self, listener: Listener) -> None:
        reading = await self._queue.run(listener.step)
        if reading is None:
            return
        self.readings += 1
        await self._send({"event": "reading", **reading_dict(reading)})
        events = listener.events()
        for event in events[self._told :]:
            await self._send({"event": "alarm", **alarm_dict(event)})
        self._told = len(events)

    async def _finish(self, listener: Listener) -> None:
        await self._step(listener)
        ended = {"event": "end", "duration_s": listener.sound.duration_s, "readings": self.readings}
        await self._send(ended)
        await self._websocket.close(_DONE)

    async def _refuse(self, problem: ProblemError) -> None:
        self._websocket.state.problem = problem.kind
        body = problems.content(problem.kind, problem.detail, self._request_id)
        code = {429: _LATER, 500: _FAULT, 503: _LATER}.get(body["status"], _POLICY)
        try:
            await self._send({"event": "problem", "problem": body})
            await self._websocket.close(code)
        except (WebSocketDisconnect, RuntimeError):
            log.info("stream_left", extra={"request_id": self._request_id})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(json.dumps(message))


def reading_dict(reading: Reading) -> dict[str, Any]:
    """Return a reading as programs get it; `emotion` is null where nobody speaks."""
    return {
        "time_s": reading.time_s,
        "emotion": reading.emotion,
        "confidence": reading.confidence,
        "sure": reading.sure,
        "candidates": list(reading.candidates),
        "probabilities": dict(reading.probabilities),
        **{name: getattr(reading.affect, name, None) for name in AFFECT_FIELDS},
        "delay_s": reading.delay_s,
    }


def alarm_dict(event: AlarmEvent) -> dict[str, Any]:
    """Return an alarm that rang as programs get it."""
    return {
        "name": event.alarm.name,
        "measure": event.alarm.measure,
        "time_s": event.time_s,
        "lasted_s": event.lasted_s,
        "mean": event.mean,
        "peak": event.peak,
    }


def _text(message: Any) -> str:
    if message.get("text") is None:
        raise ProblemError("invalid", 'Begin with {"rate": 16000, "format": "int16"} as text, then send bytes.')
    return str(message["text"])


def _event(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(value.get("event", "")) if isinstance(value, dict) else ""
