"""The workloads that all contenders do, interleaved: each step by each of them in turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bars import DAILY, MINUTE, Kind
from benchmarks.contenders import ALL, LIMIT, OURS, Party
from benchmarks.series import Book, Key
from benchmarks.workers import Worker, started

__all__ = ["Scale", "footprint", "series", "symbols"]

_TIMES = 3
_FEW = 3
"""Rounds of what takes minutes each."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured, and with what.

    Parameters
    ----------
    cache
        Folder of the peers' environments.
    share
        Part of the full sizes, from 0 to 1: a quick run takes less.
    alone
        Only our own store and the limit, which need no environment of their own.
    """

    cache: Path
    rounds: int
    share: float = 1.0
    alone: bool = False

    def of(self, count: int, *, step: int = 1) -> int:
        """That many at this scale, in whole steps, at least four."""
        return max(int(count * self.share) // step, 4) * step

    @property
    def parties(self) -> Sequence[Party]:
        """Who takes part."""
        return (OURS, LIMIT) if self.alone else ALL


@dataclass(frozen=True, slots=True)
class _Step:
    """One order to every contender, and under which workload its time is entered."""

    workload: str
    do: str
    order: dict[str, Any]


def series(kind: Kind, scale: Scale, folder: Path, book: Book) -> None:
    """Load, append, update with an overlap, read and cut one series."""
    sizes: dict[str, int] = {}
    with started(scale.parties, scale.cache, folder) as workers:
        for number in range(scale.rounds + 1):
            # The first round warms up, and tells the limit how many bytes our store writes.
            taken = _round(workers, number, _steps(kind, number, scale), sizes)
            for (workload, name), answers in taken.items() if number else ():
                _enter(book, f"{kind.name} {workload}", name, answers)


def symbols(scale: Scale, folder: Path, book: Book) -> None:
    """Append five daily bars to each of 500 series of twenty years."""
    order = {"kind": DAILY.name, "name": f"{DAILY.name}-S", "count": scale.of(500)}
    loaded = scale.of(DAILY.loaded)
    with started(scale.parties, scale.cache, folder) as workers:
        for worker in workers:
            worker.ask("spread", **order, last=loaded, size=100_000)
        for number in range(min(scale.rounds, _FEW) + 1):
            first = loaded + DAILY.step * number
            for worker in _turned(workers, number):
                answer = worker.ask("extend", **order, first=first, last=first + 5, size=10_000)
                if number:
                    _enter(book, "symbols", worker.party.name, [answer])


def footprint(scale: Scale, folder: Path, book: Book) -> None:
    """Bytes kept of one series, and peaks of memory, each time in a fresh process."""
    for kind in (DAILY, MINUTE):
        order = {"kind": kind.name, "name": f"{kind.name}-F"}
        last = scale.of(kind.loaded, step=kind.step)
        for number in range(min(scale.rounds, _FEW)):
            home = folder / f"{kind.name}{number}"
            for party in scale.parties:
                if party is LIMIT:
                    continue
                with started([party], scale.cache, home) as (worker,):
                    answer = worker.ask("footprint", **order, last=last)
                kept = answer["bytes"] / 1e6
                book.enter(f"{kind.name} bytes", party.name, [kept], "MB")
                book.enter(f"{kind.name} memory of load", party.name, [answer["load"]], "MB")
                book.enter(f"{kind.name} memory of read", party.name, [answer["read"]], "MB")


def _round(
    workers: Sequence[Worker], number: int, steps: Iterable[_Step], sizes: dict[str, int]
) -> dict[Key, list[dict[str, float]]]:
    """Answers by workload and contender; ``sizes`` learns what our store wrote."""
    taken: dict[Key, list[dict[str, float]]] = {}
    for step in steps:
        for worker in _turned(workers, number):
            answer = worker.ask(step.do, **step.order, size=sizes.get(step.workload, 4096))
            if "ms" in answer:
                taken.setdefault((step.workload, worker.party.name), []).append(answer)
            if worker.party is OURS and "size" in answer:
                sizes[step.workload] = int(answer["size"])
    return taken


def _enter(book: Book, workload: str, name: str, answers: Sequence[dict[str, float]]) -> None:
    book.enter(workload, name, [answer["ms"] for answer in answers], "ms")
    book.enter(f"{workload}, processor", name, [answer["cpu"] for answer in answers], "ms")


def _steps(kind: Kind, number: int, scale: Scale) -> Iterator[_Step]:
    end = scale.of(kind.loaded, step=kind.step)
    series = {"kind": kind.name, "name": f"{kind.name}-R{number}"}
    yield _Step("load", "write", {**series, "how": "load", "last": end})
    for _ in range(_TIMES):
        end += kind.step
        order = {**series, "how": "append", "first": end - kind.step, "last": end}
        yield _Step("append", "write", order)
    for _ in range(_TIMES - 1):
        end += kind.step
        order = {**series, "how": "update", "first": end - 2 * kind.step, "last": end}
        yield _Step("overlap", "write", order)
    for _ in range(_TIMES):
        yield _Step("read", "read", {**series, "last": end})
    for part in range(_TIMES):
        # From the end, the middle and the beginning: a store may treat them differently.
        last = max(end - part * (end // 2 - 1) // kind.part * kind.part, kind.part)
        yield _Step("range", "cut", {**series, "first": last - kind.part, "last": last})
    yield _Step("", "drop", series)


def _turned(workers: Sequence[Worker], number: int) -> list[Worker]:
    """Another one begins each time."""
    start = number % len(workers)
    return [*workers[start:], *workers[:start]]
