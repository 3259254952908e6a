"""Whether an append costs the same however much is stored, and what it costs over a quarter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import mean

from benchmarks.bars import DAILY, MINUTE, MINUTES, Kind, made
from benchmarks.own.clock import Number, clocked
from benchmarks.peers.ours import Opened

__all__ = ["measured"]

_DAYS = {"1 year": 252, "5 years": 5 * 252, "20 years": 20 * 252}
_QUARTER = 63


def measured(folder: Path, *, rounds: int, share: float) -> Iterator[Number]:
    """Appends of five daily bars after 1, 5 and 20 years, of a session after 1 and 5 years.

    All end on the same day, so that the chunk that is rewritten is the same.
    """
    store = Opened(folder)
    minutes = {age: days * MINUTES for age, days in _DAYS.items() if age != "20 years"}
    for kind, ages in ((DAILY, _DAYS), (MINUTE, minutes)):
        yield from _by_age(store, kind, ages, rounds)
    for number in range(2):
        yield from _quarter(store, number, max(int(_QUARTER * share), 2))


def _by_age(store: Opened, kind: Kind, ages: dict[str, int], rounds: int) -> Iterator[Number]:
    bars = made(kind.name)
    for number in range(rounds + 1):
        for age, rows in ages.items():
            name = f"{kind.name}-{age[:2].strip()}Y{number}"
            loaded = bars.cut(kind.loaded - rows, kind.loaded)
            store.load(name, store.frame(loaded, 0))
        for step in range(3):
            first = kind.loaded + step * kind.step
            frame = store.frame(bars.cut(first, first + kind.step), 0)
            for age in ages:
                os.sync()
                name = f"{kind.name}-{age[:2].strip()}Y{number}"
                spent = clocked(partial(store.append, name, frame))
                if number:
                    yield f"{kind.name} append after", age, spent, "ms"


def _quarter(store: Opened, number: int, days: int) -> Iterator[Number]:
    """Sessions appended one by one, over the ends of months, where chunks are packed."""
    bars = made(MINUTE.name)
    name = f"minute-Q{number}"
    store.load(name, store.frame(bars.cut(0, MINUTE.loaded), 0))
    spent = []
    for day in range(days):
        first = MINUTE.loaded + day * MINUTES
        frame = store.frame(bars.cut(first, first + MINUTES), 0)
        spent.append(clocked(partial(store.append, name, frame)))
    yield "minute append, a quarter of sessions", "mean", mean(spent), "ms"
    yield "minute append, a quarter of sessions", "slowest", max(spent), "ms"
