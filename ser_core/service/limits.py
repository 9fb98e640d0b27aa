"""How much work is taken on: a rate for each caller, a bounded queue for the workers, bounded bytes of uploads."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ser_core.service.problems import busy

Result = TypeVar("Result")

#: Callers whose rate is known at a time; whoever was away longest is forgotten first, and begins with a full bucket.
_MOST_CALLERS = 10_000
_LONGEST_WAIT_S = 60
_BUSY = "The service has as much work as it can take: send the request again after the seconds in Retry-After."


class RateLimiter:
    """A token bucket for each caller: it holds *burst* tokens, and *rate* new ones come each second. Event loop only.

    Parameters
    ----------
    rate
        Requests a second in the long run; 0 stands for any number.
    burst
        Requests that may come at once.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, max(1, burst), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> float:
        """Take a token; return 0, or after how many seconds there will be one."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(caller, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - then) * self._rate)
        granted = tokens >= 1
        self._buckets[caller] = (tokens - 1 if granted else tokens, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / self._rate


class WorkQueue:
    """Threads that do what callers wait for, and a bounded number of callers that wait. Any thread may ask for work.

    Parameters
    ----------
    workers
        Threads.
    waiting
        Calls that may wait for a thread.
    """

    def __init__(self, workers: int, waiting: int, name: str) -> None:
        self._workers, self._most = workers, workers + waiting
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._inside = 0
        self._mean_s = 0.2

    @property
    def inside(self) -> int:
        """Calls that run or wait."""
        return self._inside

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread."""
        return max(0, self._inside - self._workers)

    def submit(self, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Do *function* in a thread.

        Raises
        ------
        ProblemError
            Where as many calls wait as may; with a guess of when to come back.
        """
        with self._lock:
            if self._inside >= self._most:
                wait_s = self._inside * self._mean_s / self._workers
                raise busy(_BUSY, min(_LONGEST_WAIT_S, math.ceil(wait_s)))
            self._inside += 1
        future = self._pool.submit(self._timed, function, *arguments)
        future.add_done_callback(self._left)  # also where the caller left before its turn
        return future

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Do *function* in a thread and wait for its result without holding up the event loop; raises as submit."""
        return await asyncio.wrap_future(self.submit(function, *arguments))

    def close(self) -> None:
        """Take no more work, and drop what waits."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _timed(self, function: Callable[..., Result], *arguments: Any) -> Result:
        begun = time.monotonic()
        try:
            return function(*arguments)
        finally:
            self._mean_s += 0.2 * (time.monotonic() - begun - self._mean_s)

    def _left(self, future: Future[Any]) -> None:
        with self._lock:
            self._inside -= 1


class HeldBytes:
    """Bytes of uploads that are in memory. Any thread may use it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes in memory now."""
        return self._held

    def lease(self) -> Lease:
        """Return an account for one upload."""
        return Lease(self)

    def _add(self, size: int, alone: bool) -> None:
        with self._lock:
            # Whoever is alone may go on, so that a small allowance never refuses for ever what the settings allow.
            if self._held + size > self._most and not alone:
                raise busy(_BUSY, 5)
            self._held += size

    def _drop(self, size: int) -> None:
        with self._lock:
            self._held -= size


class Lease:
    """What one upload has taken; released once, however often it is asked for."""

    def __init__(self, account: HeldBytes) -> None:
        self._account, self._size = account, 0

    def grow(self, size: int) -> None:
        """Take more; raises :class:`ProblemError` where others hold too much."""
        self._account._add(size, alone=self._account.held == self._size)
        self._size += size

    def release(self) -> None:
        """Give back everything."""
        size, self._size = self._size, 0
        self._account._drop(size)
