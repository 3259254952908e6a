"""The workload ``door``: each way by each contender in turn, in stores of all sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.contenders import (
    ARCTIC,
    DUCKDB_OUR_FILES,
    OURS,
    POLARS_OUR_FILES,
    READERS,
    Party,
)
from benchmarks.door.contents import KEPT, MINUTES_OF, Contents, contents
from benchmarks.door.stores import copied, door_worker, store_of
from benchmarks.door.ways import FRESH, SIZES, among
from benchmarks.environments import python_of
from benchmarks.series import Book
from benchmarks.side_by_side import Scale
from benchmarks.workers import Worker

__all__ = ["door"]

_ENDS = (SIZES[0], SIZES[-1])
_STARTED = (OURS, ARCTIC, DUCKDB_OUR_FILES)
_LOOP = 20
_MONTH = 21
_FEW = 3
"""Rounds of what takes long."""

# Sessions after that up to which all are loaded.
_SESSIONS = (
    *(f"2024-06-{day}" for day in (17, 18, 20, 21, 24, 25, 26, 27, 28)),
    *(f"2024-07-{day:02}" for day in (1, 2, 3, 5, 8, 9, 10, 11, 12, 15, 16)),
)


@dataclass(frozen=True, slots=True)
class _Step:
    """One order to every contender, and what is told of how many."""

    what: str
    do: str
    order: dict[str, Any]
    divided: int = 1


@dataclass(frozen=True, slots=True)
class _Place:
    """A store size, and each contender's store of it."""

    scale: Scale
    size: int
    held: Contents
    homes: dict[Party, Path] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Datasets in our store."""
        return len(self.held.read) + len(self.held.updated) + 1


def door(scale: Scale, folder: Path, book: Book) -> None:
    """Each size in turn: in processes that stay, then in fresh ones."""
    for size in SIZES if scale.share == 1 else _ENDS:
        count = scale.of(size) if scale.share < 1 else size
        place = _Place(scale, size, contents(count, scale.share))
        for party in (OURS,) if scale.alone else READERS:
            is_over_ours = party in (DUCKDB_OUR_FILES, POLARS_OUR_FILES)
            kept = store_of(OURS if is_over_ours else party, scale.cache, count, scale.share)
            place.homes[party] = copied(kept, folder / str(size)) if party is OURS else kept
        _warm(place, book)
        if size in _ENDS:
            _fresh(place, book)


def _warm(place: _Place, book: Book) -> None:
    workers = [
        door_worker(party, python_of(party, place.scale.cache), home)
        for party, home in place.homes.items()
    ]
    try:
        for number in range(min(place.scale.rounds + 1, len(_SESSIONS))):
            for step in _steps(place, number):
                for worker in _turned(workers, number):
                    answer = worker.ask(step.do, **step.order)
                    if number and answer:
                        _enter(book, among(step.what, place.size), worker.party, answer, step)
    finally:
        for worker in workers:
            worker.__exit__(None, None, None)


def _fresh(place: _Place, book: Book) -> None:
    steps = [step for step in _steps(place, 0) if step.what in FRESH]
    for _ in range(min(place.scale.rounds, _FEW)):
        for step in steps:
            for party in _STARTED if step.do == "read" else (OURS,):
                if (home := place.homes.get(party)) is None:
                    continue
                python = python_of(party, place.scale.cache)
                began = perf_counter()
                with door_worker(party, python, home) as worker:
                    answer = worker.ask(step.do, **step.order)
                    took = {"ms": (perf_counter() - began) * 1000, "cpu": answer.get("since", 0.0)}
                if answer:
                    _enter(book, among(step.what, place.size, fresh=True), party, took, step)


def _steps(place: _Place, number: int) -> Iterator[_Step]:
    held, share = place.held, place.scale.share

    def read(what: str, way: str, names: Sequence[str], divided: int = 1, **more: int) -> _Step:
        order = {"way": way, "names": names, "share": share, **more}
        return _Step(what, "read", order, divided)

    name = held.long[number % len(held.long)]
    yield read("one", "one", [name])
    if held.short:
        yield read("one of a year", "one", [held.short[number % len(held.short)]])
    yield read("one of minutes", "one", [MINUTES_OF])
    yield read("one with 100 records", "one", [KEPT])
    yield read("a month", "month", [name], last=_MONTH)
    loop = held.long[:_LOOP]
    yield read("one of 20, in a loop", "loop of one", loop, len(loop))
    yield read("500 at once", "many", held.long)
    yield read("a column of 500", "column", held.long)
    yield read("500 side by side", "wide", held.long)
    yield _Step("list", "keep", {"way": "list", "expected": place.total})
    yield _Step("health", "keep", {"way": "health", "expected": place.total})
    day, (first, *others) = _SESSIONS[number], held.updated
    one = {"way": "update", "given": [[first], day], "expected": 1}
    yield _Step("update of one", "keep", one)
    if number <= _FEW and others:
        many = {"way": "update", "given": [others, day], "expected": len(others)}
        yield _Step("one of 500 updated", "keep", many, len(others))


def _enter(book: Book, what: str, party: Party, answer: dict[str, float], step: _Step) -> None:
    book.enter(what, party.name, [answer["ms"] / step.divided], "ms")
    book.enter(f"{what}, processor", party.name, [answer["cpu"] / step.divided], "ms")


def _turned(workers: Sequence[Worker], number: int) -> list[Worker]:
    """Another one begins each time."""
    start = number % len(workers)
    return [*workers[start:], *workers[:start]]
