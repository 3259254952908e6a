"""Work on several parts at a time, in threads."""

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

    One thread is the calling one, which also works where no other can be started (system limit,
    interpreter shutting down).
    """
    whole = [*parts]
    if threads == 1 or len(whole) <= 1:
        yield from map(work, whole)
        return
    futures: list[Future[_Result]] = []
    with ThreadPoolExecutor(threads) as pool:
        with suppress(RuntimeError):
            for part in whole:
                futures.append(pool.submit(work, part))  # noqa: PERF401  # what was begun is kept
        for part, future in zip_longest(whole, futures):
            yield work(part) if future is None else future.result()
