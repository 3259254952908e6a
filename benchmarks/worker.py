"""A contender in a process of its own: one order a line of JSON in, one answer a line out.

Runs in the contender's environment: ``python -m benchmarks.worker MODULE FOLDER``.
"""

from __future__ import annotations

import gc
import json
import math
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TextIO

from benchmarks.bars import KINDS, Made, made
from benchmarks.contender import Contender
from benchmarks.memory import peak_of

__all__ = ["Answer", "Bench", "Order", "answered", "main", "spent_by"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Order = dict[str, Any]
Answer = dict[str, float]


class Bench:
    """A contender on its bench: what it is told, clocked, and checked outside the clock."""

    def __init__(self, contender: Contender, home: Path) -> None:
        self._contender = contender
        self._home = home

    def write(self, order: Order) -> Answer:
        """Load, append to, or update a series; ``size`` is what that added to the folder."""
        act: Callable[[str, Any], None] = getattr(self._contender, order["how"])
        before = self._files()
        frame = self._contender.frame(_bars(order), order.get("size", 0))
        spent = spent_by(lambda: act(order["name"], frame))
        # Nobody shall pay for pages that another contender left to be written later.
        os.sync()
        added = self._files().items() - before.items()
        return {**spent, "size": sum(size for _, size in added)}

    def read(self, order: Order) -> Answer:
        """Read a series whole, and compare it with what was written."""
        frames: list[Any] = []
        spent = spent_by(lambda: frames.append(self._contender.read(order["name"])))
        self._require(order, frames[0])
        return spent

    def cut(self, order: Order) -> Answer:
        """Read a range of a series, and compare it with what was written."""
        stamps = _bars(order).stamps
        first, last = (_EPOCH + timedelta(microseconds=int(stamps[at])) for at in (0, -1))
        frames: list[Any] = []
        spent = spent_by(lambda: frames.append(self._contender.cut(order["name"], first, last)))
        self._require(order, frames[0])
        return spent

    def drop(self, order: Order) -> Answer:
        """Forget a series."""
        self._contender.drop(order["name"])
        return {}

    def spread(self, order: Order) -> Answer:
        """Load the same bars under many names."""
        frame = self._contender.frame(_bars(order), order.get("size", 0))
        for name in _names(order):
            self._contender.load(name, frame)
        os.sync()
        return {}

    def extend(self, order: Order) -> Answer:
        """Append to many series, one after the other: milliseconds a series."""
        frame = self._contender.frame(_bars(order), order.get("size", 0))
        names = _names(order)
        append = self._contender.append
        spent = spent_by(lambda: [append(name, frame) for name in names])
        os.sync()
        return {unit: took / len(names) for unit, took in spent.items()}

    def footprint(self, order: Order) -> Answer:
        """Load one series in an empty folder and read it: bytes kept, and peaks of memory."""
        name = order["name"]
        small = self._contender.frame(_bars({**order, "last": 10}), 10)
        self._contender.load(f"{name}-first", small)
        self._contender.drop(f"{name}-first")
        before = sum(self._files().values())
        frame = self._contender.frame(_bars(order), order.get("size", 0))
        loading = peak_of(lambda: self._contender.load(name, frame))
        reading = peak_of(lambda: self._contender.read(name))
        self._contender.close()
        return {"bytes": sum(self._files().values()) - before, "load": loading, "read": reading}

    def _require(self, order: Order, frame: object) -> None:
        wanted = _bars(order)
        count, total = self._contender.seen(frame)
        expected = float(wanted.numbers["close"].sum())
        if count != len(wanted) or not math.isclose(total, expected, rel_tol=1e-12):
            raise ValueError(f"{order}: read {count} bars, closes {total}, not {expected}")

    def _files(self) -> dict[str, int]:
        """Size of each file that counts as kept."""
        return {
            str(path): min(status.st_size, status.st_blocks * 512 or status.st_size)
            for path in self._home.rglob("*")
            if path.is_file() and "trash" not in path.parts
            for status in [path.stat()]
        }


def answered(bench: object, orders: TextIO, answers: TextIO) -> None:
    """Carry out orders until there are none."""
    for line in orders:
        order = json.loads(line)
        answer = getattr(bench, order["do"])(order)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main(module: str, home: Path) -> None:
    """Open the contender and wait for orders."""
    answers = sys.stdout
    sys.stdout = sys.stderr
    opened = import_module(f"benchmarks.peers.{module}").opened
    answered(Bench(opened(home), home), sys.stdin, answers)


def _bars(order: Order) -> Made:
    kind = KINDS[order["kind"]]
    return made(kind.name).cut(order.get("first", 0), order["last"])


def _names(order: Order) -> list[str]:
    return [f"{order['name']}{number}" for number in range(order["count"])]


def spent_by(work: Callable[[], object]) -> Answer:
    """Milliseconds that ``work`` takes, begun with no garbage left by others.

    ``ms`` by the clock; ``cpu`` of the processors, all threads together, waiting left out.
    """
    gc.collect()
    began, used = perf_counter(), process_time()
    work()
    return {"ms": (perf_counter() - began) * 1000, "cpu": (process_time() - used) * 1000}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
