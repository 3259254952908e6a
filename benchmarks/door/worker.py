"""A contender at the door in a process of its own: one order a line of JSON, one answer a line.

Runs in the contender's environment: ``python -m benchmarks.door.worker MODULE FOLDER``.
"""

from __future__ import annotations

import math
import sys
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.door.contents import bars_of
from benchmarks.door.reader import Reader
from benchmarks.worker import Answer, Order, answered, spent_by

__all__ = ["Bench", "main"]


class Bench:
    """A contender on its bench: what it is asked, clocked, and checked outside the clock."""

    def __init__(self, module: str, home: Path) -> None:
        self._module = module
        self._home = home
        self._reader: Reader | None = None

    def build(self, order: Order) -> Answer:
        """Make the store that is read."""
        import_module(self._module).build(self._home, order["count"], order["share"])
        return {}

    def read(self, order: Order) -> Answer:
        """Read datasets in one way, and compare their closes with what was stored.

        ``since`` is what the processors did since the process began, the imports among it.
        Nothing is answered if the contender has no such way.
        """
        names, answers = order["names"], list[Any]()
        act = getattr(self._opened(), order["way"].removeprefix("loop of "), None)
        if act is None:
            return {}
        work = partial(act, *_given(order))
        if order["way"].startswith("loop of "):
            work = partial(lambda: [act(name) for name in names])
        spent = spent_by(lambda: answers.append(work()))
        since = process_time() * 1000
        self._require(order, answers[0])
        return {**spent, "since": since}

    def keep(self, order: Order) -> Answer:
        """Ask for what is told of as many datasets as ``expected``."""
        act = getattr(self._opened(), order["way"], None)
        if act is None:
            return {}
        counts = list[int]()
        spent = spent_by(lambda: counts.append(act(*order.get("given", ()))))
        if counts != [order["expected"]]:
            raise ValueError(f"{order}: {counts}")
        return {**spent, "since": process_time() * 1000}

    def _opened(self) -> Reader:
        if self._reader is None:
            opened: Reader = import_module(self._module).opened(self._home)
            self._reader = opened
        return self._reader

    def _require(self, order: Order, answer: object) -> None:
        frames = answer if isinstance(answer, list) else [answer]
        found, sums = zip(*map(self._opened().seen, frames), strict=True)
        count, total = sum(found), sum(sums)
        rows, closes = zip(
            *(_expected(name, order["share"], order.get("last", 0)) for name in order["names"]),
            strict=True,
        )
        if count != sum(rows) or not math.isclose(total, sum(closes), rel_tol=1e-9):
            raise ValueError(f"{order['way']}: {count} closes of {total}, not {sum(rows)}")


def _given(order: Order) -> tuple[Any, ...]:
    names = order["names"]
    if order["way"] == "month":
        stamps = bars_of(names[0], order["share"]).stamps[-order["last"] :].view("M8[us]")
        return (names[0], *(_instant(each) for each in (stamps[0], stamps[-1])))
    return (names[0],) if order["way"] == "one" else (names,)


def _instant(stamp: Any) -> Any:  # noqa: ANN401  # numpy's own
    from datetime import UTC

    return stamp.item().replace(tzinfo=UTC)


@cache
def _expected(name: str, share: float, last: int) -> tuple[int, float]:
    closes = bars_of(name, share).numbers["close"][-last:]
    return len(closes), float(closes.sum())


def main(module: str, home: Path) -> None:
    """Wait for orders; the contender is imported by the first."""
    answers = sys.stdout
    sys.stdout = sys.stderr
    answered(Bench(f"benchmarks.door.readers.{module}", home), sys.stdin, answers)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
