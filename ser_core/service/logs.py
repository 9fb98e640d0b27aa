"""The log of the service: one JSON object a line, with the request's id, and nothing of any recording or caller."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
# What uvicorn 0.54 says whenever the opening of a WebSocket was refused with an answer, as it should be.
_REFUSED_STREAM = "ASGI callable returned without completing handshake."


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: time, level, event, and what was given with it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of an exception the type only, since its message may quote a caller."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[0]:
            line["reason"] = record.exc_info[0].__name__
        return json.dumps(line, default=str)


def log_to_stderr(level: str = "info") -> None:
    """Make the service and its server write their logs to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    handler.addFilter(lambda record: record.getMessage() != _REFUSED_STREAM)
    # The server's own words at level info hold the addresses of callers and what they asked for.
    for name, least in (("ser_core.service", level.upper()), ("uvicorn.error", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(least)
        logger.propagate = False


def where(error: BaseException) -> str:
    """Return the type of an error and the lines it came through, never its message, which may quote a caller."""
    places, trace = [], error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' < '.join(reversed(places[-6:]))}"
