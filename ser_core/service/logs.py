"""The log of the service and of the server it runs in."""

from __future__ import annotations

import logging

from ser_core.logs import JsonLines, where

__all__ = ["JsonLines", "log_to_stderr", "where"]

# What uvicorn 0.54 says whenever the opening of a WebSocket was refused with an answer, as it should be.
_REFUSED_STREAM = "ASGI callable returned without completing handshake."


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
