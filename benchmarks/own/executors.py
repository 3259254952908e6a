"""The same load in threads, by processes, and on a Dask cluster of one and of two workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.own.clock import Number, clocked
from ml4t_nb import verbs
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

__all__ = ["measured"]

_SYMBOLS = {"daily": 500, "1m": 40}
_START = {"daily": "2004-06-14", "1m": "2023-06-14"}


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Seconds of a load of 500 times 20 years of days, and of 40 times a year of minutes.

    The cluster is there before the clock starts; processes are started within.
    """
    with ExitStack() as stack:
        ways = {
            "1 thread": ("threads", 1),
            "2 threads": ("threads", 2),
            "1 process": ("processes", 1),
            "2 processes": ("processes", 2),
            "1 worker of Dask": (stack.enter_context(_cluster(1)), 1),
            "2 workers of Dask": (stack.enter_context(_cluster(2)), 2),
        }
        for frequency, many in _SYMBOLS.items():
            symbols = [f"SHARE{number}" for number in range(max(int(many * share), 4))]
            for number in range(min(rounds, 3) + 1):
                for who, (executor, workers) in ways.items():
                    home = folder / f"{frequency}-{number}-{who.replace(' ', '-')}"
                    spent = clocked(partial(_loaded, home, symbols, frequency, executor, workers))
                    if number:
                        yield f"load of {len(symbols)}, {frequency}", who, spent / 1000, "s"


def _loaded(home: Path, symbols: list[str], frequency: Any, executor: str, workers: int) -> None:  # noqa: ANN401
    report = verbs.load(
        Workspace.open(Settings(home=home, provider="synthetic")),
        symbols,
        frequency=frequency,
        start=_START[frequency],
        as_of="2024-06-14",
        executor=executor,
        workers=workers,
    )
    assert not report.failed


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """The word for a cluster of so many processes on this machine."""
    import distributed

    dask: Any = distributed
    with dask.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None
    ) as running:
        yield running.scheduler_address.replace("tcp://", "dask://")
