"""What a visitor gave goes when the visitor goes.

Streamlit keeps the session of a page that was closed, in case the connection comes back, for two minutes and beyond
until it next looks at its list; and work in the background goes on for nobody. So a thread looks for such sessions and
closes them after :data:`GRACE_S`.
"""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit import runtime as streamlit_runtime
from streamlit.runtime.caching.cache_data_api import clear_session_cache
from streamlit.runtime.scriptrunner import get_script_run_ctx

#: A connection may be lost for so long (a tunnel, a phone that sleeps) before everything is forgotten, in seconds.
GRACE_S = 60.0
_EVERY_S = 10.0
_KEY = "at_the_end"


def at_the_end(name: str, action: Callable[[], object]) -> None:
    """Have *action* called when this session ends, or when the person deletes everything; *name* tells them apart."""
    st.session_state.setdefault(_KEY, {})[name] = action


def forget_session() -> None:
    """End all that this session has under way and forget all that it holds, as if the page were opened anew."""
    _act(st.session_state.get(_KEY, {}))
    st.session_state.clear()
    context = get_script_run_ctx()
    if context is not None and streamlit_runtime.exists():
        clear_session_cache(context.session_id)
        streamlit_runtime.get_instance().uploaded_file_mgr.remove_session_files(context.session_id)
    collect()


def collect() -> None:
    """Free what an ended session held in circles, such as a page's last exception or a figure.

    Loading a model hides from the collector all that is there, to spare time (see `models`): the first visitors' sounds
    too, which would then stay for ever. So it is shown everything once more.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Sweeper:
    """Closes sessions that were left; one a server.

    Parameters
    ----------
    runtime
        Streamlit's, of this server.
    clock
        The time in seconds; it never jumps.
    """

    def __init__(self, runtime: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime, self._clock = runtime, clock
        self._left: dict[str, tuple[float, Any]] = {}
        self._passes = 0

    def sweep(self) -> int:
        """Close what was left long enough and return how many that were; to be called where the server's loop runs."""
        closed = self._sweep()
        if closed:
            collect()
        return closed

    def _sweep(self) -> int:
        manager = self._runtime._session_mgr
        active = {info.session.id for info in manager.list_active_sessions()}
        stored = {info.session.id: info.session for info in manager.list_sessions() if info.session.id not in active}
        now = self._clock()
        for name, session in stored.items():
            self._left.setdefault(name, (now, session))
        closed = 0
        for name, (since, session) in list(self._left.items()):
            if name in active:  # it came back
                del self._left[name]
            elif now - since >= GRACE_S or name not in stored:
                self._close(name, session)
                del self._left[name]
                closed += 1
                self._passes = 2  # what can be downloaded is only marked the first time
        self._drop_files(active | set(self._left))
        return closed

    def _close(self, name: str, session: Any) -> None:
        with contextlib.suppress(KeyError):
            _act(session.session_state[_KEY])
        session.session_state.clear()
        self._runtime.close_session(name)
        session.shutdown()  # no harm the second time; needed where Streamlit has dropped it from its list already

    def _drop_files(self, known: set[str]) -> None:
        """Remove files that belong to no session any more: uploads, and what players and downloads were given."""
        files = self._runtime.uploaded_file_mgr
        for name in set(files.file_storage) - known:
            files.remove_session_files(name)
            self._runtime.media_file_mgr.clear_session_refs(name)
        if self._passes:
            self._passes -= 1
            self._runtime.media_file_mgr.remove_orphaned_files()


def watch_sessions() -> None:
    """Start the thread that closes sessions, once a server."""
    if streamlit_runtime.exists():
        _watch()


@st.cache_resource(show_spinner=False)
def _watch() -> Sweeper:
    runtime = streamlit_runtime.get_instance()
    sweeper = Sweeper(runtime)

    def work() -> None:
        while type(runtime) is streamlit_runtime.Runtime:  # a test's has no loop
            time.sleep(_EVERY_S)
            with contextlib.suppress(RuntimeError):  # the server's loop has ended
                runtime._get_async_objs().eventloop.call_soon_threadsafe(sweeper.sweep)

    threading.Thread(target=work, daemon=True, name="session-sweeper").start()
    return sweeper


def _act(actions: dict[str, Callable[[], object]]) -> None:
    for action in list(actions.values()):
        with contextlib.suppress(Exception):  # one that fails must not keep the others from their end
            action()
