"""The log of the app: a line of JSON on stderr for each run of a page, each answer and each job.

A line has the time, the level, what happened, how long it took, and two made-up ids: of the session and of the run. It
never has the name or the content of what a visitor gave; Streamlit's own lines lose the messages of exceptions, too,
since those may quote a file name.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Iterator

import streamlit as st
from streamlit import logger as streamlit_logger
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ser_core.logs import JsonLines, where

log = logging.getLogger("ser_studio")
_SESSION, _REQUEST = "log_session", "log_request"


@st.cache_resource(show_spinner=False)
def start_log() -> None:
    """Make the app and Streamlit write lines of JSON, once a server."""
    if not log.handlers:
        log.addHandler(logging.StreamHandler())
        log.handlers[0].setFormatter(JsonLines())
    log.setLevel(logging.INFO)
    log.propagate = False
    for logger in list(streamlit_logger._loggers.values()):
        for own in logger.handlers:
            own.setFormatter(JsonLines())


@contextlib.contextmanager
def visit(page: str) -> Iterator[None]:
    """Note one run of a page: how long it took, and how it ended."""
    st.session_state.setdefault(_SESSION, uuid.uuid4().hex[:12])
    st.session_state[_REQUEST] = uuid.uuid4().hex[:12]
    begun, outcome = time.monotonic(), "stopped"  # by a rerun, or by the page itself
    ids = session_ids()
    try:
        yield
        outcome = "done"
    except Exception as error:
        outcome = "failed"
        log.error("unforeseen", extra={**ids, "page": page, "reason": where(error)})
        raise
    finally:
        log.info("page", extra={**ids, "page": page, "outcome": outcome, "ms": milliseconds(begun)})


def session_ids() -> dict[str, str]:
    """Return the made-up ids of this session and this run; none where there is no session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return {}
    state = st.session_state
    return {name: str(state[key]) for name, key in (("session", _SESSION), ("request_id", _REQUEST)) if key in state}


def note(event: str, *, ids: dict[str, str] | None = None, **facts: float | str) -> None:
    """Write a line: *facts* are numbers and words of this program, never a visitor's."""
    log.info(event, extra={**(session_ids() if ids is None else ids), **facts})


def milliseconds(begun: float) -> float:
    """Return how long it is since *begun* (of the monotonic clock)."""
    return round(1000 * (time.monotonic() - begun), 1)
