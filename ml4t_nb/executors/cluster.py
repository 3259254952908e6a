"""Workers of a Dask cluster: each is a task of its scheduler, which begins a lost one again."""

from __future__ import annotations

import socket
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from importlib.util import find_spec
from threading import Lock
from time import monotonic
from typing import Any

from ml4t_nb.errors import MissingExtra, Ml4tError, WorkerUnavailable
from ml4t_nb.executors.connections import CallIns
from ml4t_nb.executors.worker import call_in

__all__ = ["ClusterStarter", "cluster_client"]

_CONNECT_S = 10.0
_LOOKED_AT_S = 2.0
_ENDING_S = 2.0
# A worker that is killed is back in a few seconds where something restarts it.
_WITHOUT_WORKERS_S = 30.0


def cluster_client(host: str, port: int) -> Any:  # noqa: ANN401  # a Client, which has no types
    """A client of the scheduler at that address.

    Raises
    ------
    MissingExtra
        If Dask is not installed.
    WorkerUnavailable
        If no scheduler answers there, or it has no workers.
    """
    address = f"{host}:{port}"
    if find_spec("distributed") is None:
        raise MissingExtra(
            "a cluster needs distributed, which is not installed",
            hint="pip install 'ml4t-nb[dask]'",
        )
    try:
        # Said at once: Dask takes seconds to import, and tries again for as long as it may.
        socket.create_connection((host.strip("[]"), port), timeout=_CONNECT_S).close()
        import distributed

        # Without a scheme: Dask's own configuration says whether it is TCP or TLS.
        dask: Any = distributed
        client = dask.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkerUnavailable(
            f"no Dask scheduler answers at {address}",
            hint=f"start one with: dask scheduler, then: dask worker {address}",
        ) from error
    if not client.nthreads():
        client.close()
        raise WorkerUnavailable(
            f"the Dask scheduler at {address} has no workers",
            hint=f"start some with: dask worker {address}",
        )
    return client


@dataclass(slots=True)
class _Looks:
    """Whether the cluster still has workers, looked at now and then."""

    client: Any
    _looked_at: float = field(default_factory=monotonic)
    _there_at: float = field(default_factory=monotonic)
    _lock: Lock = field(default_factory=Lock)

    def fault(self) -> str:
        with self._lock:
            now = monotonic()
            if now - self._looked_at >= _LOOKED_AT_S:
                self._looked_at = now
                if self.client.status == "running" and self.client.nthreads():
                    self._there_at = now
            is_gone = now - self._there_at >= _WITHOUT_WORKERS_S
        return "the cluster has no workers any more" if is_gone else ""


@dataclass(frozen=True, slots=True)
class _StartedTask:
    future: Future[None]
    looks: _Looks

    def fault(self) -> str:
        """Why it ended, or why none is begun any more."""
        if not self.future.done():
            return self.looks.fault()
        error = None if self.future.cancelled() else self.future.exception()
        if error is None:
            return "the cluster ended its task"
        if isinstance(error, Ml4tError):
            return error.message
        return f"{type(error).__name__}: {error}".splitlines()[0]

    def lost(self) -> str:
        """Why it ended, if the cluster does not begin it again."""
        return self.fault()

    def end(self, *, at_once: bool) -> None:
        """Take it back, if it was not begun; begun, it ends by itself.

        A task that is taken back as it ends is an error in the log of Dask.
        """
        if at_once:
            self.future.cancel()
        else:
            wait([self.future], _ENDING_S)


class ClusterStarter:
    """Starts tasks of a cluster."""

    is_here = False
    is_kept = False

    def __init__(self, client: Any) -> None:  # noqa: ANN401  # as above
        self._executor: Executor = client.get_executor(pure=False)
        self._looks = _Looks(client)

    def start(self, calls: CallIns, ticket: str) -> _StartedTask:
        """Submit one, which is begun where there is room."""
        future = self._executor.submit(call_in, calls.address, calls.key, ticket)
        return _StartedTask(future, self._looks)
