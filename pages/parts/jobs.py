"""Work that takes minutes: a thread of the server does it once for all visitors, whoever looks on or leaves.

Work on what a visitor gave is *private*: it belongs to the session, and ends and is forgotten with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts.events import milliseconds, note, session_ids
from pages.parts.session_end import at_the_end
from ser_core.errors import CancelledError, SERError
from ser_core.logs import where

Progress = Callable[[int, int], None]
Work = Callable[[Progress, Callable[[], bool]], Any]

_POLL_S = 1.0
_KEPT = 24


class Job:
    """One computation: how far it is, and what came of it."""

    def __init__(self, work: Work) -> None:
        self.done, self.total = 0, 0
        self.result: Any = None
        self.problem: str | None = None
        self.finished = threading.Event()
        self._stop = threading.Event()
        self._ids = session_ids()
        threading.Thread(target=self._run, args=(work,), daemon=True).start()  # not kept: it may hold a sound

    def stop(self) -> None:
        """Ask the work to stop; what it has finished so far stays in the cache on disk."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def _run(self, work: Work) -> None:
        begun, facts = time.monotonic(), {"outcome": "done"}
        try:
            self.result = work(self._show, self._stop.is_set)
        except CancelledError as error:
            self.problem, facts = str(error), {"outcome": "stopped"}
        except SERError as error:
            self.problem, facts = str(error), {"outcome": "refused"}
        except Exception as error:  # a thread's traceback would reach nobody: the person gets a sentence
            self.problem = f"This did not work ({type(error).__name__}): try it again, or with fewer corpora."
            facts = {"outcome": "failed", "reason": where(error)}
        finally:
            note("job", ids=self._ids, ms=milliseconds(begun), **facts)
            self.finished.set()

    def _show(self, done: int, total: int) -> None:
        self.done, self.total = done, total


@st.cache_resource(show_spinner=False)
def _shared() -> dict[str, Job]:
    return {}


def _jobs(private: bool = False) -> dict[str, Job]:
    """Return the work of this session, or that of all visitors."""
    if not private:
        return _shared()
    own: dict[str, Job] = st.session_state.setdefault("jobs", {})
    at_the_end("jobs", lambda: [job.stop() for job in own.values()])
    return own


def background(
    key: str,
    label: str,
    work: Work,
    *,
    explain: str,
    at_once: bool = False,
    name: str = "job",
    unit: str = "",
    private: bool = False,
) -> Any:
    """Return the result of *work*, or None while there is none: then a button or the progress is drawn.

    Parameters
    ----------
    key
        Names the computation and its input; the same key never computes twice.
    label
        What the button says.
    work
        Called with (progress, cancelled) in a thread; it must not touch Streamlit.
    explain
        What will be done and how long it may take.
    at_once
        Start without a press, since the answer is cached or quick.
    name
        Tells the widgets of two computations on one page apart.
    unit
        Of what is counted, written after the numbers.
    private
        Whether it is about what this visitor gave: nobody else sees it, and it is gone with the session.
    """
    jobs = _jobs(private)
    job = jobs.get(key)
    if job is None and at_once:
        job = _start(jobs, key, work)
        job.finished.wait(0.5)
    if job is None:
        st.markdown(explain)
        if not st.button(label, key=f"start_{name}", type="primary", icon=":material/play_arrow:"):
            return None
        _start(jobs, key, work)
        st.rerun()
    if not job.finished.is_set():
        _watch(jobs, key, label, name, unit)
        return None
    if job.problem is not None:
        st.warning(job.problem, icon=":material/info:")
        st.button("Go on", key=f"retry_{name}", on_click=jobs.pop, args=(key, None), icon=":material/replay:")
        return None
    return job.result


def is_known(key: str) -> bool:
    """Return whether a computation for all visitors was started and its result is kept."""
    return key in _shared()


def forget(key: str, *, private: bool = False) -> None:
    """Drop a result, so that the computation can be started again."""
    _jobs(private).pop(key, None)


def _start(jobs: dict[str, Job], key: str, work: Work) -> Job:
    for old in [name for name, job in jobs.items() if job.finished.is_set()][: max(0, len(jobs) - _KEPT)]:
        jobs.pop(old, None)
    if key not in jobs:
        jobs[key] = Job(work)
    return jobs[key]


@st.fragment(run_every=_POLL_S)
def _watch(jobs: dict[str, Job], key: str, label: str, name: str, unit: str) -> None:
    """Draw how far a job is, until it is finished."""
    job = jobs.get(key)
    if job is None or job.finished.is_set():
        st.rerun(scope="app")
        return
    share = job.done / job.total if job.total else 0.0
    words = f"{label}: {job.done:,} of {job.total:,}{unit}" if job.total else f"{label} …"
    st.progress(min(1.0, share), text="Stopping …" if job.stopping else words)
    st.button("Stop", key=f"stop_{name}", on_click=job.stop, icon=":material/stop:", disabled=job.stopping)
    st.caption("You may leave this page: it goes on, and the result is kept.")
