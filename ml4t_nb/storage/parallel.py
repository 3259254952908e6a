"""Work on several chunks at once, in threads if the system can start them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import zip_longest
from typing import TypeVar

__all__ = ["parallel_map"]

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


def parallel_map(
    work: Callable[[_Part], _Result], parts: Iterable[_Part], *, threads: int
) -> Iterator[_Result]:
    """Results in the order of the parts, as they are ready; the first error is raised.

    Parameters
    ----------
    threads
        Largest number of threads; 1 runs everything in the calling thread, and so does a part
        for which no thread can be started (system limit, interpreter shutting down).
    """
    if threads == 1:
        yield from map(work, parts)
        return
    whole = [*parts]
    futures: list[Future[_Result]] = []
    with ThreadPoolExecutor(threads) as pool:
        with suppress(RuntimeError):
            for part in whole:
                futures.append(pool.submit(work, part))  # noqa: PERF401  # what was begun is kept
        for part, future in zip_longest(whole, futures):
            yield work(part) if future is None else future.result()
