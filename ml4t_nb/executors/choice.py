"""The executor that a run is given, by its word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Event as Flag
from typing import TYPE_CHECKING

from ml4t_nb.errors import OptionError
from ml4t_nb.options import did_you_mean
from ml4t_nb.settings import Settings

if TYPE_CHECKING:
    from ml4t_nb.executors.crew import Crew

__all__ = ["require_executor", "using"]

_THREADS = "threads"
_LOCAL = (_THREADS, "processes")
_DASK = "dask://"
_ADDRESS = re.compile(r"(?P<host>[^\s/:\[\]]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})/?")


def require_executor(word: str) -> None:
    """Raise OptionError unless the word names an executor; nothing is looked for."""
    if word.startswith(_DASK):
        _address(word)
    elif word not in _LOCAL:
        raise OptionError(
            f"unknown executor {word!r}", hint=did_you_mean(word, (*_LOCAL, f"{_DASK}HOST:PORT"))
        )


@contextmanager
def using(word: str, settings: Settings, cancel: Flag) -> Iterator[Crew | None]:
    """The workers of a run; None where its own threads do the work.

    Raises
    ------
    MissingExtra, WorkerUnavailable
        If there can be none.
    """
    if word == _THREADS:
        yield None
        return
    from ml4t_nb.executors.connections import CallIns, own_address
    from ml4t_nb.executors.crew import Crew
    from ml4t_nb.executors.starting import Starter

    with ExitStack() as stack:
        starter: Starter
        if word.startswith(_DASK):
            from ml4t_nb.executors.cluster import ClusterStarter, cluster_client

            host, port = _address(word)
            client = stack.enter_context(closing(cluster_client(host, port)))
            starter, own = ClusterStarter(client), own_address(host.strip("[]"), port)
        else:
            from ml4t_nb.executors.processes import ProcessStarter

            starter, own = ProcessStarter(), "127.0.0.1"
        calls = stack.enter_context(closing(CallIns(own)))
        crew = stack.enter_context(closing(Crew(starter, calls, settings, cancel)))
        if not starter.is_here:
            crew.try_out()
        yield crew


def _address(word: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(word.removeprefix(_DASK))
    if found is None or not 0 < int(found["port"]) < 1 << 16:
        raise OptionError(
            f"--executor {word} names no scheduler", hint="write it as dask://scheduler:8786"
        )
    return found["host"], int(found["port"])
