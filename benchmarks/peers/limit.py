"""The physical limit: as many bytes as our store writes, in one new file, synced; a copy in memory.

It keeps nothing that could be read back: what it reads are the bars as they were made.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.bars import Made, made

__all__ = ["opened"]


@dataclass(frozen=True, slots=True)
class _Payload:
    content: bytes
    last: int


class _Opened:
    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home
        self._numbers = count()
        self._last: dict[str, int] = {}

    def frame(self, bars: Made, size: int) -> _Payload:
        return _Payload(os.urandom(size), int(bars.stamps[-1]))

    def load(self, name: str, frame: _Payload) -> None:
        with (self._home / f"{next(self._numbers)}.raw").open("xb") as file:
            file.write(frame.content)
            file.flush()
            os.fsync(file.fileno())
        self._last[name] = frame.last

    def append(self, name: str, frame: _Payload) -> None:
        self.load(name, frame)

    def update(self, name: str, frame: _Payload) -> None:
        self.load(name, frame)

    def read(self, name: str) -> Made:
        bars = _made(name)
        return bars.cut(0, int(np.searchsorted(bars.stamps, self._last[name])) + 1)

    def cut(self, name: str, first: datetime, last: datetime) -> Made:
        bars = _made(name)
        ends = np.array([first.replace(tzinfo=None), last.replace(tzinfo=None)], dtype="M8[us]")
        start, end = np.searchsorted(bars.stamps, ends.astype(np.int64))
        return bars.cut(int(start), int(end) + 1)

    def seen(self, frame: Made) -> tuple[int, float]:
        return len(frame), float(frame.numbers["close"].sum())

    def drop(self, name: str) -> None:
        del self._last[name]

    def close(self) -> None:
        pass


def _made(name: str) -> Made:
    return made(name.partition("-")[0])


def opened(home: Path) -> _Opened:
    """The contender, in the folder ``home``."""
    return _Opened(home)
