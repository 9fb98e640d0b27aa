"""Many calls of one function: on the cores of this machine, or on a Dask cluster that is there already.

with on_cluster("tcp://10.0.0.5:8786"):                       # without this line: on this machine
    for result in unordered(score, items): ...

Whatever else goes through joblib inside :func:`on_cluster`, such as the features of a corpus or the folds of a
training, goes to the cluster too. Workers need this program in the same version:

    dask scheduler                                             # on one machine
    dask worker tcp://10.0.0.5:8786 --nworkers 8 --nthreads 1  # on every machine, in the folder of this program

A scheduler obeys whoever can reach it, so it belongs into a closed network.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from ser_core.errors import ClusterError

Item = TypeVar("Item")
Result = TypeVar("Result")

_ANSWER_S = 30
_WORKER_S = 30

#: Dask gives its own thread ten seconds to start and asserts that it did: too few on a starved machine.
_STARTS = 5
_PACKAGE = Path(__file__).resolve().parent
_KILLED = (
    "A worker process was killed, perhaps because its memory is full: try again with fewer jobs; what was finished is "
    "kept."
)

#: What Dask raises when a call cannot be done by anybody any more.
_LOST = ("KilledWorker", "FutureCancelledError", "CommClosedError")

_kept: dict[str, object] = {}


def unordered(
    function: Callable[[Item], Result], items: Iterable[Item], *, jobs: int | None = None
) -> Generator[Result]:
    """Yield the result of *function* for each item as it comes, in no order.

    Items are taken from the iterable as workers become free, so that few of them are in memory at once.

    Parameters
    ----------
    function
        At module level, so that other processes can import it.
    jobs
        Processes; by default one a core. On a cluster all its workers are used.

    Raises
    ------
    ClusterError
        If a worker process of this machine was killed.
    """
    calls = (joblib.delayed(function)(item) for item in items)
    results = joblib.Parallel(n_jobs=jobs or os.cpu_count() or 1, batch_size=1, return_as="generator_unordered")(calls)
    try:
        for result in results:  # noqa: UP028  "yield from" would close them before the warning is silenced
            yield result
    except TerminatedWorkerError as error:
        raise ClusterError(_KILLED) from error
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that tasks were cancelled, which is what was asked for
            results.close()


@contextlib.contextmanager
def on_cluster(address: str | None, *, keep: Mapping[str, object] | None = None) -> Iterator[None]:
    """Send what goes through joblib inside this context to a Dask cluster; without an address change nothing.

    A worker that dies gives back what it was at: others do it.

    Parameters
    ----------
    address
        The scheduler's, such as `tcp://10.0.0.5:8786`.
    keep
        Key -> what every worker gets once, also one that joins later; :func:`kept` gives them there.

    Raises
    ------
    ClusterError
        If Dask is not installed, nobody answers, there is no worker, or a worker runs another version of this program;
        if the workers of the same call were killed time and again, or the scheduler has gone.
    """
    if not address:
        yield
        return
    client = _client(address)
    names = []
    try:
        _check_workers(client, address)
        names = [_send(client, key, value) for key, value in (keep or {}).items()]
        with joblib.parallel_config(backend="dask", client=client):
            yield
    except Exception as error:
        if type(error).__name__ in _LOST:  # their module need not be installed
            raise ClusterError(_KILLED) from error
        raise
    finally:
        for name in names:  # also after a stop: what was sent would stay in every worker
            with contextlib.suppress(Exception):
                client.unregister_worker_plugin(name)
        client.close()


def kept(key: str) -> Any:
    """Return what this worker was sent under *key*; None where it was sent nothing, as on one machine."""
    return _kept.get(key)


def code_version() -> str:
    """Return a digest of this program's code, the same on machines that compute the same."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _client(address: str) -> Any:
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "Dask is not installed: pip install -r requirements-cluster.txt, or leave out --cluster."
        ) from error
    # A recording in a call is large for Dask's taste; it is sent once all the same.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    try:
        for _ in range(_STARTS):
            with contextlib.suppress(AssertionError):
                return Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # a timeout is an OSError
        raise ClusterError(
            f"No Dask scheduler answers at '{address}': check the address (tcp://HOST:8786), or start 'dask scheduler'."
        ) from error
    raise ClusterError("This machine is too busy to ask the cluster for anything: try again when it has less to do.")


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_WORKER_S)
        versions = client.run(code_version)
    except TimeoutError as error:
        raise ClusterError(
            f"The cluster at {address} has no worker: start one with 'dask worker {address}'."
        ) from error
    except Exception as error:  # whatever importing this program raises over there
        raise ClusterError(
            f"A worker of the cluster at {address} cannot run this program ({type(error).__name__}): start it in the "
            "folder of this program, in an environment with its requirements."
        ) from error
    here = code_version()
    if other := sorted(worker for worker, version in versions.items() if version != here):
        raise ClusterError(
            f"The worker {other[0]} runs another version of this program, so its results may differ: install the same "
            "there, and start it again."
        )


def _send(client: Any, key: str, value: object) -> str:
    from distributed.diagnostics.plugin import WorkerPlugin

    class Keep(WorkerPlugin):  # here, since Dask need not be installed
        name = f"ser-{key}"

        def setup(self, worker: Any) -> None:
            put(key, value)

        def teardown(self, worker: Any) -> None:
            drop(key)

    client.register_plugin(Keep())
    return Keep.name


def put(key: str, value: object) -> None:
    """Keep *value* in this process under *key*."""
    _kept[key] = value


def drop(key: str) -> None:
    """Forget what is kept under *key*."""
    _kept.pop(key, None)
